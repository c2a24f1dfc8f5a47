"""Query strategies by name.

A strategy is a function from class probabilities (N, K) and a seeded generator to scores (N,): the higher,
the sooner an image is asked. A new one is a new module in this folder with the decorator on it.
"""

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from learning.engine.arrays import Floats

Strategy = Callable[[Floats, np.random.Generator], Floats]

_strategies: dict[str, Strategy] = {}


def strategy(name: str) -> Callable[[Strategy], Strategy]:
    """Register the decorated function under `name`. ValueError when another function has it already."""

    def register(function: Strategy) -> Strategy:
        if name in _strategies:
            raise ValueError(f"two strategies are called {name!r}")
        _strategies[name] = function
        return function

    return register


def get(name: str) -> Strategy:
    """The strategy of that name. ValueError, with the names there are, when there is none."""
    _import_all()
    if name not in _strategies:
        raise ValueError(f"no strategy is called {name!r}; there are {', '.join(names())}")
    return _strategies[name]


def names() -> list[str]:
    """All strategies' names, sorted."""
    _import_all()
    return sorted(_strategies)


@cache
def _import_all() -> None:
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{package}.{module.name}")
