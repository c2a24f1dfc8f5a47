"""Learning a buffer of new labels at once, in a time that doesn't grow with what was learned before.

The new rows are learned with some of the old ones, drawn anew each time, which keeps what was known (experience replay:
A. Chaudhry et al. 2019, “On Tiny Episodic Memories in Continual Learning”, §3), from the last weights and with the
optimiser's state (`train` with `initial` and `optimiser`). Old rows are drawn evenly over the rows, not over the
classes: classes that come late would else be believed more frequent than they are.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Floats, Integers
from learning.engine.trained import TrainingConfig

PASSES = 2  # over the new rows and those replayed
REPLAYED = 4  # old rows a new one


def replayed(ages: Integers, n: int, recency: float = 1.0, *, seed: int) -> tuple[Integers, Floats]:
    """Which old rows are learned again, and how much each counts beside a new one: (M,) indices and weights.

    ages: (N,) buffers since each was new, 1 for the last one's. n: as many at most. recency: what a buffer's age leaves
    of the weight, in (0, 1]; at 1 all count alike. Raises ValueError for another.
    """
    if not 0 < recency <= 1 or n < 0:
        raise ValueError(f"recency is in (0, 1] and n at least 0, not {recency} and {n}")
    drawn: NDArray[np.int64] = np.sort(np.random.default_rng(seed).permutation(len(ages))[:n])
    return drawn, recency ** ages[drawn].astype(np.float64)


def online(config: TrainingConfig) -> TrainingConfig:
    """The same settings for a buffer: a few passes over its rows, however few; none held out, since all are needed."""
    return replace(config, epochs=PASSES, min_steps=0, patience=0)
