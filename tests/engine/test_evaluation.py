import json
from itertools import pairwise

import numpy as np
import pytest

from learning.engine.evaluation import (
    ClassAccuracy,
    accuracy,
    confusion_matrix,
    coverage_curve,
    decide,
    metrics,
    per_class_accuracy,
    per_class_precision,
    top_k,
)
from learning.engine.paired import Comparison, paired_bootstrap

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 1, 0])
FAIR = [ClassAccuracy(0.8, 100), ClassAccuracy(0.8, 100)]


def correct(n_right, n=500):
    return np.arange(n) < n_right


def test_figures_of_a_case_counted_by_hand():
    assert accuracy(PREDICTED, LABELS) == pytest.approx(4 / 6)
    assert confusion_matrix(PREDICTED, LABELS, 4).tolist() == [
        [2, 1, 0, 0],
        [0, 2, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
    ]
    assert per_class_accuracy(PREDICTED, LABELS, 4) == [(2 / 3, 3), (1.0, 2), (0.0, 1), (None, 0)]


def test_metrics_are_json_and_macro_f1_is_the_mean_of_the_classes_that_occur():
    figures = metrics(np.eye(4)[PREDICTED], LABELS, 4)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 0.8 + 0) / 3)
    assert figures["n"] == 6 and figures["ece"] == pytest.approx(2 / 6)
    assert figures["per_class"][3] == {"accuracy": None, "n": 0, "precision": None}


def test_precision_counts_what_was_taken_for_a_class():
    assert per_class_precision(PREDICTED, LABELS, 4) == [pytest.approx(2 / 3), pytest.approx(2 / 3), None, None]


def test_the_right_class_is_looked_for_among_the_likeliest():
    # The third, the second and the first guess are right.
    p = np.array([[0.5, 0.3, 0.15, 0.05]] * 3)
    assert top_k(p, np.array([2, 1, 0])) == {"2": pytest.approx(2 / 3), "3": 1.0}
    assert top_k(p[:, :2], np.array([1, 1, 0])) == {}
    assert set(top_k(np.eye(6), np.arange(6))) == {"2", "3", "5"}


def test_the_proper_scores_of_a_case_worked_out_by_hand():
    figures = metrics(np.array([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]]), np.array([0, 1]), 3)
    assert figures["nll"] == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert figures["brier"] == pytest.approx((0.25 + 2 / 16 + 9 / 16 + 1 / 16 + 0.25) / 2)
    assert metrics(np.array([[0.5, 0.5]]), np.array([0]), 2)["brier"] == pytest.approx(0.5)


def test_rows_in_single_precision_and_of_one_class_alone_are_scored():
    p = np.full((40, 3), [0.9, 0.07, 0.03], dtype=np.float32)
    figures = metrics(p, np.zeros(40, dtype=int), 3)
    assert figures["nll"] == pytest.approx(-np.log(0.9), rel=1e-5)


def test_the_error_before_calibration_is_told_where_it_is_known():
    p, labels = np.array([[0.75, 0.25]] * 4), np.array([0, 0, 0, 1])
    assert "ece_before" not in metrics(p, labels, 2)
    figures = metrics(p, labels, 2, uncalibrated=np.array([[0.95, 0.05]] * 4))
    assert (figures["ece"], figures["ece_before"]) == (pytest.approx(0), pytest.approx(0.2))


def test_what_a_model_is_surest_of_is_right_more_often():
    # Sure and right twice, half sure and wrong once, unsure and right once.
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]])
    curve = coverage_curve(p, np.array([0, 1, 1, 0]))
    assert [tuple(point) for point in curve] == [
        (0.25, 1.0, 0.9),
        (0.5, 1.0, 0.8),
        (0.75, pytest.approx(2 / 3), 0.7),
        (1.0, 0.75, 0.6),
    ]


def test_a_long_curve_has_few_points_and_rows_as_sure_come_in_together():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, 5000)
    curve = coverage_curve(np.column_stack([sure, 1 - sure]), np.zeros(5000, dtype=int))
    assert len(curve) == 21 and curve[-1].coverage == 1
    assert all(one.threshold > next_.threshold for one, next_ in pairwise(curve))
    even = np.array([[0.8, 0.2]] * 30)
    assert coverage_curve(even, np.zeros(30, dtype=int)) == [(1.0, 1.0, 0.8)]
    assert coverage_curve(even, np.arange(30) % 2) == coverage_curve(even, np.arange(1, 31) % 2)


