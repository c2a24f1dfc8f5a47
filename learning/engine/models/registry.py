"""Backbones by name.

A backbone is a function of the number of colours that gives a `Body`, or any module that makes maps (N, D, h, w) or
features (N, D) of pictures (N, C, S, S) in [-1, 1]. One of your own is such a function with the decorator on it, which
an installed package names under the entry point `tessera.backbones`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from learning.engine.discovery import import_all
from learning.engine.models.body import Body
from learning.engine.models.catalogue import ENTRY_POINTS

Build = Callable[[int], nn.Module]


@dataclass(frozen=True)
class Backbone:
    """`side`: the pixels that it looks at."""

    name: str
    side: int
    build: Build

    def body(self, channels: int = 3) -> Body:
        """A fresh one. ValueError where the function's module makes something else of a picture than features."""
        module = self.build(channels)
        return module if isinstance(module, Body) else Body([module], dim=self._dim(module, channels))

    def _dim(self, module: nn.Module, channels: int) -> int:
        was_training = module.training
        with torch.inference_mode():
            made = module.eval()(torch.zeros(1, channels, self.side, self.side))
        module.train(was_training)
        if not isinstance(made, torch.Tensor) or made.ndim not in (2, 4):
            raise ValueError(f"the backbone {self.name} makes neither maps (N, D, h, w) nor features (N, D)")
        return int(made.shape[1])


_backbones: dict[str, Backbone] = {}


def backbone(name: str, side: int) -> Callable[[Build], Build]:
    """Register the decorated function under `name`. ValueError when another function has it already."""

    def register(function: Build) -> Build:
        if name in _backbones:
            raise ValueError(f"two backbones are called {name!r}")
        _backbones[name] = Backbone(name, side, function)
        return function

    return register


def get(name: str) -> Backbone:
    """The backbone of that name. ValueError, with the names there are, when there is none."""
    _import_all()
    if name not in _backbones:
        raise ValueError(f"no backbone is called {name!r}; there are {', '.join(sorted(_backbones))}")
    return _backbones[name]


def names() -> list[str]:
    """All backbones' names, sorted."""
    _import_all()
    return sorted(_backbones)


@cache
def _import_all() -> None:
    import_all(__name__, __file__, ENTRY_POINTS)
