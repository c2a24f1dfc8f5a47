"""Explaining by example: the pictures a model learned from that look most like this one to it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Floats
from learning.engine.strategies.distances import sound


class Similar(NamedTuple):
    indices: NDArray[np.int64]  # rows, the most alike first
    cosines: NDArray[np.float64]  # of each, in [-1, 1]


def most_similar(feature: Floats, features: Floats, n: int) -> Similar:
    """The `n` rows of `features` (N, D) whose angle to `feature` (D,) is the smallest, or all where there are fewer.

    Features of length nought have a cosine of 0 to everything; of two equally alike the earlier row comes first. Raises
    ValueError when the shapes don't fit, for what is no number, and for n below 1.
    """
    if feature.ndim != 1 or features.ndim != 2 or features.shape[1] != len(feature) or n < 1:
        raise ValueError(f"(D,) features beside (N, D), and one at least, not {feature.shape}, {features.shape}, {n}")
    one, rows = sound(feature, "the picture's features"), sound(features, "features")
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1) * np.linalg.norm(one.astype(np.float64))
    products = rows.astype(np.float64) @ one.astype(np.float64)
    cosines = np.divide(products, lengths, out=np.zeros(len(rows)), where=lengths > 0).clip(-1, 1)
    nearest = np.argsort(-cosines, kind="stable")[:n]
    return Similar(nearest, cosines[nearest])
