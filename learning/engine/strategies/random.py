"""Chance: the baseline that every other strategy has to beat."""

import numpy as np

from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import strategy


@strategy("random")
def random(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Whatever the model thinks; scores uniform in [0, 1)."""
    return by_score(rng.random(len(pool)), n, rng)
