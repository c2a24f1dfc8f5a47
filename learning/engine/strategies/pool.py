"""What a strategy sees of a pool, and what it gives back."""

from dataclasses import dataclass, fields, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Booleans, Floats, Integers


class Ranking(NamedTuple):
    """Rows of the pool, the first to be asked first, and what each scored."""

    indices: NDArray[np.int64]  # (n,), none twice
    scores: NDArray[np.float64]  # (n,), no common scale from one strategy to another


@dataclass(frozen=True, eq=False)
class Pool:
    """N images that may be asked about, in K classes, and the M that are labelled already.

    `probabilities` (N, K): the model's, calibrated. `features` (N, D): of the layer before the last, and `labelled`
    (M, D) with `labels` (M,) those of the labelled images. `committee` (C, N, K): what C models or draws of one say.
    `losses` (N,): what the model expects to lose on each. `beliefs` (N, K) and `votes` (N,): the consensus so far and
    the answers behind it, 0 where nobody was asked. `settled` (N,): people agree on them, and a strategy may ask about
    them again, but chance never does. What isn't known is None; `strategy` says what each needs.

    Raises ValueError where shapes don't fit each other.
    """

    probabilities: Floats
    features: Floats | None = None
    labelled: Floats | None = None
    labels: Integers | None = None
    committee: Floats | None = None
    losses: Floats | None = None
    beliefs: Floats | None = None
    votes: Integers | None = None
    settled: Booleans | None = None

    def __post_init__(self) -> None:
        if self.probabilities.ndim != 2:
            raise ValueError(f"probabilities are (N, K), not {self.probabilities.shape}")
        for name in PER_IMAGE:
            rows = getattr(self, name)
            if rows is not None and len(rows) != len(self):
                raise ValueError(f"{name} {rows.shape} are not of the pool's {len(self)} images")
        if self.committee is not None and self.committee.shape[1:] != self.probabilities.shape:
            raise ValueError(f"the committee's word {self.committee.shape} is not (C, N, K) of this pool")
        if self.labelled is not None and self.features is not None and self.labelled.shape[1] != self.features.shape[1]:
            raise ValueError("the labelled images' features are of another length than the pool's")
        if (self.labels is None) != (self.labelled is None) or len(_of(self.labels)) != len(_of(self.labelled)):
            raise ValueError("labelled images come with their features and their labels")

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def n_classes(self) -> int:
        return int(self.probabilities.shape[1])

    @property
    def unsettled(self) -> NDArray[np.int64]:
        """The rows of the images that people don't agree on yet."""
        return np.arange(len(self)) if self.settled is None else np.flatnonzero(~self.settled)

    def known(self) -> set[str]:
        """The names of what is there."""
        return {field.name for field in fields(self) if getattr(self, field.name) is not None}

    def of(self, rows: Integers | Booleans) -> Self:
        """The same with these rows alone."""
        parts = {name: getattr(self, name) for name in PER_IMAGE}
        cut = {name: part[rows] for name, part in parts.items() if part is not None}
        return replace(self, **cut, committee=None if self.committee is None else self.committee[:, rows])


PER_IMAGE = ("probabilities", "features", "losses", "beliefs", "votes", "settled")


def by_score(scores: Floats, n: int, rng: np.random.Generator) -> Ranking:
    """The `n` highest of (N,) scores, highest first, ties in random order; all of them when `n` is above N.

    Raises ValueError for scores that are not finite.
    """
    unusable = int((~np.isfinite(scores)).sum())
    if unusable:
        raise ValueError(f"{unusable} of {len(scores)} images get no finite score; are the probabilities sound?")
    order = np.lexsort((rng.random(len(scores)), -scores))[: max(n, 0)]
    return Ranking(order.astype(np.int64), scores[order].astype(np.float64))


def _of(rows: Floats | Integers | None) -> Floats | Integers:
    return np.zeros(0) if rows is None else rows
