"""Challenges that are assembled ahead: for whoever comes, and yet never of what that person has seen."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from PIL import Image as Picture

from annotations.challenges import share
from annotations.models import Annotator, Challenge, ChallengeState, ControlAnswer, QueueItem, Tile, Vote
from annotations.selectors import faces_read, reliability_of
from annotations.services import candidates, shelf
from annotations.services.annotators import annotator_for
from annotations.services.answering import challenge_answer
from annotations.services.assembly import LIFETIME
from annotations.services.gold import gold_retire
from annotations.services.issuing import challenge_issue
from annotations.services.pictures import challenge_picture
from annotations.tasks import stock as stock_all
from gallery.models import DataSet, Image
from gallery.services.images import image_delete

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_old_pictures() -> None:
    cache.clear()


@pytest.fixture
def queue(published: DataSet, add_images) -> DataSet:
    """With 24 more that are asked about."""
    for shade in range(3):
        add_images(8, shade)
    QueueItem.objects.bulk_create(
        QueueItem(dataset=published, image=image) for image in published.images.filter(split="pool")
    )
    return published


def ready(dataset: DataSet):
    return Challenge.objects.filter(dataset=dataset, state=ChallengeState.READY)


def images_of(challenge: Challenge) -> set[int]:
    return set(challenge.tiles.values_list("image", flat=True))


@pytest.fixture
def stocked(queue: DataSet, monkeypatch) -> Challenge:
    """One that is ready, since somebody has asked for one of its sort just now."""
    monkeypatch.setattr(shelf, "SHARE", 1)
    challenge_issue(dataset=queue, annotator=Annotator.objects.create(), kind="strip")
    assert shelf.stock(queue) == 1
    return ready(queue).get()


def test_as_many_are_made_ready_as_were_issued_lately_of_each_kind(queue: DataSet, monkeypatch) -> None:
    monkeypatch.setattr(shelf, "SHARE", 1)
    for kind in ("strip", "grid", "grid"):
        challenge_issue(dataset=queue, annotator=Annotator.objects.create(), kind=kind)
    QueueItem.objects.update(leased_until=None)
    assert shelf.stock(queue) == 3
    assert sorted(ready(queue).values_list("kind", flat=True)) == ["grid", "grid", "strip"]
    assert shelf.stock(queue) == 0


def test_nothing_is_made_ready_where_nobody_asks(queue: DataSet) -> None:
    assert shelf.stock(queue) == 0
    challenge_issue(dataset=queue, annotator=Annotator.objects.create())
    Challenge.objects.update(issued_at=timezone.now() - timedelta(minutes=1))
    assert shelf.stock(queue) == 0


def test_at_most_its_share_of_the_queue_is_held_for_whoever_comes(queue: DataSet) -> None:
    for _ in range(4):
        challenge_issue(dataset=queue, annotator=Annotator.objects.create(), kind="grid")
    QueueItem.objects.update(leased_until=None)
    shelf.stock(queue)
    held = QueueItem.objects.filter(leased_until__gt=timezone.now()).count()
    assert held <= shelf.SHARE * QueueItem.objects.count()


def test_what_is_ready_is_handed_over_with_two_minutes_from_now(stocked: Challenge, b) -> None:
    assembled, tiles = stocked.assembled_at, images_of(stocked)
    issued = challenge_issue(dataset=stocked.dataset, annotator=b, kind="strip")
    assert issued.pk == stocked.pk
    stocked.refresh_from_db()
    assert (stocked.annotator, stocked.state) == (b, ChallengeState.OPEN)
    assert (stocked.assembled_at, images_of(stocked)) == (assembled, tiles)
    assert stocked.expires_at - stocked.issued_at == LIFETIME
    assert stocked.issued_at >= assembled
    assert not ready(stocked.dataset).exists()


def test_it_is_answered_like_any_other(stocked: Challenge, b) -> None:
    issued = challenge_issue(dataset=stocked.dataset, annotator=b, kind="strip")
    truths = issued.tiles.order_by("position").values_list("truth", flat=True)
    result = challenge_answer(challenge=issued, annotator=b, raw=["dark" if t is None else t for t in truths])
    assert result.passed
    assert Vote.objects.filter(challenge=issued, annotator=b).count() == result.votes > 0
    assert ControlAnswer.objects.filter(challenge=issued, correct=True).exists()


def test_nobody_sees_it_before(stocked: Challenge, b) -> None:
    client = Client()
    client.force_login(b.user)
    base = f"/api/v1/datasets/{stocked.dataset_id}/challenges/"
    assert client.get(f"{base}{stocked.pk}/").status_code == 404
    assert client.get(f"{base}{stocked.pk}/sprite/").status_code == 404
    assert client.post(f"{base}{stocked.pk}/answer/", {"answer": "d" * 10}).status_code == 404
    assert client.get(base).json()["results"] == []


def show(image: int, annotator: Annotator, dataset: DataSet) -> None:
    challenge = Challenge.objects.create(
        dataset=dataset, annotator=annotator, kind="strip", seed=0, expires_at=timezone.now()
    )
    Tile.objects.create(challenge=challenge, position=0, image_id=image)


def test_it_is_not_for_who_has_seen_one_of_its_pictures(stocked: Challenge, b) -> None:
    show(min(images_of(stocked)), b, stocked.dataset)
    assert shelf.take(stocked.dataset, b, faces_read(b), "strip", 1.0) is None


def test_nor_for_another_face_of_theirs(stocked: Challenge, b) -> None:
    show(min(images_of(stocked)), Annotator.objects.create(same_as=b), stocked.dataset)
    assert shelf.take(stocked.dataset, b, faces_read(b), "strip", 1.0) is None


def test_nor_for_who_has_uploaded_one(stocked: Challenge, alice) -> None:
    owner = annotator_for(alice)  # of all pictures here
    assert shelf.take(stocked.dataset, owner, faces_read(owner), "strip", 1.0) is None


def test_nor_for_who_has_named_one(stocked: Challenge, b) -> None:
    image = min(images_of(stocked))
    Vote.objects.create(dataset=stocked.dataset, annotator=b, image_id=image, kind=0, answer=0)
    assert shelf.take(stocked.dataset, b, faces_read(b), "strip", 1.0) is None


@pytest.mark.parametrize("gone", ["withdrawn_at", "deleted_at"])
def test_nor_for_anybody_once_one_is_taken_out(stocked: Challenge, b, gone: str) -> None:
    Image.objects.filter(pk=min(images_of(stocked))).update(**{gone: timezone.now()})
    assert shelf.take(stocked.dataset, b, faces_read(b), "strip", 1.0) is None


def test_nor_once_the_class_of_a_control_is_removed(stocked: Challenge, b) -> None:
    truth = stocked.tiles.exclude(truth=None).first().truth
    stocked.dataset.classes.filter(index=truth).update(removed_at=timezone.now())
    fresh = DataSet.objects.get(pk=stocked.dataset_id)
    assert shelf.take(fresh, b, faces_read(b), "strip", 1.0) is None


def test_who_is_doubted_more_gets_none_of_those_with_fewer_controls(stocked: Challenge, b) -> None:
    Challenge.objects.filter(pk=stocked.pk).update(doubt=0.5)
    faces = faces_read(b)
    assert shelf.take(stocked.dataset, b, faces, "strip", 0.75) is None
    assert shelf.take(stocked.dataset, b, faces, "grid", 0.5) is None
    assert shelf.take(stocked.dataset, b, faces, "strip", 0.5).pk == stocked.pk


def test_a_level_is_as_strict_as_the_doubt_or_stricter() -> None:
    assert [share.level(doubt) for doubt in (0, 0.1, 0.25, 0.3, 0.99, 1)] == [0, 0.25, 0.25, 0.5, 1, 1]


def test_a_challenge_for_a_level_passes_nobody_more_easily(queue: DataSet, b) -> None:
    assert reliability_of(b, queue).low == 0
    issued = challenge_issue(dataset=queue, annotator=b, kind="strip")
    assert issued.doubt == 1.0


def test_what_got_too_old_goes_and_its_unknowns_are_free_again(stocked: Challenge) -> None:
    unknowns = set(stocked.tiles.filter(truth=None).values_list("image", flat=True))
    assert QueueItem.objects.filter(image__in=unknowns, leased_until__gt=timezone.now()).count() == len(unknowns) > 0
    Challenge.objects.update(issued_at=timezone.now() - timedelta(hours=1))  # nobody asks any more
    ready(stocked.dataset).update(expires_at=timezone.now() - timedelta(seconds=1))
    shelf.stock(stocked.dataset)
    assert not Challenge.objects.filter(pk=stocked.pk).exists()
    assert not QueueItem.objects.filter(image__in=unknowns, leased_until__gt=timezone.now()).exists()


def test_what_is_much_too_old_takes_nothing_from_others(stocked: Challenge) -> None:
    unknowns = list(stocked.tiles.filter(truth=None).values_list("image", flat=True))
    candidates.lease(unknowns, LIFETIME)  # by now somebody else's
    ready(stocked.dataset).update(expires_at=timezone.now() - LIFETIME)
    Challenge.objects.update(issued_at=timezone.now() - timedelta(hours=1))
    shelf.stock(stocked.dataset)
    assert QueueItem.objects.filter(image__in=unknowns, leased_until__gt=timezone.now()).count() == len(unknowns)


def test_too_old_is_not_handed_over(stocked: Challenge, b) -> None:
    ready(stocked.dataset).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert shelf.take(stocked.dataset, b, faces_read(b), "strip", 1.0) is None


def test_no_unknown_stands_in_two_of_them(queue: DataSet, monkeypatch) -> None:
    monkeypatch.setattr(shelf, "SHARE", 1)
    for _ in range(5):
        challenge_issue(dataset=queue, annotator=Annotator.objects.create(), kind="grid")
    QueueItem.objects.update(leased_until=None)
    shelf.stock(queue)
    unknowns = list(Tile.objects.filter(challenge__in=ready(queue), truth=None).values_list("image", flat=True))
    assert len(unknowns) == len(set(unknowns)) > 0


def test_only_one_worker_at_a_time_makes_them_ready(queue: DataSet) -> None:
    challenge_issue(dataset=queue, annotator=Annotator.objects.create())
    cache.add(f"annotations.shelf.{queue.pk}", 1)
    assert shelf.stock(queue) == 0


def test_the_picture_that_was_drawn_ahead_is_the_challenges(stocked: Challenge) -> None:
    ahead = challenge_picture(stocked)
    cache.clear()
    assert challenge_picture(stocked) == ahead  # drawn anew, by the same seed


def test_a_picture_taken_out_after_it_was_drawn_ahead_is_not_shown(stocked: Challenge) -> None:
    ahead = challenge_picture(stocked)
    image_delete(image=stocked.tiles.get(position=0).image)
    drawn = challenge_picture(stocked)
    assert drawn != ahead
    tile = Picture.open(BytesIO(drawn)).crop((8, 8, 88, 88))
    assert all(high - low < 12 for low, high in tile.getextrema())


def test_what_holds_gold_that_is_retired_is_taken_back(stocked: Challenge, alice) -> None:
    control = stocked.tiles.exclude(truth=None).first().image
    gold_retire(image=control, by=alice)
    stocked.refresh_from_db()
    assert stocked.state == ChallengeState.REPLACED


def test_the_task_goes_where_somebody_asks_or_something_is_ready(queue: DataSet, monkeypatch) -> None:
    monkeypatch.setattr(shelf, "SHARE", 1)
    assert not shelf.wanted()
    challenge_issue(dataset=queue, annotator=Annotator.objects.create(), kind="strip")
    stock_all()
    assert ready(queue).count() == 1
    Challenge.objects.exclude(state=ChallengeState.READY).update(issued_at=timezone.now() - timedelta(hours=1))
    ready(queue).update(expires_at=timezone.now(), issued_at=timezone.now() - timedelta(hours=1))
    stock_all()
    assert not ready(queue).exists()
    assert not shelf.wanted()


def test_a_worker_stops_for_other_work(queue: DataSet, monkeypatch) -> None:
    monkeypatch.setattr(shelf, "AT_ONCE", 0.0)
    challenge_issue(dataset=queue, annotator=Annotator.objects.create(), kind="strip")
    assert shelf.stock(queue) == 0
