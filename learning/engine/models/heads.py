"""What stands on features (N, D) and gives logits (N, K): linear, one hidden layer, or cosine prototypes.

Each head tells its last features apart by one matrix product, so that a strategy can reason about `weight` and `bias`.
"""

from abc import ABC, abstractmethod
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

HeadName = Literal["linear", "mlp", "cosine"]
HEADS: tuple[HeadName, ...] = get_args(HeadName)
_HIDDEN = 256
_DROPOUT = 0.2
_SHARPNESS = 10.0  # of the cosine at first: logits from -10 to 10


class Head(nn.Module, ABC):
    """`embed` gives what the last layer sees, and that layer's `weight` (K, H) and `bias` (K,) give the logits."""

    dim: int  # H, the length of what `embed` gives

    def embed(self, x: Tensor) -> Tensor:
        return x

    @property
    @abstractmethod
    def weight(self) -> Tensor: ...

    @property
    @abstractmethod
    def bias(self) -> Tensor: ...

    def tell(self, embedded: Tensor) -> Tensor:
        return functional.linear(embedded, self.weight, self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.tell(self.embed(x))


class LinearHead(Head):
    def __init__(self, dim: int, n_classes: int, *, blank: bool = False) -> None:
        """`blank`: with no opinion before the first step."""
        super().__init__()
        self.dim = dim
        self.last = nn.Linear(dim, n_classes)
        if blank:
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(self.last.bias)

    @property
    def weight(self) -> Tensor:
        return self.last.weight

    @property
    def bias(self) -> Tensor:
        return self.last.bias


class MLPHead(LinearHead):
    def __init__(self, dim: int, n_classes: int) -> None:
        super().__init__(_HIDDEN, n_classes)
        self.hidden = nn.Sequential(nn.Linear(dim, _HIDDEN), nn.GELU(), nn.Dropout(_DROPOUT))

    def embed(self, x: Tensor) -> Tensor:
        return self.hidden(x)  # type: ignore[no-any-return]


class CosineHead(Head):
    """A prototype a class, the mean direction of its rows at first, and the cosine to each: good for a handful of
    labels (H. Qi et al. 2018, “Low-Shot Learning with Imprinted Weights”, §3.2)."""

    def __init__(self, dim: int, n_classes: int) -> None:
        super().__init__()
        self.dim = dim
        self.prototypes = nn.Parameter(torch.randn(n_classes, dim))
        self.sharpness = nn.Parameter(torch.tensor(_SHARPNESS).log())

    def embed(self, x: Tensor) -> Tensor:
        return functional.normalize(x, dim=1)

    @torch.no_grad()
    def imprint(self, x: Tensor, targets: Tensor) -> None:
        """Take the prototypes from features (N, D) and targets (N, K); a class without a row keeps its random one."""
        means = targets.T.to(x.dtype) @ self.embed(x)
        seen = targets.sum(dim=0) > 0
        self.prototypes[seen] = functional.normalize(means[seen], dim=1)

    @property
    def weight(self) -> Tensor:
        return self.sharpness.exp() * functional.normalize(self.prototypes, dim=1)

    @property
    def bias(self) -> Tensor:
        return self.prototypes.new_zeros(len(self.prototypes))


def build_head(name: HeadName, dim: int, n_classes: int, *, blank: bool = False) -> Head:
    """ValueError for another name."""
    if name == "linear":
        return LinearHead(dim, n_classes, blank=blank)
    if name == "mlp":
        return MLPHead(dim, n_classes)
    if name == "cosine":
        return CosineHead(dim, n_classes)
    raise ValueError(f"no head is called {name!r}; there are {', '.join(HEADS)}")
