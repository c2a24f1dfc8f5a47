"""Tags below a data set's threshold are guesses: how they come about, and that people are asked about them."""

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from annotations.models import Annotator, Campaign, QueueItem
from annotations.selectors import campaign_of
from annotations.services.candidates import unknowns
from gallery.models import DataSet, Image, Source, Tag
from gallery.services.images import image_label
from learning.engine.prediction import predict
from learning.models import ModelVersion, Policy, SamplingRound
from learning.selectors import policy_of
from learning.services import tagging
from learning.services.inputs import Reading, read_inputs
from learning.services.networks import load_version
from learning.services.policies import policy_change
from learning.services.requests import round_request
from learning.services.sampling import round_execute
from learning.services.tagging import images_tag, tags_write

pytestmark = pytest.mark.django_db

UNSURE = "not sure"
SMALL = Reading("small_cnn", frozen=False)


@pytest.fixture
def unsure(dataset) -> DataSet:
    """A data set that asks about no upload but for those that it is not sure of. A network that has learned nothing is
    sure of none."""
    set_policy(dataset, stream_rate=0.0, random_share=0.0, round_size=4, strategy="margin")
    return dataset


def set_policy(dataset: DataSet, **fields) -> None:
    Policy.objects.filter(pk=policy_of(dataset).pk).update(**fields)


def said(images) -> dict[int, Tag]:
    return {tag.image_id: tag for tag in Tag.objects.filter(image__in=images, source=Source.MODEL)}


def asked() -> list[int]:
    return list(QueueItem.objects.filter(reason=UNSURE).order_by("id").values_list("image", flat=True))


def test_a_tag_below_the_threshold_is_a_guess(unsure, serve, arrive):
    serve()
    (image,) = arrive(1)
    assert said([image])[image].confidence < 0.5 and not said([image])[image].sure
    set_policy(unsure, sure_from=0.2)
    (image,) = arrive(1, 1)
    assert said([image])[image].sure


def test_confidences_are_calibrated(unsure, serve, squares):
    version = serve()
    ModelVersion.objects.filter(pk=version.pk).update(temperature=0.05)
    (image,) = squares(1, 0)
    images_tag([image.pk])
    x = read_inputs([image.pk], SMALL).x
    calibrated, raw = (predict(load_version(version), x, temperature).max() for temperature in (0.05, 1.0))
    assert said([image.pk])[image.pk].confidence == pytest.approx(calibrated) and abs(calibrated - raw) > 0.01


def test_another_threshold_rewrites_the_guesses_of_its_data_set(unsure, serve, arrive, alice, add_images):
    serve()
    images = arrive(6)
    owned, crowd = add_images(2, 1)
    for image, source in ((owned, Source.OWNER), (crowd, Source.CROWD)):
        Tag.objects.create(image=image, source=source, label=unsure.classes.first(), confidence=0.4)
    confidences = sorted(tag.confidence for tag in said(images).values())
    middle = confidences[3]
    policy_change(dataset=unsure, by=alice, sure_from=middle)
    assert sorted(tag.confidence for tag in said(images).values() if tag.sure) == confidences[3:]
    policy_change(dataset=unsure, by=alice, sure_from=1.0)
    assert not any(tag.sure for tag in said(images).values())
    assert Tag.objects.filter(image__in=[owned, crowd], sure=True).count() == 2
    policy_change(dataset=unsure, by=alice, sure_from=0.0)
    assert all(tag.sure for tag in said(images).values())


def test_another_data_sets_guesses_stay(unsure, serve, arrive, alice, bob):
    from gallery.services.datasets import dataset_create

    serve()
    (image,) = arrive(1)
    other = dataset_create(owner=bob, name="Other", classes=[("a", ""), ("b", "")])
    policy_change(dataset=other, by=bob, sure_from=0.0)
    assert not said([image])[image].sure


def test_what_changes_nothing_else_leaves_the_tags_alone(unsure, serve, arrive, alice):
    serve()
    (image,) = arrive(1)
    Tag.objects.update(sure=True)
    policy_change(dataset=unsure, by=alice, epochs=3)
    assert said([image])[image].sure


def test_a_tag_is_written_again_when_only_its_doubt_changed(unsure, serve, arrive):
    version = serve()
    (image,) = arrive(1)
    before = said([image])[image]
    tags_write(version, [image])
    assert said([image])[image].updated_at == before.updated_at
    set_policy(unsure, sure_from=0.1)
    tags_write(version, [image])
    after = said([image])[image]
    assert after.sure and after.confidence == pytest.approx(before.confidence)


def test_an_upload_that_is_not_sure_is_asked_about(unsure, serve, arrive, bob):
    version = serve()
    (image,) = arrive(1)
    item = QueueItem.objects.get(image=image)
    current = SamplingRound.objects.get(version=version, streaming=True)
    assert (item.reason, item.priority, item.round) == (UNSURE, 0, current.pk)
    pick = current.picks.get()
    assert pick.reason == UNSURE and pick.score == pytest.approx(1 - said([image])[image].confidence)
    assert (current.queued, current.stream.seen) == (1, 1)
    assert [candidate.image_id for candidate in unknowns(unsure, Annotator.objects.create(user=bob), 1)] == [image]


