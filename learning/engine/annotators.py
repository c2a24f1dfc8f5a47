"""Simulated annotators, for benches and tests: what a person would answer to an image of a known class."""

from dataclasses import InitVar, dataclass, field
from typing import Literal

import numpy as np

from learning.engine.arrays import Integers

Kind = Literal["honest", "adversarial", "spammer"]


@dataclass
class SimulatedAnnotator:
    """One annotator with a random stream of their own. ValueError for what can't be simulated.

    honest: right with probability `accuracy`, else uniformly one of the other classes. adversarial: always
    wrong, by a fixed map of the classes that leaves none in place. spammer: uniformly any class, without
    looking.
    """

    kind: Kind
    accuracy: float  # of the honest; the others don't use it
    seed: InitVar[int]
    n_classes: int
    _rng: np.random.Generator = field(init=False, repr=False)
    _wrong_map: Integers = field(init=False, repr=False)

    def __post_init__(self, seed: int) -> None:
        if self.kind not in ("honest", "adversarial", "spammer"):
            raise ValueError(f"no annotator is {self.kind!r}")
        if self.n_classes < 2 or not 0 <= self.accuracy <= 1:
            raise ValueError("an annotator needs at least two classes and an accuracy in [0, 1]")
        self._rng = np.random.default_rng(seed)
        self._wrong_map = _derangement(self.n_classes, self._rng)

    def perceive(self, truth: int) -> int:
        """The class this annotator answers for an image of class `truth`.

        ValueError when there is no such class.
        """
        if not 0 <= truth < self.n_classes:
            raise ValueError(f"{truth} is not one of {self.n_classes} classes")
        if self.kind == "adversarial":
            return int(self._wrong_map[truth])
        if self.kind == "spammer":
            return int(self._rng.integers(self.n_classes))
        if self._rng.random() < self.accuracy:
            return truth
        # A step of 1 to K - 1 around the ring of classes never comes back to where it began.
        return int((truth + self._rng.integers(1, self.n_classes)) % self.n_classes)


def population(
    n: int, adversarial_share: float, accuracy: float = 0.95, seed: int = 0, *, n_classes: int
) -> list[SimulatedAnnotator]:
    """`n` annotators in random order: the share (rounded to whole people) adversarial, the others honest."""
    if n < 0 or not 0 <= adversarial_share <= 1:
        raise ValueError("a population has no negative size, and a share is in [0, 1]")
    rng = np.random.default_rng(seed)
    adversaries = set(rng.permutation(n)[: round(n * adversarial_share)].tolist())
    seeds = rng.integers(2**63, size=n).tolist()
    return [
        SimulatedAnnotator("adversarial" if index in adversaries else "honest", accuracy, seeds[index], n_classes)
        for index in range(n)
    ]


def _derangement(n: int, rng: np.random.Generator) -> Integers:
    """A uniform permutation without a fixed point, by drawing until there is none: e draws on average."""
    while True:
        drawn = rng.permutation(n)
        if not (drawn == np.arange(n)).any():
            return drawn
