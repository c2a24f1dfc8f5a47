"""A player who knows what the demo's model takes every tile for: the network that it trains, on the demo's scans."""

from dataclasses import dataclass

import numpy as np

from annotations.challenges.tiles import Candidate, Composed
from learning.engine.arrays import Integers, Pixels

GOLD = 0.05  # of the scans, as in the demo
AGREED = 600  # scans that the crowd has named: the model learned from them, and some have become controls
FIRM = 0.5  # of these, so surely that they serve as controls
K = 10


@dataclass(frozen=True, eq=False)
class Digits:
    """`argmax` (N,): the model's by image id. `accuracy` on what it never learned from, `on_controls` on these."""

    controls: list[Candidate]
    unknowns: list[Candidate]
    argmax: Integers
    accuracy: float
    on_controls: float

    def player(self, composed: Composed, rng: np.random.Generator) -> list[int]:
        return [int(self.argmax[tile.image_id]) for tile in composed.tiles]


def digits(seed: int) -> Digits:
    """Trained as the platform does after a first buffer of labels: on gold and on what the crowd has agreed on."""
    from learning.engine.training import TrainingConfig, predict, train

    pictures, truth = _scans()
    order = np.random.default_rng(seed).permutation(len(truth))
    gold, agreed, rest = np.split(order, [round(GOLD * len(truth)), round(GOLD * len(truth)) + AGREED])
    known = np.append(gold, agreed)
    trained = train(pictures[known], np.eye(K)[truth[known]], np.ones(len(known)), TrainingConfig(seed=seed))
    argmax = predict(trained, pictures).argmax(axis=1)
    firm = np.append(gold, agreed[: round(FIRM * AGREED)])
    return Digits(
        controls=[Candidate(int(image), int(truth[image])) for image in firm],
        unknowns=[Candidate(int(image), None, int(argmax[image]), (int(argmax[image]),)) for image in rest],
        argmax=argmax,
        accuracy=round(float((argmax == truth)[rest].mean()), 4),
        on_controls=round(float((argmax == truth)[firm].mean()), 4),
    )


def _scans() -> tuple[Pixels, Integers]:
    """As the platform stores them: dark ink on a light page, three colours."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    ink = np.pad(bundle.images, ((0, 0), (1, 1), (1, 1)))
    page = 255 - (ink * (255 / 16)).astype(np.uint8)
    return np.repeat(page.repeat(2, axis=1).repeat(2, axis=2)[..., None], 3, axis=3), bundle.target
