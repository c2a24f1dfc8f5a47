"""Clusters of images, and asking about one of each by turns."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Floats, Integers
from learning.engine.strategies.distances import Rows, apart_in, drawn, one_by_one, some, squared_lengths
from learning.engine.strategies.pool import Ranking, by_score

MOST = 1000  # clusters: more take minutes to find, and every further turn takes one more of each
LEARNED = 20_000  # images that the centres are found by
BEGUN = 10  # times as many images as centres, from which those are drawn that the centres begin at
STEPS = 20  # centres move little after


class Clusters(NamedTuple):
    of: NDArray[np.int64]  # (N,) the cluster of each
    away: Rows  # (N,) the squared distance to its centre
    sizes: NDArray[np.int64]  # (C,); a cluster may turn out empty


def clustered(rows: Rows, count: int, rng: np.random.Generator) -> Clusters:
    """`count` clusters of (N, D), at most `MOST` and N, by k-means on some of the rows (Lloyd 1982; Arthur &
    Vassilvitskii 2007)."""
    from sklearn.cluster import KMeans  # late: a web process lists the strategies and runs none
    from sklearn.exceptions import ConvergenceWarning

    count = min(count, len(rows), MOST)
    learned = rows[some(len(rows), LEARNED, rng)]
    means = KMeans(count, init=_begun(learned, count, rng), n_init=1, max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct images than clusters are no accident here
        means.fit(learned)
    of = means.predict(rows).astype(np.int64)
    away = squared_lengths(rows - means.cluster_centers_[of].astype(np.float32))
    return Clusters(of, away, np.bincount(of, minlength=count))


def by_turns(of: Integers, within: Floats, priority: Floats, n: int, rng: np.random.Generator) -> Ranking:
    """`n` of N images, one of each cluster, then a second of each, and so on.

    `of` (N,): their clusters. `within` (N,): in a cluster, the lowest comes first. `priority` (C,): the clusters' order
    in a turn, in (0, 1], the highest first, less 1 for every turn that a cluster is to wait. Scores: the priority, less
    1 for every turn.
    """
    sizes = np.bincount(of, minlength=len(priority))
    order = np.lexsort((within, of))
    turn = np.empty(len(of), dtype=np.int64)
    turn[order] = np.arange(len(of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return by_score(priority[of] - turn, n, rng)


def _begun(rows: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Centres (C, D) to begin with, by k-means++."""
    seen = rows[some(len(rows), BEGUN * count, rng)]
    nothing_drawn = np.full(len(seen), np.inf, dtype=np.float32)
    first = int(rng.integers(len(seen)))
    begun = one_by_one(first, nothing_drawn, apart_in(seen), lambda nearest: drawn(nearest, rng), count, rng)
    return seen[begun.indices]
