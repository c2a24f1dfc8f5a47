"""Uploads as they arrive: which are asked about at once, and what becomes of them when rounds and versions come."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from annotations.models import Campaign, QueueItem
from annotations.selectors import campaign_of
from gallery.models import DataSet, Image, LabelClass, Source, Tagging
from gallery.services.images import image_delete, image_label
from gallery.work import WorkState
from learning.engine.prediction import features, predict
from learning.engine.strategies.streaming import Stream
from learning.models import ModelVersion, Pick, Policy, SamplingRound, StreamState, VersionState
from learning.score_files import from_pairs
from learning.selectors import policy_of
from learning.services import streaming, tagging
from learning.services.inputs import read_inputs, reading_of
from learning.services.networks import load_version
from learning.services.requests import round_request
from learning.services.sampling import round_execute
from learning.services.scores import scores_import
from learning.services.tagging import images_tag

pytestmark = pytest.mark.django_db

RATE = 0.5


@pytest.fixture
def streams(dataset) -> DataSet:
    """A data set that asks about half of what arrives."""
    set_policy(dataset, stream_rate=RATE, sure_from=0.0, random_share=0.0, round_size=4, strategy="margin")
    return dataset


def set_policy(dataset: DataSet, **fields) -> None:
    Policy.objects.filter(pk=policy_of(dataset).pk).update(**fields)


def stream_of(version: ModelVersion) -> SamplingRound:
    return SamplingRound.objects.select_related("stream").get(version=version, streaming=True)


def waiting(current: SamplingRound) -> set[int]:
    return set(QueueItem.objects.filter(round=current.pk).values_list("image", flat=True))


def test_uploads_are_asked_about_as_they_arrive(streams, serve, arrive):
    version = serve()
    images = arrive(60)
    current = stream_of(version)
    assert 20 <= current.queued <= 40
    picks = list(current.picks.order_by("rank"))
    assert [pick.rank for pick in picks] == list(range(1, current.queued + 1))
    assert {pick.reason for pick in picks} == {"stream"} and all(pick.score > 0 for pick in picks)
    items = QueueItem.objects.filter(round=current.pk)
    assert {item.image_id for item in items} == {pick.image_id for pick in picks} <= set(images)
    assert {(item.reason, item.priority, item.dataset_id) for item in items} == {("stream", 0, streams.pk)}
    assert (current.state, current.strategy, current.stream.seen) == (WorkState.DONE, "vessal", 60)
    assert not SamplingRound.objects.due().exists()


def test_the_state_lives_on_from_one_upload_to_the_next(streams, serve, arrive):
    version = serve()
    images = [*arrive(20, 0), *arrive(1, 1), *arrive(15, 2)]
    current, inputs, network = stream_of(version), read_inputs(images, reading_of(version)), load_version(version)
    seen = features(network, inputs.x)
    stream = Stream.begin(RATE, n_classes=3, n_features=seen.shape[1], seed=current.pk, dimensions=256)
    at_once = stream.offer(predict(network, inputs.x), seen)
    assert current.stream.seen == 36
    assert list(current.picks.order_by("rank").values_list("image", flat=True)) == [
        image for image, taken in zip(images, at_once.taken, strict=True) if taken
    ]
    assert len(current.stream.arrays) < 2_000_000


def test_an_upload_is_offered_once(streams, serve, arrive):
    version = serve()
    images = arrive(12)
    images_tag(images)
    assert stream_of(version).stream.seen == 12


def test_what_another_worker_has_taken_over_is_offered_by_that_one(streams, serve, squares, monkeypatch):
    version = serve()
    images = [image.pk for image in squares(10, 0)]
    write = tagging.tags_write

    def slowly(*arguments):
        monkeypatch.setattr(tagging, "tags_write", write)
        Tagging.objects.filter(image__in=images[:4]).update(heartbeat_at=timezone.now() - timedelta(minutes=1))
        images_tag(images[:4])  # the other worker's
        assert stream_of(version).stream.seen == 4
        return write(*arguments)

    monkeypatch.setattr(tagging, "tags_write", slowly)
    images_tag(images)
    assert stream_of(version).stream.seen == 10


def test_a_rate_of_nothing_leaves_uploads_to_the_rounds(streams, serve, arrive):
    serve()
    set_policy(streams, stream_rate=0)
    (image, *_) = arrive(5)
    assert Image.objects.get(pk=image).tags.filter(source=Source.MODEL).exists()
    assert not SamplingRound.objects.exists() and not QueueItem.objects.exists()


def test_without_a_model_uploads_wait_for_a_round(streams, arrive):
    images = arrive(5)
    assert not SamplingRound.objects.exists() and not QueueItem.objects.exists()
    assert set(Tagging.objects.filter(image__in=images).values_list("state", flat=True)) == {WorkState.DONE}


def test_another_rate_holds_from_the_next_upload_on(streams, serve, arrive):
    set_policy(streams, stream_rate=0.1)
    version = serve()
    arrive(60, 0)
    few = stream_of(version).queued
    set_policy(streams, stream_rate=0.9)
    arrive(60, 1)
    assert few < 20 and stream_of(version).queued - few > few + 15


def test_only_what_may_be_asked_about_is_offered(streams, serve, squares):
    version = serve()
    kept, owned, gone, evaluation = [*squares(3, 0), *squares(1, 1, split="evaluation")]
    image_label(image=owned, label=streams.classes.first())
    image_delete(image=gone)
    images_tag([kept.pk, owned.pk, gone.pk, evaluation.pk])
    assert stream_of(version).stream.seen == 1
    assert waiting(stream_of(version)) <= {kept.pk}


def test_a_picture_that_is_deleted_while_it_is_tagged_is_not_asked(streams, serve, squares, monkeypatch):
    version, images, read = serve(), squares(10, 0), streaming.features

    def delete_meanwhile(network, x):
        image_delete(image=images[0])
        return read(network, x)

    monkeypatch.setattr(streaming, "features", delete_meanwhile)
    set_policy(streams, stream_rate=0.9)
    images_tag([image.pk for image in images])
    assert stream_of(version).stream.seen == 9
    assert not QueueItem.objects.filter(image=images[0]).exists()


def test_what_waits_already_keeps_its_place(streams, serve, squares):
    version, images = serve(), squares(30, 0)
    for image in images:
        QueueItem.objects.create(image=image, dataset=streams, score=0.9, reason="drawn at random")
    images_tag([image.pk for image in images])
    assert stream_of(version).queued > 0
    assert set(QueueItem.objects.values_list("score", "reason", "round")) == {(0.9, "drawn at random", None)}


def test_an_ended_campaign_asks_about_no_uploads(streams, serve, arrive):
    serve()
    Campaign.objects.filter(pk=campaign_of(streams).pk).update(ended_at=timezone.now())
    arrive(10)
    assert not QueueItem.objects.exists() and not SamplingRound.objects.exists()


def test_a_broken_stream_costs_no_tag_and_is_told_of(streams, serve, arrive, caplog):
    version = serve()
    arrive(10)
    before = stream_of(version)
    StreamState.objects.update(arrays=b"no such thing")
    image, *_ = arrive(10, 1)
    assert Tagging.objects.get(image=image).state == WorkState.DONE
    assert Image.objects.get(pk=image).tags.get(source=Source.MODEL).version == version.number
    assert "uploads_offer failed for 10 uploads" in caplog.text and "Traceback" in caplog.text
    assert (stream_of(version).stream.seen, stream_of(version).queued) == (10, before.queued)


def test_a_stream_that_breaks_off_leaves_nothing_behind(streams, serve, arrive, monkeypatch):
    version = serve()
    arrive(10)
    queued = QueueItem.objects.count()
    monkeypatch.setattr(Pick.objects, "bulk_create", lambda picks: list(picks) and 1 / 0)
    arrive(20, 1)
    current = stream_of(version)
    assert current.stream.seen == 10 and QueueItem.objects.count() == queued == current.queued
    monkeypatch.undo()
    arrive(20, 2)
    assert stream_of(version).stream.seen == 30


def test_a_round_leaves_what_the_stream_chose_and_chooses_others(streams, serve, arrive):
    version = serve()
    arrive(16)
    current = stream_of(version)
    chosen, places = waiting(current), set(QueueItem.objects.values_list("image", "score", "reason"))
    done = round_execute(round_request(dataset=streams).pk)
    assert waiting(current) == chosen and places <= set(QueueItem.objects.values_list("image", "score", "reason"))
    assert len(waiting(done)) == 4 and not waiting(done) & chosen
    again = round_execute(round_request(dataset=streams).pk)
    assert waiting(current) == chosen and not waiting(done) - waiting(again)


def test_a_round_drops_what_the_stream_chose_and_nobody_may_be_asked_any_more(streams, serve, arrive):
    version = serve()
    arrive(16)
    owned, gone, *others = Image.objects.filter(queued__round=stream_of(version).pk)
    image_label(image=owned, label=streams.classes.first())
    image_delete(image=gone)
    round_execute(round_request(dataset=streams).pk)
    assert waiting(stream_of(version)) == {image.pk for image in others}


def test_half_of_a_round_comes_before_the_uploads(streams, serve, arrive):
    serve()
    arrive(12)
    round_execute(round_request(dataset=streams).pk)
    reasons = list(QueueItem.objects.values_list("reason", flat=True))
    assert reasons[:2] == ["margin", "margin"] and reasons[-1] == "margin" and "stream" in reasons[2:-1]


def test_what_arrives_while_a_round_chooses_stays_the_streams(streams, serve, squares, monkeypatch):
    from learning.services import sampling

    version, images, select = serve(), squares(12, 0), sampling.select

    def select_while_uploads_come(*arguments, **options):
        images_tag([image.pk for image in images])
        return select(*arguments, **options)

    monkeypatch.setattr(sampling, "select", select_while_uploads_come)
    set_policy(streams, round_size=12)
    round_execute(round_request(dataset=streams).pk)
    current = stream_of(version)
    assert current.queued and waiting(current) == set(current.picks.values_list("image", flat=True))
    assert QueueItem.objects.count() == 12


def test_another_versions_round_drops_what_nobody_has_begun(streams, serve, arrive):
    first = serve()
    arrive(16)
    old = stream_of(first)
    on_lease = QueueItem.objects.filter(round=old.pk).first()
    QueueItem.objects.filter(pk=on_lease.pk).update(leased_until=timezone.now() + timedelta(minutes=5))
    second = serve()
    round_execute(round_request(dataset=streams).pk)
    assert waiting(old) <= {on_lease.image_id} and QueueItem.objects.filter(pk=on_lease.pk).exists()
    assert old.picks.count() == old.queued  # what it chose can still be seen
    arrive(8, 1)
    assert stream_of(second).stream.seen == 8
    assert not stream_of(first).stream.arrays  # a version that doesn't serve needs no memory


def test_a_version_that_is_brought_back_goes_on_counting(streams, serve, arrive):
    first = serve()
    arrive(10)
    taken = stream_of(first).queued
    second = serve()
    arrive(10, 1)
    ModelVersion.objects.filter(pk=second.pk).update(state=VersionState.RETIRED)
    ModelVersion.objects.filter(pk=first.pk).update(state=VersionState.CHAMPION)
    arrive(20, 2)
    current = stream_of(first)
    assert current.stream.seen == 30 and current.queued > taken
    assert sorted(current.picks.values_list("rank", flat=True)) == list(range(1, current.queued + 1))


def test_a_state_of_other_classes_begins_anew(streams, serve, arrive):
    version = serve()
    arrive(10)
    other = Stream.begin(RATE, n_classes=2, n_features=4, seed=0)
    streaming._store(stream_of(version).stream, other)
    arrive(10, 1)
    assert stream_of(version).stream.seen == 20


def test_a_class_that_is_added_asks_for_nothing_else(streams, serve, arrive):
    version = serve()
    arrive(5)
    LabelClass.objects.create(dataset=streams, index=3, name="white", key="w")
    arrive(5, 1)
    assert stream_of(version).stream.seen == 10


def test_scores_from_elsewhere_replace_the_streams_too(streams, serve, arrive):
    version = serve()
    image, *_ = arrive(16)
    scores_import(dataset=streams, table=from_pairs([(f"id:{image}", 1.0)]))
    assert not waiting(stream_of(version)) and QueueItem.objects.count() == 1


def test_a_stream_is_not_taken_for_a_round_that_waits(streams, serve, arrive):
    version = serve()
    arrive(8)
    requested = round_request(dataset=streams)
    assert requested.pk != stream_of(version).pk and not requested.streaming
    assert round_execute(stream_of(version).pk) is None


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_one_stream_and_lose_no_upload(streams, serve, squares):
    batches = [[image.pk for image in squares(8, cls % 3)] for cls in range(4)]
    Tagging.objects.update(state=WorkState.WAITING)  # they came before there was a version
    version = serve()

    def tag(images: list[int]) -> None:
        try:
            images_tag(images)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(batches)) as pool:
        list(pool.map(tag, batches))
    current = stream_of(version)
    assert current.stream.seen == 32
    ranks = sorted(Pick.objects.filter(round=current).values_list("rank", flat=True))
    assert ranks == list(range(1, current.queued + 1)) and len(waiting(current)) == current.queued


def page(client, dataset, **query) -> str:
    return client.get(reverse("dataset_asked", args=[dataset.pk]), query).content.decode()


def test_the_page_shows_a_stream_beside_the_rounds(client, alice, streams, serve, arrive):
    version = serve()
    client.force_login(alice)
    round_execute(round_request(dataset=streams).pk)
    arrive(20)
    done, current = streams.rounds.get(streaming=False), stream_of(version)
    assert current.pk > done.pk
    text = page(client, streams)
    assert "uploads as they arrive" in text and f"{current.queued} of 20 uploads" in text and "Goes on" in text
    assert f"Round {current.pk}: why these" not in text
    text = page(client, streams, round=current.pk)
    assert f"Round {current.pk}: why these" in text and "<b>stream</b>" in text and "Waits to be asked" in text


def test_the_page_shows_the_stream_where_there_is_no_round_yet(client, alice, streams, serve, arrive):
    version = serve()
    client.force_login(alice)
    arrive(20)
    assert f"Round {stream_of(version).pk}: why these" in page(client, streams)


def test_the_page_finds_a_stream_that_began_long_ago(client, alice, streams, serve, arrive):
    serve()
    client.force_login(alice)
    arrive(1)
    for _ in range(25):
        SamplingRound.objects.create(dataset=streams, strategy="margin", random_share=0, size=4, state=WorkState.DONE)
    assert "of 1 upload<" in page(client, streams)


@pytest.mark.parametrize("stop", ["rate", "ended", "replaced"])
def test_the_page_tells_a_stream_that_goes_on_from_one_that_does_not(client, alice, streams, serve, arrive, stop):
    serve()
    client.force_login(alice)
    arrive(4)
    if stop == "rate":
        set_policy(streams, stream_rate=0)
    elif stop == "ended":
        Campaign.objects.filter(pk=campaign_of(streams).pk).update(ended_at=timezone.now())
    else:
        serve()
    assert "Goes on" not in page(client, streams)


def test_the_page_tells_of_a_stream_that_has_taken_none(client, alice, streams, serve, arrive):
    version = serve()
    client.force_login(alice)
    arrive(1)
    Pick.objects.all().delete()
    assert "has chosen none of the uploads" in page(client, streams, round=stream_of(version).pk)


def test_the_api_tells_a_stream_and_what_it_has_seen(alice, streams, serve, arrive, django_assert_max_num_queries):
    version = serve()
    round_execute(round_request(dataset=streams).pk)
    arrive(20)
    api = APIClient()
    api.force_authenticate(alice)
    with django_assert_max_num_queries(8):
        rows = api.get(f"/api/v1/datasets/{streams.pk}/rounds/").json()["results"]
    current = stream_of(version)
    assert [(row["streaming"], row["seen"], row["version"]) for row in rows] == [(True, 20, 1), (False, None, 1)]
    picks = api.get(f"/api/v1/datasets/{streams.pk}/rounds/{current.pk}/picks/").json()["results"]
    assert [pick["reason"] for pick in picks] == ["stream"] * current.queued
