"""Query strategies by name.

A strategy is a function of a pool, a number and a seeded generator that ranks as many of the pool's images as are
wanted, fewer if there are no more. A new one is a new module in this folder with the decorator on it, or a function in
any installed package that names it under the entry point `tessera.strategies`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache

import numpy as np

from learning.engine.discovery import import_all
from learning.engine.strategies.pool import Pool, Ranking

ENTRY_POINTS = "tessera.strategies"
Rank = Callable[[Pool, int, np.random.Generator], Ranking]


@dataclass(frozen=True)
class Strategy:
    """`needs`: what a pool must hold beside probabilities, by `Pool`'s names."""

    name: str
    rank: Rank
    needs: frozenset[str]

    @property
    def asks_again(self) -> bool:
        """Whether it weighs what people have said, and so may doubt an image that they agree on."""
        return "beliefs" in self.needs

    @property
    def summary(self) -> str:
        """The first line of what it says of itself."""
        return (self.rank.__doc__ or "").strip().partition("\n")[0]

    def __call__(self, pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
        """The `n` images to ask about, the first first. Raises ValueError for a pool that lacks what it needs."""
        if lacking := self.needs - pool.known():
            raise ValueError(f"{self.name} needs {', '.join(sorted(lacking))} of the pool")
        return self.rank(pool, min(n, len(pool)), rng)


_strategies: dict[str, Strategy] = {}


def strategy(name: str, needs: Collection[str] = ()) -> Callable[[Rank], Rank]:
    """Register the decorated function under `name`. ValueError when another function has it already."""

    def register(function: Rank) -> Rank:
        if name in _strategies:
            raise ValueError(f"two strategies are called {name!r}")
        _strategies[name] = Strategy(name, function, frozenset(needs))
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
    import_all(__name__, __file__, ENTRY_POINTS)
