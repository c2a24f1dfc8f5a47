"""Digits to learn from, and pictures made on the spot."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits


class Digits(NamedTuple):
    x: NDArray[np.uint8]  # (N, 32, 32, 3)
    y: NDArray[np.int64]

    def split(self, a_class: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Training rows, `a_class` of each digit, and the rows held out."""
        order = np.random.default_rng(0).permutation(len(self.y))
        training = np.concatenate([order[self.y[order] == digit][:a_class] for digit in range(10)])
        return training, np.setdiff1d(order, training)


@pytest.fixture(scope="session")
def digits() -> Digits:
    eights, y = load_digits(return_X_y=True)
    grey = (eights.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    large = [Image.fromarray(g).resize((32, 32), Image.Resampling.BILINEAR).convert("RGB") for g in grey]
    return Digits(np.stack([np.asarray(image) for image in large]), y)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads that wait for each other's core cost more than they bring on networks this small."""
    torch.set_num_threads(1)
