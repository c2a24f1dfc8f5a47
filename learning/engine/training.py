"""Training on soft labels.

`train` reads top to bottom; `cross_validate` asks of each row what a network thinks that never saw it.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from learning.engine.arrays import Floats, Integers, Pixels
from learning.engine.learning_loss import HEARD, ranking_loss
from learning.engine.networks import LinearHead, Network, NetworkName, build
from learning.engine.prediction import inputs, logits, predict
from learning.engine.trained import Trained, TrainingConfig, deserialise, serialise

__all__ = [
    "Trained",
    "TrainingConfig",
    "TrainingFailed",
    "cross_validate",
    "deserialise",
    "predict",
    "serialise",
    "train",
]

_FEATURES = 128  # that a linear head bears the full rate on
_WARM_UP = 0.2  # share of the steps in which the rate rises

Progress = Callable[[float], None]


class TrainingFailed(Exception):  # noqa: N818 (it names the outcome that a run records)
    """The loss stopped being a number; the message says when."""


@dataclass(frozen=True)
class _Rows:
    """The checked training set: images stay uint8 until their batch comes."""

    x: Pixels | Floats
    targets: Tensor  # (N, K), rows sum to 1
    weights: Tensor  # (N,), mean 1


def train(
    x: Pixels | Floats,
    targets: Floats,
    weights: Floats,
    config: TrainingConfig,
    *,
    network: NetworkName = "small_cnn",
    initial: dict[str, Tensor] | None = None,
    on_progress: Progress | None = None,
) -> Trained:
    """Fit a network to soft labels; the same arguments give the same weights (on one machine, at one thread
    count).

    x: (N, S, S, C) uint8 images for "small_cnn", (N, D) float features for "linear_head". targets: (N, K)
    posteriors, rows summing to 1. weights: (N,) how much each row counts; only their ratios matter. initial:
    weights to start from; tensors of another shape (a head for other classes) start afresh. on_progress hears
    the share done, up to 1.0. Raises ValueError for inputs that don't fit together, TrainingFailed when the
    loss is no longer a number.
    """
    started = time.perf_counter()
    rows = _checked(x, targets, weights, network)
    with torch.random.fork_rng(devices=[]):  # the caller's generator is left as it was
        torch.manual_seed(config.seed)
        model = _start(network, rows, initial, predicts_losses=config.learning_loss > 0)
        loss = _fit(model, rows, config, on_progress)
    return Trained(
        state_dict={name: tensor.detach().clone() for name, tensor in model.state_dict().items()},
        config=config,
        network=network,
        n_classes=rows.targets.shape[1],
        in_features=x.shape[-1],
        n=len(x),
        seconds=time.perf_counter() - started,
        loss=loss,
    )


def cross_validate(
    x: Pixels | Floats,
    targets: Floats,
    weights: Floats,
    config: TrainingConfig,
    folds: int = 3,
    *,
    network: NetworkName = "small_cnn",
    initial: dict[str, Tensor] | None = None,
    on_progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Out-of-fold logits (N, K): each row's come from a network trained on the other folds, with `train`'s
    arguments.

    Folds are stratified by the likeliest class and follow from the seed; a class with fewer rows than folds
    is simply absent from some. With fewer rows than `folds` every row is its own fold. Raises ValueError
    under two rows or folds, and as `train` does. `initial` must not have been trained on these rows, or
    nothing is out of fold.
    """
    if folds < 2 or len(x) < 2:
        raise ValueError("cross-validation needs at least two rows and two folds")
    folds = min(folds, len(x))
    fold_of = _folds(targets.argmax(axis=1), folds, config.seed)
    result = np.zeros(targets.shape, dtype=np.float32)
    for fold in range(folds):
        inside, outside = fold_of != fold, fold_of == fold
        told = _share_of(on_progress, fold, folds)
        trained = train(
            x[inside],
            targets[inside],
            weights[inside],
            config,
            network=network,
            initial=initial,
            on_progress=told,
        )
        result[outside] = logits(trained, x[outside])
    return result


