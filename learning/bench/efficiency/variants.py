"""VeSSAL in other forms, for the table alone: what a stream costs, and what the projection of the gradients does."""

import numpy as np

from learning.engine.strategies.pool import Pool, Ranking
from learning.engine.strategies.registry import strategy
from learning.engine.strategies.streaming import Stream
from learning.engine.strategies.vessal import one_pass

STREAM, NARROW, WHOLE = "vessal_stream", "vessal_256", "vessal_whole"
WITHOUT_END = 1 << 20  # dimensions: no projection


@strategy(STREAM, needs={"features"})
def vessal_stream(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """The images come one after the other, at the rate n of N without knowing their number; as in the pool's form, the
    last few that are short have the highest ratios of those passed by."""
    order = rng.permutation(len(pool))
    rate = min(n / len(pool), 0.99)
    n_features = pool.features.shape[1]
    stream = Stream.begin(rate, n_classes=pool.n_classes, n_features=n_features, seed=int(rng.integers(1 << 30)))
    taken, ratios = stream.offer(pool.probabilities[order], pool.features[order])
    passed = np.flatnonzero(~taken)
    best_of_the_rest = passed[np.argsort(-ratios[passed], kind="stable")]
    chosen = np.concatenate([np.flatnonzero(taken), best_of_the_rest])[:n]
    return Ranking(order[chosen], ratios[chosen])


@strategy(NARROW, needs={"features"})
def vessal_256(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Half as many dimensions, as the stream of uploads has."""
    return one_pass(pool, n, rng, 256)


@strategy(WHOLE, needs={"features"})
def vessal_whole(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """The gradients as they are, as far as memory allows."""
    return one_pass(pool, n, rng, WITHOUT_END)
