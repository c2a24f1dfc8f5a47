from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.consensus.drift import RUN_LENGTH, answered_right, average_run_length, drift, threshold
from annotations.consensus.votes import FloatArray, Kind, Votes


def answers(people: int, *spans: tuple[float, int]) -> FloatArray:
    """Graded answers (people, n): for each span an accuracy and a number of answers."""
    rng = np.random.default_rng(0)
    accuracy = np.concatenate([np.full(n, p) for p, n in spans])
    return (rng.random((people, len(accuracy))) < accuracy).astype(float)


@pytest.mark.parametrize("accuracy", [0.6, 0.7, 0.8, 0.9, 0.95])
def test_fewer_than_one_honest_person_in_a_hundred_raises_an_alarm_in_a_thousand_answers(accuracy: float):
    alarms = [drift(row).alarm is not None for row in answers(1000, (accuracy, 1000))]
    assert np.mean(alarms) < 0.01


@pytest.mark.parametrize("accuracy", [0.7, 0.9])
def test_nor_does_it_where_the_baseline_is_given(accuracy: float):
    alarms = [drift(row, baseline=accuracy).alarm is not None for row in answers(1000, (accuracy, 1000))]
    assert np.mean(alarms) < 0.01


def test_who_turns_after_two_hundred_good_answers_is_seen_within_a_few():
    found = [drift(row) for row in answers(200, (0.9, 200), (0.1, 100))]
    delays = [each.alarm - 200 for each in found if each.alarm is not None]
    assert len(delays) > 195
    assert np.median(delays) < 20
    assert abs(np.median([each.since for each in found if each.since is not None]) - 200) <= 3


def test_who_begins_to_guess_is_seen_within_fifty_answers():
    found = [drift(row).alarm for row in answers(200, (0.9, 200), (0.5, 300))]
    delays = np.array([np.inf if alarm is None else alarm - 200 for alarm in found])
    assert np.median(delays) < 50
    assert (delays < np.inf).mean() > 0.95


def test_nobody_is_suspect_for_getting_better():
    assert all(drift(row).alarm is None for row in answers(200, (0.6, 200), (0.95, 500)))


def test_nothing_is_watched_in_the_warm_up():
    shown = drift(np.zeros(50))
    assert shown.alarm is None
    assert shown.path.tolist() == [0.0] * 50
    assert drift([]).path.tolist() == []


@given(st.lists(st.booleans(), max_size=80))
def test_the_path_is_pages_recursion(right: list[bool]):
    shown = drift(np.array(right, dtype=float), baseline=0.8, warm_up=0)
    steps = {True: np.log(shown.worse / 0.8), False: np.log((1 - shown.worse) / 0.2)}
    total, path = 0.0, []
    for answer in right:
        total = max(0.0, total + steps[answer])
        path.append(total)
    np.testing.assert_allclose(shown.path, path, atol=1e-9)
    passed = [t for t, value in enumerate(path) if value > shown.threshold]
    assert shown.alarm == (passed[0] if passed else None)


def test_worse_means_the_odds_divided():
    shown = drift([], baseline=0.9, shift=4)
    assert shown.worse / (1 - shown.worse) == pytest.approx(9 / 4)


def test_an_answer_of_which_the_truth_is_unknown_leaves_the_sum_as_it_is():
    shown = drift([0.0, 0.0, 0.25, 0.25], n_classes=4, baseline=0.8, warm_up=0)
    assert shown.path[1] > 1
    np.testing.assert_allclose(shown.path[2:], shown.path[1])


def test_the_baseline_is_on_the_careful_side_of_the_first_answers():
    flattered = drift(np.r_[np.ones(45), np.zeros(5), np.ones(100)])
    assert 0.75 < flattered.baseline < 0.9


def test_the_run_length_is_what_simulation_gives():
    limit, before, worse = 3.0, 0.8, 0.5
    steps = np.log([(1 - worse) / (1 - before), worse / before])
    rng = np.random.default_rng(0)
    total, length, running = np.zeros(4000), np.zeros(4000), np.ones(4000, dtype=bool)
    while running.any():
        right = (rng.random(4000) < before).astype(int)
        total = np.where(running, np.maximum(0, total + steps[right]), total)
        length += running
        running &= total <= limit
    error = length.std() / np.sqrt(4000)
    assert average_run_length(limit, before, worse) == pytest.approx(length.mean(), abs=4 * error)


def test_the_threshold_has_the_run_length_asked_for():
    limit = threshold(0.85, 0.6, 10_000.0)
    assert average_run_length(limit, 0.85, 0.6) == pytest.approx(10_000, rel=0.1)
    assert threshold(0.85, 0.6, RUN_LENGTH) > limit


def test_whoever_is_worse_is_found_sooner():
    lengths = [average_run_length(5.0, 0.85, 0.6, accuracy=p) for p in (0.85, 0.7, 0.5, 0.2)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] < 12


@pytest.mark.parametrize("right", [[1.5], [-0.1], [np.nan], [[1.0]]])
def test_grades_that_are_no_probabilities_are_refused(right: list[float]):
    with pytest.raises(ValueError, match="right"):
        drift(right)


@pytest.mark.parametrize("wrong", [{"shift": 1.0}, {"warm_up": -1}, {"n_classes": 1}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, int]):
    with pytest.raises(ValueError, match="shift"):
        drift([1.0], **wrong)


def test_a_tile_is_right_by_what_it_denies_as_by_what_it_affirms():
    votes = Votes.of([0, 0, 0], [0, 0, 0], [1, 1, 0], [Kind.CHOICE, Kind.YES, Kind.NO], n_classes=3)
    truth = np.tile([0.2, 0.7, 0.1], (3, 1))
    np.testing.assert_allclose(answered_right(votes, truth), [0.7, 0.7, 0.8])
