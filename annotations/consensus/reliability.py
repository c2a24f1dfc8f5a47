"""How far an annotator can be trusted: graded answers, and a Beta posterior of their accuracy.
 Grading asks only how often somebody is right, with doubt, and never how they are wrong: that is the
confusion matrix's part. A steady liar is informative to a matrix, and still gets no weight here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv, xlogy

from annotations.consensus.observation import likelihood, sum_by
from annotations.consensus.skills import Skills
from annotations.consensus.votes import BoolArray, FloatArray, Kind, Votes

NEWCOMER = 0.2  # the say of somebody about whom nothing is known
PROVEN = 0.65  # a lower bound of the accuracy with which somebody has their full say
CERTAIN = 0.99  # how sure to be before somebody loses it, or is flagged
THRESHOLD = 0.55  # an accuracy that is no use: hardly better than a coin between two classes
ONE_SIDED = 0.4  # a hit rate, or one of correct rejections, that nobody has who looks
SHOWN = 0.9  # a lower bound of the accuracy with which two people may contradict a model
ENOUGH = 30  # answers that show as much without controls


@dataclass(frozen=True, eq=False)
class Reliability:
    """What is known of each annotator's accuracy; every array is (A,).

    `mean`, `low`, `high`: the Beta posterior's mean and central 95% interval. `p_below`: P(accuracy < threshold), or
    that of a rate on one side, see `assess`. `n`: graded answers, in effect. `weight` in [0, 1]: the say that this
    justifies, see `assess`.
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    weight: FloatArray
    p_below: FloatArray
    n: FloatArray