def test_what_is_sure_waits_for_a_round(unsure, serve, arrive):
    serve()
    set_policy(unsure, sure_from=0.1)
    arrive(3)
    assert asked() == []


def test_a_flood_leaves_room_and_the_least_sure_come_first(unsure, serve, arrive):
    serve()
    images = arrive(10)
    confidence = {image: tag.confidence for image, tag in said(images).items()}
    assert sorted(asked(), key=confidence.get) == asked() == sorted(images, key=confidence.get)[:4]
    arrive(3, 1)
    assert len(asked()) == 4
    QueueItem.objects.filter(image__in=asked()[:2]).delete()  # asked and settled
    late = arrive(3, 2)
    assert len(asked()) == 4 and set(asked()[2:]) <= set(late)


def test_what_waits_already_keeps_its_place(unsure, serve, squares):
    serve()
    (image,) = squares(1, 0)
    QueueItem.objects.create(image=image, dataset=unsure, score=0.9, reason="drawn at random")
    images_tag([image.pk])
    assert asked() == [] and QueueItem.objects.get().reason == "drawn at random"


def test_what_the_stream_takes_is_not_taken_twice(unsure, serve, arrive):
    version = serve()
    set_policy(unsure, stream_rate=0.5, round_size=100)
    images = arrive(20)
    reasons = dict(QueueItem.objects.values_list("image", "reason"))
    assert set(reasons) == set(images) and set(reasons.values()) == {"stream", UNSURE}
    current = SamplingRound.objects.get(version=version, streaming=True)
    assert sorted(current.picks.values_list("rank", flat=True)) == list(range(1, 21))
    assert (current.queued, current.stream.seen) == (20, 20)


def test_nobody_is_asked_about_what_is_known_or_kept_for_evaluation_or_once_asking_has_ended(unsure, serve, squares):
    serve()
    kept, owned = [*squares(1, 0, split="evaluation"), *squares(1, 1)]
    image_label(image=owned, label=unsure.classes.first())
    images_tag([kept.pk, owned.pk])
    assert asked() == []
    Campaign.objects.filter(pk=campaign_of(unsure).pk).update(ended_at=timezone.now())
    images_tag([image.pk for image in squares(2, 2)])
    assert asked() == [] and not QueueItem.objects.exists()


def test_without_threshold_and_stream_uploads_wait_for_a_round(unsure, serve, arrive):
    serve()
    set_policy(unsure, sure_from=0.0)
    arrive(3)
    assert not QueueItem.objects.exists() and not SamplingRound.objects.exists()


def test_a_round_leaves_them_and_chooses_among_the_rest(unsure, serve, arrive):
    serve()
    images = arrive(12)
    waiting = set(asked())
    done = round_execute(round_request(dataset=unsure).pk)
    assert set(asked()) == waiting
    chosen = set(QueueItem.objects.filter(round=done.pk).values_list("image", flat=True))
    assert len(chosen) == 4 and chosen <= set(images) - waiting
    assert not any(tag.sure for tag in said(chosen).values())


def test_another_versions_round_lets_go_of_them(unsure, serve, arrive):
    serve()
    arrive(4)
    waiting = set(asked())
    serve()
    round_execute(round_request(dataset=unsure).pk)
    assert len(waiting) == 4 and asked() == []


def test_a_threshold_that_changes_meanwhile_is_obeyed(unsure, serve, squares, monkeypatch):
    """The worker has predicted, and not written yet, when the owner changes her mind."""
    serve()
    (image,) = squares(1, 0)
    predict_images = tagging.predict_images

    def change_meanwhile(*arguments):
        set_policy(unsure, sure_from=0.0)
        return predict_images(*arguments)

    monkeypatch.setattr(tagging, "predict_images", change_meanwhile)
    images_tag([image.pk])
    assert said([image.pk])[image.pk].sure


def test_a_confidence_on_the_threshold_is_sure(unsure, serve, squares, monkeypatch):
    version = serve()
    image, other = squares(2, 0)
    inputs = read_inputs([image.pk, other.pk], SMALL)
    shares = np.array([[0.5, 0.3, 0.2], [0.49, 0.31, 0.2]], dtype=np.float32)
    monkeypatch.setattr(tagging, "predict_images", lambda *_: (inputs, shares))
    tags_write(version, [image.pk, other.pk])
    assert [said([image.pk, other.pk])[pk].sure for pk in (image.pk, other.pk)] == [True, False]


def test_the_page_shows_what_was_not_sure(client, alice, unsure, serve, arrive):
    serve()
    arrive(1)
    client.force_login(alice)
    current = SamplingRound.objects.get()
    html = client.get(reverse("dataset_asked", args=[unsure.pk]), {"round": current.pk}).content.decode()
    assert "<b>not sure</b>" in html and "among new uploads some are chosen as they arrive" in html
    assert "1 of 1 upload" in html and Image.objects.count() == 1
