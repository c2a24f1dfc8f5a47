"""What somebody reads who watches the demo start: one line a step, with how far it is."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO

LOOK_EVERY = 0.5  # seconds


class Console:
    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.shown = -1

    def say(self, line: str = "") -> None:
        # Flushed a line at a time: into a file or a pipe, Python would keep it back for long.
        self.out.write(line + "\n")
        self.out.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started, self.shown = monotonic(), -1
        self.out.write(f"• {name} …")
        self.out.flush()
        try:
            yield
        except BaseException:
            self.say()
            raise
        self.say(f" done in {monotonic() - started:.1f} s")

    def share(self, share: float) -> None:
        """How far the step is: every tenth is written once."""
        tenth = int(share * 10)
        if tenth > self.shown and 0 < tenth < 10:
            self.shown = tenth
            self.out.write(f" {tenth * 10}%")
            self.out.flush()

    @contextmanager
    def watching(self, look: Callable[[], float]) -> Iterator[None]:
        """Ask now and then how far it is, beside the work itself."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(LOOK_EVERY):
                self.share(look())

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
