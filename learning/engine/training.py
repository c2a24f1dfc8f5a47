"""Training on soft labels: `train` makes a network, `cross_validate` asks of each row what one thinks that never saw
it."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from learning.engine import distributed
from learning.engine.arrays import Floats, Integers, Pixels
from learning.engine.fit import Checkpoints, Progress, Rows, TrainingFailed
from learning.engine.fitting import Task, fitted
from learning.engine.models.catalogue import HEAD, SMALL_CNN
from learning.engine.prediction import logits, predict
from learning.engine.stages import Stages
from learning.engine.trained import Trained, TrainingConfig, deserialise, serialise

__all__ = [
    "Checkpoints",
    "Progress",
    "Trained",
    "TrainingConfig",
    "TrainingFailed",
    "cross_validate",
    "deserialise",
    "predict",
    "serialise",
    "train",
]

HELD_OUT = 0.15  # of the rows, with `patience`
_ENOUGH = 40  # rows of which some can be held out


def train(
    x: Pixels | Floats,
    targets: Floats,
    weights: Floats,
    config: TrainingConfig,
    *,
    network: str = SMALL_CNN,
    initial: dict[str, Tensor] | None = None,
    standard: bool | None = None,
    optimiser: dict[str, Tensor] | None = None,
    on_progress: Progress | None = None,
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Fit a network to soft labels; the same arguments give the same weights (on one machine, at one thread
    count), also where a checkpoint went between.

    x: (N, S, S, C) uint8 images for a backbone by name, (N, D) float features for "head". targets: (N, K)
    posteriors, rows summing to 1. weights: (N,) how much each row counts; only their ratios matter. initial:
    weights to start from; a head for fewer classes grows (`growth.grown`), other tensors of another shape start
    afresh. standard: see `network.build`. optimiser: its state after an earlier training (`Trained.optimiser`), to
    go on with, empty for a beginning; without it none is kept. on_progress hears the share done, up to 1.0. A
    checkpoint that can't be read is none. With checkpoints, where there are several GPUs, a long training of a whole
    network is done by all of them (`distributed`). Raises ValueError for inputs that don't fit together, TrainingFailed
    when the loss is no longer a number, RankFailed when a process of several has ended.
    """
    started = time.perf_counter()
    rows = _balanced(_checked(x, targets, weights, network), config.balance)
    learned, held_out = _parted(rows, config)

    task = Task(network, config, learned, held_out, initial, standard, optimiser)
    over = distributed.devices_of(task) if checkpoints else []
    if len(over) > 1:
        result = distributed.learned(task, over, on_progress, checkpoints)
    else:
        result = fitted(task, on_progress, checkpoints)
    return Trained(
        state_dict=result.state_dict,
        config=config,
        network=network,
        n_classes=rows.targets.shape[1],
        in_features=x.shape[-1],
        n=len(x),
        seconds=time.perf_counter() - started,
        loss=result.loss,
        standard=result.standard,
        held_out=result.held_out,
        optimiser=result.optimiser,
    )


def cross_validate(
    x: Pixels | Floats,
    targets: Floats,
    weights: Floats,
    config: TrainingConfig,
    folds: int = 3,
    *,
    network: str = SMALL_CNN,
    initial: dict[str, Tensor] | None = None,
    always: NDArray[np.bool_] | None = None,
    on_progress: Progress | None = None,
    stages: Stages | None = None,
) -> NDArray[np.float32]:
    """Out-of-fold logits (N, K): each row's come from a network trained on the other folds, with `train`'s
    arguments.

    Folds are stratified by the likeliest class and follow from the seed; a class with fewer rows than folds
    is simply absent from some. With fewer rows than `folds` every row is its own fold. always: (N,) rows that all
    networks learn from and none is asked about: their logits are 0. Raises ValueError under two rows that are asked
    about or two folds, and as `train` does. `initial` must not have been trained on these rows, or nothing is out of
    fold. stages: of the run that this is a part of, which keeps a fold each.
    """
    asked = np.ones(len(x), dtype=bool) if always is None else ~always
    if folds < 2 or asked.sum() < 2:
        raise ValueError("cross-validation needs at least two rows and two folds")
    folds = min(folds, int(asked.sum()))
    fold_of = np.full(len(x), -1)
    fold_of[asked] = folds_of(targets[asked].argmax(axis=1), folds, config.seed)
    result = np.zeros(targets.shape, dtype=np.float32)
    stages = stages or Stages(None)
    for fold in range(folds):
        inside, outside = fold_of != fold, fold_of == fold
        learn = partial(
            train,
            x[inside],
            targets[inside],
            weights[inside],
            config,
            network=network,
            initial=initial,
            on_progress=share_of(on_progress, fold, folds),
        )
        result[outside] = stages.rows(partial(_said_of, x[outside], learn))
    return result


