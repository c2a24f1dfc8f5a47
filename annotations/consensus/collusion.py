"""Who agrees with whom on wrong answers, beyond what honest people do.

Right answers agree by themselves, so only items count on which two people are both wrong. Honest people agree there
too: they mistake the same classes for each other, and the same hard picture in the same way. So a pair's identical
wrong answers are held against a chance that is conditional on class, item and persons (`wrong_answers.py`), their
number is binomial at most, and false discoveries among all pairs are bounded (Y. Benjamini and Y. Hochberg, Journal of
the Royal Statistical Society B 57 (1995) 289–300). Only choices are looked at: of two wrong answers to "is it c?" one
is always like the other. Nothing of the size A × A is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph
from scipy.stats import binom, false_discovery_control

from annotations.consensus.ratings import Ratings, choices, pairs_within, thinned
from annotations.consensus.votes import BoolArray, FloatArray, IntArray, Votes
from annotations.consensus.wrong_answers import ROWS, Chance, honesty

MINIMUM = 3  # identical wrong answers, without which no pair is reported
FAN_OUT = 60  # wrong answers of an item that are paired: 1,770 pairs
LEVEL = 0.01  # share of false discoveries among the pairs reported


@dataclass(frozen=True, eq=False)
class Collusion:
    """Q pairs with at least `MINIMUM` identical wrong answers, the most surprising first; every array (Q,).

    `first` < `second`: the annotators. `shared`: items on which both were wrong, `identical`: in the same way,
    `expected`: as would be by chance; all three soft, by the posterior. `p_value`, and `q_value`, adjusted for all
    pairs who could have been found. `flagged`: `q_value` at most the level asked for. `groups`: annotators connected by
    flagged pairs, ascending, the largest group first.
    """

    first: IntArray
    second: IntArray
    shared: FloatArray
    identical: FloatArray
    expected: FloatArray
    p_value: FloatArray
    q_value: FloatArray
    flagged: BoolArray
    groups: tuple[IntArray, ...]


def collusion(
    votes: Votes,
    posterior: FloatArray,
    weights: npt.ArrayLike | None = None,
    *,
    level: float = LEVEL,
    minimum: int = MINIMUM,
    fan_out: int = FAN_OUT,
    seed: int = 0,
) -> Collusion:
    """Pairs and groups who agree on wrong answers beyond chance, by the `posterior` (I, K).

    `weights` (A,) in [0, 1]: how far each person's mistakes count as honest ones, when it is worked out what those
    look like; by default by how much better than a guess they are. An answer counts as wrong as far as the posterior
    says so, and not at all if it is the likeliest class. Of an item with more than `fan_out` wrong answers that many
    are drawn at random. People who apply one fixed map of classes to part of the items look like people with the same
    confusion, and are not found; if they lie throughout, they are. Raises ValueError where an argument doesn't fit.
    """
    if not 0 < level < 1 or minimum < 1 or fan_out < 2:
        raise ValueError("level must lie in (0, 1), minimum be at least 1, and fan_out at least 2")
    if posterior.shape != (votes.n_items, votes.n_classes):
        raise ValueError(f"posterior must be of shape {(votes.n_items, votes.n_classes)}, not {posterior.shape}")
    ratings = choices(votes)
    say = honesty(ratings, posterior) if weights is None else votes.say(weights)
    wrong = _wrong(ratings, posterior, fan_out, seed)
    pair, shared, identical, expected = _tally(Chance.of(wrong, posterior, say), minimum)
    p_value = _p_value(shared, identical, expected)
    people = len(np.unique(wrong.annotator))
    q_value = _adjusted(p_value, people * (people - 1) // 2)
    order = np.lexsort((pair, p_value))
    first, second = np.divmod(pair[order], max(votes.n_annotators, 1))
    flagged = q_value[order] <= level
    return Collusion(
        first=first,
        second=second,
        shared=shared[order],
        identical=identical[order],
        expected=expected[order],
        p_value=p_value[order],
        q_value=q_value[order],
        flagged=flagged,
        groups=groups(first[flagged], second[flagged]),
    )


def groups(first: IntArray, second: IntArray) -> tuple[IntArray, ...]:
    """The connected components of a graph of pairs, each ascending, larger ones first; nobody is in one alone."""
    people, at = np.unique(np.concatenate([first, second]), return_inverse=True)
    edges = (np.ones(len(first)), (at[: len(first)], at[len(first) :]))
    n_groups, label = csgraph.connected_components(sparse.csr_array(edges, shape=(len(people),) * 2), directed=False)
    found = [people[label == group] for group in range(n_groups)]
    return tuple(sorted(found, key=lambda group: (-len(group), int(group[0]))))


def _tally(chance: Chance, minimum: int) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Of pairs with enough identical wrong answers: their key, and (items shared, identical, expected).

    First the coincidences alone are counted, which are few; then those pairs' other shared mistakes are looked up.
    """
    wrong = chance.wrong
    alike = pairs_within(wrong.unit * wrong.n_values + wrong.value, ROWS)
    coincided = [_key(wrong, left, right) for left, right in alike]
    found, count = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *coincided]), return_counts=True)
    candidates = found[count >= minimum]
    sums = np.zeros((3, len(candidates)))
    for left, right in pairs_within(wrong.unit, ROWS):
        at, listed = _look_up(candidates, _key(wrong, left, right))
        left, right = left[listed], right[listed]
        weight = chance.both_wrong(left, right)
        counts = (weight, weight * chance.same(left, right), weight * chance.of_pairs(left, right))
        sums += [np.bincount(at, count, minlength=len(candidates)) for count in counts]
    return candidates, sums[0], sums[1], sums[2]


