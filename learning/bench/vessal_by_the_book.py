"""VeSSAL as its paper has it, an image at a time: what the quick one is held to, in tests and benchmarks."""

import numpy as np
from numpy.typing import NDArray

from learning.engine.strategies.vessal import PRIOR


def one_by_one(u: NDArray[np.float64], draws: NDArray[np.float64], k: int) -> list[int]:
    """Algorithm 1 of Saran et al. (2023) on gradients (N, d): the mean and the trace anew for each image."""
    n, d = u.shape
    inverse, mean, chosen = PRIOR * np.eye(d), np.zeros((d, d)), list[int]()
    for i in range(n):
        mean = i / (i + 1) * mean + np.outer(u[i], u[i]) / (i + 1)
        rate = (k - len(chosen)) / (n - i)
        score = u[i] @ inverse @ u[i]
        if draws[i] < rate / (mean * inverse).sum() * score:
            chosen.append(i)
            inverse -= inverse @ np.outer(u[i], u[i]) @ inverse / (1 + score)
    return chosen
