"""Ask where several models disagree.

All go by the (C, N, K) committee: draws of one network with dropout left on (Gal & Ghahramani, ICML 2016), or what the
last C versions say. All score 0 where every member is certain of the same class, and raise ValueError for a committee
of nobody, and for probabilities that are no numbers.
"""

import numpy as np
from numpy.typing import NDArray

from learning.engine.strategies.distances import Rows, sound
from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import strategy
from learning.engine.strategies.uncertainty import entropies


@strategy("bald", needs={"committee"})
def bald(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks where each model is sure but they contradict each other; not where all agree that it's a toss-up.

    The mutual information of label and model, in nats, in [0, log min(C, K)]: the entropy of the members' mean less the
    mean of their entropies (Houlsby et al., "Bayesian active learning for classification and preference learning",
    arXiv:1112.5745, 2011, section 2; with dropout: Gal, Islam & Ghahramani, ICML 2017, section 3).
    """
    members = _members(pool)
    each = np.mean([entropies(member) for member in members], axis=0)
    return by_score(np.maximum(entropies(members.mean(axis=0, dtype=np.float64)) - each, 0), n, rng)


@strategy("variation_ratios", needs={"committee"})
def variation_ratios(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks where the most models name another class than the one that most of them name.

    The share of members outside the mode, in [0, 1 - 1/min(C, K)] (Freeman, "Elementary applied statistics", 1965; Gal,
    Islam & Ghahramani, ICML 2017, section 3). With few members many images tie; those come in random order.
    """
    members = _members(pool)
    votes = _votes(members)
    return by_score(1 - votes.max(axis=1) / len(members), n, rng)


@strategy("committee", needs={"committee"})
def committee(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks where the models together are least sure, whether each is unsure or they contradict each other.

    Query by committee by soft vote entropy: that of the members' mean, in nats, in [0, log K]. The hard one, of their
    votes, is in Settles, "Active learning literature survey", 2009, section 3.2 (Dagan & Engelson 1995); the soft one
    also counts how sure a member is of its vote (Settles, "Active learning", 2012, chapter 3).
    """
    return by_score(entropies(_members(pool).mean(axis=0, dtype=np.float64)), n, rng)


def _members(pool: Pool) -> Rows:
    members = sound(pool.committee, "the committee's probabilities")
    if len(members) == 0:
        raise ValueError("a committee has one member at least")
    return members


def _votes(members: Rows) -> NDArray[np.int64]:
    """(N, K): how many members name each class."""
    named = members.argmax(axis=2)  # (C, N)
    return np.stack([(named == k).sum(axis=0) for k in range(members.shape[2])], axis=1)
