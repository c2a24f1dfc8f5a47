"""«I can't tell» is an answer, a skip is free, and both have an end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.challenges import skipping
from annotations.challenges.registry import KINDS, OFFERED
from annotations.models import (
    Campaign,
    Challenge,
    ChallengeState,
    ControlAnswer,
    QueueItem,
    Vote,
)
from annotations.services.answering import challenge_answer, challenge_cant_tell
from annotations.services.issuing import challenge_issue
from annotations.services.refusals import ChallengeGone, TooManySkips
from annotations.services.skips import skips_wait
from gallery.models import DataSet

pytestmark = pytest.mark.django_db


def pass_over(dataset: DataSet, annotator, n: int, state: str = ChallengeState.REPLACED) -> None:
    now = timezone.now()
    Challenge.objects.bulk_create(
        Challenge(
            dataset=dataset, annotator=annotator, kind="strip", seed=1, state=state, issued_at=now, expires_at=now
        )
        for _ in range(n)
    )


def test_can_not_tell_gives_no_vote_no_verdict_and_the_pictures_back(shades: DataSet, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="grid")
    assert QueueItem.objects.filter(leased_until__gt=timezone.now()).exists()
    challenge_cant_tell(challenge=challenge, annotator=b)
    challenge.refresh_from_db()
    assert (challenge.state, challenge.answered_at) == (ChallengeState.UNSURE, None)
    assert not Vote.objects.exists()
    assert not ControlAnswer.objects.exists()
    assert not QueueItem.objects.filter(leased_until__gt=timezone.now()).exists()
    with pytest.raises(ChallengeGone):
        challenge_cant_tell(challenge=challenge, annotator=b)


def test_one_control_that_can_not_be_told_is_no_failure(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    place = challenge.tiles.exclude(truth=None).first().position
    raw = answers(challenge)
    result = challenge_answer(challenge=challenge, annotator=b, raw=raw[:place] + "?" + raw[place + 1 :])
    assert result.passed is None
    assert result.votes == challenge.tiles.filter(truth=None).count()


def test_one_wrong_control_is_a_failure_whatever_else_could_not_be_told(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    first, second = challenge.tiles.exclude(truth=None)[:2]
    raw = list(answers(challenge))
    raw[first.position], raw[second.position] = "?", "dml"[(second.truth + 1) % 3]
    assert challenge_answer(challenge=challenge, annotator=b, raw="".join(raw)).passed is False


@pytest.mark.parametrize("kind", [name for name, kind in OFFERED.items() if kind.form != "select"])
def test_nobody_passes_by_saying_that_they_can_not_tell(shades: DataSet, b, kind: str) -> None:
    Campaign.objects.create(dataset=shades, kinds=list(OFFERED))
    challenge = challenge_issue(dataset=shades, annotator=b, kind=kind)
    size = KINDS[kind].n_questions
    raw = "?" * size if KINDS[kind].form == "name" else ["?"] * size
    assert challenge_answer(challenge=challenge, annotator=b, raw=raw).passed is None
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.UNSURE


def test_it_does_not_end_a_row_of_failures(shades: DataSet, b, solve) -> None:
    """Else patience could be bought: fail twice, can't tell once, fail twice again."""
    for _ in range(2):
        solve(b, lambda truth: (truth + 1) % 3)
    challenge_cant_tell(challenge=challenge_issue(dataset=shades, annotator=b, kind="strip"), annotator=b)
    solve(b, lambda truth: (truth + 1) % 3)
    with pytest.raises(Exception, match="Take a break"):
        challenge_issue(dataset=shades, annotator=b, kind="strip")


def test_skipping_is_free_and_has_an_end_in_words(shades: DataSet, b) -> None:
    pass_over(shades, b, skipping.MOST - 1)
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    challenge_issue(dataset=shades, annotator=b, kind="strip")
    with pytest.raises(TooManySkips, match=r"passed over 20 in ten minutes. The next skip is in 10 minutes") as stop:
        challenge_issue(dataset=shades, annotator=b, kind="strip")
    assert 0 < stop.value.seconds <= skipping.WINDOW
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.REPLACED
    assert Challenge.objects.filter(annotator=b, state=ChallengeState.OPEN).count() == 1


def test_who_answers_what_they_have_goes_on_after_that(shades: DataSet, b, c, solve, answers) -> None:
    pass_over(shades, b, skipping.MOST - 1)
    challenge_issue(dataset=shades, annotator=b, kind="strip")
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    assert skips_wait([b]) > 0
    challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge))
    challenge_issue(dataset=shades, annotator=b, kind="strip")
    with pytest.raises(TooManySkips):
        challenge_issue(dataset=shades, annotator=b, kind="strip")
    Challenge.objects.update(issued_at=timezone.now() - timedelta(seconds=skipping.WINDOW))
    assert skips_wait([b]) == 0
    assert skips_wait([c]) == 0


def test_can_not_tell_many_times_in_a_row_is_skipping(shades: DataSet, b) -> None:
    pass_over(shades, b, skipping.MOST + skipping.FREE - 1, ChallengeState.UNSURE)
    assert skips_wait([b]) == 0
    pass_over(shades, b, 1, ChallengeState.UNSURE)
    assert skips_wait([b]) > 0
