"""Every truth-inference method by its name. `crowdlab` is not among them: it needs a model's probabilities too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from annotations.consensus import (
    dawid_skene,
    glad,
    hard_dawid_skene,
    mace,
    majority,
    one_coin,
    plain_dawid_skene,
    wawa,
    zencrowd,
)
from annotations.consensus.votes import Fit

DEFAULT = "dawid_skene"

# Each is called as fit(votes, clamped=None, weights=None), and may take more by name.
METHODS: Mapping[str, Callable[..., Fit]] = MappingProxyType(
    {
        "majority": majority.fit,
        "wawa": wawa.fit,
        "dawid_skene": dawid_skene.fit,
        "plain_dawid_skene": plain_dawid_skene.fit,
        "hard_dawid_skene": hard_dawid_skene.fit,
        "one_coin": one_coin.fit,
        "glad": glad.fit,
        "zencrowd": zencrowd.fit,
        "mace": mace.fit,
    }
)
