"""Networks for small pictures, trained from scratch."""

from itertools import pairwise

from torch import Tensor, nn

from learning.engine.models.body import Body
from learning.engine.models.registry import backbone
from learning.engine.vision import torchvision


@backbone("small_cnn", side=32)
def small_cnn(channels: int, width: int = 24) -> Body:
    """Three convolutions: about 54,000 parameters at the default width."""
    widths = (channels, width, 2 * width, 4 * width)
    return Body((_pooled(*pair) for pair in pairwise(widths)), dim=widths[-1])


@backbone("cnn_1m", side=32)
def cnn_1m(channels: int) -> Body:
    """A residual network of 1.05 million parameters: the plan of D. Page's ResNet-9 (DAWNBench, 2018), narrower."""
    blocks = [
        _convolution(channels, 32),
        nn.Sequential(_convolution(32, 64), nn.MaxPool2d(2), _Residual(64)),
        nn.Sequential(_convolution(64, 128), nn.MaxPool2d(2)),
        nn.Sequential(_convolution(128, 192), nn.MaxPool2d(2), _Residual(192)),
    ]
    return Body(blocks, dim=192)


@backbone("resnet18_32", side=32)
def resnet18_32(channels: int) -> Body:
    """ResNet-18 with the stem that He et al. (2016, §4.2) use for pictures of 32 pixels: 11 million parameters."""
    net = torchvision.models.resnet18()
    stem = _convolution(channels, 64)
    return Body([stem, net.layer1, net.layer2, net.layer3, net.layer4], dim=512)


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.steps = nn.Sequential(_convolution(width, width), _convolution(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.steps(x)  # type: ignore[no-any-return]


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def _pooled(inputs: int, outputs: int) -> nn.Sequential:
    # Pooling before the normalisation leaves a quarter of the pixels to normalise: a third less time a step
    # on a CPU.
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False),
        nn.MaxPool2d(2, ceil_mode=True),  # ceil: even a one-pixel image passes
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