def _fit(model: Network, rows: _Rows, config: TrainingConfig, on_progress: Progress | None) -> tuple[float, ...]:
    n, steps = len(rows.x), config.steps(len(rows.x))
    generator = torch.Generator().manual_seed(config.seed)
    rate = config.lr * _reach(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    losses: list[float] = []
    per_pass = math.ceil(n / config.batch_size)
    model.train()
    for step, batch in zip(range(steps), _batches(n, config.batch_size, generator), strict=False):
        x = _shift(inputs(rows.x[batch.numpy()]), config.augment_shift, generator)
        scores, expected = _forward(model, x, heard=step < HEARD * steps)
        each = functional.cross_entropy(
            scores, rows.targets[batch], reduction="none", label_smoothing=config.label_smoothing
        )
        # Weights have mean 1 over the whole set, so dividing by the batch's length keeps their ratios across batches.
        loss = (each * rows.weights[batch]).mean()
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise TrainingFailed(f"the loss became {losses[-1]} at step {step + 1} of {steps} (lr {config.lr})")
        if expected is not None:
            loss = loss + config.learning_loss * ranking_loss(expected, each.detach(), rows.weights[batch])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if on_progress and ((step + 1) % per_pass == 0 or step + 1 == steps):
            on_progress((step + 1) / steps)
    return tuple(float(np.mean(losses[start : start + per_pass])) for start in range(0, steps, per_pass))


def _checked(x: Pixels | Floats, targets: Floats, weights: Floats, network: NetworkName) -> _Rows:
    n = len(x)
    if n == 0 or targets.ndim != 2 or len(targets) != n or weights.shape != (n,):
        raise ValueError(
            f"rows don't fit: x {x.shape}, targets {targets.shape} for (N, K), weights {weights.shape} for (N,)"
        )
    if (x.dtype == np.uint8) != (network == "small_cnn") or x.ndim != (4 if network == "small_cnn" else 2):
        raise ValueError(f"{network} can't be trained on {x.shape} {x.dtype}")
    if not ((targets >= 0).all() and np.allclose(targets.sum(axis=1), 1, atol=1e-3)):
        raise ValueError("each row of targets is a distribution over the classes: not negative, summing to 1")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise ValueError("weights are not negative and not all zero")
    relative = weights / weights.mean()
    return _Rows(x, torch.tensor(targets, dtype=torch.float32), torch.tensor(relative, dtype=torch.float32))


def _start(network: NetworkName, rows: _Rows, initial: dict[str, Tensor] | None, *, predicts_losses: bool) -> Network:
    model = build(network, rows.targets.shape[1], rows.x.shape[-1], predicts_losses=predicts_losses)
    if initial is None:
        if isinstance(model, LinearHead):
            model.standardise(inputs(rows.x))
        return model
    fresh = model.state_dict()
    taken = {name: t for name, t in initial.items() if name in fresh and t.shape == fresh[name].shape}
    if not taken:
        raise ValueError(f"the initial weights share no tensor with a {network}")
    model.load_state_dict(fresh | taken)
    return model


def _batches(n: int, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless batches of one size, cut from shuffled passes laid end to end: no small remainder to upset
    batch norm."""
    size = max(2, min(batch_size, n))
    queue = torch.zeros(0, dtype=torch.long)
    while True:
        while len(queue) < size:
            queue = torch.cat([queue, torch.randperm(n, generator=generator)])
        yield queue[:size]
        queue = queue[size:]


def _shift(x: Tensor, pixels: int, generator: torch.Generator) -> Tensor:
    """Move each image by up to `pixels` both ways, repeating its border; features (N, D) pass as they are."""
    if pixels == 0 or x.ndim != 4:
        return x
    n, _, height, width = x.shape
    padded = functional.pad(x, (pixels,) * 4, mode="replicate").permute(0, 2, 3, 1)
    dy, dx = torch.randint(0, 2 * pixels + 1, (2, n, 1), generator=generator)
    ys, xs = dy + torch.arange(height), dx + torch.arange(width)
    return padded[torch.arange(n)[:, None, None], ys[:, :, None], xs[:, None, :]].permute(0, 3, 1, 2)


def _forward(model: Network, x: Tensor, *, heard: bool) -> tuple[Tensor, Tensor | None]:
    """Logits, and the losses predicted where the network does so; whether it learns from that too is `heard`."""
    if model.losses is None:
        return model(x), None
    stages = model.stages(x)
    return model.head(stages[-1]), model.losses(stages if heard else [stage.detach() for stage in stages])


def _reach(model: Network) -> float:
    """The share of the rate that a network bears. Adam moves all weights alike, so a head on many features leaps: on
    1,280 of a backbone the full rate costs 1 to 4 points of accuracy and most of the calibration."""
    return min(1.0, _FEATURES / model.stage_sizes[0]) if isinstance(model, LinearHead) else 1.0


def _rate(step: int, steps: int) -> float:
    """The share of the peak rate at a step: a line up, then half a cosine down (one cycle, Smith & Topin
    2018)."""
    rise = max(1, round(_WARM_UP * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def _folds(labels: Integers, folds: int, seed: int) -> NDArray[np.int64]:
    """(N,) fold of each row: sorted by class, shuffled within it, then dealt round, so classes and folds both
    come out even."""
    shuffled = np.random.default_rng(seed).random(len(labels))
    fold_of = np.empty(len(labels), dtype=np.int64)
    fold_of[np.lexsort((shuffled, labels))] = np.arange(len(labels)) % folds
    return fold_of


def _share_of(on_progress: Progress | None, part: int, parts: int) -> Progress | None:
    return on_progress and (lambda share: on_progress((part + share) / parts))
