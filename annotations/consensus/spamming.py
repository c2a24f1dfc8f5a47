"""What variational Bayes believes of MACE's annotators: a Beta on θ, a Dirichlet on ξ (see `mace.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from annotations.consensus.votes import FloatArray, Votes


@dataclass(frozen=True, eq=False)
class Spamming:
    """Parameters of each annotator's Beta over knowing and spamming, (A, 2), and of their Dirichlet `xi`, (A, K)."""

    theta: FloatArray
    xi: FloatArray

    @classmethod
    def before(cls, votes: Votes, competence: float, spam: float) -> Spamming:
        """The prior, the same for everybody."""
        n_annotators, n_classes = votes.n_annotators, votes.n_classes
        return cls(np.full((n_annotators, 2), competence), np.full((n_annotators, n_classes), spam))

    def after(self, known: FloatArray, spammed: FloatArray, spam: FloatArray) -> Spamming:
        """With counts of answers known (A,) and spammed (A,), and of what was spammed (A, K)."""
        return Spamming(self.theta + np.stack([known, spammed], axis=1), self.xi + spam)

    def means(self) -> tuple[FloatArray, FloatArray]:
        """θ (A,) and ξ (A, K), as expected."""
        return self.theta[:, 0] / self.theta.sum(axis=1), self.xi / self.xi.sum(axis=1, keepdims=True)

    def geometric(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """exp E[log θ] (A,), exp E[log (1 - θ)] (A,) and exp E[log ξ] (A, K)."""
        knows, spams = np.exp(_expected_log(self.theta)).T
        return knows, spams, np.exp(_expected_log(self.xi))

    def divergence(self, prior: Spamming) -> FloatArray:
        """Kullback–Leibler divergence from the prior, (A,), in nats."""
        return _divergence(self.theta, prior.theta) + _divergence(self.xi, prior.xi)


def _expected_log(counts: FloatArray) -> FloatArray:
    """E[log p] under Dirichlets, of the shape of their parameters (A, K)."""
    mean: FloatArray = digamma(counts) - digamma(counts.sum(axis=1, keepdims=True))
    return mean


def _divergence(counts: FloatArray, prior: FloatArray) -> FloatArray:
    """Of Dirichlets (A, K) from Dirichlets (A, K), in nats, (A,)."""
    shape = _log_normaliser(prior) - _log_normaliser(counts)
    apart: FloatArray = shape + ((counts - prior) * _expected_log(counts)).sum(axis=1)
    return apart


def _log_normaliser(counts: FloatArray) -> FloatArray:
    volume: FloatArray = gammaln(counts).sum(axis=1) - gammaln(counts.sum(axis=1))
    return volume
