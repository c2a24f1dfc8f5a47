"""How a version sees a picture: at what size, and through which layers. The one file here that looks into networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from learning.engine.arrays import Pixels
from learning.engine.explanations.asking import Predict
from learning.engine.images import to_tensor
from learning.engine.models import registry
from learning.engine.models.body import Body
from learning.engine.models.frozen import Frozen
from learning.engine.models.network import Network
from learning.engine.models.torchvision_nets import WeightsMissing
from learning.engine.prediction import features, predict
from learning.models import ModelVersion
from learning.services.inputs import load_backbone, read_inputs, read_pixels, reading_of
from learning.services.networks import load_network


class CannotSee(Exception):  # noqa: N818 - a state, not a fault
    """Why the version can't look at the picture, in words for its page."""


@dataclass(frozen=True, eq=False)
class Sight:
    """`pixels` (S, S, 3): the picture as the network is shown it. `predict`: such pictures to calibrated probabilities.
    `maps` (C, h, w): what its convolutions make of this one; `to_logits`: what follows them, (1, C, h, w) to (1, K)."""

    pixels: Pixels
    predict: Predict
    maps: Tensor
    to_logits: Callable[[Tensor], Tensor]


def sight_of(version: ModelVersion, image: int) -> Sight:
    """Raises CannotSee for a file that can't be read, and for weights that are missing."""
    network = _network(version)
    if not version.frozen and network.body is not None:
        return _whole(network, network.body, version, _pixels(image, registry.get(version.backbone).side))
    backbone = _backbone(version.backbone)
    return _head(network, backbone, version.temperature, _pixels(image, backbone.side))


def features_of(version: ModelVersion, images: Sequence[int]) -> tuple[list[int], NDArray[np.float32]]:
    """The readable ones of the images, and what the layer before the last makes of each (N, D). CannotSee as above."""
    network = _network(version)
    if version.frozen:
        _backbone(version.backbone)
    inputs = read_inputs(images, reading_of(version))
    return inputs.ids, features(network, inputs.x) if inputs.ids else np.zeros((0, 1), np.float32)


def _whole(network: Network, body: Body, version: ModelVersion, pixels: Pixels) -> Sight:
    return Sight(
        pixels=pixels,
        predict=lambda x: predict(network, x, version.temperature),
        maps=_maps(body, pixels),
        to_logits=lambda seen: network.to("cpu").classify(body.pooled(seen)),
    )


def _head(network: Network, backbone: Frozen, temperature: float, pixels: Pixels) -> Sight:
    return Sight(
        pixels=pixels,
        predict=lambda x: predict(network, backbone.features(x), temperature),
        maps=_maps(backbone.body, pixels),
        to_logits=lambda seen: network.to("cpu").classify(backbone.body.to("cpu").pooled(seen)),
    )


def _maps(body: Body, pixels: Pixels) -> Tensor:
    """On the processor: it is one picture."""
    with torch.inference_mode():
        return body.to("cpu").maps(to_tensor(pixels[None]))[0]


def _network(version: ModelVersion) -> Network:
    try:
        return load_network(version)
    except (OSError, ValueError) as error:
        raise CannotSee(f"The weights of version {version.number} can't be read.") from error


def _backbone(name: str) -> Frozen:
    try:
        return load_backbone(name)
    except WeightsMissing as error:
        raise CannotSee(f"The weights of the backbone {name} can't be read.") from error


def _pixels(image: int, side: int) -> Pixels:
    inputs = read_pixels([image], side)
    if image in inputs.skipped:
        raise CannotSee("The picture's file is missing or damaged.")
    return inputs.x[0]
