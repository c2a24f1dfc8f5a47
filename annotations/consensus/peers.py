"""How far a person agrees with everybody else: leave-one-out agreement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotations.consensus.ratings import Ratings, choices, tiles
from annotations.consensus.votes import FloatArray, IntArray, Votes


@dataclass(frozen=True, eq=False)
class Peers:
    """`share` (A,): how often each annotator sides with the majority of the others, NaN if never compared.

    `n` (A,): on how many answers it rests, those to questions that somebody else has answered too.
    """

    share: FloatArray
    n: IntArray


def leave_one_out_agreement(votes: Votes) -> Peers:
    """Each annotator against the plain majority of the others, their own vote taken out of it.

    So nobody agrees with themselves. Choices are compared with choices on the item, tiles with tiles that ask the same
    of it. Where the others are tied among q answers, one of these is worth 1/q.
    """
    sided, n = np.zeros(votes.n_annotators), np.zeros(votes.n_annotators, dtype=np.int64)
    for ratings in (choices(votes), tiles(votes)):
        credit, compared = _credit(ratings)
        sided += np.bincount(ratings.annotator, credit, minlength=votes.n_annotators)
        n += np.bincount(ratings.annotator[compared], minlength=votes.n_annotators)
    return Peers(np.divide(sided, n, out=np.full(votes.n_annotators, np.nan), where=n > 0), n)


def _credit(ratings: Ratings) -> tuple[FloatArray, IntArray]:
    """What each answer (N,) earns by the others' majority, and the positions of those that were compared."""
    cells, cell, count = np.unique(
        ratings.unit * ratings.n_values + ratings.value, return_inverse=True, return_counts=True
    )
    # Every count of a unit's answers, sorted within the unit, so that those above a given one are found by bisection.
    width = int(count.max(initial=0)) + 2
    tallies = np.sort(cells // ratings.n_values * width + count)
    others = count[cell] - 1
    mine = ratings.unit * width + others
    last = np.searchsorted(tallies, (ratings.unit + 1) * width)
    upto = np.searchsorted(tallies, mine, side="right")
    ahead = last - upto - 1  # the answer's own count, which holds the vote itself, is among them
    tied = upto - np.searchsorted(tallies, mine, side="left")
    alone = np.bincount(ratings.unit, minlength=ratings.n_units)[ratings.unit] == 1
    credit = np.where((ahead == 0) & ~alone, 1 / (1 + tied), 0)
    return credit, np.flatnonzero(~alone)
