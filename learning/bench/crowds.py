"""Simulated crowds with liars of several kinds, who can be asked again."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from annotations.consensus.votes import UNKNOWN, FloatArray, IntArray, Votes

ITEMS, ANNOTATORS, CLASSES, EACH, GOLD, HONEST = 2000, 60, 10, 5, 0.05, 0.85


class Kind(StrEnum):
    HONEST = "honest"
    SPAMMER = "spammer"  # any class, without looking
    ADVERSARY = "adversary"  # always wrong, each by a fixed map
    SNEAK = "sneak"  # an adversary who is honest on everything that looks like gold
    TURNCOAT = "turncoat"  # an adversary who is honest for the first 200 votes

    @property
    def is_bad(self) -> bool:
        return self is not Kind.HONEST


TURN = 200


@dataclass(eq=False)
class Crowd:
    """Who is what (A,), what is true (I,) and known to be (I,). People answer in the order in which they are asked."""

    kinds: list[Kind]
    truth: IntArray
    gold: IntArray
    wrong: IntArray  # (A, K): what each adversary says for what it is
    accuracy: FloatArray  # (A,): of who is honest
    rng: np.random.Generator
    given: IntArray  # (A,): answers so far

    @classmethod
    def of(
        cls, shares: dict[Kind, float], seed: int, n_items: int = ITEMS, accuracy: FloatArray | None = None
    ) -> "Crowd":
        """`accuracy` (A,) of each, were they honest; without it there are `ANNOTATORS` who are equally good."""
        accuracy = np.full(ANNOTATORS, HONEST) if accuracy is None else accuracy
        rng, n_people = np.random.default_rng(seed), len(accuracy)
        kinds = [kind for kind, share in shares.items() for _ in range(round(share * n_people))]
        kinds = (kinds + [Kind.HONEST] * n_people)[:n_people]
        truth = rng.integers(CLASSES, size=n_items)
        gold = np.where(rng.random(n_items) < GOLD, truth, UNKNOWN)
        wrong = np.stack([_derangement(rng) for _ in kinds])
        return cls(kinds, truth, gold, wrong, accuracy, rng, np.zeros(len(kinds), dtype=np.int64))

    @property
    def bad(self) -> FloatArray:
        return np.array([kind.is_bad for kind in self.kinds])

    @property
    def unknown(self) -> FloatArray:
        return np.asarray(self.gold == UNKNOWN)

    def ask(self, annotator: IntArray, item: IntArray) -> Votes:
        """Everybody answers what they are asked, one after the other."""
        answers = [self._answer(a, i) for a, i in zip(annotator.tolist(), item.tolist(), strict=True)]
        return Votes.of(
            annotator, item, answers, n_annotators=len(self.kinds), n_items=len(self.truth), n_classes=CLASSES
        )

    def first_round(self, each: int = EACH) -> Votes:
        """`each` people an item, drawn at random, the items in random order."""
        pairs = [(a, i) for i in self.rng.permutation(len(self.truth)) for a in self._some(each)]
        annotator, item = np.array(pairs, dtype=np.int64).T
        return self.ask(annotator, item)

    def _some(self, n: int) -> IntArray:
        return self.rng.choice(len(self.kinds), n, replace=False)

    def _answer(self, annotator: int, item: int) -> int:
        kind, truth, is_gold = self.kinds[annotator], int(self.truth[item]), self.gold[item] != UNKNOWN
        self.given[annotator] += 1
        if kind is Kind.SPAMMER:
            return int(self.rng.integers(CLASSES))
        behaves = (kind is Kind.SNEAK and is_gold) or (kind is Kind.TURNCOAT and self.given[annotator] <= TURN)
        if kind is Kind.HONEST or behaves:
            right = self.rng.random() < self.accuracy[annotator]
            return truth if right else int((truth + self.rng.integers(1, CLASSES)) % CLASSES)
        return int(self.wrong[annotator, truth])


def _derangement(rng: np.random.Generator) -> IntArray:
    """A permutation without a fixed point, by drawing until there is none."""
    drawn = np.arange(CLASSES)
    while (drawn == np.arange(CLASSES)).any():
        drawn = rng.permutation(CLASSES)
    return drawn
