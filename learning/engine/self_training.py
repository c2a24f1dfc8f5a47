"""Learning from what the model itself is sure of: pseudo-labels (D.-H. Lee 2013; with a threshold, FixMatch, K. Sohn et
al. 2020, §2)."""

from dataclasses import dataclass

import numpy as np

from learning.engine.arrays import Floats, Integers

WEIGHT = 0.3  # of a pseudo-label beside a label


@dataclass(frozen=True, eq=False)
class PseudoLabels:
    """(M,) indices into the pool, (M, K) targets, (M,) weights."""

    indices: Integers
    targets: Floats
    weights: Floats


def pseudo_labels(
    probabilities: Floats, labels_per_class: Integers, threshold: float, weight: float = WEIGHT
) -> PseudoLabels:
    """The pool's images that the model is sure of, the surest of a class first, at most as many of a class as there are
    labels of it: the model's favourites shall not crowd out the rest.

    probabilities: (N, K) calibrated, of a model that has not learned from these images. labels_per_class: (K,).
    Raises ValueError for a threshold outside (0.5, 1], since two classes could pass a lower one.
    """
    if not 0.5 < threshold <= 1:
        raise ValueError(f"the threshold is above a half and at most 1, not {threshold}")
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    order = order[sure[order] >= threshold]
    kept = [order[said[order] == cls][: int(cap)] for cls, cap in enumerate(labels_per_class)]
    indices = np.sort(np.concatenate(kept)).astype(np.int64)
    targets = np.eye(probabilities.shape[1])[said[indices]]
    return PseudoLabels(indices, targets, np.full(len(indices), weight))
