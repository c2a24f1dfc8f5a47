"""Flags: the platform's suspicion, raised once, with its evidence, and again only on new evidence."""

import pytest

from annotations.models import Annotator, AnswerKind, ControlAnswer, Flag, FlagState, Reliability, Verdict
from annotations.services import people
from annotations.services.annotators import annotator_join
from annotations.services.consensus import consensus_refit
from annotations.services.review import decision_make
from annotations.services.terms import terms_of
from gallery.models import DataSet

pytestmark = pytest.mark.django_db


def liar(truth: int) -> int:
    return (truth + 1) % 3


def evidence(person: Annotator) -> float:
    return Reliability.objects.get(annotator=person).evidence


@pytest.fixture
def tiles(dataset: DataSet, pictures):
    """Somebody answers controls whether they are class 1, which every third is."""
    image = pictures(1, 0, label=True)[0]

    def go(person: Annotator, answers: list[AnswerKind]) -> None:
        for i, kind in enumerate(answers):
            ControlAnswer.objects.create(
                dataset=dataset,
                annotator=person,
                image=image,
                kind=kind,
                truth=1 if i % 3 == 0 else 2,
                answer=1,
                correct=(kind == AnswerKind.YES) == (i % 3 == 0),
            )
        row = people.locked(dataset, person.person_id)
        people.grade(row, terms_of(dataset))
        row.save()

    return go


def test_a_few_wrong_answers_raise_no_flag(dataset: DataSet, grade, b) -> None:
    grade([b], right=False, n=11)
    assert not Flag.objects.exists()
    grade([b], right=False, n=1)
    assert Flag.objects.get().annotator == b


def test_an_honest_person_is_never_flagged(dataset: DataSet, grade, b) -> None:
    grade([b], n=100)
    grade([b], right=False, n=10)
    assert not Flag.objects.exists()


def test_a_flag_carries_its_evidence_in_words_and_numbers(dataset: DataSet, grade, b) -> None:
    grade([b], right=False, n=20)
    flag = Flag.objects.get()
    assert flag.reason.startswith("Right in 9% of 20 graded answers (95% sure it is")
    assert flag.evidence["graded"] == 20
    assert flag.evidence["low"] < flag.evidence["accuracy"] < flag.evidence["high"] < 0.6
    assert flag.evidence["certainty"] >= 0.95


def test_a_flag_is_raised_once_and_its_evidence_keeps_up(dataset: DataSet, grade, b) -> None:
    grade([b], right=False, n=15)
    raised = Flag.objects.get()
    grade([b], right=False, n=15)
    flag = Flag.objects.get()
    assert (flag.pk, flag.raised_at, flag.evidence["graded"]) == (raised.pk, raised.raised_at, 30)


def test_answering_raises_the_flag_without_a_full_fit(shades: DataSet, solve, b) -> None:
    for _ in range(3):
        solve(b, liar)
    assert Flag.objects.get().annotator == b


def test_who_was_cleared_is_flagged_again_on_half_as_much_evidence_again(dataset: DataSet, grade, b, rita) -> None:
    grade([b], right=False, n=20)
    decision_make(annotator=b, verdict=Verdict.CLEAR, by=rita)
    grade([b], right=False, n=9)
    assert [flag.state for flag in Flag.objects.all()] == [FlagState.CLEARED]
    grade([b], right=False, n=1)
    assert sorted(flag.state for flag in Flag.objects.all()) == [FlagState.CLEARED, FlagState.OPEN]


def test_the_reviewer_has_judged_all_that_came_while_the_flag_was_open(dataset: DataSet, grade, b, rita) -> None:
    grade([b], right=False, n=12)
    grade([b], right=False, n=18)
    decision_make(annotator=b, verdict=Verdict.CLEAR, by=rita)
    grade([b], right=False, n=14)
    assert evidence(b) == 44 < 1.5 * 30
    assert not Flag.objects.filter(state=FlagState.OPEN).exists()


def test_who_is_blocked_is_not_flagged_again(dataset: DataSet, grade, b, rita) -> None:
    grade([b], right=False, n=15)
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    row = people.locked(dataset, b.pk)
    row.disagreed = 100
    people.grade(row, terms_of(dataset))
    assert [flag.state for flag in Flag.objects.all()] == [FlagState.UPHELD]


def test_being_cleared_of_one_data_set_says_nothing_of_another(dataset, grade, alice, b, rita) -> None:
    other = DataSet.objects.create(owner=alice, name="Other")
    Flag.objects.create(annotator=b, dataset=other, reason="before", evidence={"graded": 1000}, state=FlagState.OPEN)
    decision_make(annotator=b, verdict=Verdict.CLEAR, by=rita)
    grade([b], right=False, n=15)
    assert Flag.objects.get(state=FlagState.OPEN).dataset == dataset


def test_a_visitors_flag_is_their_accounts_once_they_log_in(dataset: DataSet, grade, b, rita) -> None:
    visitor = Annotator.objects.create()
    grade([visitor], right=False, n=15)
    annotator_join(visitor=visitor, account=b)
    consensus_refit(dataset=dataset)
    assert Flag.objects.get().annotator == visitor
    decision_make(annotator=b, verdict=Verdict.CLEAR, by=rita)
    consensus_refit(dataset=dataset)
    assert [flag.state for flag in Flag.objects.all()] == [FlagState.CLEARED]


def test_who_says_no_to_every_tile_is_flagged_on_a_dozen_that_are_the_class(dataset: DataSet, tiles, b) -> None:
    tiles(b, [AnswerKind.NO] * 24)
    assert not Flag.objects.exists()
    tiles(b, [AnswerKind.NO] * 12)
    flag = Flag.objects.get()
    assert flag.reason.endswith("right on 0 of 12 tiles that were the class asked for")
    assert flag.evidence["hits"] == [0, 12]
    assert Reliability.objects.get(annotator=b).weight == 0
    consensus_refit(dataset=dataset)
    assert Reliability.objects.get(annotator=b).weight == 0
