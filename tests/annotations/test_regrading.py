"""A control whose truth was wrong is graded again by another, and no answer is rewritten."""

import pytest

from accounts.models import AuditEntry
from annotations.controls import is_right, mistakes
from annotations.models import Annotator, AnswerKind, ControlAnswer, Gold, Regrade, Reliability
from annotations.services.consensus import consensus_refit
from annotations.services.publication import NotNow
from annotations.services.regrading import regrade_make
from annotations.services.review import OwnAnswers
from gallery.models import DataSet, Image

pytestmark = pytest.mark.django_db


@pytest.fixture
def control(dataset: DataSet, pictures, grade, b) -> Image:
    """Bob has ten controls right, and called a dark one light."""
    grade([b], n=10)
    image = pictures(1, 0, label=True)[0]
    answered(image, b, 2)
    consensus_refit(dataset=dataset)
    return image


def answered(image: Image, annotator: Annotator, answer: int) -> ControlAnswer:
    return ControlAnswer.objects.create(
        dataset=image.dataset, annotator=annotator, image=image, kind=0, answer=answer, truth=0, correct=answer == 0
    )


def accuracy(annotator: Annotator) -> float:
    return Reliability.objects.get(annotator=annotator).accuracy


def test_the_right_truth_lifts_whoever_was_right(dataset: DataSet, control, b, rita) -> None:
    before = accuracy(b)
    regrade_make(image=control, truth=dataset.classes.get(index=2), by=rita, note="It is light.")
    assert accuracy(b) > before
    assert accuracy(b) == pytest.approx((2 + 11) / (3 + 11))


def test_an_unfair_control_counts_for_nobody(dataset: DataSet, control, b, rita) -> None:
    regrade_make(image=control, truth=None, by=rita)
    assert accuracy(b) == pytest.approx((2 + 10) / (3 + 10))


def test_no_answer_is_rewritten_and_the_log_tells(dataset: DataSet, control, rita) -> None:
    before = list(ControlAnswer.objects.order_by("pk").values())
    regrade_make(image=control, truth=dataset.classes.get(index=2), by=rita, note="It is light.")
    assert list(ControlAnswer.objects.order_by("pk").values()) == before
    row = Regrade.objects.get()
    assert (row.truth, row.decided_by, row.note) == (2, rita, "It is light.")
    entry = AuditEntry.objects.get(actor=rita)
    assert entry.verb == "re-graded the control"
    assert entry.detail == {"truth": "light", "note": "It is light.", "images_changed": 0}


def test_a_second_re_grade_holds_over_the_first(dataset: DataSet, control, b, rita) -> None:
    before = accuracy(b)
    regrade_make(image=control, truth=None, by=rita)
    regrade_make(image=control, truth=dataset.classes.get(index=0), by=rita)
    assert accuracy(b) == pytest.approx(before)
    assert Regrade.objects.count() == 2


def test_what_was_never_a_control_can_not_be_re_graded(dataset: DataSet, pictures, rita) -> None:
    with pytest.raises(NotNow):
        regrade_make(image=pictures(1, 1)[0], truth=None, by=rita)
    assert not Regrade.objects.exists()


def test_nobody_re_grades_what_they_answered_themselves(control, rita) -> None:
    face = Annotator.objects.create(same_as=Annotator.objects.create(user=rita))
    answered(control, face, 1)
    with pytest.raises(OwnAnswers):
        regrade_make(image=control, truth=None, by=rita)
    assert not Regrade.objects.exists()


@pytest.mark.parametrize(
    ("kind", "answer", "right"),
    [
        (AnswerKind.CHOICE, 1, True),
        (AnswerKind.CHOICE, 0, False),
        (AnswerKind.YES, 1, True),
        (AnswerKind.NO, 1, False),
        (AnswerKind.NO, 0, True),
    ],
)
def test_an_answer_is_held_against_the_truth(kind: AnswerKind, answer: int, right: bool) -> None:
    assert is_right(kind, answer, 1) is right


def gold(image: Image, *, retired: bool) -> None:
    Gold.objects.create(image=image, dataset=image.dataset, retired_at="2025-01-01T00:00Z" if retired else None)


def test_mistakes_are_told_for_retired_gold_alone(dataset: DataSet, control, pictures, b, c) -> None:
    retired = pictures(1, 0, label=True)[0]
    answered(retired, b, 1)
    answered(retired, c, 1)
    gold(retired, retired=True)
    gold(control, retired=False)
    ((row, truth),) = mistakes(b, seen=Image.objects.all())
    assert (row.image, row.annotator, row.answer, truth) == (retired, b, 1, 0)


def test_a_mistake_that_was_re_graded_as_right_is_none(dataset: DataSet, control, b, rita) -> None:
    gold(control, retired=True)
    assert len(mistakes(b, seen=Image.objects.all())) == 1
    assert mistakes(b, seen=Image.objects.none()) == []
    regrade_make(image=control, truth=dataset.classes.get(index=2), by=rita)
    assert mistakes(b, seen=Image.objects.all()) == []
