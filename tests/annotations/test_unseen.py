"""The verdict without pictures: what it takes, that it counts once, and what it leaves alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.challenges.tiles import AnswerError
from annotations.challenges.unseen import work
from annotations.models import Annotator, ChallengeState, ControlAnswer, Reliability, Unseen, Verdict, Vote
from annotations.selectors_unseen import questions_of, sound_of, with_unseen_failures, work_of
from annotations.services.answering import challenge_answer
from annotations.services.issuing import challenge_issue
from annotations.services.refusals import ChallengeGone, TooManyTries
from annotations.services.review import decision_make
from annotations.services.unseen import WAIT, TooEarly, unseen_answer, unseen_issue
from gallery.models import DataSet

pytestmark = pytest.mark.django_db
every_kind = pytest.mark.parametrize("kind", ["sound", "riddle"])


@pytest.fixture(autouse=True)
def light_work(monkeypatch) -> None:
    """A twentieth of a second's instead of some seconds'."""
    monkeypatch.setattr("annotations.selectors_unseen.BITS", 6)


def right(unseen: Unseen) -> list[str]:
    return [str(question.right) for question in questions_of(unseen)]


def wrong(unseen: Unseen) -> list[str]:
    return [str((question.right + 1) % 4) for question in questions_of(unseen)]


def done(unseen: Unseen) -> list[str]:
    asked = work_of(unseen)
    return work.do(asked) if asked else []


def answer(unseen: Unseen, said: list[str]) -> bool:
    return unseen_answer(unseen=unseen, said=said, done=done(unseen))


def ask(annotator: Annotator, kind: str = "riddle", way: str = "work") -> Unseen:
    return unseen_issue(annotator=annotator, kind=kind, way=way)


def fail(annotator: Annotator, times: int) -> None:
    for _ in range(times):
        unseen = ask(annotator)
        assert not answer(unseen, wrong(unseen))


def waited(unseen: Unseen, seconds: float) -> Unseen:
    """As if it had been asked so much earlier."""
    unseen.opens_at -= timedelta(seconds=seconds)
    unseen.save()
    return unseen


@every_kind
def test_who_does_the_work_and_answers_rightly_passes_without_any_data_set(b: Annotator, kind: str) -> None:
    unseen = ask(b, kind)
    assert answer(unseen, right(unseen))
    unseen.refresh_from_db()
    assert unseen.state == ChallengeState.PASSED
    assert not DataSet.objects.exists()


@every_kind
def test_one_wrong_answer_fails(b: Annotator, kind: str) -> None:
    unseen = ask(b, kind)
    assert not answer(unseen, [*right(unseen)[:-1], wrong(unseen)[-1]])
    unseen.refresh_from_db()
    assert unseen.state == ChallengeState.FAILED


def test_a_verdict_leaves_no_votes_and_moves_nobodys_reliability(shades: DataSet, b: Annotator, c: Annotator) -> None:
    for annotator, said in ((b, right), (c, wrong)):
        unseen = ask(annotator)
        answer(unseen, said(unseen))
    assert not Vote.objects.exists()
    assert not ControlAnswer.objects.exists()
    assert not Reliability.objects.exists()


def test_it_counts_once(b: Annotator) -> None:
    unseen = ask(b)
    numbers, said = done(unseen), right(unseen)
    assert unseen_answer(unseen=unseen, said=said, done=numbers)
    with pytest.raises(ChallengeGone):
        unseen_answer(unseen=unseen, said=said, done=numbers)


def test_a_wrong_answer_cannot_be_mended_with_the_same_work(b: Annotator) -> None:
    unseen = ask(b)
    numbers = done(unseen)
    assert not unseen_answer(unseen=unseen, said=wrong(unseen), done=numbers)
    with pytest.raises(ChallengeGone):
        unseen_answer(unseen=unseen, said=right(unseen), done=numbers)


def test_without_the_work_nothing_is_judged_and_the_questions_stay_open(b: Annotator, c: Annotator) -> None:
    unseen, others = ask(b), ask(c)
    for numbers in ([], "", None, done(unseen)[:-1], done(others)):
        with pytest.raises(work.NoWork):
            unseen_answer(unseen=unseen, said=right(unseen), done=numbers)
    assert answer(unseen, right(unseen))


def test_an_answer_that_cannot_be_read_leaves_them_open(b: Annotator) -> None:
    unseen = ask(b)
    with pytest.raises(AnswerError, match="2 is still open"):
        answer(unseen, [right(unseen)[0], "", *right(unseen)[2:]])
    assert answer(unseen, right(unseen))


def test_without_work_there_are_more_questions_and_time_has_to_pass(b: Annotator) -> None:
    unseen = ask(b, way="wait")
    assert work_of(unseen) is None
    assert len(right(unseen)) > len(right(ask(b)))
    unseen = ask(b, way="wait")
    with pytest.raises(TooEarly, match="45 seconds") as early:
        answer(unseen, right(unseen))
    assert early.value.seconds == WAIT.total_seconds()
    assert answer(waited(unseen, 45), right(unseen))


def test_that_somebody_came_too_early_tells_nothing_of_their_answers(b: Annotator) -> None:
    unseen = ask(b, way="wait")
    messages = []
    for said in (right(unseen), wrong(unseen)):
        with pytest.raises(TooEarly) as early:
            answer(unseen, said)
        messages.append(str(early.value))
    assert messages[0] == messages[1]


def test_others_take_the_place_of_what_was_asked_before(b: Annotator) -> None:
    first = ask(b)
    ask(b)
    first.refresh_from_db()
    assert first.state == ChallengeState.REPLACED
    with pytest.raises(ChallengeGone):
        answer(first, right(first))


def test_nobody_has_to_hurry_but_they_do_end(b: Annotator) -> None:
    unseen = ask(b)
    assert unseen.expires_at - unseen.issued_at > timedelta(hours=20)
    Unseen.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ChallengeGone):
        answer(unseen, right(unseen))


def test_after_three_failures_in_a_row_somebody_waits_and_so_do_their_other_faces(b: Annotator, c: Annotator) -> None:
    fail(b, 3)
    for face in (b, Annotator.objects.create(same_as=b)):
        with pytest.raises(TooManyTries, match="30 seconds"):
            ask(face)
    assert ask(c)


def test_a_pass_ends_the_row(b: Annotator) -> None:
    fail(b, 2)
    unseen = ask(b)
    answer(unseen, right(unseen))
    fail(b, 2)
    assert ask(b)


def test_a_failure_counts_beside_those_with_pictures(shades: DataSet, answers, b: Annotator) -> None:
    fail(b, 1)
    for _ in range(2):
        challenge = challenge_issue(dataset=shades, annotator=b, kind="grid")
        wrong_tiles = sorted(set(range(9)) - set(answers(challenge)))
        challenge_answer(challenge=challenge, annotator=b, raw=wrong_tiles)
    with pytest.raises(TooManyTries):
        challenge_issue(dataset=shades, annotator=b)


def test_who_failed_only_without_pictures_is_shown_some_and_it_costs_no_query(
    shades: DataSet, b: Annotator, django_assert_num_queries
) -> None:
    fail(b, 3)
    with django_assert_num_queries(0):
        assert with_unseen_failures([], b) == []
    assert challenge_issue(dataset=shades, annotator=b)


def test_a_pass_without_pictures_ends_no_row_of_failures_with_them(shades: DataSet, answers, b: Annotator) -> None:
    for _ in range(3):
        challenge = challenge_issue(dataset=shades, annotator=b, kind="grid")
        wrong_tiles = sorted(set(range(9)) - set(answers(challenge)))
        challenge_answer(challenge=challenge, annotator=b, raw=wrong_tiles)
    unseen = ask(b)  # who has to wait for pictures, for whatever reason, can go on without them
    assert answer(unseen, right(unseen))
    with pytest.raises(TooManyTries):
        challenge_issue(dataset=shades, annotator=b)


def test_who_is_stopped_from_voting_is_asked_all_the_same(b: Annotator, rita) -> None:
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    unseen = ask(b)
    assert answer(unseen, right(unseen))


def test_what_is_heard_is_the_same_each_time_and_another_for_each_question(b: Annotator) -> None:
    unseen = ask(b, "sound")
    assert sound_of(unseen, 0) == sound_of(Unseen.objects.get(), 0)
    assert len({sound_of(unseen, place) for place in range(4)}) == 4


def test_a_question_in_words_is_not_to_be_heard(b: Annotator) -> None:
    with pytest.raises(LookupError):
        sound_of(ask(b), 0)
    with pytest.raises(LookupError):
        sound_of(ask(b, "sound"), 4)
