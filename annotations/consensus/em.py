"""What the methods that climb by expectation–maximisation share: Bayes' rule an item, and the class prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from annotations.consensus import blocks
from annotations.consensus.observation import TINY, Block, Cells
from annotations.consensus.votes import UNKNOWN, BoolArray, FloatArray, IntArray, Votes

# Values this near to the highest are level with it: the order of summation alone moves them by less.
LEVEL = 1e-9
STRAYS = 10_000  # of so many items one may still be on the move: in a large crowd some always is


def totals(group: IntArray, values: npt.NDArray[Any], n_groups: int) -> FloatArray:
    """Sums values (N,) within groups (N,): (n_groups,), a float also where there is nothing to sum."""
    return np.bincount(group, weights=values, minlength=n_groups).astype(np.float64)


def log_joint(spoken: FloatArray, classes: FloatArray, known: IntArray) -> FloatArray:
    """log P(an item's votes, its class), (I, K), from log P(votes | class) `spoken` (I, K) and class prior (K,).

    Where `known` (I,) gives the class it is log P(votes | that class), and -inf for the others: the prior has no part
    in what is certain. `spoken` is written over: fresh memory takes longer than sums.
    """
    at = np.flatnonzero(known != UNKNOWN)
    certain = spoken[at, known[at]]
    spoken += np.log(np.maximum(classes, TINY))
    spoken[at] = -np.inf
    spoken[at, known[at]] = certain
    return spoken


def bayes(joint: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Each item's posterior (I, K), in the place of `joint`, and the log-likelihood of its votes (I,)."""
    # Class by class: along rows of a few classes each, NumPy takes twice as long, and SciPy's logsumexp ten times.
    odds = np.ascontiguousarray(joint.T)
    peak = odds.max(axis=0)
    odds -= peak
    np.exp(odds, out=odds)
    total = odds.sum(axis=0)
    odds /= total
    joint[:] = odds.T
    return joint, peak + np.log(total)


@dataclass(frozen=True, eq=False)
class EStep:
    """The posterior (I, K), the log-likelihood of each item's votes (I,), and how far the beliefs `moved`."""

    belief: FloatArray
    evidence: FloatArray
    moved: float


def e_step(
    cells: Cells, perceived: FloatArray, say: FloatArray, classes: FloatArray, known: IntArray, previous: FloatArray
) -> EStep:
    """`bayes` of all items under confusion matrices, by their cells (P, K), with class prior (K,); `previous` (I, K):
    the belief so far."""
    belief, evidence, change = np.empty_like(previous), np.empty(len(known)), np.empty(len(known))
    words = cells.words(perceived, say)

    def work(block: Block) -> None:
        at = block.items
        posterior, evidence[at] = bayes(log_joint(block.read(words), classes, known[at]))
        belief[at] = posterior
        posterior -= previous[at]
        change[at] = _lengths(posterior)

    blocks.each(work, cells.blocks)
    return EStep(belief, evidence, _but_strays(change))


def in_question(votes: Votes, known: IntArray, say: FloatArray) -> BoolArray:
    """Which items the class prior is learned from, (I,): those that somebody with a say voted on and that are not
    known. Known ones were chosen by somebody, so their mix is not the pool's."""
    voted = totals(votes.item, say[votes.annotator], votes.n_items) > 0
    asked: BoolArray = voted & (known == UNKNOWN)
    return asked


def class_prior(belief: FloatArray, asked: BoolArray, extra: float = 0.0) -> FloatArray:
    """The share of each class (K,) among the items in question, by the belief (I, K), with `extra` pseudo-items a
    class; uniform where there is nothing to go by."""
    total = asked.astype(np.float64) @ belief + extra
    n_classes = belief.shape[1]
    share: FloatArray = total / total.sum() if total.sum() > 0 else np.full(n_classes, 1 / n_classes)
    return share


def winners(score: FloatArray) -> FloatArray:
    """The highest class of each row (I, K), as a belief; those that are level share it.

    Taking the first of equals would make the answer hang on the order in which classes are listed.
    """
    level = score >= score.max(axis=1, keepdims=True) - LEVEL
    shared: FloatArray = level / level.sum(axis=1, keepdims=True)
    return shared


def moved(belief: FloatArray, previous: FloatArray) -> float:
    """How far any belief (I, K) has moved, by Euclid, one in 10,000 items left out: of the items of a large crowd some
    wander between two classes for ever, and nothing else waits for them."""
    return _but_strays(_lengths(belief - previous))


def at_least_one(max_iter: int) -> None:
    """ValueError if there is no round to go."""
    if max_iter < 1:
        raise ValueError("max_iter must be at least 1")


def voted_known(votes: Votes, known: IntArray) -> BoolArray:
    """Which votes (N,) are on items of known class (I,)."""
    graded: BoolArray = known[votes.item] != UNKNOWN
    return graded


def telling(votes: Votes, known: IntArray, say: FloatArray) -> BoolArray:
    """Which items tell how good their annotators are, (I,): known ones, and those that two people with a say voted on.

    Where one person alone answered, the belief is an echo of what is thought of that person. Counted as evidence, it
    lets EM drift from round to round, until one class explains everything and nobody perceives anything.
    """
    heard = say[votes.annotator] > 0
    pairs = np.unique(votes.item[heard] * votes.n_annotators + votes.annotator[heard])
    voters = np.bincount(pairs // max(votes.n_annotators, 1), minlength=votes.n_items)
    tells: BoolArray = (voters > 1) | (known != UNKNOWN)
    return tells


def any_shown(votes: Votes, known: IntArray, say: FloatArray) -> bool:
    """Whether known items show anything of somebody with a say (A,)."""
    return bool((voted_known(votes, known) & (say[votes.annotator] > 0)).any())


def _lengths(rows: FloatArray) -> FloatArray:
    squares: FloatArray = np.einsum("ik,ik->i", rows, rows)
    return squares**0.5


def _but_strays(change: FloatArray) -> float:
    if not len(change):
        return 0.0
    nth = len(change) - 1 - len(change) // STRAYS
    return float(np.partition(change, nth)[nth])
