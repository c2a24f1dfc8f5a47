"""The whole loop through the HTTP API: visitors solve, the crowd agrees, models are trained, two are promoted."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Any

from django.db.models import QuerySet

from accounts.models import Role, User
from annotations.models import Decision, Flag, Suspicion, Verdict, Vote
from annotations.services.review import decision_make
from gallery.models import DataSet
from learning.bench.scratch import scratch
from learning.bench.solvers import ApiSolver, whole_truth
from learning.demo.digits import digits_load
from learning.engine.annotators import population
from learning.models import ModelVersion, Policy
from learning.selectors import champion_of
from learning.services.requests import run_request
from learning.services.ticking import tick

HELP = "the whole loop by simulated visitors through the HTTP API, until two promotions, in a database of its own"
BUFFER = 25  # labels between two trainings: with twice as many one challenger learns all that Digits has to teach
TICK_EVERY = 10  # answers between two ticks: what twenty people give while beat waits
EACH = 16  # answers that everybody gives at least, so that there is something to judge them by
PATIENCE = 400  # answers after which the loop gives up


@dataclass(frozen=True)
class LoopResult:
    promotions: int
    accuracy_first: float
    accuracy_last: float
    accuracy_gain: float
    flagged_true: int
    flagged_false: int
    votes: int
    seconds: float


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--adversarial", type=float, default=0.3)
    parser.add_argument("--promotions", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    wanted = {name: options[name] for name in ("annotators", "adversarial", "promotions", "seed")}
    with scratch():
        owner = User.objects.create_user("uploader@bench.local")
        dataset = digits_load(owner=owner)
        return asdict(turn_the_loop(dataset, **wanted))


def turn_the_loop(dataset: DataSet, annotators: int, adversarial: float, promotions: int, seed: int) -> LoopResult:
    """The first model learns from the gold alone; what comes after is the visitors' doing."""
    started = monotonic()
    Policy.objects.update_or_create(dataset=dataset, defaults={"buffer_size": BUFFER, "stops": False})
    solvers = make_solvers(dataset, annotators, adversarial, seed)
    run_request(dataset=dataset, trigger="the gold")
    first = _champion(dataset)
    answers = 0
    wanting = True
    while (wanting or answers < EACH * annotators) and answers < PATIENCE:
        for solver in solvers:
            solver.solve()
            answers += 1
            if wanting and answers % TICK_EVERY == 0:
                tick()
        wanting = _promotions_since(first) < promotions
    flagged = set(_flags(dataset).values_list("annotator", flat=True))
    liars = {s.annotator.pk for s in solvers if s.annotator and s.eyes.kind == "adversarial"}
    last = _champion(dataset)
    return LoopResult(
        promotions=_promotions_since(first),
        accuracy_first=round(first.metrics["accuracy"], 4),
        accuracy_last=round(last.metrics["accuracy"], 4),
        accuracy_gain=round(last.metrics["accuracy"] - first.metrics["accuracy"], 4),
        flagged_true=len(flagged & liars),
        flagged_false=len(flagged - liars),
        votes=Vote.objects.filter(dataset=dataset).count(),
        seconds=round(monotonic() - started, 1),
    )


def make_solvers(dataset: DataSet, annotators: int, adversarial: float, seed: int) -> list[ApiSolver]:
    truth = whole_truth(dataset)
    n_classes = dataset.classes.count()
    return [
        ApiSolver(eyes, dataset, truth) for eyes in population(annotators, adversarial, seed=seed, n_classes=n_classes)
    ]


def block_flagged(dataset: DataSet) -> list[Decision]:
    """A reviewer follows every flag."""
    reviewer = User.objects.create_user("reviewer@bench.local", role=Role.REVIEWER)
    flags = _flags(dataset).select_related("annotator")
    return [decision_make(annotator=f.annotator, verdict=Verdict.BLOCK, by=reviewer).decision for f in flags]


def _flags(dataset: DataSet) -> QuerySet[Flag]:
    """Of being too often wrong: how quickly a program answers is no evidence."""
    return Flag.objects.filter(dataset=dataset, kind=Suspicion.ACCURACY)


def _champion(dataset: DataSet) -> ModelVersion:
    champion = champion_of(dataset)
    if champion is None:
        failed = dataset.runs.first()
        raise RuntimeError(f"No model came of the gold: {failed.error if failed else 'no run'}")
    return champion


def _promotions_since(first: ModelVersion) -> int:
    later = ModelVersion.objects.filter(dataset=first.dataset, number__gt=first.number)
    return later.exclude(promoted_at=None).count()
