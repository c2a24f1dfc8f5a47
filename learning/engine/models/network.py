"""A network: a backbone's body, or none where features are given, and a head."""

import torch
from torch import Tensor, nn

from learning.engine.learning_loss import LossPrediction
from learning.engine.models import registry
from learning.engine.models.body import Body
from learning.engine.models.catalogue import HEAD
from learning.engine.models.heads import Head, HeadName, build_head


class Standard(nn.Module):
    """Features of the training rows' mean 0 and deviation 1: both are buffers, so they travel with the weights."""

    mean: Tensor
    scale: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("scale", torch.ones(dim))

    @torch.no_grad()
    def learn(self, x: Tensor) -> None:
        """Take mean and scale from `x` (N, D); a feature that never varies keeps scale 1."""
        self.mean.copy_(x.mean(dim=0))
        spread = x.std(dim=0, correction=0)
        self.scale.copy_(torch.where(spread < 1e-6, torch.ones_like(spread), spread))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.scale


class Network(nn.Module):
    """(N, C, S, S) pictures in [-1, 1], or (N, D) features without a body, to (N, K) logits.

    `features` are what the head's last layer sees. `losses`, where there, predicts the loss of each row.
    """

    def __init__(self, body: Body | None, standard: Standard | None, head: Head) -> None:
        super().__init__()
        self.body = body
        self.standard = standard
        self.head = head
        self.losses: LossPrediction | None = None

    def described(self, x: Tensor) -> Tensor:
        """The body's features, standardised where the head was made for that."""
        return self._standard(x if self.body is None else self.body(x))

    def classify(self, features: Tensor) -> Tensor:
        """Logits of what a body makes of pictures."""
        return self.head(self._standard(features))  # type: ignore[no-any-return]

    def features(self, x: Tensor) -> Tensor:
        return self.head.embed(self.described(x))

    def stages(self, x: Tensor) -> list[Tensor]:
        """What some of the blocks make of the rows, and last what `features` gives."""
        if self.body is None:
            return [self.features(x)]
        *before, last = self.body.stages(x)
        return [*before, self.head.embed(self._standard(last))]

    def forward(self, x: Tensor) -> Tensor:
        return self.head.tell(self.features(x))

    def _standard(self, x: Tensor) -> Tensor:
        return x if self.standard is None else self.standard(x)


def build(
    backbone: str,
    n_classes: int,
    in_features: int,
    *,
    head: HeadName = "linear",
    standard: bool | None = None,
    predicts_losses: bool = False,
) -> Network:
    """A fresh network.

    backbone: one of the registry's, or "head" for features as inputs. in_features: an image's channels or a feature
    vector's length. standard: whether features are standardised before the head; if not said, where they are given.
    predicts_losses: whether a module stands beside it that does. ValueError for another name.
    """
    if n_classes < 1:
        raise ValueError("a network needs at least one class")
    body = None if backbone == HEAD else registry.get(backbone).body(in_features)
    dim = in_features if body is None else body.dim
    norm = Standard(dim) if (body is None if standard is None else standard) else None
    network = Network(body, norm, build_head(head, dim, n_classes, blank=body is None))
    if predicts_losses:  # after the rest, whose first weights are the same with and without
        network.losses = LossPrediction(_stage_sizes(network, backbone, in_features))
    return network


def _stage_sizes(network: Network, backbone: str, in_features: int) -> list[int]:
    if network.body is None:
        return [network.head.dim]
    side = registry.get(backbone).side
    network.eval()
    with torch.no_grad():
        sizes = [stage.shape[1] for stage in network.stages(torch.zeros(1, in_features, side, side))]
    network.train()
    return sizes
