"""Crowds of whom most are liars or spammers: what majority, Dawid–Skene and the platform's rule make of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotations.consensus import dawid_skene, heard, majority, reliability
from annotations.consensus.heard import Heard
from annotations.consensus.stopping import State, StoppingRule, decide
from annotations.consensus.votes import FloatArray, IntArray, Votes
from learning.bench.crowds import ITEMS, Crowd, Kind
from learning.bench.plot import write_plot

SEEDS = 10
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
RULE = StoppingRule()
ROUNDS = 12  # of asking further; after that what is open stays so


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one crowd: accuracies on items that are not gold, votes an item, and who was flagged (A,)."""

    majority: float
    dawid_skene: float
    platform: float
    votes_per_item: float
    missed: int
    honest_flagged: int


def run(docs: Path, say: Callable[[str], object]) -> dict[str, object]:
    hard = {Kind.ADVERSARY: 0.3, Kind.SPAMMER: 0.3}
    outcomes = [play(Crowd.of(hard, seed)) for seed in range(SEEDS)]
    for seed, outcome in enumerate(outcomes):
        say(f"seed {seed}: {outcome}")
    pictures = docs / "images"
    curves = {
        "consensus-adversaries.svg": ("Adversaries, each always wrong by a fixed map", Kind.ADVERSARY, ITEMS),
        "consensus-sneaks.svg": ("Adversaries who are honest on everything that looks like gold", Kind.SNEAK, ITEMS),
        "consensus-turncoats.svg": ("Adversaries who turn after 200 honest votes", Kind.TURNCOAT, 3 * ITEMS),
    }
    for name, (title, kind, n_items) in curves.items():
        lines = curve(kind, n_items)
        say(f"{title}: {lines}")
        write_plot(pictures / name, title, "share of adversaries; the others are right in 85%", SHARES, lines)
    return {
        "majority_accuracy": _mean(outcomes, "majority"),
        "ds_accuracy": _mean(outcomes, "dawid_skene"),
        "platform_accuracy": _mean(outcomes, "platform"),
        "platform_accuracy_worst": round(min(outcome.platform for outcome in outcomes), 4),
        "ds_accuracy_worst": round(min(outcome.dawid_skene for outcome in outcomes), 4),
        "votes_per_item": round(float(np.mean([outcome.votes_per_item for outcome in outcomes])), 2),
        "bad_missed": max(outcome.missed for outcome in outcomes),
        "honest_flagged": max(outcome.honest_flagged for outcome in outcomes),
    }


def curve(kind: Kind, n_items: int) -> dict[str, list[float]]:
    outcomes = [play(Crowd.of({kind: share}, 100, n_items)) for share in SHARES]
    return {
        "platform": [round(outcome.platform, 4) for outcome in outcomes],
        "Dawid–Skene": [round(outcome.dawid_skene, 4) for outcome in outcomes],
        "majority vote": [round(outcome.majority, 4) for outcome in outcomes],
    }


def play(crowd: Crowd) -> Outcome:
    votes = crowd.first_round()
    plain, fitted = majority.fit(votes, crowd.gold), dawid_skene.fit(votes, crowd.gold)
    asked, seen = ask_further(crowd, votes)
    flagged = reliability.flagged(seen.reliability)
    return Outcome(
        majority=_accuracy(crowd, plain.labels),
        dawid_skene=_accuracy(crowd, fitted.labels),
        platform=_accuracy(crowd, seen.fit.labels),
        votes_per_item=len(asked) / len(crowd.truth),
        missed=int((crowd.bad & ~flagged).sum()),
        honest_flagged=int((~crowd.bad & flagged).sum()),
    )


def ask_further(crowd: Crowd, votes: Votes) -> tuple[Votes, Heard]:
    """As the platform does: whatever isn't agreed on is put to one more person who can be relied on and hasn't seen it,
    until the rule is met or its cap is reached. Who has no say uses up none of the cap."""
    seen = heard.fit(votes, crowd.gold)
    for _ in range(ROUNDS):
        open_items = np.flatnonzero(_states(votes, seen, crowd) == State.OPEN)
        reliable = np.flatnonzero(reliability.trusted(seen.reliability))
        pairs = _whom_to_ask(votes, open_items, reliable, crowd.rng)
        if not len(pairs):
            break
        votes = _joined(votes, crowd.ask(pairs[:, 0], pairs[:, 1]))
        seen = heard.fit(votes, crowd.gold)
    return votes, seen


def _states(votes: Votes, seen: Heard, crowd: Crowd) -> FloatArray:
    trusted, counted = reliability.trusted(seen.reliability), seen.weights > 0
    n_trusted = np.bincount(votes.item, trusted[votes.annotator], minlength=votes.n_items)
    n_heard = np.bincount(votes.item, counted[votes.annotator], minlength=votes.n_items)
    states = decide(np.clip(seen.fit.confidence, 0, 1), n_trusted, n_heard, RULE)
    states[~crowd.unknown] = State.ACCEPTED
    return states


def _whom_to_ask(votes: Votes, items: IntArray, reliable: IntArray, rng: np.random.Generator) -> IntArray:
    """(annotator, item): for each item one of the reliable who has not voted on it."""
    voted = set(zip(votes.annotator.tolist(), votes.item.tolist(), strict=True))
    pairs = []
    for item in items.tolist():
        free = [person for person in rng.permutation(reliable).tolist() if (person, item) not in voted]
        pairs += [(person, item) for person in free[:1]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _joined(one: Votes, other: Votes) -> Votes:
    return Votes.of(
        np.append(one.annotator, other.annotator),
        np.append(one.item, other.item),
        np.append(one.answer, other.answer),
        n_annotators=one.n_annotators,
        n_items=one.n_items,
        n_classes=one.n_classes,
    )


def _accuracy(crowd: Crowd, labels: IntArray) -> float:
    return float((labels == crowd.truth)[crowd.unknown].mean())


def _mean(outcomes: list[Outcome], name: str) -> float:
    return round(float(np.mean([getattr(outcome, name) for outcome in outcomes])), 4)
