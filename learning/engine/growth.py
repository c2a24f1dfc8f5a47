"""Weights for another number of classes: what was learned of the old ones stays."""

import torch
from torch import Tensor

_PER_CLASS = ("head.last.weight", "head.last.bias", "head.prototypes")


def grown(old: dict[str, Tensor], fresh: dict[str, Tensor], network: str) -> dict[str, Tensor]:
    """A state dictionary shaped as `fresh`, with all of `old` that fits into it.

    What has a row a class keeps the rows of the classes that were there; those of the new ones begin as blank as the
    average old class (new classes come after the old). Any other tensor of another shape is `fresh`'s. Raises
    ValueError where the two share nothing.
    """
    taken = {name: fitted for name, tensor in old.items() if (fitted := _fitted(name, tensor, fresh)) is not None}
    if not taken:
        raise ValueError(f"the initial weights share no tensor with a {network}")
    return fresh | taken


def _fitted(name: str, tensor: Tensor, fresh: dict[str, Tensor]) -> Tensor | None:
    if name not in fresh:
        return None
    wanted = fresh[name]
    if tensor.shape == wanted.shape:
        return tensor
    if name in _PER_CLASS and tensor.shape[1:] == wanted.shape[1:]:
        return _rows(tensor, wanted, blank=name != "head.prototypes")
    return None


def _rows(tensor: Tensor, wanted: Tensor, *, blank: bool) -> Tensor:
    if len(tensor) > len(wanted):
        return tensor[: len(wanted)]
    new = wanted[len(tensor) :]
    return torch.cat([tensor, tensor.mean(dim=0, keepdim=True).expand_as(new) if blank else new])
