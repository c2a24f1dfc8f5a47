"""A campaign in cycles, for tools outside: score the pool into a file, ask in that order, wait for the next version."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

from django.db.models import Max

from annotations.crowd_files import write_csv
from annotations.selectors import campaign_of
from gallery.models import DataSet, Split
from gallery.work import WorkState
from learning.engine.strategies import registry
from learning.models import Retag
from learning.score_files import HEADER, ScoreTable, from_pairs, read_scores
from learning.selectors import askable
from learning.services.scores import scores_hold, scores_import
from learning.services.scoring import scores_of

POLL = 1.0  # seconds between two looks at whether a version has come
GOING = (WorkState.WAITING, WorkState.RUNNING)

Say = Callable[[str], object]


class Stalled(ValueError):  # noqa: N818
    """No version came in time, or nobody is asked; the message says how to go on."""


@dataclass(frozen=True)
class Plan:
    """`number`: images a cycle, all of the pool where None. `wait`: seconds a cycle for the next version to come."""

    dataset: DataSet
    strategy: str
    cycles: int
    folder: Path
    number: int | None = None
    seed: int = 0
    wait: float = 3600.0

    def file(self, cycle: int) -> Path:
        return self.folder / f"cycle-{cycle}.csv"

    @property
    def asks_again(self) -> bool:
        return registry.get(self.strategy).asks_again


@dataclass(frozen=True)
class Cycle:
    """What is asked, and the number of the latest version that there was when it was scored; 0 before the first."""

    asked: ScoreTable
    version: int


def score_campaign_run(*, plan: Plan, say: Say) -> int:
    """Do the cycles whose files aren't there yet, one after the other; how many files there are in the end.

    Workers train and people answer: this only waits for them. Ends early where nothing is left to ask. Raises
    ValueError for a plan that can't be, and Stalled: the files stay, and the same plan goes on from there.
    """
    _check(plan)
    for number in range(1, plan.cycles + 1):
        cycle = _done_before(plan, number, say) or _ask(plan, number, say)
        if cycle is None or not _wait(plan, number, cycle, say):
            say("Nothing is left to ask.")
            return number if cycle else number - 1
    return plan.cycles


def _check(plan: Plan) -> None:
    for name, value in (("--cycles", plan.cycles), ("--number", plan.number)):
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1.")
    if plan.wait < 0:
        raise ValueError("--wait can't be negative.")
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"There can be no folder {plan.folder}: {error.strerror}.") from error
    if not os.access(plan.folder, os.W_OK):
        raise ValueError(f"Nothing can be written into {plan.folder}.")


def _done_before(plan: Plan, number: int, say: Say) -> Cycle | None:
    """A cycle whose file is there: it was scored when the file was written."""
    file = plan.file(number)
    if not file.exists():
        return None
    say(f"Cycle {number} of {plan.cycles}: {file} is there already.")
    written = datetime.fromtimestamp(file.stat().st_mtime, tz=UTC)
    return Cycle(read_scores(file), _latest(plan.dataset, by=written))


def _ask(plan: Plan, number: int, say: Say) -> Cycle | None:
    """The file comes last: where it is there, people have been asked. None where nothing is left to ask."""
    campaign = campaign_of(plan.dataset)
    if campaign.ended_at:
        raise Stalled(f"Nobody is asked any more: {campaign.ended_because} Let it go on, then give the command again.")
    version = _latest(plan.dataset)
    rows = list(scores_of(dataset=plan.dataset, strategy=plan.strategy, number=plan.number, seed=plan.seed))
    if not rows:
        return None
    asked = from_pairs(rows)
    done = scores_import(dataset=plan.dataset, table=asked, again=plan.asks_again)
    write_csv(plan.file(number), HEADER, rows)
    say(
        f"Cycle {number} of {plan.cycles}: {len(rows):,} images by {plan.strategy} into {plan.file(number)}, "
        f"{done.queued:,} in the queue"
    )
    return Cycle(asked, version)


def _wait(plan: Plan, number: int, cycle: Cycle, say: Say) -> bool:
    """Whether a newer version came before there was nothing left to ask. Raises Stalled."""
    deadline, chosen, told = monotonic() + plan.wait, None, False
    while not _is_over(plan.dataset, cycle):
        if not askable(plan.dataset, again=plan.asks_again).filter(split=Split.POOL).exists():
            return False
        if monotonic() >= deadline:
            raise Stalled(
                f"Cycle {number}: no newer version was trained within {plan.wait:,.0f} seconds. Does a worker run, and "
                "do people answer? The same command goes on from here."
            )
        if not told:
            say(f"Cycle {number} of {plan.cycles}: waits for a version after {cycle.version or 'none'}")
            told = True
        if (latest := _latest_round(plan.dataset)) != chosen:
            # The tick lets a round fill up a short queue, and it replaces what nobody has begun.
            chosen = latest
            scores_hold(dataset=plan.dataset, table=cycle.asked)
        sleep(POLL)
    say(f"Cycle {number} of {plan.cycles}: version {_latest(plan.dataset)} was trained")
    return True


def _is_over(dataset: DataSet, cycle: Cycle) -> bool:
    """A newer version is there, and the round that follows a promotion has chosen: it won't replace the next cycle's
    order."""
    if _latest(dataset) <= cycle.version:
        return False
    tagging = Retag.objects.filter(version__dataset=dataset, state__in=GOING).exists()
    return not tagging and not dataset.rounds.filter(state__in=GOING).exists()


def _latest(dataset: DataSet, *, by: datetime | None = None) -> int:
    """The number of the last version trained, whether it serves or not."""
    versions = dataset.versions.filter(created_at__lte=by) if by else dataset.versions
    return versions.aggregate(last=Max("number"))["last"] or 0


def _latest_round(dataset: DataSet) -> int:
    return dataset.rounds.filter(state=WorkState.DONE, streaming=False).aggregate(last=Max("pk"))["last"] or 0
