"""The shapes that travel between the rooms of this library, by name."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # (N, S, S, C) images
Floats = NDArray[np.floating]  # probabilities, logits, targets, features, scores
Integers = NDArray[np.integer]  # class indices, row indices
Booleans = NDArray[np.bool_]  # masks
