"""From a network and inputs to logits and probabilities."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

from learning.engine.arrays import Floats, Pixels
from learning.engine.compilation import Compiled
from learning.engine.devices import chosen, patiently
from learning.engine.images import to_tensor
from learning.engine.models.network import Network
from learning.engine.trained import Trained


def logits(model: Network | Trained, x: Pixels | Floats, batch: int = 512) -> NDArray[np.float32]:
    """(N, K) float32 logits.

    `x` is what the network was trained on: (N, S, S, C) uint8 images or (N, D) features.
    """
    network = _network(model)
    return _each_batch(network, network, x, batch)


def features(model: Network | Trained, x: Pixels | Floats, batch: int = 512) -> NDArray[np.float32]:
    """(N, D) float32: the layer before the last."""
    network = _network(model)
    return _each_batch(network, network.features, x, batch)


def predicted_losses(model: Network | Trained, x: Pixels | Floats, batch: int = 512) -> NDArray[np.float32]:
    """(N,) float32: higher where the network expects to lose more; only the order means something.

    ValueError for a network that was trained without `learning_loss`.
    """
    network = _network(model)
    module = network.losses
    if module is None:
        raise ValueError("this network predicts no losses; it was trained with learning_loss 0")
    return _each_batch(network, lambda rows: module(network.stages(rows)), x, batch)


def dropout_draws(
    model: Network | Trained,
    x: Pixels | Floats,
    draws: int = 10,
    rate: float = 0.3,
    *,
    seed: int,
    temperature: float = 1.0,
    batch: int = 512,
) -> NDArray[np.float32]:
    """(C, N, K) float32 probabilities of a committee: each member lacks a random share of the features, the same ones
    for every image (Gal & Ghahramani 2016, on the last layer alone).

    The features are worked out once, so a draw costs one matrix product. What a member says of an image does not hang
    on the other images. Raises ValueError without a draw, for a rate outside [0, 1) and a temperature of 0.
    """
    if draws < 1 or not 0 <= rate < 1:
        raise ValueError(f"a committee needs a draw and a rate in [0, 1), not {draws} and {rate}")
    network = _network(model)
    seen = features(network, x, batch)
    weight, bias = (part.detach().cpu().numpy() for part in (network.head.weight, network.head.bias))
    kept = (np.random.default_rng(seed).random((draws, seen.shape[1])) >= rate).astype(np.float32) / (1 - rate)
    members = [probabilities(seen @ (weight * mask).T + bias, temperature) for mask in kept]
    return np.stack(members)


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


def inputs(x: Pixels | Floats | Tensor) -> Tensor:
    """A network's input: images by `to_tensor`, features as float32. A tensor stays on its device."""
    rows = x if isinstance(x, Tensor) else torch.tensor(x)
    return to_tensor(rows) if rows.dtype == torch.uint8 else rows.float()


def _network(model: Network | Trained) -> Network:
    return model.model() if isinstance(model, Trained) else model


def _each_batch(
    network: Network, part: Callable[[Tensor], Tensor], x: Pixels | Floats, batch: int
) -> NDArray[np.float32]:
    """What a part of the network makes of the rows, as it predicts; its mode is left as it was."""
    was_training = network.training
    network.to(chosen()).eval()
    try:
        with torch.inference_mode():
            # One batch at least: no rows have a shape too.
            starts = range(0, max(len(x), 1), batch)
            asked = Compiled(part, steps=len(starts))
            each = (patiently(lambda rows: asked.safely(inputs(rows)), x[start : start + batch]) for start in starts)
            return np.concatenate([made for parts in each for made in parts])
    finally:
        network.train(was_training)
