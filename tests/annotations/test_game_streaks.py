"""Streaks: passed challenges in a row, days in a row; over all faces of a person."""

from datetime import date, timedelta

import numpy as np
import pytest
from django.utils import timezone

from annotations.models import Annotator, Challenge, ChallengeState, Streak
from annotations.services.annotators import annotator_join, annotator_unjoin
from annotations.services.answering import challenge_answer
from annotations.services.issuing import challenge_issue
from annotations.services.streaks import streak_of, streak_recount
from annotations.services.withholding import verdicts_tell
from annotations.streaks import Run, run_of
from gallery.models import DataSet

MONDAY = date(2026, 3, 2)


def wrong(truth: int) -> int:
    return (truth + 1) % 3


def days(*passed: int) -> Run:
    return run_of((True, MONDAY + timedelta(days=day)) for day in passed)


def test_a_failure_ends_the_run_and_keeps_the_best() -> None:
    run = run_of((passed, MONDAY) for passed in [True, True, True, False, True])
    assert (run.run, run.best) == (1, 3)


def test_days_run_on_where_none_is_left_out() -> None:
    assert days(0, 0, 1, 2).days == 3
    assert (days(0, 1, 3).days, days(0, 1, 3).best_days) == (1, 2)


def test_days_are_over_once_a_whole_day_has_passed_without_one() -> None:
    run = days(0, 1)
    assert run.days_by(MONDAY + timedelta(days=2)) == 2
    assert run.days_by(MONDAY + timedelta(days=3)) == 0


def test_failing_on_a_day_does_not_make_it_count() -> None:
    run = days(0).after(passed=False, day=MONDAY + timedelta(days=1))
    assert (run.days, run.last_day) == (1, MONDAY)


@pytest.mark.django_db
def test_each_verdict_is_counted_as_it_comes(shades: DataSet, solve, b) -> None:
    solve(b)
    solve(b)
    assert (streak_of(b).run, streak_of(b).best, streak_of(b).days) == (2, 2, 1)
    solve(b, wrong)
    assert (streak_of(b).run, streak_of(b).best) == (0, 2)


@pytest.mark.django_db
def test_what_is_written_with_each_answer_is_what_the_challenges_say(shades: DataSet, solve, b) -> None:
    for says in (int, int, wrong, int):
        solve(b, says)
    kept = streak_of(b)
    streak_recount(annotator=b)
    assert streak_of(b) == kept
    Streak.objects.all().delete()  # of before there were rows
    assert streak_of(b) == kept
    solve(b)
    assert streak_of(b).run == kept.run + 1


@pytest.mark.django_db
def test_can_not_tell_and_skips_neither_add_nor_break(shades: DataSet, solve, b) -> None:
    solve(b)
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    challenge_answer(challenge=challenge, annotator=b, raw="?" * 10)
    challenge_issue(dataset=shades, annotator=b, kind="strip")
    challenge_issue(dataset=shades, annotator=b, kind="strip")
    assert streak_of(b).run == 1


@pytest.mark.django_db
def test_a_verdict_that_is_not_told_yet_shows_nowhere_in_the_streak(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge), withhold=True)
    assert streak_of(b).run == 0
    streak_recount(annotator=b)
    assert streak_of(b).run == 0
    assert [told.state for told in verdicts_tell(annotator=b)] == [ChallengeState.PASSED]
    assert verdicts_tell(annotator=b) == []
    assert streak_of(b).run == 1


@pytest.mark.django_db
def test_joining_makes_one_streak_of_two_and_parting_two_of_one(shades: DataSet, solve, b) -> None:
    visitor = Annotator.objects.create()
    solve(visitor)
    solve(b)
    solve(visitor)
    annotator_join(visitor=visitor, account=b)
    assert streak_of(b).run == 3
    visitor.refresh_from_db()
    assert streak_of(visitor).run == 3
    annotator_unjoin(visitor=visitor)
    assert (streak_of(b).run, streak_of(visitor).run) == (1, 2)


@pytest.mark.django_db
def test_who_clicks_at_random_gets_no_streak(shades: DataSet, b) -> None:
    rng = np.random.default_rng(1)
    for _ in range(8):
        challenge = challenge_issue(dataset=shades, annotator=b, kind="grid")
        tiles = [i for i in range(9) if rng.random() < 0.5]
        challenge_answer(challenge=challenge, annotator=b, raw=tiles)
        Challenge.objects.filter(annotator=b).update(answered_at=timezone.now() - timedelta(hours=2))
    assert streak_of(b).best <= 1


@pytest.mark.django_db
def test_counting_a_verdict_takes_as_many_queries_after_many_as_after_one(
    shades: DataSet, solve, b, django_assert_max_num_queries
) -> None:
    solve(b)
    with django_assert_max_num_queries(1):
        streak_of(b)
