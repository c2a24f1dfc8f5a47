import json

import numpy as np
import pytest

from learning.engine.evaluation import (
    ClassAccuracy,
    Comparison,
    accuracy,
    confusion_matrix,
    decide,
    metrics,
    paired_bootstrap,
    per_class_accuracy,
)

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
    assert figures["per_class"][3] == {"accuracy": None, "n": 0}


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
