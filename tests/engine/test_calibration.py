import numpy as np
import pytest

from learning.engine.calibration import ece, fit_temperature, reliability
from learning.engine.prediction import probabilities


def overconfident(n=4000, k=5, factor=4.0):
    """Logits `factor` times those that the labels were drawn from."""
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(n, k)) * 1.5
    labels = np.array([rng.choice(k, p=p / p.sum()) for p in np.exp(honest)])
    return factor * honest, labels


def test_the_temperature_that_was_put_in_comes_out():
    logits, labels = overconfident(factor=4.0)
    assert fit_temperature(logits, np.eye(5)[labels]) == pytest.approx(4.0, rel=0.1)


def test_calibration_lowers_the_error_of_overconfident_logits():
    logits, labels = overconfident()
    half = len(labels) // 2
    temperature = fit_temperature(logits[:half], np.eye(5)[labels[:half]])
    before = ece(probabilities(logits[half:]), labels[half:])
    after = ece(probabilities(logits[half:], temperature), labels[half:])
    assert before > 0.2 and after < 0.04


def test_soft_targets_set_the_temperature_too():
    logits, _ = overconfident(500)
    assert fit_temperature(logits, probabilities(logits, 3.0)) == pytest.approx(3.0, rel=0.02)


def test_no_rows_leave_the_probabilities_as_they_are():
    assert fit_temperature(np.zeros((0, 3)), np.zeros((0, 3))) == 1.0


def test_logits_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        fit_temperature(np.full((2, 3), np.nan), np.full((2, 3), 1 / 3))


def test_a_hand_made_error_is_found():
    # 0.9 sure and right half the time: 0.4 off. 0.6 sure and always right: 0.4 off.
    p = np.array([[0.9, 0.1]] * 10 + [[0.6, 0.4]] * 10)
    labels = np.array([0] * 5 + [1] * 5 + [0] * 10)
    assert ece(p, labels, bins=2) == pytest.approx(0.4)


def test_rows_of_equal_confidence_share_a_bin_in_any_order():
    p = np.array([[0.5, 0.5]] * 20)
    labels = np.array([0] * 10 + [1] * 10)
    assert ece(p, labels) == ece(p, labels[::-1]) == pytest.approx(0.0)


def test_a_diagram_has_bins_of_equal_mass_that_miss_by_what_the_error_says():
    logits, labels = overconfident()
    p = probabilities(logits)
    bins = reliability(p, labels)
    assert sum(one.n for one in bins) == len(labels)
    assert len(bins) == 15 and {one.n for one in bins} <= {266, 267}
    assert [one.confidence for one in bins] == sorted(one.confidence for one in bins)
    missed = sum(one.n * abs(one.confidence - one.accuracy) for one in bins) / len(labels)
    assert ece(p, labels) == pytest.approx(missed) and missed > 0.2


def test_bins_that_nothing_falls_into_are_left_out():
    p = np.array([[0.9, 0.1]] * 10 + [[0.6, 0.4]] * 10)
    bins = reliability(p, np.array([0] * 5 + [1] * 5 + [0] * 10))
    assert [tuple(one) for one in bins] == [
        (pytest.approx(0.6), 1.0, 10),
        (pytest.approx(0.9), 0.5, 10),
    ]


def test_an_error_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        ece(np.zeros((0, 2)), np.zeros(0, dtype=int))