def test_nothing_to_evaluate_and_unknown_classes_are_refused():
    none = np.zeros(0, dtype=int)
    with pytest.raises(ValueError, match="at least one"):
        accuracy(none, none)
    with pytest.raises(ValueError, match="beyond"):
        confusion_matrix(PREDICTED, LABELS, 2)


def test_the_interval_holds_the_gain_and_the_seed_repeats_it():
    first, again = (paired_bootstrap(correct(400), correct(420), seed=3) for _ in range(2))
    assert first == again
    assert first.gain == pytest.approx(0.04)
    assert first.gain_low < 0.04 < first.gain_high


def test_the_bootstrap_is_as_wide_as_theory_says():
    rng = np.random.default_rng(0)
    champion, challenger = rng.random(400) < 0.7, rng.random(400) < 0.7
    comparison = paired_bootstrap(champion, challenger, n=20_000)
    spread = (challenger.astype(float) - champion).std() / np.sqrt(400)
    assert comparison.gain_high - comparison.gain_low == pytest.approx(2 * 1.96 * spread, rel=0.06)


def test_pairing_sees_a_small_steady_gain():
    # Two points, but never a row lost: unpaired, 80% and 82% of 500 could not be told apart.
    assert paired_bootstrap(correct(400), correct(410)).p_better > 0.99


def test_a_comparison_takes_soft_verdicts():
    champion = np.full(50, 0.6)
    assert paired_bootstrap(champion, champion + 0.2).gain == pytest.approx(0.2)


def test_a_comparison_needs_rows():
    with pytest.raises(ValueError, match="at least one row"):
        paired_bootstrap(correct(0, 0), correct(0, 0))


def test_a_better_challenger_is_promoted_with_its_figures():
    decision = decide(paired_bootstrap(correct(400), correct(430)), FAIR, champion_per_class=FAIR)
    assert decision.promote
    assert decision.reason.startswith("Promoted: the accuracy changes by +6.0 points")
    assert "100.0%" in decision.reason


def test_a_worse_challenger_is_not_promoted():
    decision = decide(paired_bootstrap(correct(430), correct(400)), FAIR, champion_per_class=FAIR)
    assert not decision.promote and "-6.0 points" in decision.reason


def test_an_equal_challenger_does_not_replace_the_champion():
    comparison = paired_bootstrap(correct(400), correct(400))
    assert comparison.p_better == 0 and comparison.p_worse_by_point == 0
    assert not decide(comparison, FAIR, champion_per_class=FAIR).promote


@pytest.mark.parametrize(
    ("p_better", "p_worse", "promoted"),
    [(0.8, 0.05, True), (0.79, 0.0, False), (0.9, 0.051, False)],
)
def test_the_gate_stands_where_it_is_said_to(p_better, p_worse, promoted):
    comparison = Comparison(p_better, p_worse, gain=0.02, gain_low=-0.01, gain_high=0.05)
    assert decide(comparison, FAIR, champion_per_class=FAIR).promote is promoted


@pytest.mark.parametrize(
    ("accuracy_now", "n", "promoted"),
    [(0.60, 30, False), (0.65, 30, True), (0.10, 9, True), (0.10, 10, False)],
)
def test_one_collapsed_class_holds_a_better_challenger_back(accuracy_now, n, promoted):
    before = [ClassAccuracy(0.8, 100), ClassAccuracy(0.8, n)]
    after = [ClassAccuracy(0.95, 100), ClassAccuracy(accuracy_now, n)]
    decision = decide(
        paired_bootstrap(correct(400), correct(430)),
        after,
        champion_per_class=before,
        class_names=["cat", "dog"],
    )
    assert decision.promote is promoted
    assert ("dog falls from 80.0%" in decision.reason) is not promoted


def test_a_class_added_since_the_champion_has_no_floor():
    after = [*FAIR, ClassAccuracy(0.1, 50)]
    assert decide(paired_bootstrap(correct(400), correct(430)), after, champion_per_class=FAIR).promote


def test_a_provisional_decision_says_so():
    decision = decide(paired_bootstrap(correct(400), correct(430)), FAIR, champion_per_class=FAIR, provisional=True)
    assert "provisional, by cross-validation" in decision.reason
