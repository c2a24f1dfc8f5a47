"""VeSSAL: one pass over the images, each taken by how much it adds to those taken before (Saran et al. 2023).

An image stands for u, the gradient that its likeliest label would give the last layer. With C the sum of u uᵀ over the
images taken and Ā the mean of u uᵀ over all seen, uᵀC⁻¹u says how far u lies outside what is known already, and
tr(Ā C⁻¹) what is usual of it. Their ratio times the rate still needed is the probability to take the image.
"""

from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Floats
from learning.engine.strategies.pool import Pool, Ranking
from learning.engine.strategies.registry import strategy

PRIOR = 100.0  # C⁻¹ before anything is taken, times the identity, as in the paper
DIMENSIONS = 512  # of u at most
BLOCK = 512  # images scored together; a taken one costs an update of the rest of its block
REFRESH = 1000  # taken images after which C is inverted anew, as rounding adds up
LONGEST = 1e4  # of u; a longer one is shortened to this, or C⁻¹ would have no digits left for anything else
LARGEST = 1e12  # of a feature


@strategy("vessal", needs={"features"})
def vessal(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """One pass in random order that takes what adds to the images taken before, by the model's gradients.

    They come in the order in which they were taken, each with its ratio (see `Offer`). The rule never takes more than
    `n` and may end a few short; then those with the highest ratios among the images passed by fill the rest.
    """
    return one_pass(pool, n, rng, DIMENSIONS)


def one_pass(pool: Pool, n: int, rng: np.random.Generator, dimensions: int) -> Ranking:
    """`vessal` with gradients in so many dimensions at most."""
    if pool.features is None:
        raise ValueError("vessal needs features of the pool")
    order, draws = rng.permutation(len(pool)), rng.random(len(pool))
    sketch = Sketch.drawn(pool.n_classes, pool.features.shape[1], rng, dimensions)
    volume, budget = Volume.empty(sketch.dimensions), Budget(n, len(pool))
    taken, ratios = np.zeros(len(pool), dtype=bool), np.zeros(len(pool))
    for at in range(0, len(pool), BLOCK):
        block = slice(at, at + BLOCK)
        u = sketch.gradients(pool.probabilities[order[block]], pool.features[order[block]])
        taken[block], ratios[block] = volume.offer(u, draws[block], budget)
    passed = np.flatnonzero(~taken)
    best_of_the_rest = passed[np.argsort(-ratios[passed], kind="stable")]
    chosen = np.concatenate([np.flatnonzero(taken), best_of_the_rest])[: max(n, 0)]
    return Ranking(order[chosen].astype(np.int64), ratios[chosen])


class Sketch(NamedTuple):
    """A map from gradients, which are outer products of K and D + 1 numbers, to few numbers, never forming them.

    Each of the numbers is the product of a random sum of the one factor and a random sum of the other (a row-wise
    Khatri-Rao product of random signs). Inner products are right on average. A gradient that is short enough is kept.
    """

    of_classes: NDArray[np.float32]  # (d, K)
    of_features: NDArray[np.float32]  # (d, D + 1)

    @classmethod
    def drawn(cls, n_classes: int, n_features: int, rng: np.random.Generator, dimensions: int = DIMENSIONS) -> Self:
        """For K classes and D features; exact where K · (D + 1) is at most `dimensions`."""
        inputs = n_features + 1
        if n_classes * inputs <= dimensions:
            of_classes = np.repeat(np.eye(n_classes), inputs, axis=0)
            of_features = np.tile(np.eye(inputs), (n_classes, 1))
        else:
            of_classes, of_features = (rng.choice([-1.0, 1.0], (dimensions, size)) for size in (n_classes, inputs))
            of_classes /= np.sqrt(dimensions)
        return cls(of_classes.astype(np.float32), of_features.astype(np.float32))

    @property
    def dimensions(self) -> int:
        return len(self.of_classes)

    @property
    def n_classes(self) -> int:
        return int(self.of_classes.shape[1])

    @property
    def n_features(self) -> int:
        return int(self.of_features.shape[1]) - 1

    def gradients(self, probabilities: Floats, features: Floats) -> NDArray[np.float64]:
        """(B, d): (p - its likeliest class) ⊗ (features, 1), sketched, of length `LONGEST` at most.

        Raises ValueError for what is not finite and for another number of classes or features.
        """
        if probabilities.shape[1:] != (self.n_classes,) or features.shape[1:] != (self.n_features,):
            raise ValueError(
                f"{probabilities.shape} probabilities and {features.shape} features are not of this sketch"
            )
        small = np.abs(features.astype(np.float64)) <= LARGEST  # what is no number isn't
        sound = np.isfinite(probabilities).all(axis=1) & small.all(axis=1)
        if not sound.all():
            raise ValueError(
                f"{int((~sound).sum())} images have probabilities or features that are not finite or too large"
            )
        of_classes = probabilities.astype(np.float32)
        of_classes[np.arange(len(of_classes)), probabilities.argmax(axis=1)] -= 1
        left = of_classes @ self.of_classes.T
        right = features.astype(np.float32) @ self.of_features[:, :-1].T + self.of_features[:, -1]
        u = left.astype(np.float64) * right
        lengths = np.linalg.norm(u, axis=1, keepdims=True)
        return np.asarray(u / np.maximum(lengths / LONGEST, 1))


class Quota(Protocol):
    """The rate (k - chosen) / (N - seen) that is still needed."""

    def ahead(self, n: int) -> NDArray[np.float64]:
        """(n,): for each of the next `n` images, if none before it is taken."""

    def passed(self, n: int, taken: int) -> None:
        """`n` images went by, of which so many were taken."""


class Budget:
    """`k` of `n` images."""

    def __init__(self, k: int, n: int) -> None:
        self.wanted, self.left = max(k, 0), n

    def ahead(self, n: int) -> NDArray[np.float64]:
        return self.wanted / (self.left - np.arange(n))

    def passed(self, n: int, taken: int) -> None:
        self.left -= n
        self.wanted -= taken


class Offer(NamedTuple):
    taken: NDArray[np.bool_]  # (B,)
    ratios: NDArray[np.float64]  # (B,) uᵀC⁻¹u over tr(Ā C⁻¹) when the image came: 1 is usual, 0 adds nothing


class Volume:
    """What was taken and what was seen, in three (d, d) matrices however long it goes on."""

    def __init__(
        self,
        inverse: NDArray[np.float64],
        taken: NDArray[np.float64],
        total: NDArray[np.float64],
        seen: int,
        fresh: int,
    ) -> None:
        self.inverse = inverse  # C⁻¹
        self.taken = taken  # C, to invert anew
        self.total = total  # seen · Ā
        self.seen = seen
        self.fresh = fresh  # images taken since C was inverted
        self.trace = float((total * inverse).sum())  # tr(seen · Ā C⁻¹), kept up to date from here on

    @classmethod
    def empty(cls, dimensions: int) -> Self:
        unit = np.eye(dimensions)
        return cls(PRIOR * unit, unit / PRIOR, np.zeros((dimensions, dimensions)), seen=0, fresh=0)

    def offer(self, u: NDArray[np.float64], draws: Floats, quota: Quota) -> Offer:
        """Take each of the gradients (B, d) whose draw in [0, 1) is below its probability, one after the other.

        A block's scores come from one C⁻¹, and are what one image at a time would give until the first is taken; from
        there on Sherman and Morrison's step brings the later ones up to date. C⁻¹ makes all its steps at the end.
        """
        taken, ratios = np.zeros(len(u), dtype=bool), np.zeros(len(u))
        steps = _Steps(u, u @ self.inverse)
        at = 0
        while at < len(u):
            traces = self.trace + np.cumsum(steps.scores[at:])
            ratios[at:] = _over_usual(steps.scores[at:], traces, self.seen + at)
            hits = np.flatnonzero(draws[at:] < quota.ahead(len(u) - at) * ratios[at:])
            passed = int(hits[0]) + 1 if len(hits) else len(u) - at
            self.trace = float(traces[passed - 1])
            quota.passed(passed, min(len(hits), 1))
            at += passed
            if len(hits):
                taken[at - 1] = True
                self.trace -= steps.take(at - 1, self.total)
        self._see(u, taken, steps)
        return Offer(taken, ratios)

    def _see(self, u: NDArray[np.float64], taken: NDArray[np.bool_], steps: "_Steps") -> None:
        self.seen += len(u)
        self.total += u.T @ u
        if steps.count == 0:
            return
        self.inverse -= steps.made.T @ steps.made
        self.taken += u[taken].T @ u[taken]
        self.fresh += steps.count
        if self.fresh >= REFRESH:
            self.inverse = np.asarray(np.linalg.inv(self.taken), dtype=np.float64)
            self.trace, self.fresh = float((self.total * self.inverse).sum()), 0


class _Steps:
    """The steps of C⁻¹ within a block: an image u that is taken lessens it by w wᵀ, w = C⁻¹u / √(1 + uᵀC⁻¹u)."""

    def __init__(self, u: NDArray[np.float64], reach: NDArray[np.float64]) -> None:
        self.u, self.reach, self.count = u, reach, 0  # reach (B, d): C⁻¹u before the block
        self.scores = np.maximum(np.einsum("bd,bd->b", reach, u), 0)  # (B,) uᵀC⁻¹u after all steps so far
        self._w = np.empty_like(u)
        self._overlaps = np.empty((len(u), len(u)))  # w of each step with each u

    @property
    def made(self) -> NDArray[np.float64]:
        """(steps, d): their w."""
        return self._w[: self.count]

    def take(self, row: int, total: NDArray[np.float64]) -> float:
        """Take this row, and say how much that lessens the trace of C⁻¹ with `total` and the rows up to this one."""
        v = self.reach[row] - self._overlaps[: self.count, row] @ self.made
        w = v / np.sqrt(1 + max(float(v @ self.u[row]), 0.0))
        overlaps = self.u @ w
        self._w[self.count], self._overlaps[self.count] = w, overlaps
        self.count += 1
        self.scores = np.maximum(self.scores - overlaps**2, 0)
        return float(w @ total @ w) + float(overlaps[: row + 1] @ overlaps[: row + 1])


def _over_usual(scores: NDArray[np.float64], traces: NDArray[np.float64], seen: int) -> NDArray[np.float64]:
    """Scores over their running mean, each counted in it: at most as many as were seen. Where nothing has any score,
    all are alike, and 1."""
    at_least = np.maximum(traces, scores)  # but for rounding it always is
    counts = seen + 1 + np.arange(len(scores))
    return np.divide(scores, at_least, out=1 / counts, where=at_least > 0) * counts
