"""A training as data, and what comes of it: done here, or by several processes (`distributed`)."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from learning.engine.fit import BadCheckpoint, Checkpoints, Fit, Progress, Rows
from learning.engine.growth import grown
from learning.engine.models.heads import CosineHead
from learning.engine.models.network import Network, build
from learning.engine.prediction import inputs
from learning.engine.ranks import ALONE, Ranks
from learning.engine.trained import TrainingConfig


@dataclass(frozen=True, eq=False)
class Task:
    """`train`'s arguments, once they are checked, with the rows that are learned from and those held out."""

    network: str
    config: TrainingConfig
    learned: Rows
    held_out: Rows | None
    initial: dict[str, Tensor] | None
    standard: bool | None
    optimiser: dict[str, Tensor] | None


@dataclass(frozen=True, eq=False)
class Learned:
    """As in `Trained`; all tensors are the processor's."""

    state_dict: dict[str, Tensor]
    loss: tuple[float, ...]
    held_out: tuple[float, ...]
    standard: bool
    optimiser: dict[str, Tensor] | None


def fitted(
    task: Task,
    on_progress: Progress | None,
    checkpoints: Checkpoints | None,
    ranks: Ranks = ALONE,
    parts: int = 1,
) -> Learned:
    """The task done by this process, or its share of it as one of several.

    parts: that a batch is learned from in at least, because the memory has not done for more. A checkpoint that can't
    be read is none. Raises TrainingFailed when the loss is no longer a number.
    """

    def begun() -> Fit:
        torch.manual_seed(task.config.seed)
        fit = Fit(_start(task), task.learned, task.config, task.held_out, task.optimiser, ranks, parts)
        if ranks.n > 1 and torch.cuda.is_available():
            torch.cuda.manual_seed(task.config.seed + ranks.rank)  # no two ranks drop the same features
        return fit

    with torch.random.fork_rng(devices=[]):  # the caller's generator is left as it was
        fit = begun()
        try:
            fit.run(on_progress, checkpoints)
        except BadCheckpoint:
            fit = begun()
            fit.run(on_progress, checkpoints and replace(checkpoints, resume=None))
    if on_progress and fit.step < fit.steps:
        on_progress(1.0)
    return Learned(
        state_dict={name: tensor.detach().cpu().clone() for name, tensor in fit.learned.state_dict().items()},
        loss=fit.loss,
        held_out=tuple(fit.held_out_losses),
        standard=fit.model.standard is not None,
        optimiser=None if task.optimiser is None else fit.optimiser_state,
    )


def _start(task: Task) -> Network:
    rows, config = task.learned, task.config
    model = build(
        task.network,
        rows.targets.shape[1],
        rows.x.shape[-1],
        head=config.head,
        standard=task.standard,
        predicts_losses=config.learning_loss > 0,
    )
    if task.initial is not None:
        model.load_state_dict(grown(task.initial, model.state_dict(), task.network))
    elif model.body is None:
        _acquaint(model, rows)
    if model.body is not None and config.frozen:
        model.body.freeze(config.frozen)
    return model


def _acquaint(model: Network, rows: Rows) -> None:
    """What a head takes from its features before the first step."""
    x = inputs(rows.x)
    if model.standard is not None:
        model.standard.learn(x)
    if isinstance(model.head, CosineHead):
        model.head.imprint(model.described(x), rows.targets * rows.weights[:, None])
