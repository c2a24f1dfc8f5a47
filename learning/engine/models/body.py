"""A backbone without its head: pictures to feature maps, block after block, and to features, the maps' averages."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

_STAGES = 4  # that a module beside the network is shown at most


class Body(nn.Module):
    """(N, C, S, S) floats in [-1, 1] to (N, dim) features.

    `blocks` are called one after the other; the last makes maps (N, dim, h, w), or features (N, dim) at once. `before`
    is what the pictures go through first and has nothing to learn, `after` what the averages of the maps go through.
    """

    def __init__(
        self,
        blocks: Iterable[nn.Module],
        dim: int,
        *,
        before: nn.Module | None = None,
        after: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.before = before or nn.Identity()
        self.blocks = nn.Sequential(*blocks)
        self.after = after or nn.Identity()
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def maps(self, x: Tensor) -> Tensor:
        return self.blocks(self.before(x))  # type: ignore[no-any-return]

    def pooled(self, maps: Tensor) -> Tensor:
        """Features (N, dim) of the last maps."""
        return self.after(_average(maps))  # type: ignore[no-any-return]

    def stages(self, x: Tensor) -> list[Tensor]:
        """The averages of what some of the blocks make of the pictures, evenly spread; the last are the features."""
        x, shown, averages = self.before(x), self._shown(), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in shown:
                averages.append(_average(x))
        return [*averages, self.pooled(x)]

    def forward(self, x: Tensor) -> Tensor:
        return self.pooled(self.maps(x))

    def freeze(self, share: float) -> None:
        """Take the first blocks out of what is trained, up to a share in [0, 1] of all parameters; at 1 everything."""
        total = sum(parameter.numel() for parameter in self.blocks.parameters())
        so_far = 0
        for block in self.blocks:
            so_far += sum(parameter.numel() for parameter in block.parameters())
            block.requires_grad_(so_far > share * total)
        if share >= 1:
            self.requires_grad_(False)

    def train(self, mode: bool = True) -> "Body":
        """As any module, but frozen blocks predict: their batch norm keeps what it knows."""
        super().train(mode)
        for block in self.blocks if mode else ():
            if _frozen(block):
                block.eval()
        return self

    def _shown(self) -> set[int]:
        n = len(self.blocks)
        return {round(n * part / _STAGES) - 1 for part in range(1, _STAGES)} & set(range(n - 1))


class Scale(nn.Module):
    """From [-1, 1] to the mean 0 and deviation 1 of each of ImageNet's colours, as torchvision's weights want it."""

    factor: Tensor
    offset: Tensor

    def __init__(self) -> None:
        super().__init__()
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("factor", (0.5 / deviation)[:, None, None], persistent=False)
        self.register_buffer("offset", ((0.5 - mean) / deviation)[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor + self.offset


def _average(maps: Tensor) -> Tensor:
    return maps.mean(dim=(2, 3)) if maps.ndim == 4 else maps


def _frozen(block: nn.Module) -> bool:
    parameters = list(block.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)
