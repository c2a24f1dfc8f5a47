"""What a version says of images. A worker keeps the versions it used last."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from learning.engine.prediction import predict
from learning.engine.trained import Trained, deserialise
from learning.models import ModelVersion
from learning.services.inputs import Inputs, read_inputs, reading_of


def load_version(version: ModelVersion) -> Trained:
    return _load(version.pk, version.weights.name)


@lru_cache(maxsize=8)
def _load(pk: int, name: str) -> Trained:
    with ModelVersion.objects.get(pk=pk).weights.open("rb") as file:
        return deserialise(file.read())


def predict_images(version: ModelVersion, images: Sequence[int]) -> tuple[Inputs, NDArray[np.float32]]:
    """The readable ones of the images, and their calibrated probabilities (N, K)."""
    inputs = read_inputs(images, reading_of(version))
    return inputs, predict(load_version(version), inputs.x, version.temperature)
