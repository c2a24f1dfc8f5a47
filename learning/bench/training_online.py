"""CIFAR-10 on frozen features: what is forgotten when two classes come late, and whether confidence is honest."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Floats, Integers
from learning.engine.calibration import ece, fit_temperature
from learning.engine.models import frozen
from learning.engine.models.catalogue import HEAD
from learning.engine.online import REPLAYED, online, replayed
from learning.engine.prediction import logits, probabilities
from learning.engine.trained import Trained, TrainingConfig
from learning.engine.training import train

BACKBONE = "mobilenet_v2_0.35"
SIDE = 96
IMAGES = 6000  # of the training part, whose features are computed
BUFFERS, SIZE = 10, 500
LATE = (8, 9)
LATE_FROM = 5  # the sixth buffer
K = 10


class Data(NamedTuple):
    x: Floats
    y: Integers
    test_x: Floats
    test_y: Integers


def measure(known: Data, seeds: Sequence[int], say: Callable[[str], object]) -> dict[str, object]:
    points, flat = [], []
    for seed in seeds:
        lost, seconds = _forgetting(known, seed)
        points.append(100 * lost)
        flat.append(seconds[-1] / seconds[LATE_FROM])
        say(f"online, seed {seed}: {points[-1]:+.2f} points lost on the first classes, {seconds[-1]:.2f} s a buffer")
    return {
        "forgetting_points": round(float(np.mean(points)), 2),
        "forgetting_se": round(float(np.std(points, ddof=1) / len(points) ** 0.5), 2) if len(points) > 1 else None,
        "buffer_time_ratio": round(float(np.mean(flat)), 2),
        "ece": round(_ece(known, seeds[0]), 4),
    }


def features(data: Path, say: Callable[[str], object]) -> Data:
    backbone = frozen.load(BACKBONE, data / "weights", SIDE)
    with np.load(data / "data" / "cifar10.npz") as file:
        rows = np.random.default_rng(0).permutation(len(file["x_train"]))[:IMAGES]
        x, y = file["x_train"][rows], file["y_train"][rows].astype(np.int64)
        test_x, test_y = file["x_test"], file["y_test"].astype(np.int64)
    say(f"features of {len(x) + len(test_x):,} pictures")
    return Data(backbone.features(x), y, backbone.features(test_x), test_y)


def _forgetting(known: Data, seed: int) -> tuple[float, list[float]]:
    """How much less often the early classes are told by what learned online than by what learned from all at once; and
    the seconds that each buffer took."""
    config = TrainingConfig(seed=seed)
    buffers = _stream(known.y, seed)
    version, seconds = _learn(known, buffers[0], np.ones(SIZE), config, None, K - len(LATE)), [0.0]
    for number, fresh in enumerate(buffers[1:], 1):
        started = perf_counter()
        old = np.concatenate(buffers[:number])
        again, weights = replayed(np.repeat(np.arange(number, 0, -1), SIZE), REPLAYED * SIZE, seed=seed + number)
        rows, weights = np.concatenate([fresh, old[again]]), np.concatenate([np.ones(SIZE), weights])
        classes = K if number >= LATE_FROM else K - len(LATE)
        version = _learn(known, rows, weights, online(replace(config, seed=seed + number)), version, classes)
        seconds.append(perf_counter() - started)
    every = np.concatenate(buffers)
    at_once = _learn(known, every, np.ones(len(every)), config, None, K)
    return _right(at_once, known) - _right(version, known), seconds


def _learn(
    known: Data, rows: Integers, weights: Floats, config: TrainingConfig, before: Trained | None, classes: int
) -> Trained:
    return train(
        known.x[rows],
        np.eye(classes)[known.y[rows]],
        weights,
        config,
        network=HEAD,
        initial=before.state_dict if before else None,
        optimiser=(before.optimiser or {}) if before else {},
    )


def _right(version: Trained, known: Data) -> float:
    early = ~np.isin(known.test_y, LATE)
    said = logits(version, known.test_x[early]).argmax(axis=1)
    return float((said == known.test_y[early]).mean())


def _stream(y: Integers, seed: int) -> list[NDArray[np.int64]]:
    """Buffers of one size: the late classes are in none of the first, and have their share in the later ones."""
    order = np.random.default_rng(seed).permutation(len(y))
    late = np.isin(y[order], LATE)
    early_rows, late_rows = iter(order[~late].tolist()), iter(order[late].tolist())
    share = SIZE * len(LATE) // K
    buffers = []
    for number in range(BUFFERS):
        n = share if number >= LATE_FROM else 0
        rows = [next(late_rows) for _ in range(n)] + [next(early_rows) for _ in range(SIZE - n)]
        buffers.append(np.array(rows))
    return buffers


def _ece(known: Data, seed: int) -> float:
    """Calibrated on one half of the test images, measured on the other, with 15 bins of equal mass."""
    version = _learn(known, np.arange(len(known.y)), np.ones(len(known.y)), TrainingConfig(seed=seed), None, K)
    said, half = logits(version, known.test_x), len(known.test_y) // 2
    temperature = fit_temperature(said[:half], np.eye(K)[known.test_y[:half]])
    return ece(probabilities(said[half:], temperature), known.test_y[half:])
