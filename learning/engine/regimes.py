"""How a version comes about: from scratch, by a head on frozen features, by transfer in two stages, or online.

Each gives a network, the temperature that makes its confidences honest, and of every row what a network says that has
not seen it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from torch import Tensor

from learning.engine.arrays import Floats, Pixels
from learning.engine.calibration import fit_temperature
from learning.engine.fit import Progress
from learning.engine.models.body import Body
from learning.engine.models.catalogue import HEAD
from learning.engine.prediction import logits
from learning.engine.stages import Stages
from learning.engine.trained import Trained, TrainingConfig
from learning.engine.training import cross_validate, held_out_of, train

FOLDS = 3
LOW_RATE = 3e-4  # of the second stage: what the backbone knows is to be bent, not broken
SECOND_STAGE = 6  # passes of it at most
PATIENCE = 2


@dataclass(frozen=True, eq=False)
class Outcome:
    """`blind` (N, K): out-of-fold logits, with a `blind_temperature` of their own. `told`: what is worth knowing of how
    it came about. `without`: the same without pseudo-labels, where there were some."""

    trained: Trained
    temperature: float
    blind: Floats
    blind_temperature: float
    told: dict[str, object] = field(default_factory=dict)
    without: "Outcome | None" = None


def whole(
    x: Pixels | Floats,
    targets: Floats,
    weights: Floats,
    config: TrainingConfig,
    *,
    network: str,
    initial: dict[str, Tensor] | None = None,
    guessed: NDArray[np.bool_] | None = None,
    on_progress: Progress | None = None,
    stages: Stages | None = None,
) -> Outcome:
    """All of a network, or a head where features are given; its word on the rows by folds.

    guessed: (N,) rows with a pseudo-label, which are learned from and judge nothing. stages: of the run that this is
    all or a part of.
    """
    first, rest = _split(on_progress, 0.4)
    stages = stages or Stages(None)
    trained = stages.trained(
        lambda checkpoints: train(
            x, targets, weights, config, network=network, initial=initial, on_progress=first, checkpoints=checkpoints
        )
    )
    plain = replace(config, learning_loss=0.0)  # the folds are asked for classes alone
    blind = cross_validate(
        x, targets, weights, plain, FOLDS, network=network, always=guessed, on_progress=rest, stages=stages
    )
    known = slice(None) if guessed is None else ~guessed
    temperature = fit_temperature(blind[known], targets[known])
    return Outcome(trained, temperature, blind, temperature)


def transfer(
    features: Floats,
    pixels: Callable[[], Pixels],
    body: Body,
    backbone: str,
    targets: Floats,
    weights: Floats,
    config: TrainingConfig,
    *,
    on_progress: Progress | None = None,
    stages: Stages | None = None,
) -> Outcome:
    """A head on the frozen backbone's features (N, D), then all of it at a low rate on the pictures (N, S, S, 3), which
    is kept only where it tells held-out rows better. Of a handful of rows, and with everything frozen, the head is all.
    """
    first, rest = _split(on_progress, 0.2)
    stages = stages or Stages(None)
    head = whole(features, targets, weights, config, network=HEAD, on_progress=first, stages=stages)
    out = held_out_of(targets.argmax(axis=1), config.seed)
    if not out.any() or config.frozen >= 1:
        return replace(head, told={"fine_tuned": False})
    begun = stages.trained(
        lambda checkpoints: train(
            features[~out], targets[~out], weights[~out], config, network=HEAD, checkpoints=checkpoints
        )
    )
    second = replace(config, lr=LOW_RATE, epochs=SECOND_STAGE, min_steps=0, patience=PATIENCE)
    tuned = stages.trained(
        lambda checkpoints: train(
            pixels(),
            targets,
            weights,
            second,
            network=backbone,
            initial=_joined(body, begun),
            standard=True,
            on_progress=rest,
            checkpoints=checkpoints,
        )
    )
    before = _loss(logits(begun, features[out]), targets[out], weights[out])
    after = min(tuned.held_out)
    told: dict[str, object] = {"fine_tuned": after < before, "head_loss": before, "whole_loss": after}
    if after >= before:
        return replace(head, told=told)
    temperature = fit_temperature(logits(tuned, pixels()[out]), targets[out])
    return Outcome(tuned, temperature, head.blind, head.blind_temperature, told)


def _joined(body: Body, head: Trained) -> dict[str, Tensor]:
    """The weights of a network that is the body with the head on it."""
    return {f"body.{name}": tensor.clone() for name, tensor in body.state_dict().items()} | head.state_dict


def _loss(said: Floats, targets: Floats, weights: Floats) -> float:
    each = -(targets * log_softmax(said.astype(np.float64), axis=1)).sum(axis=1)
    return float(np.average(each, weights=weights)) if weights.any() else float(each.mean())


def _split(on_progress: Progress | None, at: float) -> tuple[Progress | None, Progress | None]:
    if on_progress is None:
        return None, None
    return (lambda share: on_progress(at * share)), (lambda share: on_progress(at + (1 - at) * share))
