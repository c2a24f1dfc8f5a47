"""What a training run is told and what it leaves behind, and how the latter becomes bytes."""

import json
import math
import struct
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from learning.engine.models.catalogue import HEAD, SMALL_CNN
from learning.engine.models.heads import HEADS, HeadName
from learning.engine.models.network import Network, build

_METADATA_KEY = "tessera"
_OPTIMISER = "optimiser/"  # before the names of its tensors in a file
_RENAMED = {"blocks.": "body.blocks.", "head.": "head.last.", "mean": "standard.mean", "scale": "standard.scale"}

Augment = Literal["shift", "crop", "rand_augment"]


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. ValueError for values that can't train anything."""

    epochs: int = 10  # passes over the rows; enough for a thousand small pictures
    min_steps: int = 200  # a handful of rows takes more passes instead: a network needs its steps
    batch_size: int = 32  # small: more steps for the same time on a CPU, and the noise regularises
    lr: float = 4e-3  # the peak of warm-up and cosine; a head on a few features alone wants ten times that
    weight_decay: float = 0.05  # AdamW's, decoupled; strong because labelled sets start small
    seed: int = 0  # initial weights, order and shifts all follow from it
    augment: Augment = "shift"  # of pictures; "crop" and "rand_augment" are for photographs
    augment_shift: int = 2  # pixels of random translation, with "shift"
    flips: bool = False  # mirror half of the pictures; a mirrored digit is no digit
    mixup: float = 0.0  # alpha of mixing two pictures and their labels; half of the batches are cut and pasted instead
    label_smoothing: float = 0.0  # off: the posteriors are soft where they have reason to be
    learning_loss: float = 0.0  # weight of learning to predict losses; 1 in the paper, 0.2 costs no accuracy
    head: HeadName = "linear"  # what stands on the features
    frozen: float = 0.0  # share of the backbone, from its beginning, that isn't trained
    balance: float = 0.0  # 0: rows count alike; 1: classes do
    patience: int = 0  # passes without a better held-out loss after which it ends; 0: no rows are held out
    ema: float = 0.0  # decay a step of a running mean of the weights, which is then what is kept; 0: none

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.min_steps < 0 or self.batch_size < 1 or self.augment_shift < 0 or self.patience < 0:
            raise ValueError("epochs and batch_size are at least 1; min_steps, augment_shift and patience at least 0")
        if not (self.lr > 0 and self.weight_decay >= 0 and 0 <= self.label_smoothing < 1):
            raise ValueError("lr is above 0, weight_decay at least 0, label_smoothing in [0, 1)")
        if not (0 <= self.learning_loss < math.inf and 0 <= self.mixup < math.inf):
            raise ValueError(f"learning_loss and mixup are at least 0, not {self.learning_loss} and {self.mixup}")
        if not (0 <= self.frozen <= 1 and 0 <= self.balance <= 1 and 0 <= self.ema < 1):
            raise ValueError("frozen and balance are in [0, 1], ema in [0, 1)")
        if self.augment not in ("shift", "crop", "rand_augment") or self.head not in HEADS:
            raise ValueError(f"there is no augmentation {self.augment!r}, or no head {self.head!r}")
        if self.learning_loss and self.mixup:
            raise ValueError("the loss of a mixed picture tells nothing of either: learning_loss goes without mixup")

    def size(self, n: int) -> int:
        """Rows of a batch, of `n`: two at least, for batch norm."""
        return max(2, min(self.batch_size, n))

    def steps(self, n: int) -> int:
        """Optimiser steps for `n` rows."""
        return max(1, self.min_steps, self.epochs * math.ceil(n / self.batch_size))


@dataclass(frozen=True)
class Trained:
    """A trained network with what is needed to use it, to go on from it, and to make it again."""

    state_dict: dict[str, Tensor] = field(repr=False)
    config: TrainingConfig
    network: str  # a backbone's name, or "head" where the inputs are features
    n_classes: int
    in_features: int  # channels of the images, or length of the feature vectors
    n: int  # rows trained on
    seconds: float
    loss: tuple[float, ...] = field(repr=False)  # mean training loss of each pass over the rows
    standard: bool = False  # whether features are standardised before the head
    held_out: tuple[float, ...] = field(default=(), repr=False)  # the held-out loss after each pass, with `patience`
    optimiser: dict[str, Tensor] | None = field(default=None, repr=False)  # AdamW's state by parameter, to go on with

    @property
    def seed(self) -> int:
        return self.config.seed

    def model(self) -> Network:
        """The network with its weights, ready to predict."""
        network = build(
            self.network,
            self.n_classes,
            self.in_features,
            head=self.config.head,
            standard=self.standard,
            predicts_losses=self.config.learning_loss > 0,
        )
        network.load_state_dict(self.state_dict)
        return network.eval()


def serialise(trained: Trained) -> bytes:
    """A safetensors file: the weights, and the rest as JSON in its metadata. Nothing in it can run code."""
    facts = {name: value for name, value in vars(trained).items() if name not in ("state_dict", "optimiser")}
    facts["config"] = asdict(trained.config)
    tensors = {name: tensor.contiguous() for name, tensor in trained.state_dict.items()}
    tensors |= {_OPTIMISER + name: tensor.contiguous() for name, tensor in (trained.optimiser or {}).items()}
    return save_safetensors(tensors, metadata={_METADATA_KEY: json.dumps(facts)})


def deserialise(blob: bytes) -> Trained:
    """The inverse of `serialise`. Raises ValueError when the bytes are anything else."""
    try:
        tensors, facts = _present(load_safetensors(blob), _metadata(blob))
        config = TrainingConfig(**facts.pop("config"))
        loss, held_out = tuple(facts.pop("loss")), tuple(facts.pop("held_out"))
        weights = {name: tensor for name, tensor in tensors.items() if not name.startswith(_OPTIMISER)}
        optimiser = {
            name.removeprefix(_OPTIMISER): tensor for name, tensor in tensors.items() if name.startswith(_OPTIMISER)
        }
        return Trained(
            state_dict=weights, config=config, loss=loss, held_out=held_out, optimiser=optimiser or None, **facts
        )
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError, struct.error) as error:
        raise ValueError(f"these bytes are not a trained network: {error}") from error


def _present(tensors: dict[str, Tensor], facts: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Files of version 0.1's beginnings: a network had no parts then, and was a small CNN or a head."""
    if "standard" in facts:
        return tensors, facts
    headed = facts["network"] != SMALL_CNN
    facts |= {"network": HEAD if headed else SMALL_CNN, "standard": headed, "held_out": ()}
    return {_renamed(name): tensor for name, tensor in tensors.items()}, facts


def _renamed(name: str) -> str:
    start = next((old for old in _RENAMED if name.startswith(old)), "")
    return _RENAMED.get(start, "") + name.removeprefix(start)


def _metadata(blob: bytes) -> dict[str, Any]:
    # The library reads metadata from files only; a header is eight bytes of length, then JSON.
    (length,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + length])
    facts: dict[str, Any] = json.loads(header["__metadata__"][_METADATA_KEY])
    return facts
