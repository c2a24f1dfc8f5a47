"""What a training run is told and what it leaves behind, and how the latter becomes bytes."""

import json
import math
import struct
from dataclasses import asdict, dataclass, field
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

from learning.engine.networks import Network, NetworkName, build

_METADATA_KEY = "tessera"


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. ValueError for values that can't train anything."""

    epochs: int = 10  # passes over the rows; enough for a thousand small pictures
    min_steps: int = 200  # a handful of rows takes more passes instead: a network needs its steps
    batch_size: int = 32  # small: more steps for the same time on a CPU, and the noise regularises
    lr: float = 4e-3  # the peak of warm-up and cosine; a head on a few features alone wants ten times that
    weight_decay: float = 0.05  # AdamW's, decoupled; strong because labelled sets start small
    seed: int = 0  # initial weights, order and shifts all follow from it
    augment_shift: int = 2  # pixels of random translation; no flips, a mirrored digit is no digit
    label_smoothing: float = 0.0  # off: the posteriors are soft where they have reason to be
    learning_loss: float = 0.0  # weight of learning to predict losses; 1 in the paper, 0.2 costs no accuracy

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.min_steps < 0 or self.batch_size < 1 or self.augment_shift < 0:
            raise ValueError("epochs and batch_size are at least 1, min_steps and augment_shift at least 0")
        if not (self.lr > 0 and self.weight_decay >= 0 and 0 <= self.label_smoothing < 1):
            raise ValueError("lr is above 0, weight_decay at least 0, label_smoothing in [0, 1)")
        if not 0 <= self.learning_loss < math.inf:
            raise ValueError(f"the weight of learning losses is at least 0, not {self.learning_loss}")

    def steps(self, n: int) -> int:
        """Optimiser steps for `n` rows."""
        return max(1, self.min_steps, self.epochs * math.ceil(n / self.batch_size))


@dataclass(frozen=True)
class Trained:
    """A trained network with what is needed to use it, and to make it again."""

    state_dict: dict[str, Tensor] = field(repr=False)
    config: TrainingConfig
    network: NetworkName
    n_classes: int
    in_features: int  # channels of the images, or length of the feature vectors
    n: int  # rows trained on
    seconds: float
    loss: tuple[float, ...] = field(repr=False)  # mean training loss of each pass over the rows

    @property
    def seed(self) -> int:
        return self.config.seed

    def model(self) -> Network:
        """The network with its weights, ready to predict."""
        network = build(self.network, self.n_classes, self.in_features, predicts_losses=self.config.learning_loss > 0)
        network.load_state_dict(self.state_dict)
        return network.eval()


def serialise(trained: Trained) -> bytes:
    """A safetensors file: the weights, and the rest as JSON in its metadata. Nothing in it can run code."""
    facts = {name: value for name, value in vars(trained).items() if name != "state_dict"}
    facts["config"] = asdict(trained.config)
    tensors = {name: tensor.contiguous() for name, tensor in trained.state_dict.items()}
    return save_safetensors(tensors, metadata={_METADATA_KEY: json.dumps(facts)})


def deserialise(blob: bytes) -> Trained:
    """The inverse of `serialise`. Raises ValueError when the bytes are anything else."""
    try:
        state_dict = load_safetensors(blob)
        facts = _metadata(blob)
        config = TrainingConfig(**facts.pop("config"))
        loss = tuple(facts.pop("loss"))
        return Trained(state_dict=state_dict, config=config, loss=loss, **facts)
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError, struct.error) as error:
        raise ValueError(f"these bytes are not a trained network: {error}") from error


def _metadata(blob: bytes) -> dict[str, Any]:
    # The library reads metadata from files only; a header is eight bytes of length, then JSON.
    (length,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + length])
    facts: dict[str, Any] = json.loads(header["__metadata__"][_METADATA_KEY])
    return facts
