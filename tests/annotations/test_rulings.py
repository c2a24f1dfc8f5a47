"""A reviewer's word on a contested picture holds until it is taken back, and each word is a row of its own."""

import pytest

from accounts.models import AuditEntry
from annotations.contested import answers_on, beyond, contested, last_ruling
from annotations.models import Annotator, AnswerKind, Campaign, Consensus, ConsensusState, QueueItem, Ruling
from annotations.selectors import campaign_of
from annotations.services.consensus import consensus_refit
from annotations.services.publication import NotNow
from annotations.services.rulings import ruling_make, ruling_withdraw
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def disputed(dataset: DataSet, pictures) -> list[Image]:
    """Two images about which two strangers disagree, where two answers are all that is asked for."""
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(cap=2)
    images = pictures(2, 1)
    for image in images:
        for index in (0, 1):
            vote_correct(image=image, label=dataset.classes.get(index=index), annotator=Annotator.objects.create())
    assert contested().count() == 2
    return images


def test_a_ruling_settles_the_picture(dataset: DataSet, disputed, rita) -> None:
    ruling_make(image=disputed[0], label=dataset.classes.get(index=2), by=rita)
    row = Consensus.objects.get(image=disputed[0])
    assert (row.state, row.label, row.confidence) == (ConsensusState.ACCEPTED, 2, 1)
    assert disputed[0].tags.get(source=Source.CROWD).label.index == 2
    assert [one.image for one in contested()] == [disputed[1]]


def test_nobody_can_tell_sets_the_picture_aside(disputed, rita) -> None:
    ruling_make(image=disputed[0], label=None, by=rita)
    assert Consensus.objects.get(image=disputed[0]).state == ConsensusState.SET_ASIDE
    assert not disputed[0].tags.exists()
    assert not QueueItem.objects.filter(image=disputed[0]).exists()


def test_taking_back_is_another_row_and_brings_the_votes_back(dataset: DataSet, disputed, rita) -> None:
    before = Consensus.objects.filter(image=disputed[0]).values("label", "state", "posterior", "votes").get()
    ruling_make(image=disputed[0], label=dataset.classes.get(index=2), by=rita)
    ruling_withdraw(image=disputed[0], by=rita)
    assert Consensus.objects.filter(image=disputed[0]).values("label", "state", "posterior", "votes").get() == before
    assert not disputed[0].tags.exists()
    assert list(Ruling.objects.order_by("id").values_list("label", "withdrawn")) == [(2, False), (2, True)]


def test_what_was_not_ruled_can_not_be_taken_back(dataset: DataSet, disputed, rita) -> None:
    with pytest.raises(NotNow):
        ruling_withdraw(image=disputed[0], by=rita)
    ruling_make(image=disputed[0], label=None, by=rita)
    ruling_withdraw(image=disputed[0], by=rita)
    with pytest.raises(NotNow):
        ruling_withdraw(image=disputed[0], by=rita)
    assert Ruling.objects.count() == 2


def test_a_ruling_outlives_the_full_fit(dataset: DataSet, disputed, rita) -> None:
    ruling_make(image=disputed[0], label=dataset.classes.get(index=2), by=rita)
    consensus_refit(dataset=dataset)
    assert Consensus.objects.get(image=disputed[0]).label == 2


def test_each_word_is_in_the_log(dataset: DataSet, disputed, rita) -> None:
    ruling_make(image=disputed[0], label=dataset.classes.get(index=2), by=rita)
    ruling_withdraw(image=disputed[0], by=rita)
    entries = AuditEntry.objects.filter(actor=rita).order_by("pk")
    assert [entry.verb for entry in entries] == ["ruled on", "took back the ruling on"]
    assert entries[0].detail == {"label": "light"}
    assert entries[0].subject == f"image {disputed[0].pk} of Shades"


def test_the_most_valuable_comes_first_and_a_place_leads_to_the_next(disputed) -> None:
    Consensus.objects.filter(image=disputed[1]).update(value=3.5)
    first, second = contested()
    assert [first.image, second.image] == [disputed[1], disputed[0]]
    assert list(beyond(contested(), first.value, first.image_id)) == [second]
    assert not beyond(contested(), second.value, second.image_id).exists()


def test_a_picture_that_is_out_of_sight_waits(disputed) -> None:
    Image.objects.filter(pk=disputed[0].pk).update(withdrawn_at="2025-01-01T00:00Z")
    assert [row.image for row in contested()] == [disputed[1]]


def test_the_answers_are_those_of_people_with_a_say_each_counted_once(dataset: DataSet, disputed, b) -> None:
    label = dataset.classes.get(index=1)
    for _ in range(2):
        vote_correct(image=disputed[0], label=label, annotator=b)
    vote_correct(image=disputed[0], label=label, annotator=Annotator.objects.create(blocked_at="2025-01-01T00:00Z"))
    assert [(said.kind, said.answer, said.people) for said in answers_on(disputed[0])] == [
        (AnswerKind.CHOICE, 1, 2),
        (AnswerKind.CHOICE, 0, 1),
    ]


def test_only_the_last_word_that_still_holds_can_be_undone(disputed, rita, ada) -> None:
    assert last_ruling(rita) is None
    ruling = ruling_make(image=disputed[0], label=None, by=rita)
    assert last_ruling(rita) == ruling
    assert last_ruling(ada) is None
    ruling_make(image=disputed[0], label=None, by=ada)
    assert last_ruling(rita) is None
