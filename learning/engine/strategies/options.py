"""What goes for every strategy: no near-duplicates, the odd ones last, no class starved."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Booleans, Floats, Integers
from learning.engine.strategies.pool import Pool

NEIGHBOURS = 10
SAMPLE = 2000  # images that stand for the pool where all pairs would be too many


@dataclass(frozen=True)
class Options:
    """`duplicates`: the cosine of two images' features from which they are the same picture, asked once; 1 asks all.
    `outliers`: the share of the pool that is unlike anything else in it and asked last. `balance`: whether no class
    that the model names takes more than its turn, as long as others have images left; what is labelled counts.

    Raises ValueError outside (0, 1] and [0, 1).
    """

    duplicates: float = 1.0
    outliers: float = 0.0
    balance: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.duplicates <= 1:
            raise ValueError(f"two pictures are the same from a cosine in (0, 1], not {self.duplicates}")
        if not 0 <= self.outliers < 1:
            raise ValueError(f"the share of outliers lies in [0, 1), not {self.outliers}")

    @property
    def needs(self) -> set[str]:
        """What a pool must hold for them."""
        return {"features"} if self.duplicates < 1 or self.outliers > 0 else set()

    @property
    def choosy(self) -> bool:
        """Whether any of what a strategy ranks may be passed over."""
        return self.duplicates < 1 or self.balance


def ordinary(pool: Pool, share: float, rng: np.random.Generator) -> Booleans:
    """Which images (N,) are not among the `share` of the pool that is farthest from its neighbours."""
    if share == 0 or pool.features is None or len(pool) <= NEIGHBOURS + 1:
        return np.ones(len(pool), dtype=bool)
    unit = unit_rows(pool.features)
    sample = unit[rng.choice(len(unit), min(SAMPLE, len(unit)), replace=False)]
    # The nearest may be the image itself; the tenth is somebody else either way.
    likeness = np.concatenate(
        [
            np.partition(unit[at : at + SAMPLE] @ sample.T, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS]
            for at in range(0, len(unit), SAMPLE)
        ]
    )
    return np.asarray(likeness >= np.quantile(likeness, share))


def pass_over(pool: Pool, ranked: Integers, n: int, options: Options) -> NDArray[np.int64]:
    """The first `n` of the ranked images that are no duplicates of one labelled or taken before, in turns by the class
    that the model names if so wanted; those passed over for their class come last."""
    taken: list[int] = []
    waiting = ranked.tolist()
    room = _room(pool, n, options)
    named = pool.probabilities.argmax(axis=1)
    seen = _Seen(pool, options.duplicates, n)
    while waiting and len(taken) < n:
        held: list[int] = []
        used = np.zeros(pool.n_classes, dtype=np.int64)
        for row in waiting:
            if len(taken) == n:
                break
            if used[named[row]] >= room[named[row]]:
                held.append(row)
            elif seen.is_new(row):
                used[named[row]] += 1
                taken.append(row)
        waiting = held
    return np.array(taken, dtype=np.int64)


def unit_rows(features: Floats) -> NDArray[np.float32]:
    """Rows (N, D) of length 1; one without any length stays nought."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(length > 0, length, 1), dtype=np.float32)


def _room(pool: Pool, n: int, options: Options) -> NDArray[np.int64]:
    """(K,) how many that the model names so are taken of each class before the others have had theirs: what brings the
    classes with the fewest labels level, as far as n goes, and one at least."""
    room = np.full(pool.n_classes, n, dtype=np.int64)
    if not options.balance:
        return room
    labels = np.zeros(0, dtype=np.int64) if pool.labels is None else pool.labels
    counts = np.bincount(labels, minlength=pool.n_classes)[: pool.n_classes]
    present = np.unique(pool.probabilities.argmax(axis=1))
    fewest = np.sort(counts[present])
    # The level to which n fill the lowest: the sum of what each lies under it.
    levels = (n + np.cumsum(fewest)) / np.arange(1, len(fewest) + 1)
    level = levels[np.append(levels[:-1] <= fewest[1:], True).argmax()]
    brought: NDArray[np.int64] = np.maximum(np.floor(level - counts), 1).astype(np.int64)
    return brought


class _Seen:
    """The pictures that a new one may be a duplicate of."""

    def __init__(self, pool: Pool, threshold: float, n: int) -> None:
        self.threshold, self.count, self.settled = threshold, 0, pool.settled
        if threshold == 1 or pool.features is None:
            self.unit = None
            return
        self.unit = unit_rows(pool.features)
        before = np.zeros((0, self.unit.shape[1])) if pool.labelled is None else pool.labelled
        self.rows = np.concatenate([unit_rows(before), np.zeros((n, self.unit.shape[1]), dtype=np.float32)])
        self.count = len(before)

    def is_new(self, row: int) -> bool:
        """Whether it is unlike all before; it counts among them from now on."""
        if self.unit is None or (self.settled is not None and self.settled[row]):
            return True  # a settled image is labelled, and would be taken for a duplicate of itself
        own = self.unit[row]
        if self.count and (self.rows[: self.count] @ own).max() >= self.threshold:
            return False
        self.rows[self.count] = own
        self.count += 1
        return True
