"""The networks trained here: a small CNN for small pictures, a linear head for a backbone's features."""

from typing import Literal

import torch
from torch import Tensor, nn

from learning.engine.learning_loss import LossPrediction

NetworkName = Literal["small_cnn", "linear_head"]


class SmallCNN(nn.Module):
    """Three convolution blocks, a global average, a linear head: about 54,000 parameters at the default
    width.

    Takes (N, channels, S, S) floats of any S; `features` gives (N, 4·width), the call gives (N, n_classes)
    logits.
    """

    def __init__(self, n_classes: int, width: int = 24, channels: int = 3) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.stage_sizes = (width, 2 * width, 4 * width)
        self.losses: LossPrediction | None = None
        self.blocks = nn.Sequential(_block(channels, width), _block(width, 2 * width), _block(2 * width, 4 * width))
        self.head = nn.Linear(4 * width, n_classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def features(self, x: Tensor) -> Tensor:
        return self.blocks(x).mean(dim=(2, 3))  # type: ignore[no-any-return]

    def stages(self, x: Tensor) -> list[Tensor]:
        """What each block makes of the images, averaged over their pixels; the last are the features."""
        averages = []
        for block in self.blocks:
            x = block(x)
            averages.append(x.mean(dim=(2, 3)))
        return averages

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))  # type: ignore[no-any-return]


class LinearHead(nn.Module):
    """A linear layer on standardised features: (N, D) floats to (N, n_classes) logits.

    The training rows' mean and scale are buffers, so they travel with the weights.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, in_features: int, n_classes: int) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.stage_sizes = (in_features,)
        self.losses: LossPrediction | None = None
        self.register_buffer("mean", torch.zeros(in_features))
        self.register_buffer("scale", torch.ones(in_features))
        self.head = nn.Linear(in_features, n_classes)
        nn.init.zeros_(self.head.weight)  # no opinion before the first step
        nn.init.zeros_(self.head.bias)

    @torch.no_grad()
    def standardise(self, x: Tensor) -> None:
        """Take mean and scale from `x` (N, D); a feature that never varies keeps scale 1."""
        self.mean.copy_(x.mean(dim=0))
        spread = x.std(dim=0, correction=0)
        self.scale.copy_(torch.where(spread < 1e-6, torch.ones_like(spread), spread))

    def features(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.scale

    def stages(self, x: Tensor) -> list[Tensor]:
        return [self.features(x)]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))  # type: ignore[no-any-return]


Network = SmallCNN | LinearHead


def build(network: NetworkName, n_classes: int, in_features: int, *, predicts_losses: bool = False) -> Network:
    """A fresh network; `in_features` is an image's channels or a feature vector's length.

    predicts_losses: whether a module stands beside it that does. ValueError for another name.
    """
    if n_classes < 1:
        raise ValueError("a network needs at least one class")
    model = _bare(network, n_classes, in_features)
    if predicts_losses:  # after the rest, whose first weights are the same with and without
        model.losses = LossPrediction(model.stage_sizes)
    return model


def _bare(network: NetworkName, n_classes: int, in_features: int) -> Network:
    if network == "small_cnn":
        return SmallCNN(n_classes, channels=in_features)
    if network == "linear_head":
        return LinearHead(in_features, n_classes)
    raise ValueError(f"no network is called {network!r}; there are small_cnn and linear_head")


def _block(inputs: int, outputs: int) -> nn.Sequential:
    # Pooling before the normalisation leaves a quarter of the pixels to normalise: a third less time a step
    # on a CPU.
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.MaxPool2d(2, ceil_mode=True),  # ceil: even a one-pixel image passes
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
