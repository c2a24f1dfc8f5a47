from functools import partial

import pytest

from annotations.models import QueueItem
from gallery.models import Image, Source, Split, Tag, Tagging
from gallery.services.images import image_delete
from gallery.work import WorkState
from learning.models import Retag, SamplingRound
from learning.selectors import champion_of, policy_of
from learning.services import tagging
from learning.services.requests import round_request, run_request
from learning.services.sampling import round_execute
from learning.services.tagging import images_tag, retag_execute
from learning.services.training import run_execute


def champion(dataset):
    """What was uploaded before it has its tag."""
    run_execute(run_request(dataset=dataset, trigger="a test").pk)
    Tagging.objects.update(state=WorkState.DONE)
    return champion_of(dataset)


def test_an_upload_is_tagged_by_the_champion_with_its_confidence(learnable, squares):
    version = champion(learnable)
    (image,) = squares(1, 2)
    assert images_tag([image.pk]) == 1
    tag = image.tags.get(source=Source.MODEL)
    assert tag.label.name == "light" and 0.5 < tag.confidence <= 1 and tag.version == version.number
    assert Tagging.objects.get(image=image).state == WorkState.DONE


def test_without_a_version_an_upload_waits_for_no_tag(dataset, squares):
    (image,) = squares(1, 0)
    images_tag([image.pk])
    assert Tagging.objects.get(image=image).state == WorkState.DONE
    assert not image.tags.exists()


def test_an_upload_is_tagged_once(learnable, squares):
    champion(learnable)
    (image,) = squares(1, 0)
    assert images_tag([image.pk]) == 1
    assert images_tag([image.pk]) == 0


def test_uploads_of_the_same_moment_share_a_batch(learnable, squares, monkeypatch):
    champion(learnable)
    batches = []
    monkeypatch.setattr(tagging, "tags_write", partial(_noted, batches, tagging.tags_write))
    first, second = squares(2, 0), squares(1, 2)
    assert images_tag([image.pk for image in first]) == 3
    assert images_tag([image.pk for image in second]) == 0
    assert [sorted(batch) for batch in batches] == [sorted(image.pk for image in first + second)]


def _noted(batches, write, version, images):
    batches.append(images)
    return write(version, images)


def test_a_promotion_tags_the_whole_data_set_and_asks_anew(learnable):
    version = champion(learnable)
    retag = retag_execute(Retag.objects.get(version=version).pk)
    assert Tag.objects.filter(source=Source.MODEL).count() == learnable.images.count()
    retag.refresh_from_db()
    assert (retag.state, retag.done, retag.total) == (WorkState.DONE, learnable.images.count(), retag.done)
    assert SamplingRound.objects.filter(dataset=learnable).exists()


def test_a_re_tag_spares_new_uploads_a_second_prediction(learnable, squares):
    version = champion(learnable)
    (new,) = squares(1, 2)
    retag_execute(Retag.objects.get(version=version).pk)
    assert Tagging.objects.get(image=new).state == WorkState.DONE
    assert new.tags.get(source=Source.MODEL).version == version.number
    assert images_tag([new.pk]) == 0


def test_a_picture_that_a_re_tag_cannot_read_waits_to_be_told_why(learnable, squares):
    version = champion(learnable)
    (image,) = squares(1, 2)
    image.thumbnail.storage.delete(image.thumbnail.name)
    retag_execute(Retag.objects.get(version=version).pk)
    assert Tagging.objects.get(image=image).state == WorkState.WAITING
    images_tag([image.pk])
    assert Tagging.objects.get(image=image).error


def test_a_deleted_picture_is_not_tagged(learnable, squares):
    champion(learnable)
    (image,) = squares(1, 0)
    image_delete(image=image)
    images_tag([image.pk])
    tagging = Tagging.objects.get(image=image)
    assert tagging.state == WorkState.FAILED and "deleted" in tagging.error
    assert not Tag.objects.filter(image=image).exists()


def test_the_owners_word_stays_when_a_model_says_otherwise(learnable):
    version = champion(learnable)
    owned = Tag.objects.get(image=learnable.images.filter(split=Split.GOLD).first(), source=Source.OWNER)
    retag_execute(Retag.objects.get(version=version).pk)
    assert Tag.objects.get(pk=owned.pk).label == owned.label


