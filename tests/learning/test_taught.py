"""What somebody is told that their answers taught the model: figures that are known, or nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotations.models import AnswerKind, Campaign, Publication, Vote
from annotations.selectors import campaign_of
from annotations.services.annotators import annotator_for
from gallery.models import DataSet
from learning.models import ModelVersion, TrainingExample, TrainingRun, VersionState
from learning.selectors_taught import taught_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def public(dataset: DataSet) -> DataSet:
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(publication=Publication.APPROVED)
    return dataset


@pytest.fixture
def version(public: DataSet):
    """A version that served from `days` ago, the last of them still."""

    def make(number: int, accuracy: float, *, days: float, provisional: bool = False) -> ModelVersion:
        public.versions.update(state=VersionState.RETIRED)
        return ModelVersion.objects.create(
            dataset=public,
            number=number,
            run=TrainingRun.objects.create(dataset=public, epochs=1, trigger="a test", state="done"),
            state=VersionState.CHAMPION,
            provisional=provisional,
            reason="a test",
            backbone="small_cnn",
            configuration={},
            metrics={"accuracy": accuracy, "n": 100},
            labels=10,
            promoted_at=timezone.now() - timedelta(days=days),
        )

    return make


@pytest.fixture
def bobs_votes(public: DataSet, add_images, bob) -> list[Vote]:
    """On three pictures, a day ago."""
    at = timezone.now() - timedelta(days=1)
    return [
        Vote.objects.create(
            dataset=public,
            annotator=annotator_for(bob),
            image=image,
            kind=AnswerKind.CHOICE,
            answer=1,
            created_at=at,
        )
        for image in add_images(3, 1)
    ]


def learned(version: ModelVersion, votes: list[Vote], source: str = "crowd") -> None:
    for vote in votes:
        TrainingExample.objects.create(run=version.run, image=vote.image, target=[0, 1, 0], source=source)


def page(client, user) -> str:
    client.force_login(user)
    return " ".join(client.get(reverse("solve_taught")).content.decode().split())


def test_from_the_version_that_served_then_to_the_one_that_serves_now(version, bobs_votes, bob, client) -> None:
    version(1, 0.91, days=2)
    learned(version(2, 0.93, days=0.5), bobs_votes[:2])
    html = page(client, bob)
    assert "the model went from 91% to 93% right on the evaluation set." in html
    assert "2 of your answers are in the labels that version 2, which serves now, learned from." in html


def test_that_it_got_no_better_is_said_too(version, bobs_votes, bob, client) -> None:
    version(1, 0.93, days=2)
    version(2, 0.91, days=0.5)
    html = page(client, bob)
    assert "from 93% to 91% right on the evaluation set: no better yet." in html
    assert "of your answers" not in html


def test_nothing_is_said_where_nothing_is_known(version, bobs_votes, bob, charlie, client) -> None:
    assert taught_by(annotator_for(bob)) == []
    version(1, 0.9, days=2)
    assert taught_by(annotator_for(bob)) == []
    assert taught_by(annotator_for(charlie)) == []
    assert "Nothing is known of that yet" in page(client, bob)


def test_a_version_that_was_never_evaluated_has_no_such_figure(version, bobs_votes, bob) -> None:
    version(1, 0.5, days=2, provisional=True)
    learned(version(2, 0.93, days=0.5), bobs_votes)
    (one,) = taught_by(annotator_for(bob))
    assert (one.before, one.now, one.answers, one.is_better) == (None, 0.93, 3, False)


def test_what_was_taken_back_or_named_by_the_owner_is_not_theirs(version, bobs_votes, bob) -> None:
    first, second, third = bobs_votes
    Vote.objects.create(
        dataset=first.dataset,
        annotator=first.annotator,
        image=first.image,
        kind=0,
        answer=1,
        supersedes=first,
        withdrawn=True,
    )
    now = version(1, 0.9, days=0.5)
    learned(now, [first, second])
    learned(now, [third], source="owner")
    (one,) = taught_by(annotator_for(bob))
    assert one.answers == 1


def test_a_data_set_that_the_public_is_no_longer_asked_about_is_left_out(version, bobs_votes, bob) -> None:
    learned(version(1, 0.9, days=0.5), bobs_votes)
    Campaign.objects.update(publication=Publication.CLOSED)
    assert taught_by(annotator_for(bob)) == []


def test_a_visitor_is_told_nothing_of_others(version, bobs_votes, client) -> None:
    learned(version(1, 0.9, days=0.5), bobs_votes)
    assert "of your answers" not in client.get(reverse("solve_taught")).content.decode()
