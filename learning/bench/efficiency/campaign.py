"""One campaign: label the start, train, choose, label, train …; what it reaches is a learning curve."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from learning.bench.efficiency import variants as variants  # registers them
from learning.bench.efficiency.plans import SMALL_CNN, Choice, Plan
from learning.bench.efficiency.problems import Problem
from learning.engine import prediction
from learning.engine.arrays import Floats, Integers, Pixels
from learning.engine.strategies import registry
from learning.engine.strategies.pool import Pool
from learning.engine.strategies.selection import select
from learning.engine.trained import Trained, TrainingConfig
from learning.engine.training import train

COMMITTEE, DRAWS = 4, 8  # the last versions; of the first, draws by dropout
LOSS_WEIGHT = 0.2  # as the platform trains a version that is to tell its loss


def curve(plan: Plan, problem: Problem, choice: Choice, seed: int) -> list[tuple[int, float]]:
    """(labels, score) from the start to the budget. The start is drawn at random, the same for every choice."""
    labelled = np.random.default_rng(seed).permutation(len(problem.x))[: plan.start]
    versions: list[Trained] = []
    points = []
    while True:
        targets = np.eye(problem.n_classes)[problem.y[labelled]]
        versions.append(fit(plan, problem.x[labelled], targets, choice, seed + len(labelled)))
        said = prediction.predict(versions[-1], problem.test_x).argmax(axis=1)
        points.append((len(labelled), problem.score(said)))
        wanted = min(plan.step, plan.budget - len(labelled), len(problem.x) - len(labelled))
        if wanted <= 0:
            return points
        rest = np.setdiff1d(np.arange(len(problem.x)), labelled)
        pool = seen(problem.x[rest], problem.x[labelled], problem.y[labelled], versions, choice, seed)
        chosen = select(
            choice.strategy, pool, wanted, p=choice.p, seed=seed + len(labelled), options=choice.options
        ).indices
        labelled = np.concatenate([labelled, rest[chosen]])


def fit(plan: Plan, x: Pixels | Floats, targets: Floats, choice: Choice, seed: int) -> Trained:
    weight = LOSS_WEIGHT if "losses" in registry.get(choice.strategy).needs else 0.0
    network = "small_cnn" if plan.network == SMALL_CNN else "head"
    return train(x, targets, np.ones(len(x)), TrainingConfig(seed=seed, learning_loss=weight), network=network)


def seen(
    x: Pixels | Floats,
    labelled: Pixels | Floats,
    labels: Integers,
    versions: Sequence[Trained],
    choice: Choice,
    seed: int,
    beliefs: Floats | None = None,
    votes: Integers | None = None,
) -> Pool:
    """What the strategy is shown, as on the platform, but for the temperature: probabilities are the network's own."""
    model = versions[-1]
    needs = registry.get(choice.strategy).needs | choice.options.needs
    probabilities = prediction.predict(model, x)
    wants_features = bool({"features", "labelled"} & needs)
    wants_labels = wants_features or choice.balance
    return Pool(
        probabilities,
        features=prediction.features(model, x) if wants_features else None,
        labelled=prediction.features(model, labelled) if wants_labels else None,
        labels=labels if wants_labels else None,
        committee=_committee(x, versions, seed) if "committee" in needs else None,
        losses=prediction.predicted_losses(model, x) if "losses" in needs else None,
        beliefs=probabilities if beliefs is None else beliefs,
        votes=np.zeros(len(x), dtype=np.int64) if votes is None else votes,
    )


def _committee(x: Pixels | Floats, versions: Sequence[Trained], seed: int) -> NDArray[np.float32]:
    if len(versions) == 1:
        return prediction.dropout_draws(versions[0], x, DRAWS, seed=seed)
    return np.stack([prediction.predict(version, x) for version in versions[-COMMITTEE:]])