def test_a_round_asks_the_most_uncertain_first_and_says_why(learnable, squares):
    version = champion(learnable)
    retag_execute(Retag.objects.get(version=version).pk)
    policy = policy_of(learnable)
    policy.strategy, policy.balance, policy.random_share, policy.round_size = "entropy", False, 0.0, 5
    policy.save()
    done = round_execute(round_request(dataset=learnable).pk)
    items = QueueItem.objects.filter(dataset=learnable, round=done.pk, priority=0)
    assert items.count() == 5 and set(items.values_list("reason", flat=True)) == {"entropy"}
    asked = Tag.objects.filter(image__in=items.values("image"), source=Source.MODEL)
    rest = Tag.objects.filter(image__in=Image.objects.filter(split=Split.POOL), source=Source.MODEL)
    rest = rest.exclude(pk__in=asked)
    assert max(t.confidence for t in asked) <= min(t.confidence for t in rest) + 0.05


def test_unlabelled_evaluation_images_are_asked_first(learnable, squares):
    champion(learnable)
    squares(3, 0, split="evaluation")
    round_execute(round_request(dataset=learnable).pk)
    first = QueueItem.objects.filter(dataset=learnable)[:3]
    assert {item.image.split for item in first} == {Split.EVALUATION}


def test_without_a_model_a_round_draws_at_random(dataset, squares):
    squares(4, 0)
    done = round_execute(round_request(dataset=dataset).pk)
    assert done.strategy == "random"
    assert QueueItem.objects.filter(dataset=dataset).count() == 4


def test_known_and_agreed_images_are_not_asked(learnable):
    champion(learnable)
    round_execute(round_request(dataset=learnable).pk)
    assert not QueueItem.objects.filter(image__tags__source=Source.OWNER).exists()


def test_tags_of_a_version_that_was_superseded_meanwhile_are_not_written(serve, squares, monkeypatch):
    """However late a worker is: no old tag comes to lie over a new one, and a batch is of one version."""
    first, images = serve(), squares(3, 0)
    second, original = [], tagging.predict_images

    def slowly(version, ids):
        told = original(version, ids)
        if not second:
            second.append(serve())
        return told

    monkeypatch.setattr(tagging, "predict_images", slowly)
    assert images_tag([image.pk for image in images]) == 3
    versions = Tag.objects.filter(source=Source.MODEL).values_list("version", flat=True)
    assert first.number != second[0].number and list(versions) == [second[0].number] * 3


def test_a_re_tag_that_was_cut_short_goes_on_where_it_was(learnable, monkeypatch):
    version = champion(learnable)
    retag, seen = Retag.objects.get(version=version), []
    monkeypatch.setattr(tagging, "CHUNK", 40)

    def twice(version, images):
        if len(seen) == 2:
            raise MemoryError
        seen.append(images)
        return write(version, images)

    write = tagging.tags_write
    monkeypatch.setattr(tagging, "tags_write", twice)
    with pytest.raises(MemoryError):
        retag_execute(retag.pk)
    retag.refresh_from_db()
    assert (retag.state, retag.done, retag.total) == (WorkState.WAITING, 80, 126)
    done_before, seen = seen, []
    retag_execute(retag.pk)
    retag.refresh_from_db()
    assert (retag.state, retag.done, retag.total) == (WorkState.DONE, 126, 126)
    again = [image for images in seen for image in images]
    assert not set(again) & {image for images in done_before for image in images} and len(again) == 46


def test_a_re_tag_that_another_worker_has_taken_over_stops(learnable, monkeypatch):
    version = champion(learnable)
    retag, write = Retag.objects.get(version=version), tagging.tags_write
    monkeypatch.setattr(tagging, "CHUNK", 40)

    def taken_over(version, images):
        Retag.objects.filter(pk=retag.pk).update(attempt=2)
        return write(version, images)

    monkeypatch.setattr(tagging, "tags_write", taken_over)
    assert retag_execute(retag.pk) is None
    retag.refresh_from_db()
    assert (retag.state, retag.done) == (WorkState.RUNNING, 0)
