"""The demo says in one line why it can't start, starts over what was cut short, and leaves nothing running."""

import os
import signal
import socket
import sys
from collections import namedtuple
from io import StringIO
from pathlib import Path
from time import monotonic, sleep

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Role, User
from annotations.models import QueueItem
from gallery.models import DataSet, Source, Tag, Tagging
from gallery.work import WorkState
from learning.demo import checks, digits, people, prepare
from learning.demo.console import Console
from learning.demo.processes import CannotStart, check_alive, running, wait
from learning.engine.training import TrainingConfig
from learning.models import TrainingRun
from learning.selectors import champion_of
from learning.services.requests import run_request

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def console() -> Console:
    return Console(StringIO())


@pytest.fixture
def taken_port():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def one_line(error: pytest.ExceptionInfo[CommandError]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_port_in_use_gives_one_clear_line(taken_port: int) -> None:
    with pytest.raises(CommandError) as error:
        call_command("demo", port=taken_port)
    assert one_line(error).startswith(
        f"Port {taken_port} is in use by another program; choose another: make demo PORT="
    )


def test_a_number_that_is_no_port_gives_one_clear_line() -> None:
    with pytest.raises(CommandError) as error:
        call_command("demo", port=70000)
    assert one_line(error) == "70000 is not a port: 1 to 65535 are."


def test_a_full_disk_gives_one_clear_line(monkeypatch: pytest.MonkeyPatch, settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "not" / "there" / "yet"
    monkeypatch.setattr(checks, "port_check", lambda port: None)
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda folder: Usage(10**9, 10**9, 3 * 2**20))
    with pytest.raises(CommandError) as error:
        call_command("demo")
    assert one_line(error) == f"Only 3 MB are free under {tmp_path}; the demo needs 500 MB."


def test_a_known_password_stays_out_of_a_real_database() -> None:
    with pytest.raises(CannotStart, match="unset both, or set TESSERA_DEMO_PASSWORD"):
        checks.own_database_check(database_url="postgres://somewhere", redis_url="", password="")
    checks.own_database_check(database_url="postgres://somewhere", redis_url="", password="a secret of mine")


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        checks.only_one(tmp_path),
        pytest.raises(CannotStart, match="Another demo is running"),
        checks.only_one(tmp_path),
    ):
        pytest.fail("the second one got in")


def test_three_people_can_log_in_with_what_is_printed(db) -> None:
    people.people_create("first")
    owner = people.people_create("second")
    assert owner.email == "uploader@tessera.local"
    assert {user.email: user.role for user in User.objects.all()} == {
        "admin@tessera.local": Role.ADMINISTRATOR,
        "uploader@tessera.local": Role.UPLOADER,
        "solver@tessera.local": Role.UPLOADER,
    }
    assert all(user.check_password("second") for user in User.objects.all())


def test_a_load_that_was_cut_short_leaves_nothing_and_the_next_one_loads(
    db, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_short(*, owner: User, on_progress) -> None:
        load(owner=owner, limit=250)
        raise KeyboardInterrupt

    load = digits.digits_load
    owner = people.people_create("tessera-demo")
    monkeypatch.setattr(digits, "digits_load", cut_short)
    with pytest.raises(KeyboardInterrupt):
        prepare.digits_ready(owner, console)
    assert not DataSet.objects.exists()
    monkeypatch.setattr(digits, "digits_load", lambda owner, on_progress: load(owner=owner, limit=250))
    assert prepare.digits_ready(owner, console).images.count() == 250
    monkeypatch.setattr(digits, "digits_load", cut_short)
    assert prepare.digits_ready(owner, console).images.count() == 250  # the second start loads nothing


@pytest.mark.slow
def test_the_first_model_tags_every_picture_and_the_queue_is_filled(
    db, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digits, "GOLD", 0.4)  # enough to beat the gate with few pictures and few steps
    dataset = digits.digits_load(owner=people.people_create("tessera-demo"), limit=250)
    abandoned = run_request(dataset=dataset, trigger="a start that was cut short")
    assert TrainingRun.claim(abandoned.pk)
    monkeypatch.setattr(TrainingConfig, "steps", lambda config, n: 100)
    # Its look at the database comes from another thread, which a test's transaction doesn't show its rows.
    monkeypatch.setattr(prepare, "_progress", lambda run: 0.5)
    prepare.first_version_ready(dataset, console)
    champion = champion_of(dataset)
    assert champion
    assert champion.run == abandoned
    assert Tag.objects.filter(source=Source.MODEL).count() == 250
    assert not Tagging.objects.exclude(state=WorkState.DONE).exists()
    assert QueueItem.objects.filter(dataset=dataset).count() == 100
    assert "Training a first model" in console.out.getvalue()


def test_a_child_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path, settings) -> None:
    settings.VAR_DIR = tmp_path
    with running({"web": ["timeit", "-n", "no number"]}) as children:
        ended = children[0].process.wait(timeout=30)
        with pytest.raises(CannotStart) as error:
            check_alive(children)
    first, *log = str(error.value).splitlines()
    assert first == f"The web ended by itself (exit {ended}). The end of {tmp_path}/log/web.log:"
    assert "no number" in " ".join(log)


def test_stopping_leaves_no_child_not_even_a_deaf_one(tmp_path: Path, settings, monkeypatch) -> None:
    monkeypatch.setattr("learning.demo.processes.PATIENCE", 0.5)
    settings.VAR_DIR = tmp_path
    deafen = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    with running({"worker": ["timeit", "-n", "1", "-s", deafen, "time.sleep(60)"]}) as children:
        wait(children, seconds=2)
        started = monotonic()
    assert children[0].process.returncode == -signal.SIGKILL
    assert monotonic() - started < 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
def test_a_child_ends_with_a_parent_that_was_killed(tmp_path: Path, settings) -> None:
    settings.VAR_DIR = tmp_path
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        with running({"worker": ["http.server", "--bind", "127.0.0.1", "0"]}) as children:
            os.write(writer, str(children[0].process.pid).encode())
            sleep(60)
        os._exit(0)
    child = int(os.read(reader, 20))
    sleep(1)  # until the leash is on
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    assert gone_within(child, seconds=10)


def gone_within(pid: int, *, seconds: float) -> bool:
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        sleep(0.1)
    return False
