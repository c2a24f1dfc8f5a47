"""crowd-kit, the library that ours is measured against. It is imported when it is asked for: it loads pandas."""

import warnings
from time import perf_counter

import numpy as np

from annotations.consensus.votes import IntArray, Votes


def dawid_skene(votes: Votes, iterations: int) -> tuple[IntArray, float]:
    """Labels (I,) and seconds of exactly so many rounds of its EM."""
    from crowdkit.aggregation import DawidSkene

    return _timed(DawidSkene(n_iter=iterations, tol=0), votes)


def dawid_skene_converged(votes: Votes) -> IntArray:
    from crowdkit.aggregation import DawidSkene

    return _timed(DawidSkene(n_iter=100), votes)[0]


def majority(votes: Votes) -> IntArray:
    from crowdkit.aggregation import MajorityVote

    return _timed(MajorityVote(), votes)[0]


def _timed(aggregation: object, votes: Votes) -> tuple[IntArray, float]:
    import pandas as pd

    frame = pd.DataFrame({"task": votes.item, "worker": votes.annotator, "label": votes.answer})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of calls of its own that pandas is going to drop
        started = perf_counter()
        labels = aggregation.fit_predict(frame)
        seconds = perf_counter() - started
    answer = np.zeros(votes.n_items, dtype=np.int64)
    answer[labels.index.to_numpy()] = labels.to_numpy()
    return answer, seconds