def _said_of(x: Pixels | Floats, learn: Callable[..., Trained], checkpoints: Checkpoints | None) -> NDArray[np.float32]:
    return logits(learn(checkpoints=checkpoints), x)


def folds_of(labels: Integers, folds: int, seed: int) -> NDArray[np.int64]:
    """(N,) fold of each row: sorted by class, shuffled within it, then dealt round, so classes and folds both
    come out even."""
    shuffled = np.random.default_rng(seed).random(len(labels))
    fold_of = np.empty(len(labels), dtype=np.int64)
    fold_of[np.lexsort((shuffled, labels))] = np.arange(len(labels)) % folds
    return fold_of


def held_out_of(labels: Integers, seed: int) -> NDArray[np.bool_]:
    """(N,) true for the `HELD_OUT` of the rows, of all classes alike, that say when to end; none of a few rows."""
    if len(labels) < _ENOUGH:
        return np.zeros(len(labels), dtype=bool)
    parts: NDArray[np.bool_] = folds_of(labels, round(1 / HELD_OUT), seed) == 0
    return parts


def share_of(on_progress: Progress | None, part: int, parts: int) -> Progress | None:
    return on_progress and (lambda share: on_progress((part + share) / parts))


def _checked(x: Pixels | Floats, targets: Floats, weights: Floats, network: str) -> Rows:
    n = len(x)
    if n == 0 or targets.ndim != 2 or len(targets) != n or weights.shape != (n,):
        raise ValueError(
            f"rows don't fit: x {x.shape}, targets {targets.shape} for (N, K), weights {weights.shape} for (N,)"
        )
    if (x.dtype == np.uint8) != (network != HEAD) or x.ndim != (2 if network == HEAD else 4):
        raise ValueError(f"{network} can't be trained on {x.shape} {x.dtype}")
    if not ((targets >= 0).all() and np.allclose(targets.sum(axis=1), 1, atol=1e-3)):
        raise ValueError("each row of targets is a distribution over the classes: not negative, summing to 1")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise ValueError("weights are not negative and not all zero")
    return Rows(x, torch.tensor(targets, dtype=torch.float32), _relative(torch.tensor(weights, dtype=torch.float64)))


def _relative(weights: Tensor) -> Tensor:
    """With mean 1."""
    return (weights / weights.mean()).float()


def _balanced(rows: Rows, power: float) -> Rows:
    """Each class's rows together count as much as another's, to a power in [0, 1]."""
    if not power:
        return rows
    of_class = (rows.targets * rows.weights[:, None]).sum(dim=0)
    factor = torch.where(of_class > 0, of_class.clamp_min(1e-9) ** -power, torch.zeros_like(of_class))
    return Rows(rows.x, rows.targets, _relative(rows.weights * (rows.targets @ factor)))


def _parted(rows: Rows, config: TrainingConfig) -> tuple[Rows, Rows | None]:
    """The rows that are learned from, and those that say when to end."""
    held_out = held_out_of(rows.targets.argmax(dim=1).numpy(), config.seed) if config.patience else np.zeros(0, bool)
    if not held_out.any() or not rows.weights[~held_out].any():
        return rows, None
    return _some(rows, ~held_out), _some(rows, held_out)


def _some(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    return Rows(rows.x[chosen], rows.targets[chosen], rows.weights[chosen])
