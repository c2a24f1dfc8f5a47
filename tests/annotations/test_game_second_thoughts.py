"""An answer that is changed before its verdict is told: the ledger keeps both words, and every reader the second."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations import ledger, timeline
from annotations.api.answers import tiles_said
from annotations.challenges.tiles import AnswerError
from annotations.models import (
    Annotator,
    AnswerKind,
    Challenge,
    ChallengeState,
    Consensus,
    ControlAnswer,
    SecondThought,
    Verdict,
    Vote,
    WithheldVerdict,
)
from annotations.services.answering import challenge_answer
from annotations.services.consensus import consensus_refit
from annotations.services.contributions import contributions_refresh
from annotations.services.effects import decision_preview
from annotations.services.issuing import challenge_issue
from annotations.services.rebuilding import consensus_rebuild
from annotations.services.second_thoughts import TooLate, answer_change, answer_undoable
from annotations.services.streaks import streak_of
from annotations.services.withholding import verdicts_tell
from annotations.views import evidence
from gallery.models import DataSet
from learning.selectors_ending import answers_spent

from .test_challenges import on_postgresql, side_by_side

pytestmark = pytest.mark.django_db
KEYS = "dml"


@pytest.fixture
def answered(shades: DataSet, answers, b: Annotator) -> Challenge:
    """A strip that bob has answered rightly and whose verdict he doesn't know."""
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge), withhold=True)
    challenge.refresh_from_db()
    return challenge


def changed(challenge: Challenge, positions: list[int], to: str = "") -> str:
    """What was answered first, with other keys at some places."""
    raw = list(WithheldVerdict.objects.get(challenge=challenge).raw)
    for position in positions:
        raw[position] = to or KEYS[(KEYS.index(raw[position]) + 1) % 3]
    return "".join(raw)


def places(challenge: Challenge, *, unknown: bool) -> list[int]:
    return list(challenge.tiles.filter(truth__isnull=unknown).values_list("position", flat=True))


def image_at(challenge: Challenge, position: int) -> int:
    return challenge.tiles.get(position=position).image_id


def bobs(challenge: Challenge, image: int) -> list[int]:
    """Those of them that are the solver's."""
    book = ledger.read(challenge.dataset, known={}, images=[image])
    theirs = book.votes.annotator == np.searchsorted(book.people, challenge.annotator_id)
    return book.votes.answer[theirs].tolist() if challenge.annotator_id in book.people else []


def on(dataset: DataSet, image: int) -> list[int]:
    """The answers on an image that count."""
    book = ledger.read(dataset, known={}, images=[image])
    return book.votes.answer.tolist()


# ── What is written ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_changed_tile_becomes_a_row_that_supersedes_and_the_first_stays(answered: Challenge) -> None:
    place = places(answered, unknown=True)[0]
    before = {row.pk: (row.kind, row.answer) for row in Vote.objects.all()}
    raw = changed(answered, [place])
    answer_change(challenge=answered, raw=raw)
    assert {row.pk: (row.kind, row.answer) for row in Vote.objects.filter(pk__in=before)} == before
    new = Vote.objects.exclude(pk__in=before).get()
    assert (new.image_id, new.answer) == (image_at(answered, place), KEYS.index(raw[place]))
    assert new.supersedes.image_id == new.image_id
    assert on(answered.dataset, new.image_id) == [new.answer]


def test_a_tile_that_can_not_be_told_after_all_leaves_the_person_out_of_the_image(answered: Challenge) -> None:
    place = places(answered, unknown=True)[0]
    answer_change(challenge=answered, raw=changed(answered, [place], "?"))
    row = Vote.objects.get(withdrawn=True)
    assert on(answered.dataset, row.image_id) == []
    consensus = Consensus.objects.get(pk=row.image_id)
    assert (consensus.votes, consensus.trusted) == (0, 0)