def evidence(votes: Votes, truth_posterior: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Soft counts (right, wrong), each (A,), of every annotator's answers against the items' posterior (I,
    K).

    A posterior that holds the annotator's own vote flatters them: see `leave_one_out`, `graded`.
    """
    return graded(votes, truth_posterior[votes.item])


def graded(votes: Votes, truth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Soft counts (right, wrong), each (A,), against a truth given for each vote, (N, K).

    An answer counts as far as its truth is known: 1 for certain, 0 where the truth is anybody's guess (one
    less its entropy, in units of complete ignorance). Otherwise honest people would look like guessers on
    contested images.

    A choice is right by the belief in the class named. Yes/no answers are balanced: the mean of the hit rate
    (on tiles that are the class) and the correct-rejection rate (on those that are not), so "no" to
    everything earns one half. With P and M answers on either side they count as 4PM / (P + M) answers, the
    number that determines a plain rate as well as these two determine their mean: all of them if P = M, none
    if only one side was ever asked.
    """
    binary = votes.kind != Kind.CHOICE
    right, wrong = _choices(votes.select(~binary), truth[~binary])
    balanced_right, balanced_wrong = _balanced(sides(votes, truth))
    return right + balanced_right, wrong + balanced_wrong


def sides(votes: Votes, truth: FloatArray) -> FloatArray:
    """Soft counts of yes/no answers by what the tile was, (A, 2, 2): [is the class, is not][right, wrong], against a
    truth given for each vote, (N, K), as in `graded`.

    Their balance is what `graded` counts; apart they show who never sees a class, which the balance hides for long:
    among ten classes a steady liar, and whoever says "no" to everything, still rejects nine tiles in ten rightly.
    """
    binary = votes.kind != Kind.CHOICE
    votes, truth = votes.select(binary), truth[binary]
    is_it = truth[np.arange(len(votes)), votes.answer]
    was = np.stack([is_it, 1 - is_it], axis=1)
    asked = _known(was)[:, None] * was
    right = np.stack([votes.kind == Kind.YES, votes.kind == Kind.NO], axis=1)
    return np.stack(
        [sum_by(votes.annotator, votes.n_annotators, asked * so) for so in (right, ~right)],
        axis=2,
    )


def leave_one_out(
    votes: Votes,
    skills: Skills,
    class_prior: FloatArray,
    posterior: FloatArray,
    weights: npt.ArrayLike | None = None,
) -> FloatArray:
    """What the others say about the item of each vote, (N, K): its posterior with the annotator's own votes
    divided out.

    `posterior` (I, K) must come from all of `votes` under `skills` and `weights` (A,). Certain
    rows are known truths, and stay. Where nobody else voted, the `class_prior` (K,) is left.
    """
    own, pair = np.unique(votes.annotator * votes.n_items + votes.item, return_inverse=True)
    perceived = skills.perceived(votes.annotator, votes.answer)
    spoken = np.log(likelihood(votes.kind, perceived)) * votes.say(weights)[votes.annotator, None]
    said = sum_by(pair, len(own), spoken)[pair]
    belief = posterior[votes.item]
    # Divided by the likelihood in units of its smallest term, so that no quotient overflows.
    least = said.min(axis=1, keepdims=True, initial=0, where=belief > 0)
    others = belief * np.exp(np.minimum(least - said, 0))
    others = others / others.sum(axis=1, keepdims=True)
    voters = np.bincount(own % max(votes.n_items, 1), minlength=votes.n_items)
    alone = (voters[votes.item] == 1) & (belief.max(axis=1, initial=0) < 1)
    unasked = np.broadcast_to(class_prior, posterior.shape)[votes.item]
    return np.where(alone[:, None], unasked, others)


def assess(
    right: FloatArray,
    wrong: FloatArray,
    sides: FloatArray | None = None,
    *,
    threshold: float = THRESHOLD,
    base: tuple[float, float] = (2.0, 1.0),
) -> Reliability:
    """What (right, wrong) answers, each (A,), tell of the accuracy, whose prior is Beta(*base).

        weight = doubt · (0.2 + 0.8 · rise)
        rise   = (low - low₀) / (0.65 - low₀)             within [0, 1]
        doubt  = (0.99 - p_below) / (0.99 - p_below₀)     within [0, 1]

    where ₀ is a newcomer without evidence, who thus weighs 0.2. The weight climbs to 1 with the lower bound,
    and falls to 0 as it becomes certain (99%) that the accuracy is below `threshold`, or by `sides` (A, 2, 2) that a
    rate of right yes/no answers, on tiles that are the class or on those that are not, is below 0.4. It is continuous:
    no answer makes a jump. Raises ValueError on negative counts or a threshold outside (0, 1).
    """
    right, wrong = np.asarray(right, dtype=np.float64), np.asarray(wrong, dtype=np.float64)
    if not bool(np.all((right >= 0) & (wrong >= 0))):
        raise ValueError("right and wrong must not be negative")
    if not 0 < threshold < 1 or min(base) <= 0:
        raise ValueError("threshold must lie in (0, 1), and base must be positive")
    a, b = base[0] + right, base[1] + wrong
    low, p_below = betaincinv(a, b, 0.025), betainc(a, b, threshold)
    if sides is not None:
        p_below = np.maximum(p_below, p_one_sided(sides, base).max(axis=1, initial=0))
    return Reliability(
        mean=a / (a + b),
        low=low,
        high=betaincinv(a, b, 0.975),
        weight=_weight(low, p_below, betaincinv(*base, 0.025), betainc(*base, threshold)),
        p_below=p_below,
        n=right + wrong,
    )


def p_one_sided(sides: FloatArray, base: tuple[float, float] = (2.0, 1.0)) -> FloatArray:
    """P(the rate of right answers on either side < 0.4), (A, 2), from counts as in `sides`, under a Beta(*base)."""
    below: FloatArray = betainc(base[0] + sides[..., 0], base[1] + sides[..., 1], ONE_SIDED)
    return below


def flagged(reliability: Reliability, minimum: float = 12.0) -> BoolArray:
    """Who is to be reviewed (A,): almost certainly below the threshold, by at least `minimum` graded answers.

    Looked at after each of 500 answers, this flags fewer than 1 in 100 of people who are right in 60% (0.8% by
    simulation), and nobody to speak of from 70% up.
    """
    return (reliability.p_below >= CERTAIN) & (reliability.n >= minimum)


def trusted(reliability: Reliability, bound: float = PROVEN) -> BoolArray:
    """Whose accuracy has a lower 95% bound of at least `bound` (A,).

    By default eleven right of twelve do, or seven of seven; four of five in the long run, and a coin hardly
    ever (0.3%, looked at every ten answers).
    """
    return reliability.low >= bound


def shown(right: FloatArray, wrong: FloatArray, agreed: FloatArray, disagreed: FloatArray) -> BoolArray:
    """Who is *shown* to be reliable (A,): a lower 95% bound of the accuracy of at least 0.9, on controls (`right`,
    `wrong`) or on at least 30 answers of all (with those that `agreed` and `disagreed` with others)."""
    controls, everything = assess(right, wrong), assess(right + agreed, wrong + disagreed)
    return (controls.low >= SHOWN) | ((everything.n >= ENOUGH) & (everything.low >= SHOWN))


def _weight(low: FloatArray, p_below: FloatArray, low_0: float, p_below_0: float) -> FloatArray:
    rise = np.clip((low - low_0) / max(PROVEN - low_0, 1e-9), 0, 1)
    doubt = np.clip((CERTAIN - p_below) / max(CERTAIN - p_below_0, 1e-9), 0, 1)
    return np.asarray(doubt * (NEWCOMER + (1 - NEWCOMER) * rise), dtype=np.float64)


def _choices(votes: Votes, truth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Right and wrong (A,) of answers that name a class."""
    agreed = truth[np.arange(len(votes)), votes.answer]
    counts = sum_by(
        votes.annotator, votes.n_annotators, _known(truth)[:, None] * np.stack([agreed, 1 - agreed], axis=1)
    )
    return counts[:, 0], counts[:, 1]


def _balanced(sides: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Right and wrong (A,) of yes/no answers, balanced over tiles that are the class and tiles that are not."""
    total = sides.sum(axis=2)
    rates = np.divide(sides[..., 0], total, out=np.zeros_like(total), where=total > 0)
    both = total.sum(axis=1)
    effective = np.divide(4 * total.prod(axis=1), both, out=np.zeros_like(both), where=both > 0)
    return effective * rates.mean(axis=1), effective * (1 - rates.mean(axis=1))


def _known(truth: FloatArray) -> FloatArray:
    """How far each truth (N, K) is known: 1 for certain, 0 for uniform; with one class nothing was ever
    asked."""
    n_classes = truth.shape[1]
    if n_classes == 1:
        return np.zeros(len(truth))
    entropy = -xlogy(truth, truth).sum(axis=1)
    return np.asarray(np.clip(1 - entropy / np.log(n_classes), 0, 1), dtype=np.float64)
