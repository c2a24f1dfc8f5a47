"""Torchvision's networks, cut off before their classifier, and their pretrained weights.

Weights are looked for in a folder, by `catalogue.weights_file`: torchvision's own files as they are, or a state
dictionary under torchvision's names as safetensors. Nothing is fetched here.
"""

import math
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn
from torch.nn import functional

from learning.engine.models.body import Body, Scale
from learning.engine.models.catalogue import digest, entry, weights_file
from learning.engine.models.registry import backbone
from learning.engine.vision import torchvision

_MOBILENETS = {"mobilenet_v2_0.35": 0.35, "mobilenet_v2_1.0": 1.0}  # by their width
_DIMS = {  # how long the features are
    "mobilenet_v3_small": 576,
    "mobilenet_v3_large": 960,
    "efficientnet_b0": 1280,
    "convnext_tiny": 768,
    "resnet18": 512,
    "resnet50": 2048,
    "vit_b_16": 768,
}
_CLASSIFIERS = ("classifier", "fc", "heads")


class WeightsMissing(Exception):  # noqa: N818 (it names a state that the caller shows, not a mistake)
    """The weights' file is not there or can't be read as this backbone; the message says which and where."""


def pretrained(name: str, weights_dir: str | Path) -> tuple[Body, str]:
    """A backbone with its weights, and their digest.

    Raises WeightsMissing when its file is absent or damaged or another network's, ValueError for a name that no
    pretrained backbone has.
    """
    if not entry(name).pretrained:
        raise ValueError(f"{name} has no pretrained weights; it is trained from scratch")
    path = weights_file(name, weights_dir) or Path(weights_dir) / f"{name}.safetensors"
    blob, net = _read(name, path), _headless(name)
    try:
        _fill(net, _tensors(blob) if path.suffix == ".pth" else load_safetensors(blob), name)
    except (SafetensorError, UnpicklingError, RuntimeError, ValueError, EOFError) as error:
        raise WeightsMissing(f"The weights' file of {name} is damaged or another network's: {error}") from error
    return _body(name, net), digest(blob)


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsMissing(
            f"The backbone {name} needs its weights at {path}, and they can't be read ({error.strerror}). "
            "Put the file there, or point TESSERA_WEIGHTS_DIR at the folder that has it; "
            "the small CNN works without."
        ) from error


def _tensors(blob: bytes) -> dict[str, Tensor]:
    """Of torch's own format, but nothing that runs code."""
    found: dict[str, Tensor] = torch.load(BytesIO(blob), map_location="cpu", weights_only=True)
    return found


def _fill(net: nn.Module, weights: dict[str, Tensor], name: str) -> None:
    """The file may have a classifier or not."""
    wanted = set(net.state_dict())
    given = {key: tensor for key, tensor in weights.items() if key in wanted or not key.startswith(_CLASSIFIERS)}
    if odd := sorted(wanted ^ set(given)):
        raise WeightsMissing(f"The weights' file of {name} holds another network's parameters; {odd[0]} is odd.")
    net.load_state_dict(given)


def _headless(name: str) -> nn.Module:
    """Torchvision's network without what comes after its features."""
    if name in _MOBILENETS:
        net = torchvision.models.mobilenet_v2(width_mult=_MOBILENETS[name])
    else:
        net = torchvision.models.get_model(name, weights=None)
    if name == "convnext_tiny":
        net.classifier[2] = nn.Identity()  # the normalisation before it is the features' own
    else:
        setattr(net, next(part for part in _CLASSIFIERS if hasattr(net, part)), nn.Identity())
    return net  # type: ignore[no-any-return]


def _body(name: str, net: Any) -> Body:
    if name in _MOBILENETS:
        _pad_as_trained(net.features)
        return Body(net.features, dim=1280)
    if name == "vit_b_16":
        return Body([_Patches(net), *net.encoder.layers, _Places(net)], dim=768, before=Scale())
    if name.startswith("resnet"):
        stem = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool)
        return Body([stem, net.layer1, net.layer2, net.layer3, net.layer4], _DIMS[name], before=Scale())
    after = _Normalised(net.classifier[0]) if name == "convnext_tiny" else None
    return Body(net.features, _DIMS[name], before=Scale(), after=after)


class _Normalised(nn.Module):
    """A normalisation of maps, for their averages."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x[:, :, None, None]).flatten(1)  # type: ignore[no-any-return]


class _Patches(nn.Module):
    """A vision transformer's beginning: pictures to tokens with their places, the class's first."""

    def __init__(self, vit: Any) -> None:
        super().__init__()
        self.conv_proj, self.class_token = vit.conv_proj, vit.class_token
        self.pos_embedding = vit.encoder.pos_embedding

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.conv_proj(x).flatten(2).transpose(1, 2)
        placed: Tensor = torch.cat([self.class_token.expand(len(x), -1, -1), tokens], dim=1) + self.pos_embedding
        return placed


class _Places(nn.Module):
    """Its end: tokens to maps. The features are then the mean of the patches, so that each has its part in them."""

    def __init__(self, vit: Any) -> None:
        super().__init__()
        self.norm = vit.encoder.ln

    def forward(self, tokens: Tensor) -> Tensor:
        patches = self.norm(tokens)[:, 1:].transpose(1, 2)
        side = math.isqrt(patches.shape[-1])
        return patches.unflatten(2, (side, side))  # type: ignore[no-any-return]


def _pad_as_trained(network: nn.Module) -> None:
    """TensorFlow's SAME padding: a stride-2 3×3 convolution pads right and bottom only, where torchvision
    pads all around."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.stride == (2, 2) and module.kernel_size == (3, 3):
            module.padding = (0, 0)
            module.register_forward_pre_hook(_pad_right_and_bottom)


def _pad_right_and_bottom(module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (functional.pad(inputs[0], (0, 1, 0, 1)),)


def _register(name: str) -> None:
    """Without weights, to be trained from scratch, or filled with a version's."""

    @backbone(name, side=entry(name).side)
    def build(channels: int) -> Body:
        if channels != 3:
            raise ValueError(f"{name} looks at three colours, not {channels}")
        return _body(name, _headless(name))


for _name in (*_MOBILENETS, *_DIMS):
    _register(_name)
