"""Pictures, each a little different each time that they are learned from."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from learning.engine.arrays import Pixels
from learning.engine.images import to_tensor
from learning.engine.trained import TrainingConfig
from learning.engine.vision import v2

_SMALL = 64  # pixels up to which a picture is moved about; a larger one is cropped and enlarged

Augmented = Callable[[Pixels | Tensor], Tensor]


def augmentation(config: TrainingConfig, side: int, generator: torch.Generator) -> Augmented:
    """(N, S, S, C) uint8 to a network's input (N, C, S, S) in [-1, 1], on the device of the pictures.

    Shifts come from the generator, torchvision's transforms from torch's own: both draw on the processor, so that what
    is done to a picture doesn't hang on where it is done.
    """
    changed = _shifted(config.augment_shift, generator) if config.augment == "shift" else _transformed(config, side)
    return (lambda x: _mirrored(changed(x), generator)) if config.flips else changed


def mixed(
    x: Tensor, targets: Tensor, weights: Tensor, alpha: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Each picture blended with another, or a part of it pasted in (mixup, H. Zhang et al. 2018; CutMix, S. Yun et al.
    2019), one batch this way, one that, and targets (N, K) and weights (N,) in the same proportion."""
    mix = v2.MixUp if torch.rand(1, generator=generator) < 0.5 else v2.CutMix
    known = torch.cat([targets * weights[:, None], weights[:, None]], dim=1)
    x, known = mix(alpha=alpha)(x, known)
    weighed = known[:, -1]
    return x, known[:, :-1] / weighed[:, None].clamp_min(1e-9), weighed


def _shifted(pixels: int, generator: torch.Generator) -> Augmented:
    return lambda x: _shift(to_tensor(x), pixels, generator)


def _shift(x: Tensor, pixels: int, generator: torch.Generator) -> Tensor:
    """Move each image by up to `pixels` both ways, repeating its border."""
    if pixels == 0:
        return x
    n, _, height, width = x.shape
    padded = functional.pad(x, (pixels,) * 4, mode="replicate").permute(0, 2, 3, 1)
    dy, dx = torch.randint(0, 2 * pixels + 1, (2, n, 1), generator=generator).to(x.device)
    rows, ys, xs = (torch.arange(length, device=x.device) for length in (n, height, width))
    return padded[rows[:, None, None], (dy + ys)[:, :, None], (dx + xs)[:, None, :]].permute(0, 3, 1, 2)


def _transformed(config: TrainingConfig, side: int) -> Augmented:
    """Image by image: torchvision draws once a call."""
    crop = (
        v2.RandomCrop(side, padding=side // 8, padding_mode="reflect")
        if side <= _SMALL
        else v2.RandomResizedCrop(side, scale=(0.5, 1.0), antialias=True)
    )
    change = v2.Compose([crop, v2.RandAugment()]) if config.augment == "rand_augment" else crop

    def changed(x: Pixels | Tensor) -> Tensor:
        images = (x if isinstance(x, Tensor) else torch.tensor(x)).permute(0, 3, 1, 2)
        return to_tensor(torch.stack([change(image) for image in images]).permute(0, 2, 3, 1))

    return changed


def _mirrored(x: Tensor, generator: torch.Generator) -> Tensor:
    chosen = (torch.rand(len(x), generator=generator) < 0.5).to(x.device)
    return torch.where(chosen[:, None, None, None], x.flip(3), x)
