"""What learned from somebody's answers, and the champion before and after a run without them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from annotations.models import Annotator, Decision, Verdict
from annotations.services.review import decision_make
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image
from gallery.work import WorkState
from learning.models import ModelVersion, TrainingExample, TrainingRun, VersionState
from learning.poisoning import aftermath
from learning.services.retraining import TRIGGER, NotBlocked, retrain_without

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(dataset: DataSet, alice) -> Image:
    return Image.objects.create(dataset=dataset, uploader=alice, name="a", width=1, height=1, digest="a")


@pytest.fixture
def person(dataset: DataSet, image) -> Annotator:
    annotator = Annotator.objects.create()
    vote_correct(image=image, label=dataset.classes.get(index=1), annotator=annotator)
    return annotator


def version(
    dataset: DataSet, number: int, accuracy: float, *, learned: Image | None = None, run: TrainingRun | None = None
) -> ModelVersion:
    """A champion of its time, which retires the one before."""
    run = run or TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="t", state=WorkState.DONE)
    if learned:
        TrainingExample.objects.create(run=run, image=learned, target=[0, 1, 0], source="crowd")
    dataset.versions.update(state=VersionState.RETIRED)
    metrics = {"accuracy": accuracy, "n": 60}
    fields = {"state": VersionState.CHAMPION, "configuration": {}, "metrics": metrics, "labels": 9}
    return ModelVersion.objects.create(
        dataset=dataset, number=number, run=run, promoted_at=timezone.now(), reason="better", backbone="b", **fields
    )


def block(person: Annotator, by) -> None:
    decision_make(annotator=person, verdict=Verdict.BLOCK, by=by)


def test_versions_that_learned_from_what_they_answered_are_counted(dataset, person, image) -> None:
    version(dataset, 1, 0.7)
    version(dataset, 2, 0.7, learned=image)
    version(dataset, 3, 0.7, learned=image)
    (row,) = aftermath(person)
    assert (row.dataset, row.versions, row.champion.number) == (dataset, 2, 3)
    assert row.before is None
    assert row.run is None


def test_a_retrain_shows_the_champion_before_and_after(dataset, person, image, rita) -> None:
    version(dataset, 1, 0.7, learned=image)
    block(person, rita)
    run = retrain_without(person=person, dataset=dataset, by=rita)
    (row,) = aftermath(person)
    assert (row.before.number, row.run, row.after, row.going) == (1, run, None, True)
    TrainingRun.objects.filter(pk=run.pk).update(state=WorkState.DONE)
    version(dataset, 2, 0.85, run=run)
    (row,) = aftermath(person)
    assert (row.before.number, row.after.number, row.champion.number, row.going) == (1, 2, 2, False)
    assert row.accuracies == ("70.0%", "85.0%")


def test_a_run_that_read_its_labels_before_the_block_is_not_taken_for_one_without_them(
    dataset, person, image, rita
) -> None:
    TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="t", state=WorkState.RUNNING)
    block(person, rita)
    (row,) = aftermath(person)
    assert (row.run, row.busy) == (None, True)
    with pytest.raises(NotBlocked):
        retrain_without(person=person, dataset=dataset, by=rita)


def test_a_run_that_waits_is_joined_and_counts_as_after_the_block(dataset, person, rita) -> None:
    waiting = TrainingRun.objects.create(
        dataset=dataset, epochs=1, trigger="t", due_at=timezone.now() - timedelta(hours=1)
    )
    block(person, rita)
    assert retrain_without(person=person, dataset=dataset, by=rita) == waiting
    assert aftermath(person)[0].run == waiting
    assert TrainingRun.objects.count() == 1


def test_without_a_block_there_is_nothing_to_leave_out(dataset, person, rita) -> None:
    with pytest.raises(NotBlocked):
        retrain_without(person=person, dataset=dataset, by=rita)
    assert not TrainingRun.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_log_says_who_asked_for_the_run(dataset, person, rita) -> None:
    block(person, rita)
    assert retrain_without(person=person, dataset=dataset, by=rita).trigger == TRIGGER
    entry = AuditEntry.objects.order_by("pk").last()
    assert (entry.verb, entry.subject) == ("trained again without the answers of", f"annotator {person.pk}")


def test_only_reviewers_see_and_ask(client: Client, dataset, person, alice) -> None:
    client.force_login(alice)
    assert client.get(reverse("person_models", args=[person.pk])).status_code == 404
    assert client.post(reverse("person_retrain", args=[person.pk, dataset.pk])).status_code == 404
    assert not TrainingRun.objects.exists()


def test_the_fragment_offers_the_run_and_then_compares(client: Client, dataset, person, image, rita) -> None:
    client.force_login(rita)
    address, ask = reverse("person_models", args=[person.pk]), reverse("person_retrain", args=[person.pk, dataset.pk])
    assert "No model version" not in client.get(address).content.decode()
    version(dataset, 1, 0.7, learned=image)
    html = client.get(address).content.decode()
    assert "1 model version</b>" in html
    assert ask not in html
    assert "not blocked" in client.post(ask, follow=True).content.decode()
    block(person, rita)
    assert ask in client.get(address).content.decode()
    html = client.post(ask, headers={"HX-Request": "true"}, follow=True).content.decode()
    assert "Training without their answers" in html
    assert 'hx-trigger="every 3s"' in html
    run = TrainingRun.objects.get(trigger=TRIGGER)
    TrainingRun.objects.filter(pk=run.pk).update(state=WorkState.DONE)
    version(dataset, 2, 0.85, run=run)
    html = client.get(address).content.decode()
    assert "70.0%" in html
    assert "85.0%" in html
    assert "which tags now" in html
    assert "every 3s" not in html


def test_a_data_set_that_they_never_answered_is_not_trained(client: Client, person, alice, rita) -> None:
    other = DataSet.objects.create(owner=alice, name="Other")
    block(person, rita)
    client.force_login(rita)
    assert client.post(reverse("person_retrain", args=[person.pk, other.pk])).status_code == 404


def test_who_answered_nothing_has_taught_nothing(client: Client, rita) -> None:
    client.force_login(rita)
    html = client.get(reverse("person_models", args=[Annotator.objects.create().pk])).content.decode()
    assert "No model version trained on their answers" in html
    assert not Decision.objects.exists()


def test_the_api_tells_and_asks_the_same(client: Client, dataset, person, image, rita, alice) -> None:
    version(dataset, 1, 0.7, learned=image)
    block(person, rita)
    address = f"/api/v1/review/annotators/{person.pk}/models/"
    client.force_login(alice)
    assert client.get(address).status_code == 404
    assert client.post(f"{address}{dataset.pk}/train/").status_code == 404
    client.force_login(rita)
    (row,) = client.get(address).json()
    assert (row["versions"], row["before"]["accuracy"], row["run"]) == (1, 0.7, None)
    assert client.post(f"{address}{dataset.pk}/train/").status_code == 202
    assert client.get(address).json()[0]["run"]["trigger"] == TRIGGER
