"""Frozen networks that turn pictures into features. Weights come from local safetensors files."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn
from torch.nn import functional

from learning.engine.arrays import Pixels
from learning.engine.images import to_tensor
from learning.engine.vision import torchvision

# name: (file, width multiplier of torchvision's mobilenet_v2)
_MOBILENETS = {
    "mobilenet_v2_0.35": ("mobilenet_v2_0.35_notop.safetensors", 0.35),
    "mobilenet_v2_1.0": ("mobilenet_v2_1.0.safetensors", 1.0),
}
_STRIDE = 32  # pixels of input for one pixel of the last feature map


class WeightsMissing(Exception):  # noqa: N818 (it names a state that the caller shows, not a mistake)
    """The weights' file is not there or can't be read as this backbone; the message says which and where."""


class Backbone:
    """A frozen network.

    `digest` is the SHA-256 of its weights' file, `side` the pixels it looks at, `dim` the features' length.
    """

    def __init__(self, name: str, network: nn.Module, digest: str, side: int, dim: int) -> None:
        self.name = name
        self.digest = digest
        self.side = side
        self.dim = dim
        self._network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def features(self, x: Pixels, batch: int = 64) -> NDArray[np.float32]:
        """(N, S, S, 3) uint8 to (N, dim) float32; another S than `side` is resized first.

        ValueError for other shapes.
        """
        _check_images(x)
        with torch.inference_mode():
            rows = [self._network(part).mean(dim=(2, 3)).numpy() for part in self._batches(x, batch)]
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), dtype=np.float32)

    def maps(self, x: Pixels) -> Tensor:
        """(N, S, S, 3) uint8 to the last feature maps, (N, dim, side / 32, side / 32), whose averages are the features.

        All at once. ValueError for other shapes, and without an image.
        """
        _check_images(x)
        if not len(x):
            raise ValueError("feature maps are of one image at least")
        with torch.inference_mode():
            maps: Tensor = self._network(next(self._batches(x, len(x))))
        return maps

    def _batches(self, x: Pixels, batch: int) -> Iterator[Tensor]:
        for start in range(0, len(x), batch):
            images = to_tensor(x[start : start + batch])
            if images.shape[-2:] != (self.side, self.side):
                size = (self.side, self.side)
                images = functional.interpolate(images, size, mode="bilinear", antialias=True)
            yield images


def _check_images(x: Pixels) -> None:
    if x.ndim != 4 or x.shape[-1] != 3:
        raise ValueError(f"a backbone takes (N, S, S, 3) images, not {x.shape}")


def available(weights_dir: str | Path) -> list[str]:
    """The backbones whose weights lie in `weights_dir`, lightest first; none without the folder."""
    return [name for name, (file, _) in _MOBILENETS.items() if (Path(weights_dir) / file).is_file()]


def load(name: str, weights_dir: str | Path, side: int = 128) -> Backbone:
    """Load one backbone. `side` is a multiple of 32 pixels.

    Raises WeightsMissing when its file is absent or damaged, ValueError for an unknown name or a side that
    does not fit.
    """
    if name not in _MOBILENETS:
        raise ValueError(f"no backbone is called {name!r}; there are {', '.join(_MOBILENETS)}")
    if side < _STRIDE or side % _STRIDE:
        raise ValueError(f"the side must be a multiple of {_STRIDE} pixels, not {side}")
    file, width = _MOBILENETS[name]
    blob = _read(name, Path(weights_dir) / file)
    network = _mobilenet(name, blob, width)
    return Backbone(name, network, hashlib.sha256(blob).hexdigest(), side, dim=1280)


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsMissing(
            f"The backbone {name} needs its weights at {path}, and they can't be read ({error.strerror}). "
            "Put the file there, or point TESSERA_WEIGHTS_DIR at the folder that has it; "
            "the small CNN works without."
        ) from error


def _mobilenet(name: str, blob: bytes, width: float) -> nn.Module:
    network = torchvision.models.mobilenet_v2(width_mult=width)
    try:
        weights = load_safetensors(blob)
        kept = {key: value for key, value in weights.items() if not key.startswith("classifier.")}
        wanted = set(network.state_dict()) - {"classifier.1.weight", "classifier.1.bias"}
        if set(kept) != wanted:
            raise WeightsMissing(f"The weights' file of {name} holds another network's parameters.")
        network.load_state_dict(kept, strict=False)
    except (SafetensorError, RuntimeError) as error:
        raise WeightsMissing(f"The weights' file of {name} is damaged: {error}") from error
    features: nn.Module = network.features
    _pad_as_trained(features)
    return features


def _pad_as_trained(network: nn.Module) -> None:
    """TensorFlow's SAME padding: a stride-2 3×3 convolution pads right and bottom only, where torchvision
    pads all around."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.stride == (2, 2) and module.kernel_size == (3, 3):
            module.padding = (0, 0)
            module.register_forward_pre_hook(_pad_right_and_bottom)


def _pad_right_and_bottom(module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (functional.pad(inputs[0], (0, 1, 0, 1)),)