def _key(wrong: Ratings, left: IntArray, right: IntArray) -> IntArray:
    """A number for each pair of annotators, whichever comes first."""
    a, b = wrong.annotator[left], wrong.annotator[right]
    key: IntArray = np.minimum(a, b) * wrong.n_annotators + np.maximum(a, b)
    return key


def _look_up(table: IntArray, keys: IntArray) -> tuple[IntArray, IntArray]:
    """Where those of the keys that are in the sorted table stand in it, and which these are."""
    at = np.searchsorted(table, keys)
    listed = np.flatnonzero(np.append(table, -1)[at] == keys)
    return at[listed], listed


def _wrong(ratings: Ratings, posterior: FloatArray, fan_out: int, seed: int) -> Ratings:
    """The answers that are not the likeliest class, at most `fan_out` an item."""
    wrong = np.flatnonzero(posterior.argmax(axis=1)[ratings.unit] != ratings.value) if len(ratings) else ratings.unit
    kept = wrong[thinned(ratings.unit[wrong], fan_out, np.random.default_rng(seed))]
    # Sorted by item and answer, so that whoever gave the same one are neighbours.
    kept = kept[np.lexsort((ratings.annotator[kept], ratings.value[kept], ratings.unit[kept]))]
    return Ratings(
        annotator=ratings.annotator[kept],
        unit=ratings.unit[kept],
        value=ratings.value[kept],
        item=ratings.item,
        n_annotators=ratings.n_annotators,
        n_values=ratings.n_values,
    )


def _p_value(shared: FloatArray, identical: FloatArray, expected: FloatArray) -> FloatArray:
    """That as many are identical by chance; 1 unless they are more than one above what is expected.

    Chances differ between items: a binomial with their mean has the heavier tail there (W. Hoeffding, Annals of
    Mathematical Statistics 27 (1956) 713–721). Soft numbers are rounded to the careful side.
    """
    whole, trials = np.floor(identical + 1e-9), np.ceil(shared - 1e-9)
    chance = np.minimum(np.divide(expected, trials, out=np.ones_like(trials), where=trials > 0), 1)
    return np.where(whole > expected + 1, binom.sf(whole - 1, trials, chance), 1.0)


def _adjusted(p_value: FloatArray, tested: int) -> FloatArray:
    """Benjamini–Hochberg over all pairs tested: those not listed have a p-value of 1, and change only the number."""
    if not len(p_value):
        return p_value
    adjusted: FloatArray = np.minimum(false_discovery_control(p_value) * max(tested / len(p_value), 1), 1)
    return adjusted
