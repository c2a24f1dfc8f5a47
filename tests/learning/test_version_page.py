"""Everything about one version: its page and its place in the API, by old figures and new."""

import re

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from gallery.models import DataSet, Image, Visibility
from learning.calibration_charts import coverage_chart, reliability_chart
from learning.models import Drift, ModelVersion, TrainingExample, TrainingRun, VersionState
from learning.selectors import champion_of
from learning.services.requests import run_request
from learning.services.training import run_execute

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(dataset) -> ModelVersion:
    """From before most figures were kept."""
    run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="5 new labels", state="done")
    version = ModelVersion(
        dataset=dataset,
        number=1,
        run=run,
        state=VersionState.RETIRED,
        reason="What the gate said.",
        backbone="small_cnn",
        configuration={},
        metrics={"accuracy": 0.9},
        labels=10,
    )
    version.weights.save("1.safetensors", ContentFile(b"weights"))
    return version


@pytest.fixture
def trained(learnable) -> ModelVersion:
    run_execute(run_request(dataset=learnable, trigger="a test").pk)
    return champion_of(learnable)


def page(client, version: ModelVersion, *, text: bool = True) -> str:
    response = client.get(reverse("version", args=[version.dataset_id, version.number]))
    assert response.status_code == 200
    html = response.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)) if text else html


def api(version: ModelVersion, user=None) -> dict:
    client = APIClient()
    client.force_authenticate(user)
    response = client.get(f"/api/v1/datasets/{version.dataset_id}/versions/{version.number}/")
    assert response.status_code == 200
    return response.json()


def test_a_trained_version_shows_all_that_is_known_of_it(client, trained):
    text = page(client, trained)
    assert "Serving" in text and trained.reason in text
    assert f"{trained.metrics['accuracy']:.1%} between" in text and "by 60 pictures it had not learned from" in text
    assert "Right among 2" in text and "Macro F1" in text and "Surprise" in text and "Brier score" in text
    assert f"{trained.metrics['ece_before']:.1%} → {trained.metrics['ece']:.1%} by calibration" in text
    assert "36 pictures: 36 named by the owner, 0 by the crowd" in text
    assert "from scratch" in text and "10, and at least 20 steps" in text
    html = page(client, trained, text=False)
    assert 'id="confusion-caption"' in html
    assert html.count('scope="row">dark<') == 2  # in the matrix and in the table of classes
    assert "Accuracy by coverage" in html and "Accuracy by confidence" in html


def test_a_version_from_before_the_figures_were_kept_shows_what_there_is(client, old):
    text = page(client, old)
    assert "90.0%" in text and "What the gate said." in text and "Retired" in text
    assert "Macro F1" not in text and "Where it errs" not in text and "How far its word" not in text
    ModelVersion.objects.update(
        metrics={"n": 10, "accuracy": 0.9, "ece": 0.05, "per_class": [{"accuracy": 0.9, "n": 10}]}
    )
    text = page(client, old)
    assert "between 59.6% and 98.2%" in text
    assert "5.0% expected calibration error, after calibration" in text
    assert "dark 10 90.0% –" in text


def test_a_version_names_its_parent_and_those_who_labelled(client, old, add_images):
    own, crowd = add_images(2, 0)
    child = ModelVersion.objects.get(pk=old.pk)
    child.pk, child.number, child.parent = None, 2, old
    child.run = TrainingRun.objects.create(dataset=old.dataset, epochs=1, trigger="x", state="done")
    child.save()
    for image, source in ((own, "owner"), (crowd, "crowd")):
        TrainingExample.objects.create(run=child.run, image=image, target=[1, 0, 0], source=source)
    html = page(client, child, text=False)
    assert f'href="{reverse("version", args=[old.dataset_id, 1])}"' in html
    assert "1 named by the owner, 1 by the crowd" in html
    told = api(child)
    assert (told["parent"], told["labels_by"]) == (1, {"owner": 1, "crowd": 1})


def test_pictures_that_were_skipped_are_named_where_they_may_be_seen(client, old, add_images, alice):
    shown, hidden = add_images(2, 0)
    Image.objects.filter(pk=hidden.pk).update(withdrawn_at=timezone.now())
    skipped = {str(shown.pk): "it can't be read", str(hidden.pk): "it was deleted"}
    ModelVersion.objects.update(configuration={"skipped": skipped, "seed": 4})
    html = page(client, old, text=False)
    assert reverse("image", args=[shown.pk]) in html and reverse("image", args=[hidden.pk]) not in html
    assert "A picture that is gone" in html and "2 pictures" in html
    assert [one["image"] for one in api(old)["skipped"]["first"]] == [shown.pk, None]
    assert [one["image"] for one in api(old, alice)["skipped"]["first"]] == [shown.pk, hidden.pk]
    assert api(old)["configuration"] == {"seed": 4}


def test_only_the_owner_is_offered_the_weights_and_to_bring_it_back(client, old, alice, charlie):
    weights, back = (reverse(name, args=[old.dataset_id, 1]) for name in ("version_weights", "version_bring_back"))
    client.force_login(charlie)
    html = page(client, old, text=False)
    assert weights not in html and back not in html
    client.force_login(alice)
    html = page(client, old, text=False)
    assert weights in html and back in html
    ModelVersion.objects.update(state=VersionState.CHAMPION)
    assert back not in page(client, old, text=False)


