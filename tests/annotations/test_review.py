"""Reviewers' decisions: a block leaves votes out of what is derived and destroys none; all of it can come back."""

import pytest

from accounts.models import AuditEntry
from annotations.models import (
    Annotator,
    Consensus,
    ConsensusState,
    ControlAnswer,
    Decision,
    Flag,
    FlagState,
    QueueItem,
    Reliability,
    Verdict,
    Vote,
)
from annotations.selectors import blocked_people, is_blocked
from annotations.services.annotators import annotator_join
from annotations.services.consensus import consensus_refit
from annotations.services.review import decision_make
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Source, Tag

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


def ledger_rows() -> list[dict]:
    return [*Vote.objects.order_by("pk").values(), *ControlAnswer.objects.order_by("pk").values()]


def derived() -> list[dict]:
    posteriors = Consensus.objects.order_by("pk").values("pk", "posterior", "label", "confidence", "votes", "state")
    weights = Reliability.objects.order_by("pk").values("annotator", "counts", "agreed", "disagreed", "weight")
    tags = Tag.objects.filter(source=Source.CROWD).order_by("image").values("image", "label", "confidence")
    return [*posteriors, *weights, *tags]


def test_a_block_changes_no_ledger_row(agreed, b, rita) -> None:
    before = ledger_rows()
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    assert ledger_rows() == before


def test_a_block_opens_what_the_person_settled_and_says_how_much(agreed, b, rita) -> None:
    effect = decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    assert effect.changed == 6
    assert set(Consensus.objects.values_list("state", "votes")) == {(ConsensusState.OPEN, 1)}
    assert not Tag.objects.filter(source=Source.CROWD).exists()
    assert set(QueueItem.objects.values_list("image", flat=True)) == {image.pk for image in agreed}


def test_an_image_that_nobody_else_voted_on_has_no_consensus_any_more(agreed, b, rita) -> None:
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    assert not Consensus.objects.filter(image=agreed[-1]).exists()


def test_what_others_settled_without_the_person_stays(dataset: DataSet, pictures, grade, b, c, rita) -> None:
    third = Annotator.objects.create()
    grade([b, c, third])
    image = pictures(1, 1)[0]
    for person in (b, c, third):
        vote_correct(image=image, label=dataset.classes.get(index=1), annotator=person)
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    assert Consensus.objects.get(image=image).state == ConsensusState.ACCEPTED
    assert image.tags.get().source == Source.CROWD


def test_reinstating_brings_everything_back_as_it_was(agreed, b, rita) -> None:
    before = derived()
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    assert derived() != before
    effect = decision_make(annotator=b, verdict=Verdict.REINSTATE, by=rita)
    assert derived() == before
    assert effect.changed == 6
    assert not is_blocked(b)
    assert not QueueItem.objects.filter(image__in=agreed[:5]).exists()


def test_a_block_covers_all_faces_whichever_is_named(dataset: DataSet, agreed, b, c, rita) -> None:
    visitor = Annotator.objects.create()
    vote_correct(image=agreed[-1], label=dataset.classes.get(index=1), annotator=visitor)
    annotator_join(visitor=visitor, account=b)
    decision_make(annotator=visitor, verdict=Verdict.BLOCK, by=rita)
    assert is_blocked(b)
    assert is_blocked(visitor)
    assert blocked_people() == {b.pk}
    assert not is_blocked(c)
    assert set(Consensus.objects.values_list("votes", flat=True)) == {1}
    decision_make(annotator=b, verdict=Verdict.REINSTATE, by=rita)
    assert not Annotator.objects.exclude(blocked_at=None).exists()


def test_who_was_blocked_as_a_visitor_stays_blocked_after_log_in(dataset: DataSet, agreed, b, rita) -> None:
    visitor = Annotator.objects.create()
    decision_make(annotator=visitor, verdict=Verdict.BLOCK, by=rita)
    visitor.refresh_from_db()
    annotator_join(visitor=visitor, account=b)
    assert is_blocked(b)


def test_a_decision_is_kept_with_its_author_note_and_an_audit_entry(agreed, b, rita) -> None:
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita, note="Always says «dark».")
    decision_make(annotator=b, verdict=Verdict.REINSTATE, by=rita)
    latest, first = Decision.objects.all()
    assert (first.verdict, first.decided_by, first.note) == (Verdict.BLOCK, rita, "Always says «dark».")
    assert latest.verdict == Verdict.REINSTATE
    entries = AuditEntry.objects.filter(actor=rita).order_by("pk")
    assert [(entry.verb, entry.subject) for entry in entries] == [
        ("block", f"annotator {b.pk}"),
        ("reinstate", f"annotator {b.pk}"),
    ]
    assert entries[0].detail == {"note": "Always says «dark».", "images_changed": 6}


@pytest.mark.parametrize(("verdict", "state"), [(Verdict.BLOCK, FlagState.UPHELD), (Verdict.CLEAR, FlagState.CLEARED)])
def test_a_decision_settles_the_persons_flags(dataset: DataSet, grade, b, rita, verdict, state) -> None:
    grade([b], right=False)
    decision_make(annotator=b, verdict=verdict, by=rita)
    flag = Flag.objects.get()
    assert flag.state == state
    assert flag.resolved_at is not None


def test_clearing_somebody_who_was_not_blocked_changes_nothing_derived(agreed, b, rita) -> None:
    before = derived()
    assert decision_make(annotator=b, verdict=Verdict.CLEAR, by=rita).changed == 0
    assert derived() == before


def test_blocking_twice_is_blocking_once(agreed, b, rita) -> None:
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    before = derived()
    assert decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita).changed == 0
    assert derived() == before


def test_a_block_reaches_every_data_set_where_the_person_answered(agreed, alice, b, rita) -> None:
    """Also one where they only corrected a tag, without a challenge."""
    other = DataSet.objects.create(owner=alice, name="Other")
    for index, name in enumerate(("cat", "dog")):
        other.classes.create(index=index, name=name)
    image = Image.objects.create(dataset=other, uploader=alice, name="a", width=1, height=1, digest="other")
    vote_correct(image=image, label=other.classes.get(index=0), annotator=b)
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    assert not Consensus.objects.filter(image=image).exists()


def test_a_blocked_persons_later_word_is_kept_and_counts_nothing(dataset: DataSet, agreed, b, rita) -> None:
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    before = Consensus.objects.get(image=agreed[0]).posterior
    vote_correct(image=agreed[0], label=dataset.classes.get(index=2), annotator=b)
    assert Vote.objects.filter(image=agreed[0], annotator=b).count() == 2
    assert Consensus.objects.get(image=agreed[0]).posterior == pytest.approx(before, abs=1e-3)
    assert Consensus.objects.get(image=agreed[0]).votes == 1
