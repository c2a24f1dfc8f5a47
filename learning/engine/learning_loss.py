"""Learning loss: a small module beside a network that learns what the network will lose on an image (Yoo & Kweon 2019).

It learns the order alone, since how large losses are changes as the network learns. `TrainingConfig.learning_loss` asks
for it, `prediction.predicted_losses` for what it says.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

HEARD = 0.6  # share of the steps in which the network learns from the module too: 120 of the paper's 200 epochs
_WIDTH = 128  # of what it makes of each stage, as in the paper
_MARGIN = 1.0  # by which a larger loss is to be predicted larger, as in the paper


class LossPrediction(nn.Module):
    """One layer on each stage of a network, all joined by another: (N, size) tensors to (N,) predicted losses."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(nn.Linear(size, _WIDTH) for size in sizes)
        self.joined = nn.Linear(_WIDTH * len(sizes), 1)

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        each = [torch.relu(layer(stage)) for layer, stage in zip(self.stages, stages, strict=True)]
        return self.joined(torch.cat(each, dim=1)).squeeze(1)  # type: ignore[no-any-return]


def ranking_loss(predicted: Tensor, losses: Tensor, weights: Tensor) -> Tensor:
    """By how much pairs of predictions (N,) fall short of the margin in the order of the true losses, on average.

    All pairs of a batch count, each by the product of its rows' weights; the paper takes every row into one pair, which
    is the same on average. Rows of equal loss, and one row alone, teach nothing.
    """
    sign = torch.sign(losses[:, None] - losses)
    short = torch.relu(_MARGIN - sign * (predicted[:, None] - predicted))
    pairs = sign.abs() * weights[:, None] * weights
    return (short * pairs).sum() / max(1, len(losses) * (len(losses) - 1))
