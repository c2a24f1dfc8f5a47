"""Scoring and choosing from a pool whose features are given, and VeSSAL beside the form that its paper has."""

import resource
from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np

from learning.bench.vessal_by_the_book import one_by_one
from learning.engine.strategies import registry
from learning.engine.strategies.pool import Pool
from learning.engine.strategies.selection import select
from learning.engine.strategies.vessal import Sketch

FEATURES, CLASSES, LABELLED, COMMITTEE = 512, 10, 1000, 4
BY_THE_BOOK = 1000  # images that the plain form is timed on: a whole pool would take it minutes
UNCERTAINTY = {"entropy_s", "margin_s", "least_confidence_s", "ratio_s"}
FIELDS = {"k_center": "kcenter_s"}


def run(names: Sequence[str], n_images: int, budget: int, seed: int, say: Callable[[str], object]) -> dict[str, object]:
    if n_images < 1 or budget < 1:
        raise ValueError("--pool and --budget must be at least 1")
    pool = pool_of(n_images, seed)
    result: dict[str, object] = {"pool": n_images, "budget": budget}
    for name in names:
        registry.get(name)
    for name in names:
        started = perf_counter()
        chosen = select(name, pool, budget, seed=seed)
        seconds = perf_counter() - started
        result[FIELDS.get(name, f"{name}_s")] = round(seconds, 3)
        say(f"{name}: {len(chosen.indices):,} of {n_images:,} in {seconds:.2f} s; {_peak_mb():,.0f} MB at most so far")
        if name == "vessal":
            result["vessal_speedup"] = round(n_images / seconds / plain_rate(pool, seed), 1)
            say(f"vessal: {result['vessal_speedup']} times the images a second of the paper's form")
    uncertainty = [seconds for name, seconds in result.items() if name in UNCERTAINTY]
    if uncertainty:
        result["uncertainty_s"] = max(uncertainty)
    return {**result, "peak_mb": round(_peak_mb())}


def pool_of(n_images: int, seed: int) -> Pool:
    """Clouds of features around a centre a class, and a model that is right more often than not."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(CLASSES, FEATURES)).astype(np.float32)
    truth = rng.integers(CLASSES, size=n_images)
    labels = rng.integers(CLASSES, size=LABELLED)

    def around(classes: np.ndarray) -> np.ndarray:
        return centres[classes] + rng.normal(scale=2, size=(len(classes), FEATURES)).astype(np.float32)

    def said() -> np.ndarray:
        odds = rng.gamma(0.3, size=(n_images, CLASSES)).astype(np.float32) + 1e-6
        odds[np.arange(n_images), truth] += rng.gamma(1.0, size=n_images).astype(np.float32)
        return odds / odds.sum(axis=1, keepdims=True)

    probabilities = said()
    return Pool(
        probabilities,
        features=around(truth),
        labelled=around(labels),
        labels=labels,
        committee=np.stack([said() for _ in range(COMMITTEE)]),
        losses=rng.random(n_images),
        beliefs=probabilities,
        votes=rng.integers(4, size=n_images),
    )


def plain_rate(pool: Pool, seed: int) -> float:
    """Images a second of the paper's form, on the same gradients, choosing the same share."""
    n = min(BY_THE_BOOK, len(pool))
    rng = np.random.default_rng(seed)
    u = Sketch.drawn(CLASSES, FEATURES, rng).gradients(pool.probabilities[:n], pool.of(np.arange(n)).features)
    started = perf_counter()
    one_by_one(u, rng.random(n), max(1, n // 100))
    return n / (perf_counter() - started)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
