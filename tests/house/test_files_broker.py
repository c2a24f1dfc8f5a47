"""Messages over files come whole, however fast they are read and written."""

from pathlib import Path
from queue import Empty
from threading import Thread
from time import monotonic

from kombu import Connection

from config.celery import app

MESSAGES = 400


def connection(folder: Path) -> Connection:
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder / "control")}
    return Connection("filesystem://localhost", transport_options=options)


def test_no_reader_finds_half_a_message(tmp_path) -> None:
    assert app.conf.broker_url
    (tmp_path / "control").mkdir()
    told: list[int] = []
    failed: list[Exception] = []

    def write(first: int) -> None:
        with connection(tmp_path) as link:
            for number in range(first, MESSAGES, 2):
                link.default_channel._put("bell", {"number": number, "filling": "x" * 20_000})

    def read() -> None:
        until = monotonic() + 30
        with connection(tmp_path) as link:
            while len(told) < MESSAGES and monotonic() < until and not failed:
                try:
                    told.append(link.default_channel._get("bell")["number"])
                except Empty:
                    continue
                except Exception as error:
                    failed.append(error)

    threads = [Thread(target=write, args=[0]), Thread(target=write, args=[1]), Thread(target=read), Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sorted(told) == list(range(MESSAGES))
    assert not list(tmp_path.glob("*.part"))
