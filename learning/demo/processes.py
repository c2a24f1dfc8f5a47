"""The demo's child processes: started, watched, and stopped to the last one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from django.conf import settings

from learning.demo.checks import ADDRESS, CannotStart

PATIENCE = 10.0  # seconds from asking a process to end until it is ended
TAIL = 15  # lines of a dead process's log that are shown


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


def server_command(port: int) -> list[str]:
    return [
        *("gunicorn", "config.wsgi", "--bind", f"{ADDRESS}:{port}", "--workers", "1", "--threads", "8"),
        *("--graceful-timeout", "5", "--access-logfile", "-"),
    ]


def worker_command() -> list[str]:
    return ["celery", "-A", "config", "worker", "-B", "-c", "2", "--loglevel", "INFO"]


@contextmanager
def running(commands: dict[str, Sequence[str]]) -> Iterator[list[Child]]:
    """The named modules as processes, for as long as the block lasts."""
    children: list[Child] = []
    try:
        for name, command in commands.items():
            children.append(_start(name, command))
        yield children
    finally:
        stop(children)


def check_alive(children: Sequence[Child]) -> None:
    for child in children:
        if (code := child.process.poll()) is not None:
            raise CannotStart(
                f"The {child.name} ended by itself ({_how(code)}). The end of {child.log}:\n{_tail(child)}"
            )


def stop(children: Sequence[Child]) -> None:
    """Ask all at once; end what is not gone in time, and whatever a dead one has left in its session."""
    for child in children:
        child.process.terminate()
    deadline = monotonic() + PATIENCE
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()


def wait(children: Sequence[Child], *, seconds: float = 0.5) -> None:
    sleep(seconds)
    check_alive(children)


def _start(name: str, command: Sequence[str]) -> Child:
    log = settings.VAR_DIR / "log" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        return Child(name, _popen(command, file), log)


def _popen(command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "learning.demo.leashed", str(os.getpid()), *command],
        cwd=settings.BASE_DIR,
        env=os.environ | {"PYTHONPATH": "platform:.", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        # A session of its own: Ctrl-C reaches the demo alone, which then stops its children in order.
        start_new_session=True,
    )


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


def _tail(child: Child) -> str:
    return "\n".join(child.log.read_text(errors="replace").splitlines()[-TAIL:])
