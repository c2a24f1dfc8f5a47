"""The crowd and the model correct each other: consensus with the model's word, a model of that consensus, and again.

A round fits a Gaussian kernel machine on frozen features to the posterior, by least squares, since what an item would
be told by all others then has a closed form: R. M. Rifkin and R. A. Lippert, "Notes on Regularized Least Squares",
MIT-CSAIL-TR-2007-025 (2007), §3. That, calibrated, goes to `annotations.consensus.with_model` as one more annotator's
word. The truth appears nowhere: kernel, penalty and temperature are those that tell the posterior best, left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.spatial.distance import cdist
from scipy.special import softmax

from annotations.consensus import dawid_skene, with_model
from annotations.consensus.dawid_skene import DEFAULT, Prior
from annotations.consensus.votes import UNKNOWN, BoolArray, FloatArray, IntArray, Votes
from annotations.consensus.with_model import WithModel, voted_on
from learning.engine.calibration import fit_temperature

WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the kernel, in units of the median squared distance of two items
PENALTIES = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
OFFSET = 100.0  # a constant kernel, large enough that the machine's intercept is as good as free
SETTLED = 0.001  # a round that changes no larger share of the labels is the last


class Round(NamedTuple):
    """The kernel's width, the penalty, the temperature, and the share of labels that the model's word changed."""

    width: float
    penalty: float
    temperature: float
    changed: float


@dataclass(frozen=True, eq=False)
class CrowdAndModel:
    """`fit`: the last consensus, with the crowd's own beside it. `opinions` (I, K): the model's last word, calibrated
    and by the other items alone, also where it isn't heard."""

    fit: WithModel
    opinions: FloatArray
    rounds: tuple[Round, ...]


def alternate(
    votes: Votes,
    features: npt.ArrayLike,
    n_rounds: int = 30,
    *,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    shown: npt.ArrayLike | None = None,
    prior: Prior = DEFAULT,
) -> CrowdAndModel:
    """At most `n_rounds` rounds, fewer when the labels settle. Deterministic.

    `features` (I, D): of each item, from any frozen network. `clamped`, `weights`, `shown` and `prior` as in
    `with_model.fit`. What nobody has voted on and nothing is known of isn't learned from. It takes memory by the square
    and time by the cube of the items: some thousands at most. Raises ValueError where an argument doesn't fit the
    votes, or there are fewer than two items to learn from.
    """
    if n_rounds < 1:
        raise ValueError("it takes at least one round")
    learnable = voted_on(votes, weights) | (votes.known(clamped) != UNKNOWN)
    machines = _machines(standard(features, votes.n_items), learnable)
    crowd = dawid_skene.fit(votes, clamped, weights, prior)
    belief, rounds = crowd.posterior, list[Round]()
    while len(rounds) < n_rounds and (not rounds or rounds[-1].changed > SETTLED):
        machine, penalty = _best(machines, belief)
        logits = machine.say(belief, penalty)
        temperature = fit_temperature(logits[learnable], belief[learnable])
        opinions = softmax(logits / temperature, axis=1)
        fit = with_model.fit(votes, opinions, clamped, weights, prior, shown=shown, crowd=crowd)
        changed = fit.labels != belief.argmax(axis=1)
        rounds.append(Round(machine.width, penalty, temperature, float(changed.mean())))
        belief = fit.posterior
    return CrowdAndModel(fit, opinions, tuple(rounds))


def standard(features: npt.ArrayLike, n_items: int) -> FloatArray:
    """Features (I, D), each as varied as any other. Raises ValueError unless there is a finite row an item."""
    x = np.asarray(features, dtype=np.float64)
    if x.ndim != 2 or len(x) != n_items or not np.isfinite(x).all():
        raise ValueError(f"features must be finite and have one row an item: {n_items}, not {x.shape}")
    spread = x.std(axis=0)
    scaled: FloatArray = (x - x.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    return scaled


@dataclass(frozen=True, eq=False)
class _Machine:
    """Kernel least squares on the N learnable items `at`, by the kernel's eigenvalues (N,) and -vectors (N, N); and the
    kernel (I - N, N) between the `others` and them."""

    width: float
    at: IntArray
    others: IntArray
    values: FloatArray
    vectors: FloatArray
    towards: FloatArray

    def left_out(self, targets: FloatArray, penalty: float) -> FloatArray:
        """What the others of the learnable items tell of each, (N, K), from targets (N, K)."""
        shrink = self.values / (self.values + penalty)
        own = (self.vectors**2 @ shrink)[:, None]
        fitted = self.vectors @ (shrink[:, None] * (self.vectors.T @ targets))
        told: FloatArray = (fitted - own * targets) / (1 - own)
        return told

    def say(self, belief: FloatArray, penalty: float) -> FloatArray:
        """Of every item, (I, K): of those that are learned from by all but themselves."""
        told = np.zeros_like(belief)
        told[self.at] = self.left_out(belief[self.at], penalty)
        spectral = self.vectors.T @ belief[self.at] / (self.values + penalty)[:, None]
        told[self.others] = self.towards @ (self.vectors @ spectral)
        return told


def _machines(x: FloatArray, learnable: BoolArray) -> list[_Machine]:
    at, others = np.flatnonzero(learnable), np.flatnonzero(~learnable)
    if len(at) < 2:
        raise ValueError("there must be at least two items to learn from")
    apart = cdist(x[at], x[at], "sqeuclidean")
    scale = float(np.median(apart[np.triu_indices(len(at), 1)])) or 1.0
    away = cdist(x[others], x[at], "sqeuclidean")
    machines = []
    for width in WIDTHS:
        values, vectors = eigh(np.exp(-apart / (width * scale)) + OFFSET)
        towards = np.exp(-away / (width * scale)) + OFFSET
        machines.append(_Machine(width, at, others, np.maximum(values, 0), vectors, towards))
    return machines


def _best(machines: list[_Machine], belief: FloatArray) -> tuple[_Machine, float]:
    """The kernel and the penalty by which the left out are told best, by the squared error."""

    def error(choice: tuple[_Machine, float]) -> float:
        machine, penalty = choice
        targets = belief[machine.at]
        return float(((machine.left_out(targets, penalty) - targets) ** 2).sum())

    return min(((machine, penalty) for machine in machines for penalty in PENALTIES), key=error)
