"""What must hold before a demo starts; each check that fails says so in one line."""

import errno
import fcntl
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEEDED_MB = 500
ADDRESS = "127.0.0.1"  # nobody but this machine: the demo's log-ins are known to everybody


class CannotStart(Exception):  # noqa: N818 - a state of the machine, not a fault
    """Why the demo doesn't run, in words for whoever started it."""


def port_check(port: int) -> None:
    if not 1 <= port <= 65535:
        raise CannotStart(f"{port} is not a port: 1 to 65535 are.")
    with socket.socket() as attempt:
        # As the server itself will: a port that a stopped demo has just left is free.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((ADDRESS, port))
        except OSError as error:
            raise CannotStart(_port_reason(port, error)) from None


def _port_reason(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program; choose another: make demo PORT={port % 65535 + 1}"
    return f"Port {port} can't be used: {error.strerror}."


def disk_check(folder: Path) -> None:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free // 2**20
    if free < NEEDED_MB:
        raise CannotStart(f"Only {free} MB are free under {existing}; the demo needs {NEEDED_MB} MB.")


def own_database_check(*, database_url: str, redis_url: str, password: str) -> None:
    """A known password must not get into somebody's real installation."""
    if (database_url or redis_url) and not password:
        raise CannotStart(
            "DATABASE_URL or REDIS_URL is set, and the demo's password is known to everybody: "
            "unset both, or set TESSERA_DEMO_PASSWORD."
        )


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """One demo a folder: a second one would take the first one's half-done work for abandoned."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"Another demo is running with its data under {folder}.") from None
        yield
