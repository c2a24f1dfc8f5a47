"""Digits, and the model that is trained again and again while people answer: a linear one on the pixels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import softmax

from annotations.consensus.votes import BoolArray, FloatArray, IntArray
from learning.engine.calibration import fit_temperature

K, FOLDS = 10, 3
LEARNED_FROM = 0.8  # the belief in a picture's class without which a model would learn mistakes
GOLD_EACH, ASKED = 10, 500  # controls of each class, and scans that people are asked about


@dataclass(frozen=True, eq=False)
class Scans:
    """`features` (N, D), `truth` (N,); `gold` and `asked` are places among the N."""

    features: FloatArray
    truth: IntArray
    gold: IntArray
    asked: IntArray

    @cached_property
    def items(self) -> IntArray:
        return np.append(self.asked, self.gold)


def scans(seed: int) -> Scans:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    gold = np.concatenate([order[y[order] == cls][:GOLD_EACH] for cls in range(K)])
    rest = order[~np.isin(order, gold)]
    return Scans((x - x.mean(axis=0)) / (x.std(axis=0) + 1.0), y.astype(np.int64), gold, rest[:ASKED])


def opinions(scans: Scans, posterior: FloatArray, voted: BoolArray) -> FloatArray:
    """Calibrated probabilities (P, K) of the scans that are asked about, each by a model that had not learned from it.

    It learns from the gold, and from the posterior (P, K) of what was voted on.
    """
    place = np.flatnonzero(voted)
    fold = np.arange(len(place)) % FOLDS
    logits = np.zeros_like(posterior)
    if len(place) < 10 * FOLDS:
        logits = _learn(scans, posterior, place[:0])(scans.features[scans.asked])
        return softmax(logits, axis=1)
    for one in range(FOLDS):
        outside = place[fold == one]
        logits[outside] = _learn(scans, posterior, place[fold != one])(scans.features[scans.asked[outside]])
    temperature = fit_temperature(logits[place], posterior[place])
    if len(place) < len(posterior):
        logits[~voted] = _learn(scans, posterior, place)(scans.features[scans.asked[~voted]])
    return softmax(logits / temperature, axis=1)


class _Learned:
    def __init__(self, weights: FloatArray, classes: IntArray, bias: FloatArray) -> None:
        self.weights, self.classes, self.bias = weights, classes, bias

    def __call__(self, x: FloatArray) -> FloatArray:
        logits = np.full((len(x), K), -10.0)
        logits[:, self.classes] = x @ self.weights.T + self.bias
        return logits


def _learn(scans: Scans, posterior: FloatArray, place: IntArray) -> _Learned:
    from sklearn.linear_model import LogisticRegression

    place = place[posterior[place].max(axis=1) >= LEARNED_FROM]
    rows = np.append(scans.gold, scans.asked[place])
    labels = np.append(scans.truth[scans.gold], posterior[place].argmax(axis=1))
    sure = np.append(np.ones(len(scans.gold)), posterior[place].max(axis=1))
    model = LogisticRegression(C=0.1, max_iter=60, tol=1e-3)
    model.fit(scans.features[rows], labels, sample_weight=sure)
    return _Learned(model.coef_, model.classes_, model.intercept_)
