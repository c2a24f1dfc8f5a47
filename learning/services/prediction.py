"""What a version says of images."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from annotations.selectors import removed_indices
from learning.engine.prediction import predict
from learning.models import ModelVersion
from learning.services.inputs import Inputs, read_inputs, reading_of
from learning.services.networks import load_network

TINY = 1e-9  # of what a version that is sure of a removed class says of the others


def predict_images(version: ModelVersion, images: Sequence[int]) -> tuple[Inputs, NDArray[np.float32]]:
    """The readable ones of the images, and their calibrated probabilities (N, K), as `given_present`."""
    inputs = read_inputs(images, reading_of(version))
    said = predict(load_network(version), inputs.x, version.temperature)
    return inputs, given_present(said, removed_indices(version.dataset))


def given_present(said: NDArray[np.float32], removed: Collection[int]) -> NDArray[np.float32]:
    """Probabilities (..., K) on condition that it is none of the `removed` classes; K are those that the version knows.

    Where it knows fewer than two others, nothing is left to choose between, and they stay as they are."""
    gone = _gone(said.shape[-1], removed)
    left = np.where(gone, 0, np.maximum(said, TINY))
    return left / left.sum(axis=-1, keepdims=True) if gone.any() else said


def logits_given_present(said: NDArray[np.float32], removed: Collection[int]) -> NDArray[np.float32]:
    """Logits (N, K) from which the same probabilities come."""
    return np.where(_gone(said.shape[-1], removed), -np.inf, said)


def _gone(n_classes: int, removed: Collection[int]) -> NDArray[np.bool_]:
    gone = np.isin(np.arange(n_classes), list(removed))
    return gone if (~gone).sum() >= 2 else np.zeros(n_classes, dtype=np.bool_)