def test_a_tile_that_was_left_out_at_first_gets_its_first_vote(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    raw, place = answers(challenge), places(challenge, unknown=True)[0]
    challenge_answer(challenge=challenge, annotator=b, raw=raw[:place] + "?" + raw[place + 1 :], withhold=True)
    answer_change(challenge=challenge, raw=raw)
    vote = Vote.objects.get(image=image_at(challenge, place))
    assert (vote.supersedes, vote.answer) == (None, KEYS.index(raw[place]))


def test_a_control_is_never_graded_again(answered: Challenge) -> None:
    before = list(ControlAnswer.objects.order_by("pk").values())
    state, votes = answered.state, Vote.objects.count()
    answer_change(challenge=answered, raw=changed(answered, places(answered, unknown=False)))
    answered.refresh_from_db()
    assert list(ControlAnswer.objects.order_by("pk").values()) == before
    assert (answered.state, Vote.objects.count()) == (state, votes)
    assert [told.state for told in verdicts_tell(annotator=answered.annotator)] == [ChallengeState.PASSED]


def test_a_failed_answer_can_not_be_mended(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    wrong = answers(challenge, lambda truth: (truth + 1) % 3)
    challenge_answer(challenge=challenge, annotator=b, raw=wrong, withhold=True)
    answer_change(challenge=challenge, raw=answers(challenge))
    assert [told.state for told in verdicts_tell(annotator=b)] == [ChallengeState.FAILED]


def test_the_consensus_goes_with_it_in_the_same_transaction(answered: Challenge) -> None:
    place = places(answered, unknown=True)[0]
    row = Consensus.objects.get(pk=image_at(answered, place))
    raw = changed(answered, [place])
    answer_change(challenge=answered, raw=raw)
    after = Consensus.objects.get(pk=row.pk)
    assert (row.label, after.label) == ((KEYS.index(raw[place]) - 1) % 3, KEYS.index(raw[place]))


def test_on_a_grid_each_unknown_tile_can_be_turned(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="grid")
    challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge), withhold=True)
    before = dict(challenge.votes.values_list("image", "kind"))
    answer_change(challenge=challenge, raw=[place for place in range(9) if not selected(challenge, place)])
    turned = {AnswerKind.YES: AnswerKind.NO, AnswerKind.NO: AnswerKind.YES}
    assert dict(challenge.votes.standing().values_list("image", "kind")) == {i: turned[k] for i, k in before.items()}
    assert challenge.votes.count() == 2 * len(before)


def selected(challenge: Challenge, place: int) -> bool:
    raw = WithheldVerdict.objects.get(challenge=challenge).raw
    return raw != "none" and place in raw


def test_can_not_tell_any_of_it_takes_all_votes_back(answered: Challenge) -> None:
    answer_change(challenge=answered, raw=None)
    assert not answered.votes.standing().exists()
    assert answered.votes.filter(withdrawn=True).count() == answered.votes.count() / 2


def test_the_same_answer_again_writes_no_vote(answered: Challenge) -> None:
    before = Vote.objects.count()
    answer_change(challenge=answered, raw=changed(answered, []))
    assert Vote.objects.count() == before


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_once_a_challenge(answered: Challenge) -> None:
    assert answer_undoable(answered.annotator).pk == answered.pk
    answer_change(challenge=answered, raw=changed(answered, [0]))
    assert answer_undoable(answered.annotator) is None
    before = Vote.objects.count()
    with pytest.raises(TooLate):
        answer_change(challenge=answered, raw=changed(answered, list(range(10))))
    assert Vote.objects.count() == before


def test_not_after_two_minutes(answered: Challenge) -> None:
    Challenge.objects.filter(pk=answered.pk).update(answered_at=timezone.now() - timedelta(seconds=121))
    assert answer_undoable(answered.annotator) is None
    with pytest.raises(TooLate):
        answer_change(challenge=answered, raw=changed(answered, list(range(10))))
    assert not SecondThought.objects.exists()


def test_not_once_the_verdict_is_told(answered: Challenge) -> None:
    raw = changed(answered, list(range(10)))
    verdicts_tell(annotator=answered.annotator)
    with pytest.raises(TooLate):
        answer_change(challenge=answered, raw=raw)
    assert not Vote.objects.exclude(supersedes=None).exists()


def test_what_can_not_be_read_changes_nothing_and_may_be_tried_again(answered: Challenge) -> None:
    with pytest.raises(AnswerError):
        answer_change(challenge=answered, raw="xx")
    assert answer_undoable(answered.annotator) is not None


