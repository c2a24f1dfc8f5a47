"""The demo from a bare machine to a running site, in the order in which it happens."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import NoReturn
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

from learning.demo import checks, people
from learning.demo.console import Console
from learning.demo.processes import Child, running, server_command, wait, worker_command

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ANSWER_WITHIN = 60.0  # seconds


def launch(port: int, console: Console) -> None:
    """Runs until Ctrl-C or SIGTERM. Raises CannotStart with the reason, in one line, when it can't."""
    password = os.environ.get("TESSERA_DEMO_PASSWORD", "")
    checks.port_check(port)
    checks.disk_check(settings.VAR_DIR)
    checks.own_database_check(
        database_url=os.environ.get("DATABASE_URL", ""), redis_url=settings.REDIS_URL, password=password
    )
    with checks.only_one(settings.VAR_DIR), _ended_by_signals(console):
        prepare(password or people.PASSWORD, console)
        serve(port, password or people.PASSWORD, console)


def prepare(password: str, console: Console) -> None:
    _share_the_cores()
    # Imported late: the checks above answer at once, and PyTorch takes its seconds to load.
    with console.step("Loading PyTorch"):
        from learning.demo import prepare as steps
    steps.tables_make(console)
    with console.step("Making three people to log in as"):
        owner = people.people_create(password)
    dataset = steps.digits_ready(owner, console)
    steps.first_version_ready(dataset, console)


def _share_the_cores() -> None:
    """PyTorch's threads, here and in the worker, before it loads: fewer than cores, and asleep while they wait.

    Spinning threads that fight for two busy cores made a training of ten seconds last three minutes.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def serve(port: int, password: str, console: Console) -> None:
    with running({"web": server_command(port), "worker": worker_command()}) as children:
        address = f"http://{checks.ADDRESS}:{port}/"
        with console.step("Starting the web server and the worker"):
            _wait_for_answer(address + "healthz", children)
        _welcome(address, password, console)
        while True:
            wait(children)


def _wait_for_answer(address: str, children: list[Child]) -> None:
    started = monotonic()
    while monotonic() - started < ANSWER_WITHIN:
        wait(children, seconds=0.2)
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, TimeoutError):
            continue
    raise checks.CannotStart(f"The web server does not answer; its log is {children[0].log}")


def _welcome(address: str, password: str, console: Console) -> None:
    console.say(f"\nTessera is running at {address}\n")
    for email, _, _, does in people.PEOPLE:
        console.say(f"  {email:24} {password:16} {does}")
    console.say(f"\nLogs are in {settings.VAR_DIR / 'log'}. Ctrl-C stops everything.")


@contextmanager
def _ended_by_signals(console: Console) -> Iterator[None]:
    before = {number: signal.signal(number, _end) for number in ENDS}
    try:
        yield
    except KeyboardInterrupt:
        console.say("\nStopped.")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    # Once is enough: a second Ctrl-C must not cut short the stopping.
    for other in ENDS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt
