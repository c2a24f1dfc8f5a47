"""Ask about images that are unlike each other and unlike what is labelled, whatever the model thinks of them.

All go by the (N, D) features, and by the (M, D) of the labelled images where there are any. All raise ValueError for
features that are no numbers, and ask about images that can't be told apart in random order.
"""

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Integers
from learning.engine.strategies.clusters import by_turns, clustered
from learning.engine.strategies.distances import (
    Rows,
    apart_in,
    features_of,
    one_by_one,
    some,
    squared_distances,
    to_nearest,
)
from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import strategy

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

NEIGHBOURS = 20  # that a typical image is near to: the paper's K
TINY = 5  # images; a cluster of no more is likely of outliers
CROWD = 2000  # images of a cluster among which the most typical is sought
SUB_BATCHES = 10  # the authors' code takes 10 or 20
UNLABELLED = 10  # times as many as labelled are learned from, as there
LEARNED = 10_000  # of either at most


@strategy("k_center", needs={"features"})
def k_center(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks about the image that is least like any labelled or picked so far, so that none is far from a labelled one.

    The greedy core-set (Sener & Savarese, "Active learning for convolutional neural networks: a core-set approach",
    ICLR 2018, algorithm 1): within twice the smallest radius that n images can cover the pool with. Where nothing is
    labelled it begins with a random one. Scores: the distance to the nearest labelled or picked, in units of the
    typical distance from the pool's mean; they fall from pick to pick.
    """
    rows, labelled = features_of(pool)

    def farthest(nearest: Rows) -> int:
        return int(nearest.argmax())

    nearest = to_nearest(rows, labelled)
    first = farthest(nearest) if len(labelled) else int(rng.integers(len(rows)))
    return one_by_one(first, nearest, apart_in(rows), farthest, n, rng)


@strategy("k_means", needs={"features"})
def k_means(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Sorts the images into as many groups as are to be asked about, and asks about the middle of each.

    Of n clusters the image nearest to the centre, the largest cluster first (Zhdanov, "Diverse mini-batch active
    learning", arXiv:1901.05954, 2019, section 3, unweighted). Beyond `clusters.MOST`, and where there are fewer
    distinct images than n, clusters have a second turn. Scores: the share of the pool that the cluster holds, less 1
    for every turn.
    """
    rows, _ = features_of(pool)
    groups = clustered(rows, n, rng)
    return by_turns(groups.of, groups.away, groups.sizes / len(rows), n, rng)


@strategy("typiclust", needs={"features"})
def typiclust(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks about the most typical image of each large group that has no label yet; good for the first labels.

    TypiClust (Hacohen, Dekel & Weinshall, "Active learning on a budget: opposite strategies suit high and low budgets",
    ICML 2022, section 3.2): of M + n clusters, those with the fewest labels first, of these the largest; in each the
    image with the smallest mean distance to its 20 nearest neighbours. Clusters of five or less, which the authors'
    code leaves out, wait a turn longer. Scores: the share of all images that the cluster holds, less 1 for every label
    in it and for every turn.
    """
    rows, labelled = features_of(pool)
    groups = clustered(np.concatenate([rows, labelled]), len(labelled) + n, rng)
    labels = np.bincount(groups.of[len(rows) :], minlength=len(groups.sizes))
    of, sizes = groups.of[: len(rows)], groups.sizes
    priority = sizes / sizes.sum() - labels - (sizes <= TINY)
    return by_turns(of, _untypical(rows, of, rng), priority, n, rng)


@strategy("discriminative", needs={"features"})
def discriminative(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks about the images that are easiest to tell from the labelled ones, until nothing tells them apart.

    Discriminative active learning (Gissin & Shalev-Shwartz, arXiv:1907.06347, 2019, section 3): a classifier of
    unlabelled against labelled, here logistic regression on the features; the surest to be unlabelled are taken to be
    labelled, and it is trained again, in ten sub-batches. Scores: the log odds of being unlabelled, of each sub-batch's
    own classifier. Where nothing is labelled it is a random choice, with scores in [0, 1).
    """
    rows, labelled = features_of(pool)
    if len(labelled) == 0:
        return by_score(rng.random(len(rows)), n, rng)
    from sklearn.linear_model import LogisticRegression  # late, as in `clustered`

    model = LogisticRegression(class_weight="balanced", warm_start=True)
    rest, parts = np.arange(len(rows)), []
    for size in (len(part) for part in np.array_split(np.arange(n), min(SUB_BATCHES, n))):
        unlabelled = rest[some(len(rest), min(UNLABELLED * len(labelled), LEARNED), rng)]
        _learn(model, rows[unlabelled], labelled[some(len(labelled), LEARNED, rng)])
        best = by_score(model.decision_function(rows[rest]), size, rng)
        parts.append(Ranking(rest[best.indices], best.scores))
        labelled = np.concatenate([labelled, rows[parts[-1].indices]])
        rest = np.delete(rest, best.indices)
    indices, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Ranking(indices, scores)


def _untypical(rows: Rows, of: Integers, rng: np.random.Generator) -> NDArray[np.float64]:
    """(N,) the mean distance to the nearest of the own cluster; infinite for who is not in a large one's `CROWD`."""
    mean = np.full(len(rows), np.inf)
    for cluster in np.unique(of):
        members = np.flatnonzero(of == cluster)
        members = members[some(len(members), CROWD, rng)]
        near = min(NEIGHBOURS, len(members) - 1)
        away = np.sqrt(squared_distances(rows[members], rows[members]))
        # The nearest is the image itself, at no distance.
        mean[members] = np.partition(away, near, axis=1)[:, : near + 1].sum(axis=1) / max(near, 1)
    return mean


def _learn(model: "LogisticRegression", unlabelled: Rows, labelled: Rows) -> None:
    from sklearn.exceptions import ConvergenceWarning

    sides = np.repeat([1, 0], [len(unlabelled), len(labelled)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # who is farthest off shows long before
        model.fit(np.concatenate([unlabelled, labelled]), sides)
