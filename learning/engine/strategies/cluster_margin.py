"""Cluster-Margin: the least sure, from as many clusters as there are.

G. Citovsky, G. DeSalvo, C. Gentile, L. Karydas, A. Rajagopalan, A. Rostamizadeh and S. Kumar, "Batch active learning at
scale", NeurIPS 2021, section 2, algorithm 1.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from learning.engine.strategies.clusters import by_turns
from learning.engine.strategies.distances import Rows, blocks, features_of, some, squared_distances
from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import strategy
from learning.engine.strategies.uncertainty import margins

CANDIDATES = 2  # times as many as are wanted, the paper's k_m / k_t: from 5 on it asked about outliers, on digits
TOGETHER = 10  # images that a cluster holds on average
SAMPLE = 3000  # images that are clustered; the others join the nearest of them


@strategy("cluster_margin", needs={"features"})
def cluster_margin(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks about images that the model wavers on between two classes, a few of each group of similar ones.

    Of the 2 n images with the smallest margin by turns a random one of each cluster, the cluster with the fewest
    candidates first, so that common images don't crowd out rare ones. The clusters are agglomerative by average
    linkage, of ten images on average, or n clusters if that is more; above `SAMPLE` images of a sample, whose clusters
    the others join by the nearest neighbour. Scores: 1 less the share of the candidates that the cluster holds, less 1
    for every turn. Raises ValueError for what is no number.
    """
    rows, _ = features_of(pool)
    candidates = by_score(margins(pool.probabilities), CANDIDATES * n, rng).indices
    _, of = np.unique(_clusters(rows, n, rng)[candidates], return_inverse=True)
    scarcity = 1 - np.bincount(of) / len(candidates)
    turns = by_turns(of, rng.random(len(candidates)), scarcity, n, rng)
    return Ranking(candidates[turns.indices], turns.scores)


def _clusters(rows: Rows, least: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(N,) the cluster of each."""
    sample = rows[some(len(rows), SAMPLE, rng)]
    of = _agglomerated(sample, max(len(sample) // TOGETHER, least))
    if len(sample) == len(rows):
        return of
    return np.concatenate([of[squared_distances(rows[at], sample).argmin(axis=1)] for at in blocks(len(rows))])


def _agglomerated(rows: Rows, count: int) -> NDArray[np.int64]:
    if len(rows) == 1:
        return np.zeros(1, dtype=np.int64)
    away = np.sqrt(squared_distances(rows, rows))
    np.fill_diagonal(away, 0)
    tree = linkage(squareform(away, checks=False), method="average")
    of: NDArray[np.int64] = fcluster(tree, count, criterion="maxclust").astype(np.int64)
    return of
