"""Rounds of the loop on a data set whose hidden truth is known: sample, ask simulated people, train, compare."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, sleep

from annotations.models import Consensus, ConsensusState, Flag, FlagState
from gallery.models import DataSet, Split
from gallery.work import WorkState
from learning.bench.solvers import ServiceSolver, whole_truth
from learning.engine.annotators import population
from learning.models import Policy, TrainingRun
from learning.selectors import champion_of, fresh_labels, policy_of, training_labels
from learning.services.requests import round_request, run_request
from learning.services.sampling import round_execute
from learning.services.tagging import retag_execute
from learning.services.training import run_execute

PATIENCE = 600  # answers after which a round ends with the labels that there are
DEADLINE = 600.0  # seconds to wait for a run that a worker took


@dataclass(frozen=True)
class Round:
    round: int
    labels: int
    accuracy: float | None
    consensus_accuracy: float | None
    flagged: int
    promoted: bool
    seconds: float


def simulate(
    dataset: DataSet, *, annotators: int, adversarial: float, strategy: str, rounds: int, seed: int
) -> Iterator[Round]:
    """The data set's policy takes the strategy for the time being, and its old one back at the end. Meanwhile no worker
    ends the campaign: that many rounds were asked for."""
    truth = whole_truth(dataset)
    people = population(annotators, adversarial, seed=seed, n_classes=dataset.classes.count())
    solvers = [ServiceSolver(eyes, dataset, truth) for eyes in people]
    policy = policy_of(dataset)
    wanted = {"strategy": strategy, "stops": False, "budget": None}
    before = {name: getattr(policy, name) for name in wanted}
    Policy.objects.filter(pk=policy.pk).update(**wanted)
    try:
        for number in range(1, rounds + 1):
            yield _round(dataset, solvers, truth, number)
    finally:
        Policy.objects.filter(pk=policy.pk).update(**before)


def _round(dataset: DataSet, solvers: list[ServiceSolver], truth: dict[int, int], number: int) -> Round:
    started, serving = monotonic(), champion_of(dataset)
    round_execute(round_request(dataset=dataset).pk)
    _ask_until_full(dataset, solvers, start=number)
    _run_to_the_end(run_request(dataset=dataset, trigger=f"simulated round {number}"))
    champion = champion_of(dataset)
    if champion and champion != serving:
        retag_execute(champion.retag.pk)
    return Round(
        round=number,
        labels=len(training_labels(dataset)),
        accuracy=round(champion.metrics["accuracy"], 4) if champion else None,
        consensus_accuracy=_consensus_accuracy(dataset, truth),
        flagged=Flag.objects.filter(dataset=dataset, state=FlagState.OPEN).count(),
        promoted=champion != serving,
        seconds=round(monotonic() - started, 1),
    )


def _ask_until_full(dataset: DataSet, solvers: list[ServiceSolver], *, start: int) -> None:
    """In turn, beginning with another person each round, until the buffer of new labels is full."""
    wanted = policy_of(dataset).buffer_size
    for turn in range(PATIENCE):
        if fresh_labels(dataset).count >= wanted:
            return
        solvers[(start + turn) % len(solvers)].solve()


def _run_to_the_end(run: TrainingRun) -> None:
    """Here, or where a worker has taken it already."""
    run_execute(run.pk)
    deadline = monotonic() + DEADLINE
    while monotonic() < deadline:
        run.refresh_from_db()
        if run.state not in {WorkState.WAITING, WorkState.RUNNING}:
            return
        sleep(0.5)
    raise TimeoutError(f"{run} did not end within {DEADLINE:.0f} s")


def _consensus_accuracy(dataset: DataSet, truth: dict[int, int]) -> float | None:
    """Share of the pool's agreed images whose class is the hidden truth."""
    rows = Consensus.objects.filter(dataset=dataset, state=ConsensusState.ACCEPTED, image__split=Split.POOL)
    said = list(rows.values_list("image", "label"))
    return round(sum(truth[image] == label for image, label in said) / len(said), 4) if said else None
