"""Chance: the baseline that every other strategy has to beat."""

import numpy as np

from learning.engine.arrays import Floats
from learning.engine.strategies.registry import strategy


@strategy("random")
def random(probabilities: Floats, rng: np.random.Generator) -> Floats:
    """Scores (N,) uniform in [0, 1), whatever the model thinks."""
    return rng.random(len(probabilities))
