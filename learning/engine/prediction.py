"""From a network and inputs to logits and probabilities."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

from learning.engine.arrays import Floats, Pixels
from learning.engine.images import to_tensor
from learning.engine.networks import Network
from learning.engine.trained import Trained


def logits(model: Network | Trained, x: Pixels | Floats, batch: int = 512) -> NDArray[np.float32]:
    """(N, K) float32 logits.

    `x` is what the network was trained on: (N, S, S, C) uint8 images or (N, D) features.
    """
    network = model.model() if isinstance(model, Trained) else model
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            parts = [network(inputs(x[start : start + batch])).numpy() for start in range(0, len(x), batch)]
    finally:
        network.train(was_training)
    return np.concatenate(parts) if parts else np.zeros((0, network.n_classes), dtype=np.float32)


def predict(
    model: Network | Trained, x: Pixels | Floats, temperature: float = 1.0, batch: int = 512
) -> NDArray[np.float32]:
    """(N, K) float32 probabilities: the softmax of logits / `temperature`.

    ValueError unless the temperature is above 0.
    """
    return probabilities(logits(model, x, batch), temperature)


def probabilities(scores: Floats, temperature: float = 1.0) -> NDArray[np.float32]:
    """(N, K) logits to float32 probabilities at a temperature above 0."""
    if not temperature > 0:
        raise ValueError(f"a temperature is above 0, not {temperature}")
    result: NDArray[np.float32] = softmax(scores.astype(np.float64) / temperature, axis=1).astype(np.float32)
    return result


def inputs(x: Pixels | Floats) -> Tensor:
    """A network's input: images by `to_tensor`, features as float32."""
    if x.dtype == np.uint8:
        return to_tensor(x)  # type: ignore[arg-type]
    return torch.from_numpy(np.array(x, dtype=np.float32))
