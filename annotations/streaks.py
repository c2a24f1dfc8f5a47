"""Runs of passed challenges, and of days with one. What was not told, or could not be told, neither adds nor breaks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Run:
    """`days`: running up to `last_day`, which may be long ago."""

    run: int = 0
    best: int = 0
    days: int = 0
    best_days: int = 0
    last_day: date | None = None

    def after(self, *, passed: bool, day: date) -> "Run":
        if not passed:
            return Run(0, self.best, self.days, self.best_days, self.last_day)
        run, days, last = self.run + 1, self._days(day), max(day, self.last_day or day)
        return Run(run, max(run, self.best), days, max(days, self.best_days), last)

    def _days(self, day: date) -> int:
        if self.last_day is None or day > self.last_day + timedelta(days=1):
            return 1
        return self.days + (day > self.last_day)

    def days_by(self, today: date) -> int:
        """The days in a row that still can go on: the last of them is today or was yesterday."""
        return self.days if self.last_day and self.last_day >= today - timedelta(days=1) else 0


def run_of(verdicts: Iterable[tuple[bool, date]]) -> Run:
    """From the beginning: whether each challenge was passed, and when, the first first."""
    run = Run()
    for passed, day in verdicts:
        run = run.after(passed=passed, day=day)
    return run
