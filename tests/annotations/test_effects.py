"""What a decision about somebody would do is known before it is made, and nothing is written to know it."""

import pytest

from annotations.models import (
    Annotator,
    Consensus,
    ConsensusState,
    Decision,
    Flag,
    FlagState,
    QueueItem,
    Reliability,
    Verdict,
)
from annotations.selectors import blocked_people
from annotations.services import effects
from annotations.services.consensus import consensus_refit
from annotations.services.effects import Preview, decision_preview, decisions_preview
from annotations.services.review import OwnAnswers, decision_make, decisions_make
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreed(dataset: DataSet, pictures, grade, b, c) -> list[Image]:
    """Five images on which Bob and Charlie, both trusted, agree, and one on which Bob alone has voted."""
    grade([b, c])
    images = pictures(6, 1)
    label = dataset.classes.get(index=1)
    for image in images:
        vote_correct(image=image, label=label, annotator=b)
    for image in images[:5]:
        vote_correct(image=image, label=label, annotator=c)
    consensus_refit(dataset=dataset)
    assert Consensus.objects.filter(state=ConsensusState.ACCEPTED).count() == 5
    return images


def everything_derived() -> list[dict]:
    tables = (Consensus, Reliability, Tag, QueueItem, Flag, Decision, Annotator)
    return [row for table in tables for row in table.objects.order_by("pk").values()]


def test_a_block_is_foretold_image_for_image(agreed, b, rita) -> None:
    preview = decision_preview(annotator=b, verdict=Verdict.BLOCK)
    assert preview == Preview(lost=5, gained=0, changed=6, images=6, votes=6, about=False)
    assert decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita).changed == preview.changed
    assert not Consensus.objects.filter(state=ConsensusState.ACCEPTED).exists()


def test_a_reinstatement_is_foretold_too(agreed, b, rita) -> None:
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    preview = decision_preview(annotator=b, verdict=Verdict.REINSTATE)
    assert (preview.lost, preview.gained, preview.changed) == (0, 5, 6)
    assert decision_make(annotator=b, verdict=Verdict.REINSTATE, by=rita).changed == preview.changed


def test_looking_ahead_writes_nothing(agreed, b) -> None:
    before = everything_derived()
    for verdict in Verdict:
        decision_preview(annotator=b, verdict=verdict)
    assert everything_derived() == before
    assert not blocked_people()


def test_clearing_somebody_who_has_a_say_changes_nothing(agreed, b) -> None:
    preview = decision_preview(annotator=b, verdict=Verdict.CLEAR)
    assert (preview.changed, preview.images) == (0, 6)


def test_who_answered_nothing_has_no_effect(db) -> None:
    assert decision_preview(annotator=Annotator.objects.create(), verdict=Verdict.BLOCK) == Preview()


def test_a_face_stands_for_its_person(agreed, b) -> None:
    face = Annotator.objects.create(same_as=b)
    assert decision_preview(annotator=face, verdict=Verdict.BLOCK).changed == 6


def test_many_images_are_read_under_the_present_parameters_and_it_says_about(agreed, b, monkeypatch) -> None:
    exact = decision_preview(annotator=b, verdict=Verdict.BLOCK)
    monkeypatch.setattr(effects, "EXACT_IMAGES", 3)
    quick = decision_preview(annotator=b, verdict=Verdict.BLOCK)
    assert quick.about
    assert (quick.lost, quick.changed, quick.images) == (exact.lost, exact.changed, exact.images)


def test_what_others_hold_without_the_person_is_not_counted(dataset: DataSet, pictures, grade, b, c) -> None:
    third = Annotator.objects.create()
    grade([b, c, third])
    image = pictures(1, 1)[0]
    for person in (b, c, third):
        vote_correct(image=image, label=dataset.classes.get(index=1), annotator=person)
    assert decision_preview(annotator=b, verdict=Verdict.BLOCK).changed == 0


def test_the_effect_of_several_is_not_the_sum_of_each_ones(dataset: DataSet, pictures, grade, b, c, rita) -> None:
    third = Annotator.objects.create()
    grade([b, c, third])
    image = pictures(1, 1)[0]
    for person in (b, c, third):
        vote_correct(image=image, label=dataset.classes.get(index=1), annotator=person)
    consensus_refit(dataset=dataset)
    assert sum(decision_preview(annotator=person, verdict=Verdict.BLOCK).changed for person in (b, c)) == 0
    preview = decisions_preview(annotators=[b, c], verdict=Verdict.BLOCK)
    assert (preview.lost, preview.changed, preview.votes) == (1, 1, 2)
    effect = decisions_make(annotators=[b, c], verdict=Verdict.BLOCK, by=rita, note="together")
    assert effect.changed == 1
    assert blocked_people() == {b.pk, c.pk}
    assert set(Decision.objects.values_list("note", flat=True)) == {"together"}


def test_several_are_decided_on_together_or_not_at_all(agreed, b, rita) -> None:
    Flag.objects.create(annotator=b, dataset=agreed[0].dataset, reason="guesses")
    own = Annotator.objects.create(user=rita)
    with pytest.raises(OwnAnswers):
        decisions_make(annotators=[b, own], verdict=Verdict.BLOCK, by=rita)
    assert not Decision.objects.exists()
    assert not blocked_people()
    assert Flag.objects.get().state == FlagState.OPEN
