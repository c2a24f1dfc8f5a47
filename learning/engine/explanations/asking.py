"""What explanations by trial share: a picture, and a model that is a function of pictures and nothing else."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Floats, Pixels

Predict = Callable[[Pixels], Floats]  # (N, S, S, 3) uint8 images to (N, K) probabilities


def check_image(image: Pixels) -> None:
    """Raises ValueError unless it is one square picture in colour, (S, S, 3) uint8."""
    if image.ndim != 3 or image.shape[0] != image.shape[1] or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"an explanation is of one (S, S, 3) uint8 image, not {image.shape} {image.dtype}")
    if not len(image):
        raise ValueError("an explanation needs a pixel at least")


def check_map(image: Pixels, values: NDArray[Any], what: str) -> None:
    """Raises ValueError unless `values` has a number for each pixel of the image."""
    if values.shape != image.shape[:2] or not np.isfinite(values).all():
        raise ValueError(f"{what} are (S, S) finite numbers for an image of {image.shape}, not {values.shape}")


def probabilities_of(predict: Predict, images: Pixels, label: int) -> NDArray[np.float64]:
    """(N,) the class's probability in each of the images.

    Raises ValueError where the model knows no such class, or doesn't answer (N, K).
    """
    said = np.asarray(predict(images), dtype=np.float64)
    if said.ndim != 2 or len(said) != len(images):
        raise ValueError(f"a model answers (N, K) probabilities for {len(images)} images, not {said.shape}")
    check_label(label, said.shape[1])
    column: NDArray[np.float64] = said[:, label]
    return column


def check_label(label: int, n_classes: int) -> None:
    """Raises ValueError for a class that the model doesn't know."""
    if not 0 <= label < n_classes:
        raise ValueError(f"the model knows {n_classes} classes, and {label} is none of them")
