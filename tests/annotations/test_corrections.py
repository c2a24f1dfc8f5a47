"""Naming a picture: the owner's word holds, anybody else's is a vote."""

import pytest

from annotations.models import Annotator, AnswerKind, Consensus, QueueItem, Vote
from annotations.services.annotators import annotator_for
from annotations.services.corrections import image_correct
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, LabelClass, Source, Split

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(dataset: DataSet, pictures) -> Image:
    image = pictures(1, 1)[0]
    QueueItem.objects.create(image=image, dataset=dataset)
    return image


@pytest.fixture
def middle(dataset: DataSet) -> LabelClass:
    return dataset.classes.get(index=1)


@pytest.fixture
def light(dataset: DataSet) -> LabelClass:
    return dataset.classes.get(index=2)


def test_the_owners_word_is_a_tag_makes_gold_and_is_no_vote(image, middle, alice) -> None:
    image_correct(image=image, label=middle, by=alice)
    image.refresh_from_db()
    tag = image.tags.get()
    assert (tag.source, tag.label, tag.confidence) == (Source.OWNER, middle, 1.0)
    assert image.split == Split.GOLD
    assert not QueueItem.objects.exists()
    assert not Vote.objects.exists()
    assert not Annotator.objects.exists()


def test_the_owner_may_change_their_mind(image, middle, light, alice) -> None:
    image_correct(image=image, label=middle, by=alice)
    image_correct(image=image, label=light, by=alice)
    assert image.tags.get().label == light


def test_anybody_elses_correction_is_a_vote(image, middle, bob) -> None:
    image_correct(image=image, label=middle, by=bob)
    image.refresh_from_db()
    vote = Vote.objects.get()
    assert (vote.annotator, vote.kind, vote.answer) == (annotator_for(bob), AnswerKind.CHOICE, 1)
    assert (vote.dataset, vote.challenge) == (image.dataset, None)
    assert image.split == Split.POOL
    assert not image.tags.exists()
    assert Consensus.objects.get(image=image).votes == 1
    assert QueueItem.objects.filter(image=image).exists()


def test_correcting_again_writes_another_vote_and_the_latest_counts(image, middle, light, bob) -> None:
    image_correct(image=image, label=middle, by=bob)
    image_correct(image=image, label=light, by=bob)
    assert list(Vote.objects.order_by("pk").values_list("answer", flat=True)) == [1, 2]
    row = Consensus.objects.get(image=image)
    assert (row.label, row.votes) == (2, 1)


def test_an_uploaders_correction_in_somebody_elses_data_set_is_a_vote_too(pictures, middle, bob) -> None:
    own = pictures(1, 1, by=bob)[0]
    image_correct(image=own, label=middle, by=bob)
    assert Vote.objects.get().image == own


def test_an_evaluation_image_stays_evaluation_whoever_names_it(pictures, middle, alice, bob) -> None:
    image = pictures(1, 1, split=Split.EVALUATION)[0]
    for person in (bob, alice):
        image_correct(image=image, label=middle, by=person)
        image.refresh_from_db()
        assert image.split == Split.EVALUATION
    assert image.tags.get().source == Source.OWNER


def test_the_owners_word_ends_what_the_crowd_had_agreed_and_keeps_the_votes(
    dataset, pictures, grade, middle, light, alice, b, c
) -> None:
    grade([b, c])
    image = pictures(1, 1)[0]
    for person in (b, c):
        vote_correct(image=image, label=middle, annotator=person)
    assert image.tags.get().source == Source.CROWD
    image_correct(image=image, label=light, by=alice)
    assert image.tags.get().source == Source.OWNER
    assert not Consensus.objects.filter(image=image).exists()
    assert Vote.objects.filter(image=image).count() == 2


def test_a_vote_on_what_the_owner_named_is_kept_and_opens_nothing(image, middle, light, alice, bob) -> None:
    image_correct(image=image, label=middle, by=alice)
    image_correct(image=image, label=light, by=bob)
    assert Vote.objects.filter(image=image).exists()
    assert not Consensus.objects.filter(image=image).exists()
    assert not QueueItem.objects.filter(image=image).exists()
    assert image.tags.get().label == middle
