"""Expected error reduction: ask what is likely to make the model sure of everything else.

N. Roy and A. McCallum, "Toward optimal active learning through sampling estimation of error reduction", ICML 2001.
Retraining a network for every image and answer is out of reach. What is retrained here is a ridge regression of the
labels on the features, for which one label more is a step in closed form (Sherman & Morrison 1950).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, softmax

from learning.engine.arrays import Floats
from learning.engine.strategies.distances import Rows, features_of, some, sound
from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import strategy

SAMPLE = 500  # images of the pool on which the error is estimated
ANSWERS = 5  # the likeliest to an image that are tried
PARTS = 100  # that a larger batch is picked in; what is in one part doesn't know of each other
EFFORT = 50_000_000  # probabilities computed in all parts together: some two seconds of one core
PENALTY = 1.0  # of the regression: as much as one image of typical length
SHARPNESS = 8.0  # of the softmax of its scores, which would be 0 and 1; with the penalty the best of some, on digits
TINY = 1e-12  # so that answers of which none has a chance can be averaged


@strategy("expected_error", needs={"features", "labelled"})
def expected_error(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks about the image whose answer, whatever it is, is likely to make the model surest of all the others.

    For a random choice of candidates and their likeliest answers, by the model's probabilities: the log loss that is
    expected on a sample of the pool once the answer is learned from (Roy & McCallum 2001, section 2). The best
    is picked and the model's probabilities of it are learned as if they were its answer, before the next is sought; at
    more than `PARTS` images as many at a time as it takes. Scores: the loss before less the loss expected after, in
    nats an image, at its turn; below 0 where the answer would unsettle the model. Raises ValueError for what is no
    number, and for labels that are no class.
    """
    rows, labelled = (np.pad(part, ((0, 0), (0, 1)), constant_values=1) for part in features_of(pool))
    probabilities, sample = sound(pool.probabilities, "probabilities"), rows[some(len(pool), SAMPLE, rng)]
    learner = Learner(labelled, _targets(pool))
    parts, rest = list[Ranking](), np.arange(len(pool))
    for size in (len(part) for part in np.array_split(np.arange(n), min(PARTS, n))):
        candidates = rest[some(len(rest), max(2 * size, _affordable(pool, n)), rng)]
        losses = expected_losses(learner, sample, rows[candidates], probabilities[candidates])
        best = by_score(_mean_loss(sample @ learner.weights) - losses, size, rng)
        parts.append(Ranking(candidates[best.indices], best.scores))
        for row in parts[-1].indices:
            learner.learn(rows[row], probabilities[row])
        rest = np.setdiff1d(rest, parts[-1].indices)
    indices, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Ranking(indices, scores)


class Learner:
    """A ridge regression of (M, K) targets on (M, D) rows: `weights` (D, K)."""

    def __init__(self, rows: Rows, targets: Rows) -> None:
        covariance = (rows.T @ rows).astype(np.float64) + PENALTY * np.eye(rows.shape[1])
        self.inverse = np.linalg.inv(covariance).astype(np.float32)
        self.weights = self.inverse @ (rows.T @ targets)

    def directions(self, rows: Rows) -> Rows:
        """(D, C): which way the weights move when one of (C, D) rows is learned, by the error on it."""
        towards = self.inverse @ rows.T
        along: Rows = towards / (1 + np.einsum("cd,dc->c", rows, towards))
        return along

    def learn(self, row: Rows, target: Rows) -> None:
        """One more row (D,) with its target (K,)."""
        along, towards = self.directions(row[None])[:, 0], self.inverse @ row
        self.weights = self.weights + np.outer(along, target - row @ self.weights)
        self.inverse = self.inverse - np.outer(along, towards)


def expected_losses(learner: Learner, sample: Rows, candidates: Rows, chances: Rows) -> NDArray[np.float64]:
    """(C,) the log loss to be expected on the `sample` (S, D) when one of the `candidates` (C, D) is answered, by the
    `chances` (C, K) of the answers."""
    scores, moves = sample @ learner.weights, sample @ learner.directions(candidates)  # (S, K) and (S, C)
    own, n_classes = candidates @ learner.weights, chances.shape[1]
    likeliest = np.argsort(-chances, axis=1)[:, :ANSWERS]
    losses = np.empty(len(candidates))
    for row, answers in enumerate(likeliest):
        errors = np.eye(n_classes, dtype=np.float32)[answers] - own[row]  # (L, K)
        after = scores + moves[:, row, None] * errors[:, None]  # (L, S, K)
        losses[row] = np.average(_mean_loss(after), weights=chances[row, answers] + TINY)
    return losses


def _mean_loss(scores: Floats) -> NDArray[np.float64]:
    """(...,) the log loss that scores (..., S, K) expect of themselves: the entropy of their softmax."""
    losses = entr(softmax(SHARPNESS * scores, axis=-1)).sum(axis=-1)
    return np.asarray(losses.mean(axis=-1, dtype=np.float64))  # candidates differ by less than float32 tells apart


def _affordable(pool: Pool, n: int) -> int:
    """How many candidates a part may have."""
    each = min(SAMPLE, len(pool)) * min(ANSWERS, pool.n_classes) * pool.n_classes
    return EFFORT // (each * min(PARTS, max(n, 1)))


def _targets(pool: Pool) -> Rows:
    labels = np.zeros(0, dtype=np.int64) if pool.labels is None else pool.labels
    if len(labels) and not 0 <= labels.min() <= labels.max() < pool.n_classes:
        raise ValueError(f"a label is none of the {pool.n_classes} classes")
    targets: Rows = np.eye(pool.n_classes, dtype=np.float32)[labels]
    return targets
