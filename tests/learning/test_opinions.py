"""What a version says of images goes to the ledger, where the consensus reads it; never what it has learned from."""

import pytest
from django.utils import timezone

from annotations.models import Annotator, AnswerKind, Consensus, ConsensusState, OutOfFold, Vote
from annotations.services.opinions import opinions_of
from gallery.models import Split
from learning.models import Mode
from learning.selectors import champion_of, evaluation_labels, training_labels
from learning.services.opinions import opinions_refresh
from learning.services.requests import run_request
from learning.services.serving import version_bring_back
from learning.services.ticking import refit_if_due
from learning.services.training import run_execute


@pytest.fixture
def annotator(db) -> Annotator:
    return Annotator.objects.create()


def train(dataset, **options):
    run = run_execute(run_request(dataset=dataset, trigger="a test", **options).pk)
    assert run.state == "done", run.error
    return run


def vote(dataset, annotator, image, answer: int) -> None:
    Vote.objects.create(dataset=dataset, annotator=annotator, image=image, kind=AnswerKind.CHOICE, answer=answer)


def told(dataset, version: int) -> dict[int, list[float]]:
    return dict(OutOfFold.objects.filter(dataset=dataset, version=version).values_list("image", "probabilities"))


def test_of_its_training_images_a_version_says_what_the_other_folds_said(learnable):
    run = train(learnable)
    assert told(learnable, 1) == dict(run.examples.values_list("image", "out_of_fold"))


def test_what_people_have_voted_on_gets_the_versions_own_word(learnable, annotator):
    voted, silent = learnable.images.filter(split=Split.POOL, tags=None)[:2]
    vote(learnable, annotator, voted, int(voted.name[0]))
    train(learnable)
    said = told(learnable, champion_of(learnable).number)
    assert silent.pk not in said
    assert sum(said[voted.pk]) == pytest.approx(1, abs=1e-4)
    assert said[voted.pk][int(voted.name[0])] == max(said[voted.pk])


def test_the_model_has_no_word_on_what_it_is_judged_by(learnable, annotator):
    judged = learnable.images.filter(split=Split.EVALUATION).first()
    vote(learnable, annotator, judged, 0)
    train(learnable)
    assert not OutOfFold.objects.filter(image__split=Split.EVALUATION).exists()


def test_a_version_that_is_not_promoted_says_nothing(learnable):
    train(learnable)
    train(learnable)
    assert champion_of(learnable).number == 1
    assert told(learnable, 1) and not told(learnable, 2)


def test_what_the_champion_learned_from_is_not_new_to_a_version_that_goes_on_from_it(learnable, annotator, promoting):
    train(learnable)
    image = learnable.images.filter(split=Split.GOLD, tags__source="owner").first() or training_image(learnable)
    vote(learnable, annotator, image, int(image.name[0]))
    image.tags.all().delete()
    train(learnable, mode=Mode.CONTINUE)
    assert image.pk not in told(learnable, 2)
    train(learnable, mode=Mode.NEW_CYCLE)
    assert image.pk in told(learnable, 3)


def test_classes_that_came_later_get_nothing_of_an_earlier_word(learnable):
    train(learnable)
    image = training_image(learnable)
    learnable.classes.create(name="blinding", index=3)
    assert opinions_of(learnable, [image.pk])[image.pk][3] == 0.0


def test_a_version_is_judged_by_the_crowd_alone_and_trained_on_what_both_believe(learnable):
    for split in (Split.EVALUATION, Split.POOL):
        image = learnable.images.filter(split=split).last()
        image.tags.all().delete()
        Consensus.objects.create(
            image=image, dataset=learnable, posterior=[0.9, 0.1, 0.0], crowd=[0.2, 0.8, 0.0], label=0, confidence=0.9,
            votes=3, trusted=2, state=ConsensusState.ACCEPTED, accepted_at=timezone.now(),
        )  # fmt: skip
    (evaluated,) = (label for label in evaluation_labels(learnable) if label.source == "crowd")
    (learned,) = (label for label in training_labels(learnable) if label.source == "crowd")
    assert evaluated.posterior == [0.2, 0.8, 0.0]
    assert learned.posterior == [0.9, 0.1, 0.0]


def test_what_is_voted_on_later_gets_the_serving_versions_word_with_the_next_fit(learnable, annotator):
    train(learnable)
    images = learnable.images.filter(split=Split.POOL, tags=None)[:12]
    for image in images:
        vote(learnable, annotator, image, int(image.name[0]))
    assert not opinions_of(learnable, [image.pk for image in images])
    refit_if_due(learnable)
    assert opinions_of(learnable, [image.pk for image in images]).keys() == {image.pk for image in images}
    assert all(row.crowd for row in Consensus.objects.filter(pk__in=images))
    assert opinions_refresh(dataset=learnable) == 0


def test_what_it_has_learned_from_and_what_it_is_judged_by_stay_out(learnable, annotator):
    run = train(learnable)
    learned = learnable.images.get(pk=run.examples.order_by("image").values_list("image", flat=True)[0])
    assert told(learnable, 1).keys() == set(run.examples.values_list("image", flat=True))
    for image in (learned, learnable.images.filter(split=Split.EVALUATION).first()):
        vote(learnable, annotator, image, 0)
    assert opinions_refresh(dataset=learnable) == 0


def test_a_data_set_without_a_model_has_no_word_to_wait_for(learnable, annotator):
    vote(learnable, annotator, learnable.images.first(), 0)
    assert opinions_refresh(dataset=learnable) == 0


def test_the_version_that_is_brought_back_is_the_one_that_is_heard(learnable, promoting, alice):
    train(learnable)
    train(learnable, mode=Mode.NEW_CYCLE)
    image = learnable.images.filter(split=Split.POOL, tags=None).first()
    said = {1: [0.2, 0.3, 0.5], 2: [0.6, 0.3, 0.1]}
    for version, probabilities in said.items():
        OutOfFold.objects.create(dataset=learnable, image=image, version=version, probabilities=probabilities)
    assert opinions_of(learnable, [image.pk]) == {image.pk: said[2]}
    version_bring_back(version=learnable.versions.get(number=1), by=alice)
    assert opinions_of(learnable, [image.pk]) == {image.pk: said[1]}


def training_image(dataset):
    return dataset.images.exclude(split=Split.EVALUATION).filter(tags__source="owner").first()


@pytest.fixture
def promoting(monkeypatch) -> None:
    """A gate that lets everybody through."""
    from learning.engine.evaluation import Decision

    monkeypatch.setattr("learning.services.promotion._decide", lambda judged, dataset, passed: Decision(True, "a test"))
