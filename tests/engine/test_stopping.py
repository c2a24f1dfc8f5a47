import numpy as np
import pytest
from numpy.typing import NDArray

from learning.engine.stopping import stopping


def versions(*accuracies: float, n: int = 500, seed: int = 0) -> list[NDArray[np.bool_]]:
    """What each version has right, were images of one difficulty: a better version is right wherever a worse one is,
    but for a tenth of the images, on which luck decides."""
    rng = np.random.default_rng(seed)
    difficulty = rng.random(n)
    luck = [np.where(rng.random(n) < 0.1, rng.random(n), difficulty) for _ in accuracies]
    return [one < accuracy for one, accuracy in zip(luck, accuracies, strict=True)]


def test_a_campaign_that_gets_better_goes_on_and_says_by_how_much():
    found = stopping(versions(0.5, 0.6, 0.65, 0.7))
    assert not found.stop and found.p_value < 1e-6 and found.gain > 0.1
    assert found.reason.startswith("Asking goes on: over the last 3 versions the accuracy went from 45.0% to 65.6%")
    assert (
        "(+20.6 points, +16.6 to +24.6) on 500 labels" in found.reason and "significantly better (p = " in found.reason
    )


def test_a_campaign_that_gets_no_better_ends():
    found = stopping(versions(0.7, 0.7, 0.7, 0.7))
    assert found.stop and found.p_value > 0.05
    assert found.reason.startswith("Ends:") and "not significantly better" in found.reason


def test_without_any_gain_it_goes_on_as_seldom_as_the_risk_allows():
    ends = [stopping(versions(0.6, 0.6, 0.6, 0.6, seed=seed)).stop for seed in range(300)]
    assert np.mean(ends) >= 0.93


def test_a_clear_gain_is_hardly_ever_missed():
    ends = [stopping(versions(0.6, 0.62, 0.64, 0.68, seed=seed)).stop for seed in range(100)]
    assert np.mean(ends) <= 0.05


@pytest.mark.parametrize("latest", [0.3, 0.6999])
def test_versions_that_are_worse_or_the_same_end_it(latest: float):
    assert stopping(versions(0.7, 0.7, 0.7, latest)).stop


def test_the_very_same_answers_end_it():
    same = [np.arange(200) % 3 > 0] * 4
    found = stopping(same)
    assert found.stop and found.p_value == 1 and found.gain == 0


def test_only_the_latest_and_the_one_patience_before_it_count():
    low, high = versions(0.4, 0.8)
    assert stopping([low, high, high], patience=1).stop
    assert not stopping([low, high, high], patience=2).stop
    assert stopping([low, high, low, high], patience=2).stop


def test_a_larger_gain_never_ends_what_a_smaller_one_would_not():
    rng = np.random.default_rng(0)
    before = rng.random(300) < 0.5
    latest, p_values = before.copy(), []
    for image in np.flatnonzero(~before)[:40]:
        latest = latest.copy()
        latest[image] = True
        p_values.append(stopping([before, latest], patience=1).p_value)
    assert p_values == sorted(p_values, reverse=True) and p_values[0] == 0.5 and p_values[4] == 1 / 32


def test_too_few_versions_or_labels_go_on():
    early = stopping(versions(0.5, 0.5))
    assert not early.stop and early.p_value is None and "it takes 4 versions to tell, and there are 2" in early.reason
    assert not stopping([]).stop
    few = stopping(versions(0.5, 0.5, 0.5, 0.5, n=40))
    assert not few.stop and "40 evaluation labels are too few" in few.reason


@pytest.mark.parametrize(
    ("correct", "options", "words"),
    [
        ([np.ones(200, bool), np.ones(201, bool)], {"patience": 1}, "same images"),
        ([np.ones(200), np.ones(200)], {"patience": 1}, "booleans"),
        ([np.ones(200, bool)] * 2, {"patience": 0}, "patience"),
        ([np.ones(200, bool)] * 2, {"risk": 0.0}, "risk"),
    ],
)
def test_what_does_not_fit_is_refused(correct: list[NDArray[np.bool_]], options: dict[str, float], words: str):
    with pytest.raises(ValueError, match=words):
        stopping(correct, **options)
