"""One training under way: its steps, and all that a checkpoint of it holds."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pickle import UnpicklingError
from time import monotonic
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from learning.engine import optimisers
from learning.engine.arrays import Floats, Pixels
from learning.engine.augmentation import augmentation, mixed
from learning.engine.compilation import Compiled
from learning.engine.devices import autocast, chosen, laid_out, relieve
from learning.engine.held import held
from learning.engine.learning_loss import HEARD, ranking_loss
from learning.engine.models.network import Network
from learning.engine.prediction import inputs, logits
from learning.engine.ranks import ALONE, Ranks
from learning.engine.trained import TrainingConfig

_FEATURES = 128  # that a head bears the full rate on
_WARM_UP = 0.2  # share of the steps in which the rate rises

Progress = Callable[[float], None]


class TrainingFailed(Exception):  # noqa: N818 (it names the outcome that a run records)
    """The loss stopped being a number; the message says when."""


class BadCheckpoint(Exception):  # noqa: N818 (as above)
    """It is cut short, or of another network."""


@dataclass(frozen=True)
class Rows:
    """A checked training set: images stay uint8 until their batch comes."""

    x: Pixels | Floats
    targets: Tensor  # (N, K), rows sum to 1
    weights: Tensor  # (N,), mean 1

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Checkpoints:
    """`resume`: what an earlier attempt has kept. `keep` is given the next, every so many seconds, by one clock for all
    trainings of a run."""

    resume: bytes | None
    keep: Callable[[bytes], None]
    seconds: float = 20.0
    clock: list[float] = field(default_factory=lambda: [monotonic()])  # when one was kept last

    @property
    def due(self) -> bool:
        return monotonic() - self.clock[0] > self.seconds

    def take(self, state: bytes) -> None:
        self.keep(state)
        self.clock[0] = monotonic()


class Fit:
    """`held_out`: rows that are not learned from and say when to end, with `config.patience`. `optimiser`: the state in
    which another training left it (`optimiser_state`). `ranks`: the processes that it is one of. `parts`: that a
    batch is learned from in, until the memory doesn't do for that either."""

    def __init__(
        self,
        model: Network,
        rows: Rows,
        config: TrainingConfig,
        held_out: Rows | None = None,
        optimiser: dict[str, Tensor] | None = None,
        ranks: Ranks = ALONE,
        parts: int = 1,
    ) -> None:
        self.device, self.ranks = chosen(), ranks
        self.model = model = ranks.synchronised(model, self.device.type == "cuda").to(self.device)
        self.rows, self.config, self.held_out = rows, config, held_out
        self.drawn = held(rows.x, self.device)
        self.steps = steps = config.steps(len(rows))
        self.a_pass = math.ceil(len(rows) / config.batch_size)
        self.generator = torch.Generator().manual_seed(config.seed)
        learnable = [parameter for parameter in model.parameters() if parameter.requires_grad]
        rate = config.lr * reach(model)
        self.optimiser = torch.optim.AdamW(learnable, lr=rate, weight_decay=config.weight_decay)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, lambda step: _rate(step, steps))
        if optimiser:
            self.optimiser.load_state_dict(optimisers.known(self.optimiser, model, optimiser))
        self.mean = _running_mean(model, config.ema)
        self.asked = Compiled(ranks.joined(_Asked(model)), steps)
        self.augmented = inputs if model.body is None else augmentation(config, rows.x.shape[1], self.generator)
        self.queue = torch.zeros(0, dtype=torch.long)
        self.parts = parts
        self.step, self.losses = 0, list[float]()
        self.held_out_losses, self.best = list[float](), dict[str, Tensor]()

    def run(self, on_progress: Progress | None, checkpoints: Checkpoints | None) -> None:
        """To the end, from where it is.

        Raises TrainingFailed when the loss is no longer a number, BadCheckpoint when nothing can be gone on from.
        """
        if checkpoints and checkpoints.resume:
            self.load(checkpoints.resume)
        self.model.train()
        while self.step < self.steps and not self._ends_early():
            self._step()
            if self.step % self.a_pass == 0 or self.step == self.steps:
                self._look_back()
            if on_progress:
                on_progress(self.step / self.steps)
            if checkpoints and checkpoints.due:
                checkpoints.take(self.state())

    @property
    def learned(self) -> Network:
        """The network at its best, ready to predict."""
        if self.best:
            self._kept.load_state_dict(self.best)
        return self._kept.eval()

    @property
    def _kept(self) -> Network:
        return cast(Network, self.mean.module) if self.mean else self.model

    @property
    def optimiser_state(self) -> dict[str, Tensor]:
        return optimisers.told(self.optimiser, self.model)

    @property
    def loss(self) -> tuple[float, ...]:
        """Of each pass over the rows."""
        starts = range(0, len(self.losses), self.a_pass)
        return tuple(float(np.mean(self.losses[start : start + self.a_pass])) for start in starts)

    def state(self) -> bytes:
        buffer = BytesIO()
        torch.save({name: part.state_dict() for name, part in self._parts()} | self._counters(), buffer)
        return buffer.getvalue()

    def load(self, blob: bytes) -> None:
        try:
            self._take(torch.load(BytesIO(blob), map_location=self.device, weights_only=True))
        except (RuntimeError, KeyError, ValueError, EOFError, UnpicklingError) as error:
            raise BadCheckpoint(f"{type(error).__name__}: {error}") from error

    def _take(self, state: dict[str, Any]) -> None:
        for name, part in self._parts():
            part.load_state_dict(state[name])
        self.generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["chance"].cpu())
        self.queue, self.parts = state["queue"].cpu(), max(self.parts, state["parts"])
        self.step, self.losses = state["step"], state["losses"]
        self.held_out_losses, self.best = state["held_out_losses"], state["best"]

    def _parts(self) -> list[tuple[str, Any]]:
        parts = [("model", self.model), ("optimiser", self.optimiser), ("schedule", self.schedule)]
        return [*parts, ("mean", self.mean)] if self.mean else parts

    def _counters(self) -> dict[str, Any]:
        plain = ("queue", "parts", "step", "losses", "held_out_losses", "best")
        chance = {"generator": self.generator.get_state(), "chance": torch.get_rng_state()}
        return {name: getattr(self, name) for name in plain} | chance

    def _step(self) -> None:
        batch = self._batch()
        x, targets, weights = (self.ranks.share(tensor) for tensor in self._drawn(batch))
        while True:
            self.optimiser.zero_grad()
            try:
                self.losses.append(self._learn_from(x, targets, weights, len(batch)))
                break
            except torch.OutOfMemoryError:
                if self.parts >= len(batch) or self.ranks.n > 1:  # the others can't begin the step again
                    raise
                self.parts *= 2
                relieve(self.device)
            except Exception as error:  # whatever a compiler may raise
                self.asked.retreat(error)
        self.step += 1
        if not math.isfinite(self.losses[-1]):
            raise TrainingFailed(
                f"the loss became {self.losses[-1]} at step {self.step} of {self.steps} (lr {self.config.lr})"
            )
        self.optimiser.step()
        self.schedule.step()
        if self.mean:
            self.mean.update_parameters(self.model)

    def _batch(self) -> Tensor:
        """Batches of one size, cut from shuffled passes laid end to end: no small remainder to upset batch norm."""
        n = len(self.rows)
        size = self.config.size(n)
        while len(self.queue) < size:
            self.queue = torch.cat([self.queue, torch.randperm(n, generator=self.generator)])
        batch, self.queue = self.queue[:size], self.queue[size:]
        return batch

    def _drawn(self, batch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A batch on the device, as it is learned from."""
        x = self.augmented(self.drawn(batch))
        known = self.rows.targets[batch], self.rows.weights[batch]
        targets, weights = (tensor.to(self.device, non_blocking=True) for tensor in known)
        if self.config.mixup and self.model.body is not None:
            x, targets, weights = mixed(x, targets, weights, self.config.mixup, self.generator)
        return laid_out(x), targets, weights

    def _learn_from(self, x: Tensor, targets: Tensor, weights: Tensor, size: int) -> float:
        """The gradients of one batch of that size, or this rank's share of it, part by part; the loss of all of it."""
        total = 0.0
        many = min(self.parts, size // self.ranks.n)  # as many on each rank, and none empty
        parts = (tensor.tensor_split(many) for tensor in (x, targets, weights))
        for mine, rows, weigh in zip(*parts, strict=True):
            with autocast(self.device):
                scores, expected = self._forward(mine)
            each = functional.cross_entropy(
                scores.float(), rows, reduction="none", label_smoothing=self.config.label_smoothing
            )
            # Weights have mean 1 over the whole set, so dividing by the batch's length keeps their ratios across
            # batches. Gradients are the ranks' mean, where the batch's are their sum.
            loss = (each * weigh).mean() * (len(mine) / size * self.ranks.n)
            total += self.ranks.mean(loss.detach())
            if expected is not None:
                loss = loss + self.config.learning_loss * ranking_loss(expected, each.detach(), weigh)
            if math.isfinite(total):
                loss.backward()
        return total

    def _forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        asked: tuple[Tensor, Tensor | None] = self.asked(x, self.step < HEARD * self.steps)
        return asked

    def _look_back(self) -> None:
        """After a pass: the held-out loss, and the weights if they are the best so far."""
        held_out = self.held_out
        if not held_out:
            return
        self.held_out_losses.append(self.ranks.agreed(lambda: self._held_out_loss(held_out)))
        if self.held_out_losses[-1] == min(self.held_out_losses):
            self.best = copy.deepcopy(self._kept.state_dict())

    def _held_out_loss(self, rows: Rows) -> float:
        said = torch.from_numpy(logits(self._kept, rows.x))
        each = functional.cross_entropy(said, rows.targets, reduction="none")
        return float((each * rows.weights).mean())

    def _ends_early(self) -> bool:
        best = int(np.argmin(self.held_out_losses)) if self.held_out_losses else 0
        return bool(self.held_out) and len(self.held_out_losses) - 1 - best >= self.config.patience


class _Asked(nn.Module):
    """Logits, and the losses predicted where the network does so; whether it learns from that too is `heard`."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, heard: bool) -> tuple[Tensor, Tensor | None]:
        if self.model.losses is None:
            return self.model(x), None
        stages = self.model.stages(x)
        told = self.model.losses(stages if heard else [stage.detach() for stage in stages])
        return self.model.head.tell(stages[-1]), told


def reach(model: Network) -> float:
    """The share of the rate that a network bears. Adam moves all weights alike, so a head on many features leaps: on
    1,280 of a backbone the full rate costs 1 to 4 points of accuracy and most of the calibration."""
    return min(1.0, _FEATURES / model.standard.mean.numel()) if model.body is None and model.standard else 1.0


def _rate(step: int, steps: int) -> float:
    """The share of the peak rate at a step: a line up, then half a cosine down (one cycle, Smith & Topin
    2018)."""
    rise = max(1, round(_WARM_UP * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def _running_mean(model: Network, decay: float) -> AveragedModel | None:
    if not decay:
        return None
    # Batch norm's statistics are averaged along with the weights.
    averaging = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return AveragedModel(model, multi_avg_fn=averaging, use_buffers=True)