def test_a_private_data_sets_version_does_not_exist_for_strangers(client, old, alice, charlie):
    DataSet.objects.update(visibility=Visibility.PRIVATE)
    address = reverse("version", args=[old.dataset_id, 1])
    assert client.get(address).status_code == 404
    client.force_login(charlie)
    assert client.get(address).status_code == 404
    client.force_login(alice)
    assert client.get(address).status_code == 200
    assert client.get(reverse("version", args=[old.dataset_id, 9])).status_code == 404
    assert client.post(address).status_code == 405


def test_the_list_of_versions_leads_to_each(client, old):
    html = client.get(reverse("dataset_learning", args=[old.dataset_id])).content.decode()
    assert f'href="{reverse("version", args=[old.dataset_id, 1])}"' in html


def test_the_page_says_when_nobody_has_looked_for_drift(client, old):
    assert "Nobody has looked yet: that takes 50 pictures" in page(client, old)
    assert api(old)["drift"] is None
    Drift.objects.create(version=old, seen=60)  # asked for, and not done yet
    assert "Nobody has looked yet" in page(client, old)


def test_the_page_says_which_classes_come_more_often(client, old):
    shares = [
        {"before": 0.5, "now": 0.3, "change": -1, "p_value": 1e-9},
        {"before": 0.25, "now": 0.26, "change": 0, "p_value": 0.5},
        {"before": 0.25, "now": 0.44, "change": 1, "p_value": 1e-8},
    ]
    found = {"reference": 80, "current": 120, "p_value": 3e-9, "shifted": True, "classes": shares}
    Drift.objects.create(version=old, checked_at=timezone.now(), **found)
    text = page(client, old)
    assert "New pictures look unlike what version 1 learned from (p &lt; 0.001)." in text
    assert "dark 50.0% 30.0% Less often" in text and "light 25.0% 44.0% More often" in text
    assert "middle 25.0% 26.0% as often, as far as can be told" in text
    told = api(old)["drift"]
    assert (told["shifted"], told["reference"], told["current"]) == (True, 80, 120)
    assert told["classes"][2] == {"name": "light", "before": 0.25, "now": 0.44, "change": 1}
    Drift.objects.update(p_value=0.03)
    assert "(p = 0.03)" in api(old)["drift_words"]
    Drift.objects.update(shifted=False, p_value=0.41)
    assert "New pictures look like what version 1 learned from (p = 0.41)." in page(client, old)


def test_too_few_pictures_are_said_to_be(client, old):
    Drift.objects.create(version=old, checked_at=timezone.now(), reference=12, current=60)
    text = page(client, old)
    assert "60 uploaded since this version was made, and 12 evaluation pictures from before; it takes 50" in text
    assert "More often" not in text


def test_the_api_has_all_of_it(trained):
    told = api(trained)
    assert told["metrics"] == trained.metrics
    low, high = told["accuracy_interval"]
    assert 0 < low < trained.metrics["accuracy"] <= high <= 1
    assert told["temperature"] == trained.temperature and told["state"] == "champion"
    assert "predictions" not in told and "skipped" not in told["configuration"]
    assert told["configuration"]["batch_size"] == 32


def test_the_page_takes_as_many_queries_whatever_was_skipped(client, old, add_images):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(client, old)
        return len(seen)

    images = add_images(6, 0)
    ModelVersion.objects.update(configuration={"skipped": {str(images[0].pk): "x"}})
    queries()
    few = queries()
    ModelVersion.objects.update(configuration={"skipped": {str(image.pk): "x" for image in images}})
    assert queries() == few


CURVE = [{"coverage": 0.5, "accuracy": 0.96, "threshold": 0.9}, {"coverage": 1.0, "accuracy": 0.84, "threshold": 0.3}]


def test_the_curve_is_drawn_in_percent_of_its_plot():
    chart = coverage_chart(CURVE)
    assert [(point["x"], point["y"]) for point in chart["lines"][0]["points"]] == [(50.0, 20.0), (100.0, 80.0)]
    assert [tick["text"] for tick in chart["y_ticks"]] == ["80%", "85%", "90%", "95%", "100%"]
    assert chart["description"] == "From 96.0% on the surest 50% to 84.0% on all."
    assert coverage_chart(CURVE[:1]) is None and coverage_chart([]) is None


def test_reliability_stands_beside_the_line_where_it_would_be_perfect():
    bins = [{"confidence": 0.6, "accuracy": 0.4, "n": 20}, {"confidence": 0.9, "accuracy": 0.9, "n": 21}]
    chart = reliability_chart(bins)
    own, perfect = chart["lines"]
    assert [(point["x"], point["y"]) for point in own["points"]] == [(33.33, 100.0), (83.33, 16.67)]
    assert [(point["x"], point["y"]) for point in perfect["points"]] == [(0.0, 100.0), (100.0, 0.0)]
    assert "Farthest off where it is 60% sure: it is right on 40% there." in chart["description"]
    assert reliability_chart(bins[:1]) is None
