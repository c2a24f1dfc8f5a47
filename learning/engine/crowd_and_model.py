"""The crowd and the model correct each other: consensus with the model's word, a model of that consensus, and again.

A round trains a linear head on frozen features to tell the posterior, asks each head about the images that it has not
learned from, calibrates what they say and gives it to `annotations.consensus.with_model` as one more annotator's word.
The truth appears nowhere: the head's penalty and its temperature are those that tell the posterior best, out of fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from threadpoolctl import threadpool_limits

from annotations.consensus import dawid_skene, with_model
from annotations.consensus.dawid_skene import DEFAULT, Prior
from annotations.consensus.votes import UNKNOWN, BoolArray, FloatArray, IntArray, Votes
from annotations.consensus.with_model import WithModel, voted_on
from learning.engine.calibration import fit_temperature

COMPONENTS = 256  # principal components of the features: several times faster than all of 1,280
PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)  # L2, for features of mean square length 1; the strongest first
SETTLED = 0.001  # a round that changes no larger share of the labels is the last
STEPS = 100  # of the optimiser, at most; a head starts where the one before it ended


class Round(NamedTuple):
    """The head's penalty and temperature, and the share of labels that the consensus changed by its word."""

    penalty: float
    temperature: float
    changed: float


@dataclass(frozen=True, eq=False)
class CrowdAndModel:
    """`fit`: the last consensus, with the crowd's own beside it. `opinions` (I, K): the model's last word, calibrated
    and out of fold, also where it isn't heard."""

    fit: WithModel
    opinions: FloatArray
    rounds: tuple[Round, ...]


def alternate(
    votes: Votes,
    features: npt.ArrayLike,
    n_rounds: int = 8,
    folds: int = 10,
    seed: int = 0,
    *,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    shown: npt.ArrayLike | None = None,
    prior: Prior = DEFAULT,
) -> CrowdAndModel:
    """At most `n_rounds` rounds, fewer when the labels settle.

    `features` (I, D): of each item, from any frozen network. `clamped`, `weights`, `shown` and `prior` as in
    `with_model.fit`. What nobody has voted on and nothing is known of isn't learned from. The folds follow from `seed`.
    Raises ValueError where an argument doesn't fit the votes, or there are fewer than two items to learn from.
    """
    if n_rounds < 1 or folds < 2:
        raise ValueError("it takes at least one round and two folds")
    learnable = voted_on(votes, weights) | (votes.known(clamped) != UNKNOWN)
    heads = _Heads(principal(features, votes.n_items), learnable, votes.n_classes, folds, seed)
    crowd = dawid_skene.fit(votes, clamped, weights, prior)
    belief, rounds = crowd.posterior, list[Round]()
    while len(rounds) < n_rounds and (not rounds or rounds[-1].changed > SETTLED):
        with threadpool_limits(limits=1, user_api="blas"):  # matrices as small as these are slower on several threads
            opinions, penalty, temperature = heads.say(belief)
        fit = with_model.fit(votes, opinions, clamped, weights, prior, shown=shown, crowd=crowd)
        changed = fit.labels != belief.argmax(axis=1)
        rounds.append(Round(penalty, temperature, float(changed.mean())))
        belief = fit.posterior
    return CrowdAndModel(fit, opinions, tuple(rounds))


def principal(features: npt.ArrayLike, n_items: int) -> FloatArray:
    """Features (I, D) as their first principal components (I, at most 256), of mean square length 1 in all.

    A feature that varies counts as much as any other. Raises ValueError unless there is a finite row an item.
    """
    x = np.asarray(features, dtype=np.float64)
    if x.ndim != 2 or len(x) != n_items or not np.isfinite(x).all():
        raise ValueError(f"features must be finite and have one row an item: {n_items}, not {x.shape}")
    spread = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    left, size, _ = np.linalg.svd(x / np.sqrt(max(x.shape[1], 1)), full_matrices=False)
    components: FloatArray = left[:, :COMPONENTS] * size[:COMPONENTS]
    return components


class _Heads:
    """A linear head a fold and a penalty, each kept to start from in the next round."""

    def __init__(self, x: FloatArray, learnable: BoolArray, n_classes: int, folds: int, seed: int) -> None:
        at = np.flatnonzero(learnable)
        if len(at) < 2:
            raise ValueError("there must be at least two items to learn from")
        self.x, self.at, self.n_classes = x, at, n_classes
        self.folds: IntArray = np.full(len(x), UNKNOWN)  # what isn't learned from is in no fold
        n_folds = min(folds, len(at))
        self.folds[at] = np.random.default_rng(seed).permutation(len(at)) % n_folds
        self.heads: dict[tuple[int, float], FloatArray] = {}
        self.latest: list[FloatArray] = [np.zeros((x.shape[1] + 1, n_classes))] * n_folds

    def say(self, belief: FloatArray) -> tuple[FloatArray, float, float]:
        """Calibrated opinions (I, K), with the penalty and the temperature that tell the belief (I, K) best."""
        best: tuple[float, FloatArray, float, float] | None = None
        for penalty in PENALTIES:
            logits = self._out_of_fold(belief, penalty)
            temperature = fit_temperature(logits[self.at], belief[self.at])
            surprise = _surprise(logits[self.at] / temperature, belief[self.at])
            if best and surprise >= best[0]:
                break  # weaker ones would fit the posterior's errors too
            best = surprise, softmax(logits / temperature, axis=1), penalty, temperature
        assert best is not None
        return best[1:]

    def _out_of_fold(self, belief: FloatArray, penalty: float) -> FloatArray:
        """Logits (I, K), by heads that have not learned from the item; of what is in no fold, their mean."""
        logits = np.zeros_like(belief)
        for fold in range(self.folds.max() + 1):
            inside = self.folds[self.at] != fold
            rows = self.at[inside]
            start = self.heads.get((fold, penalty), self.latest[fold])
            head = self.heads[fold, penalty] = self.latest[fold] = _head(self.x[rows], belief[rows], penalty, start)
            said = self.x @ head[:-1] + head[-1]
            outside, unused = self.folds == fold, self.folds == UNKNOWN
            logits[outside] = said[outside]
            logits[unused] += said[unused] / (self.folds.max() + 1)
        return logits


def _head(x: FloatArray, targets: FloatArray, penalty: float, start: FloatArray) -> FloatArray:
    """Multinomial logistic regression on soft targets (N, K): weights (D + 1, K), the last row the intercepts."""

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        w = flat.reshape(start.shape)
        scores = log_softmax(x @ w[:-1] + w[-1], axis=1)
        error = np.exp(scores) - targets
        slope = np.vstack([x.T @ error + penalty * w[:-1], error.sum(axis=0)])
        return float(-(targets * scores).sum() + penalty / 2 * (w[:-1] ** 2).sum()), slope.ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "ftol": 1e-7})
    weights: FloatArray = found.x.reshape(start.shape)
    return weights


def _surprise(logits: FloatArray, targets: FloatArray) -> float:
    """Mean cross-entropy in nats."""
    return float(-(targets * log_softmax(logits, axis=1)).sum(axis=1).mean())
