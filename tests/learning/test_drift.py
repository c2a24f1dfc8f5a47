"""Whether new uploads look like those before: when it is looked at, at which pictures, and what comes of it."""

import pytest
from django.utils import timezone

from gallery.models import Image, Split
from gallery.services.images import image_delete
from gallery.work import WorkState
from learning.models import Drift, ModelVersion
from learning.selectors import champion_of
from learning.services import drifting
from learning.services.drifting import current_images, drift_execute, reference_images
from learning.services.requests import drift_request, run_request
from learning.services.ticking import drift_if_due, tick
from learning.services.training import run_execute

pytestmark = pytest.mark.django_db


@pytest.fixture
def trained(learnable) -> ModelVersion:
    run_execute(run_request(dataset=learnable, trigger="a test").pk)
    return champion_of(learnable)


def look(version: ModelVersion) -> Drift:
    return drift_execute(drift_request(version, uploads=0).pk)


def found(version: ModelVersion) -> Drift:
    return Drift.objects.get(version=version)


def test_another_mix_of_classes_is_found_and_named(trained, squares):
    squares(60, 2)
    look(trained)
    drift = found(trained)
    assert drift.shifted and drift.p_value < 0.001
    assert (drift.reference, drift.current, drift.state) == (60, 60, WorkState.DONE)
    assert [row["change"] for row in drift.classes] == [-1, -1, 1]
    assert drift.classes[2]["before"] == pytest.approx(1 / 3, abs=0.1) and drift.classes[2]["now"] > 0.8
    assert drift.checked_at


def test_the_same_mix_is_no_landslide(trained, squares):
    for cls in range(3):
        squares(20, cls)
    look(trained)
    assert found(trained).p_value > 1e-4


def test_of_too_few_pictures_nothing_is_concluded(trained, squares):
    squares(49, 2)
    look(trained)
    drift = found(trained)
    assert (drift.p_value, drift.shifted, drift.classes, drift.current) == (None, False, [], 49)
    assert drift.checked_at and drift.state == WorkState.DONE


def test_before_is_the_evaluation_share_and_now_what_came_since(trained, squares):
    before = set(trained.dataset.images.filter(split=Split.EVALUATION).values_list("pk", flat=True))
    late, kept, gone, hidden = [*squares(1, 0, split="evaluation"), *squares(3, 1)]
    image_delete(image=gone)
    Image.objects.filter(pk=hidden.pk).update(withdrawn_at=timezone.now())
    assert set(reference_images(trained)) == before
    assert current_images(trained) == [kept.pk, late.pk]
    learned = set(trained.run.examples.values_list("image", flat=True))
    assert not learned & {*reference_images(trained), *current_images(trained)}


def test_no_more_than_a_sample_of_either_is_looked_at(trained, squares, monkeypatch):
    monkeypatch.setattr(drifting, "SAMPLE", 5)
    latest = [image.pk for image in squares(7, 0)][2:]
    assert sorted(current_images(trained)) == latest
    assert len(reference_images(trained)) == 5 and reference_images(trained) == reference_images(trained)


def test_the_tick_asks_once_fifty_new_pictures_came(serve, squares, dataset, django_capture_on_commit_callbacks):
    version = serve()
    squares(49, 0)
    assert drift_if_due(dataset) is None
    squares(1, 1)
    with django_capture_on_commit_callbacks(execute=True):
        tick()
    drift = found(version)
    assert (drift.seen, drift.state, drift.current) == (50, WorkState.DONE, 50)
    squares(49, 2)
    assert drift_if_due(dataset) is None
    squares(1, 0, noise=20)
    again = drift_if_due(dataset)
    assert (again.pk, again.seen, again.state) == (drift.pk, 100, WorkState.WAITING)
    assert again.checked_at  # what was found last is shown until there is more
    squares(60, 1)
    assert drift_if_due(dataset) is None  # it is asked for already


def test_without_a_version_nobody_asks(dataset, squares):
    squares(60, 0)
    assert drift_if_due(dataset) is None and not Drift.objects.exists()


def test_uploads_from_before_a_version_are_not_new_to_it(serve, squares, dataset):
    squares(60, 0)
    serve()
    assert drift_if_due(dataset) is None


def test_a_look_that_fails_says_why_and_is_tried_again(trained, squares, monkeypatch):
    squares(50, 0)
    drift = drift_request(trained, uploads=50)
    monkeypatch.setattr(drifting, "predict_images", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        drift_execute(drift.pk)
    drift = found(trained)
    assert drift.state == WorkState.WAITING and "ZeroDivisionError" in drift.error
    monkeypatch.undo()
    drift_execute(drift.pk)
    assert found(trained).state == WorkState.DONE
    assert drift_execute(drift.pk) is None  # done is done