def test_the_database_lets_one_row_supersede_another_and_nothing_be_withdrawn_twice(answered: Challenge) -> None:
    answer_change(challenge=answered, raw=None)
    row = Vote.objects.filter(withdrawn=True).first()
    fields = {"dataset": row.dataset, "annotator": row.annotator, "challenge": answered, "image": row.image}
    for more in ({"supersedes": row.supersedes}, {}, {"challenge": None, "withdrawn": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Vote.objects.create(kind=0, answer=0, **{**fields, **more})


# ── Nothing tells a control ──────────────────────────────────────────────────────────────────────────────────────────


def test_what_somebody_reads_of_their_answer_is_their_second_word_on_every_tile(answered: Challenge) -> None:
    answer_change(challenge=answered, raw=changed(answered, list(range(9))))
    said = SecondThought.objects.get().said
    assert [row[0] for row in sorted(said)] == list(range(10))
    names = ["dark", "middle", "light"]
    assert [tile["label"] for tile in tiles_said(answered)] == [names[row[2]] for row in sorted(said)]


def test_controls_and_unknowns_take_the_same_work(answered: Challenge) -> None:
    """But for the row that a changed vote is, and for the image's tag and place in the queue where its label moves."""
    counts = []
    for unknown in (True, False):
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            answer_change(challenge=answered, raw=changed(answered, places(answered, unknown=unknown)[:1]))
            transaction.set_rollback(True)
        counts.append(len(queries))
    assert abs(counts[0] - counts[1]) <= 4


def test_the_votes_of_a_verdict_are_those_that_it_first_brought(answered: Challenge) -> None:
    brought = answered.votes.count()
    answer_change(challenge=answered, raw=None)
    assert [told.votes for told in verdicts_tell(annotator=answered.annotator)] == [brought]


# ── Every reader takes the second word ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def one_changed_one_withdrawn(answered: Challenge, solve, c, pictures) -> tuple[Challenge, int, int]:
    solve(c)
    first, second = places(answered, unknown=True)[:2]
    raw = list(changed(answered, [first]))
    raw[second] = "?"
    answer_change(challenge=answered, raw="".join(raw))
    return answered, image_at(answered, first), image_at(answered, second)


def test_the_full_fit_and_a_rebuild_agree_with_it(one_changed_one_withdrawn) -> None:
    challenge, turned, withdrawn = one_changed_one_withdrawn
    said = challenge.votes.standing().get(image=turned).answer

    def votes() -> dict[int, int]:
        return {row.pk: row.votes for row in Consensus.objects.all() if row.votes}

    quick = votes()
    consensus_refit(dataset=challenge.dataset)
    fitted = {row.pk: row.posterior for row in Consensus.objects.all()}
    assert votes() == quick
    consensus_rebuild(dataset=challenge.dataset)
    assert {row.pk: row.posterior for row in Consensus.objects.all()} == fitted
    assert bobs(challenge, turned) == [said]
    assert bobs(challenge, withdrawn) == []


def test_the_timeline_has_each_word_once_and_no_withdrawn_one(one_changed_one_withdrawn) -> None:
    challenge, *_ = one_changed_one_withdrawn
    line = timeline.read(challenge.dataset, known={})
    bob = line.people.index(challenge.annotator_id)
    on_images = np.asarray(line.votes.item[line.span(bob)] < line.n_images)
    assert on_images.sum() == challenge.votes.standing().count()


def test_counts_leave_out_what_was_changed(one_changed_one_withdrawn) -> None:
    challenge, *_ = one_changed_one_withdrawn
    bob, stand = challenge.annotator, challenge.votes.standing().count()
    assert challenge.votes.count() == stand + 3
    assert evidence.gather(bob)["given"]["votes"] == stand
    assert decision_preview(annotator=bob, verdict=Verdict.BLOCK).votes == stand
    asked = Vote.objects.filter(supersedes=None).count()
    assert answers_spent(challenge.dataset) == asked
    contributions_refresh(dataset=challenge.dataset)
    assert bob.reliabilities.get().contribution.answers == stand


def test_a_later_word_under_another_face_still_counts_after_a_withdrawal(one_changed_one_withdrawn) -> None:
    """The latest row of a person is their word: they may name a picture on its page that they couldn't tell before."""
    challenge, _, withdrawn = one_changed_one_withdrawn
    Vote.objects.create(
        dataset=challenge.dataset, annotator=challenge.annotator, image_id=withdrawn, kind=AnswerKind.CHOICE, answer=2
    )
    assert bobs(challenge, withdrawn) == [2]


# ── Two at once, where the database lets two write at once ───────────────────────────────────────────────────────────


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_of_changes_at_the_same_moment_one_is_taken(answered: Challenge) -> None:
    raw = changed(answered, list(range(10)))

    def change() -> object:
        return answer_change(challenge=Challenge.objects.get(pk=answered.pk), raw=raw)

    outcomes = side_by_side(*[change] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] + ["TooLate"] * 3
    assert answered.votes.exclude(supersedes=None).count() == answered.votes.filter(supersedes=None).count()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_verdict_that_two_ask_for_counts_once_and_a_change_comes_before_or_not_at_all(answered: Challenge) -> None:
    raw, bob = changed(answered, list(range(10))), answered.annotator

    def tell() -> object:
        return verdicts_tell(annotator=Annotator.objects.get(pk=bob.pk))

    def change() -> object:
        return answer_change(challenge=Challenge.objects.get(pk=answered.pk), raw=raw)

    first, second, changes = side_by_side(tell, tell, change)
    assert sorted([len(first), len(second)]) == [0, 1]
    assert streak_of(bob).run == 1
    assert (changes is None) == SecondThought.objects.exists()
