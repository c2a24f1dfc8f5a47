"""LIME: which parts of a picture speak for a class, by a linear model that holds in its neighbourhood (Ribeiro, Singh &
Guestrin, "Why should I trust you?", KDD 2016).

The parts are superpixels by SLIC (Achanta et al. 2012). In each sample some of them are hidden, by a blur: a flat
colour has edges, and a model may take those for something.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from learning.engine.arrays import Booleans, Floats, Integers, Pixels
from learning.engine.explanations.asking import Predict, check_image, probabilities_of

_KERNEL_WIDTH = 0.25  # of the cosine distance from the whole picture, as in the authors' code
_RIDGE = 1.0  # likewise
_BLUR = 8  # the Gaussian's radius is the picture's side by this
_SMOOTHED, _COMPACT = (
    1.0,
    30.0,
)  # SLIC's sigma and compactness; with less of both, noise grows together to a single part
_STILL = 1e-12  # a variance of the answers below this is rounding


@dataclass(frozen=True, eq=False)
class Lime:
    """`parts` (S, S): the superpixel that each pixel is in, from 0. `weights` (P,): by how much a part that is seen
    raises the class's probability; below 0 it speaks against. `fit`: the weighted R² of the linear model, at most 1."""

    parts: NDArray[np.int64]
    weights: NDArray[np.float64]
    fit: float

    @property
    def values(self) -> NDArray[np.float64]:
        """(S, S): each pixel's part's weight."""
        spread: NDArray[np.float64] = self.weights[self.parts]
        return spread


def lime(predict: Predict, image: Pixels, label: int, *, parts: int = 30, samples: int = 500, seed: int = 0) -> Lime:
    """Explain one class of an (S, S, 3) uint8 image; `parts` superpixels are aimed at, SLIC makes a few more or less.

    `samples` pictures are predicted at once. The same seed gives the
    same explanation. Raises ValueError for another shape, for a class that the model doesn't know, without a part, and
    for fewer than two samples.
    """
    check_image(image)
    if parts < 1 or samples < 2:
        raise ValueError(f"LIME needs a part and two samples at least, not {parts} and {samples}")
    regions = superpixels(image, parts)
    shown = _draw(int(regions.max()) + 1, samples, seed)
    said = probabilities_of(predict, _hidden(image, regions, shown), label)
    weights, fit = _locally_linear(shown, said, _closeness(shown))
    return Lime(regions, weights, fit)


def superpixels(image: Pixels, parts: int) -> NDArray[np.int64]:
    """(S, S) numbers from 0 without a gap: SLIC's parts of about the same size, along the picture's edges."""
    from skimage.segmentation import slic  # it and scikit-learn are for workers: a web process loads neither

    parts = min(parts, image[..., 0].size)
    found = slic(image, n_segments=parts, sigma=_SMOOTHED, compactness=_COMPACT, start_label=0)
    numbers: NDArray[np.int64] = np.unique(found, return_inverse=True)[1].reshape(found.shape)
    return numbers


def _draw(parts: int, samples: int, seed: int) -> Booleans:
    """(samples, parts) what is seen; first the whole picture. How much is seen is drawn for each sample, as in the
    paper: some are near the picture, where the linear model shall hold."""
    rng = np.random.default_rng(seed)
    shown = rng.random((samples, parts)) < rng.random((samples, 1))
    shown[0] = True
    return shown


def _hidden(image: Pixels, regions: Integers, shown: Booleans) -> Pixels:
    """(samples, S, S, 3): the picture, blurred where a part isn't shown."""
    blurred = Image.fromarray(image).filter(ImageFilter.GaussianBlur(len(image) / _BLUR))
    return np.where(shown[:, regions, None], image, np.asarray(blurred))


def _closeness(shown: Booleans) -> NDArray[np.float64]:
    """(samples,) weights in (0, 1]: the more of the picture is seen, the more its answer counts."""
    distance = 1 - np.sqrt(shown.mean(axis=1))  # the cosine distance from a row of ones
    closeness: NDArray[np.float64] = np.exp(-(distance**2) / (2 * _KERNEL_WIDTH**2))
    return closeness


def _locally_linear(shown: Booleans, said: Floats, closeness: Floats) -> tuple[NDArray[np.float64], float]:
    """Weights and weighted R² of the ridge regression. Where the answers never vary, weights of 0 fit exactly."""
    from sklearn.linear_model import Ridge

    mean = np.average(said, weights=closeness)
    spread = np.average((said - mean) ** 2, weights=closeness)
    if spread < _STILL:
        return np.zeros(shown.shape[1]), 1.0
    model = Ridge(alpha=_RIDGE).fit(shown.astype(np.float64), said, sample_weight=closeness)
    missed = np.average((said - model.predict(shown.astype(np.float64))) ** 2, weights=closeness)
    return model.coef_, float(1 - missed / spread)
