"""VeSSAL on images that keep coming: each is seen once, and asked about or not there and then."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Floats
from learning.engine.strategies.vessal import BLOCK, DIMENSIONS, Offer, Sketch, Volume

WINDOW = 20  # selections ahead over which the rate is steered
MOST = 20  # times the rate, the most that is aimed at: what a long drought owes is not all asked for in one go


class Steering:
    """A rate in (0, 1), held over a window of so many selections that slides ahead of the stream: what is owed is to
    be taken within it. Without this the rate would fall short, as no probability exceeds 1."""

    def __init__(self, rate: float, window: int = WINDOW, owed: float = 0.0) -> None:
        if not 0 < rate < 1 or window < 1:
            raise ValueError(f"a rate lies between 0 and 1 and a window holds a selection, not {rate} and {window}")
        self.rate, self.window, self.owed = rate, window, owed

    def ahead(self, n: int) -> NDArray[np.float64]:
        # (k - chosen) / (N - seen), where k - chosen = window + owed and N - seen = window / rate.
        wanted = self.window + self._owing(np.arange(n))
        return np.asarray(np.maximum(wanted, 0) * self.rate / self.window)

    def passed(self, n: int, taken: int) -> None:
        self.owed = float(self._owing(n)) - taken

    def _owing(self, n: NDArray[np.int64] | int) -> NDArray[np.float64]:
        return np.minimum(self.owed + self.rate * np.asarray(n), (MOST - 1) * self.window)


class Stream:
    """Takes a share of the images offered, those that add to what it took before, as one model sees them.

    Its memory is bounded: a sketch and three matrices of `dimensions` by `dimensions` at most. It does the same however
    the images are cut into offers, and whether or not it is saved between them. A new version of the model has other
    features: it takes a new stream.
    """

    def __init__(self, sketch: Sketch, volume: Volume, steering: Steering, seed: int) -> None:
        self._sketch, self._volume, self._steering, self._seed = sketch, volume, steering, seed

    @classmethod
    def begin(
        cls,
        rate: float,
        *,
        n_classes: int,
        n_features: int,
        seed: int,
        window: int = WINDOW,
        dimensions: int = DIMENSIONS,
    ) -> Self:
        """For K classes and D features. ValueError for a rate outside (0, 1), no classes and no dimensions."""
        if n_classes < 1 or n_features < 0 or seed < 0 or dimensions < 1:
            raise ValueError(
                "a stream needs a class and a dimension at least, and features and a seed that are not negative"
            )
        sketch = Sketch.drawn(n_classes, n_features, np.random.default_rng(seed), dimensions)
        return cls(sketch, Volume.empty(sketch.dimensions), Steering(rate, window), seed)

    @property
    def seen(self) -> int:
        return self._volume.seen

    def fits(self, probabilities: Floats, features: Floats) -> bool:
        """Whether (B, K) and (B, D) are of the classes and features that it was begun for."""
        sketch = self._sketch
        return probabilities.shape[1:] == (sketch.n_classes,) and features.shape[1:] == (sketch.n_features,)

    def steer(self, rate: float) -> None:
        """Another rate from here on; what is owed stays owed. ValueError for a rate outside (0, 1)."""
        self._steering = Steering(rate, self._steering.window, self._steering.owed)

    def offer(self, probabilities: Floats, features: Floats) -> Offer:
        """Which of (B, K) and (B, D) to ask about, and their ratios. Raises ValueError for what is not finite or of
        another shape; then none of them counts as seen."""
        if len(probabilities) != len(features):
            raise ValueError(f"{len(probabilities)} probabilities don't fit {len(features)} features")
        u = [self._sketch.gradients(probabilities[block], features[block]) for block in _blocks(len(features))]
        # A draw belongs to an image's place in the stream, so nothing but that place has to be saved.
        draws = np.random.Generator(np.random.PCG64(self._seed).advance(self.seen)).random(len(features))
        offers = [
            self._volume.offer(part, draws[block], self._steering)
            for part, block in zip(u, _blocks(len(features)), strict=True)
        ]
        return Offer(
            np.concatenate([np.zeros(0, dtype=bool), *(offer.taken for offer in offers)]),
            np.concatenate([np.zeros(0), *(offer.ratios for offer in offers)]),
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """All there is to it, as arrays."""
        volume, steering = self._volume, self._steering
        return {
            "of_classes": self._sketch.of_classes,
            "of_features": self._sketch.of_features,
            "inverse": volume.inverse.copy(),
            "taken": volume.taken.copy(),
            "total": volume.total.copy(),
            "counts": np.array([volume.seen, volume.fresh, steering.window, self._seed], dtype=np.int64),
            "measures": np.array([volume.trace, steering.rate, steering.owed]),
        }

    @classmethod
    def resume(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The stream that `state` was taken of. Raises ValueError for anything else."""
        try:
            sketch = Sketch(state["of_classes"], state["of_features"])
            inverse, taken, total = (np.array(state[n], dtype=np.float64) for n in ("inverse", "taken", "total"))
            seen, fresh, window, seed = (int(count) for count in state["counts"])
            trace, rate, owed = (float(measure) for measure in state["measures"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"this is not the state of a stream: {error}") from error
        if any(matrix.shape != (sketch.dimensions, sketch.dimensions) for matrix in (inverse, taken, total)):
            raise ValueError("this is not the state of a stream: its matrices are not of the sketch's size")
        volume = Volume(inverse, taken, total, seen=seen, fresh=fresh)
        volume.trace = trace  # to the last bit
        return cls(sketch, volume, Steering(rate, window, owed), seed)


def _blocks(n: int) -> list[slice]:
    return [slice(at, at + BLOCK) for at in range(0, n, BLOCK)]
