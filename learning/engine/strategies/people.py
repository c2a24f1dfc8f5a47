"""Ask about a new image, or ask again about an old one that people disagree on.

H. W. Goh and J. Mueller, "ActiveLab: active learning with re-labeling by multiple annotators", arXiv:2301.11856, 2023,
section 3; `get_active_learning_scores` in cleanlab's `multiannotator.py` is the authors' code.
"""

import numpy as np

from learning.engine.arrays import Floats, Integers
from learning.engine.strategies.distances import sound
from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import strategy

TRUST = 5  # images on which the model is taken to have agreed with people before any is counted


@strategy("active_lab", needs={"beliefs", "votes"})
def active_lab(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks where one more answer changes most: about a new image, or again about one that people disagree on.

    With v votes, people's belief b (K,), the model's probabilities p (K,) and the model's weight w in votes, an image
    is worth 1 - max_k (w p_k + v b_k + 1/K) / (w + v + 1), in [0, 1 - 1/K]: one less what the consensus of people and
    model would still be sure of if one voter more, who knows nothing, were heard. Without votes that is the model's
    word alone, and b is not read. In the paper every voter has a weight of their own; here a vote weighs 1, and who is
    reliable shows in the beliefs, which should not hold the model's word already. w as in CROWDLAB: see
    `model_weight`. Raises ValueError for negative votes and what is no number.
    """
    if pool.beliefs is None or pool.votes is None or (pool.votes < 0).any():
        raise ValueError("beliefs and votes are needed, and there are no fewer votes than 0")
    model = sound(pool.probabilities, "probabilities").astype(np.float64)
    votes = pool.votes.astype(np.float64)[:, None]
    people = np.where(votes > 0, pool.beliefs, 0)
    weight = model_weight(model, people, pool.votes)
    word = (weight * model + votes * people + 1 / pool.n_classes) / (weight + votes + 1)
    return by_score(1 - word.max(axis=1), n, rng)


def model_weight(model: Floats, people: Floats, votes: Integers) -> float:
    """How many votes the model's word (N, K) is worth, by how often it names the class that `people` (N, K) do.

    By how far its errors are fewer than those of always naming people's commonest class, on images with two votes or
    more, times the root of the mean number of votes where there are any (CROWDLAB, Goh et al. 2022, section 3). `TRUST`
    more images, evenly of all classes, are counted as agreed, so that it is 1 where nothing is known and the first few
    images don't decide.
    """
    shared, n_classes = votes > 1, model.shape[1]
    named = people[shared].argmax(axis=1)
    counted = len(named) + TRUST
    wrong = (model[shared].argmax(axis=1) != named).sum() / counted
    commonest = (np.bincount(named, minlength=n_classes).max() + TRUST / n_classes) / counted
    mean_votes = votes[votes > 0].mean() if (votes > 0).any() else 1
    return float(max(0, 1 - wrong / max(1 - commonest, 1 / counted)) * np.sqrt(mean_votes))
