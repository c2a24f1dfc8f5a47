"""How a data set learns, as its page shows it, and what its owner can do there."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from gallery.models import DataSet, Visibility
from gallery.work import WorkState
from learning.forms import GROUPS, PolicyForm
from learning.models import Mode, ModelVersion, Policy, Retag, TrainingRun, VersionState

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
MAKE = Callable[..., ModelVersion]


@pytest.fixture
def version(dataset: DataSet) -> MAKE:
    def make(number: int, state: str = VersionState.RETIRED, accuracy: float = 0.9) -> ModelVersion:
        run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="test", state=WorkState.DONE)
        made = ModelVersion(
            dataset=dataset,
            number=number,
            run=run,
            state=state,
            reason=f"What the gate said of {number}.",
            backbone="small_cnn",
            configuration={},
            metrics={"n": 10, "accuracy": accuracy, "confusion": [[4, 1, 0], [0, 3, 0], [0, 0, 2]]},
            labels=100 * number,
        )
        made.weights.save(f"{number}.safetensors", ContentFile(b"weights"))
        made.save()
        return made

    return make


@pytest.fixture
def queued(settings) -> None:
    """No worker: what is asked for waits as a row."""
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CELERY_BROKER_URL = "memory://"


def look(client: Client, dataset: DataSet, **query: str):
    return client.get(reverse("dataset_learning", args=[dataset.pk]), query, headers=HTMX)


def text(client: Client, dataset: DataSet) -> str:
    return look(client, dataset).content.decode()


def test_a_new_data_set_says_what_is_missing_and_shows_its_owner_where(client, dataset, alice) -> None:
    missing = "Label pictures of at least two classes; then the first model trains by itself."
    where = reverse("dataset_label", args=[dataset.pk])
    html = text(client, dataset)
    assert missing in html
    assert where not in html
    client.force_login(alice)
    assert where in text(client, dataset)


def test_with_two_classes_it_says_when_the_first_model_comes(client, dataset, add_images) -> None:
    add_images(1, 0, label=True)
    add_images(1, 1, label=True)
    html = text(client, dataset)
    assert "48 more pictures until the next training run" in html


def test_new_labels_are_counted_down(client, dataset, version, add_images) -> None:
    version(1, VersionState.CHAMPION)
    Policy.objects.update_or_create(dataset=dataset, defaults={"buffer_size": 5})
    assert "5 more pictures until the next training run, or 60 seconds" in text(client, dataset)
    add_images(2, 0, label=True)
    assert "3 more pictures until the next training run." in text(client, dataset)
    add_images(2, 1, label=True)
    assert "1 more picture until" in text(client, dataset)
    add_images(1, 2, label=True)
    assert "starts any moment" in text(client, dataset)
    Policy.objects.update(automatic=False)
    assert "5 new pictures to learn from" in text(client, dataset)


def test_the_champion_its_matrix_and_every_version_are_shown(client, dataset, version) -> None:
    version(1, accuracy=0.8)
    version(2, VersionState.REJECTED, accuracy=0.7)
    version(3, VersionState.CHAMPION, accuracy=0.912)
    html = text(client, dataset)
    assert "<dd>Version 3</dd>" in html
    assert "91.2%" in html
    assert "What the gate said of 2." in html
    assert [html.count(f"<b>{state}</b>") for state in ("Serving", "Rejected", "Retired")] == [1, 1, 1]
    assert 'id="champion-confusion-caption"' in html
    assert html.count("chart-dot") == 3


def test_a_run_shows_its_phase_and_is_looked_at_every_two_seconds(client, dataset, version) -> None:
    version(1, VersionState.CHAMPION)
    assert 'hx-trigger="every 10s"' in text(client, dataset)
    run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="5 new labels", progress=0.42, phase="training")
    TrainingRun.objects.filter(pk=run.pk).update(state=WorkState.RUNNING)
    html = text(client, dataset)
    assert 'hx-trigger="every 2s"' in html
    assert 'max="100" value="42"' in html
    assert "<span>Training</span>" in html
    assert "until the next training run" not in html


def test_a_run_that_nobody_takes_says_that_no_worker_may_be_running(client, dataset) -> None:
    run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="x")
    assert "<span>Waits for a worker</span>" in text(client, dataset)
    TrainingRun.objects.filter(pk=run.pk).update(due_at=timezone.now() - timedelta(minutes=2))
    assert "none may be running" in text(client, dataset)


def test_a_re_tag_shows_how_far_it_is(client, dataset, version) -> None:
    champion = version(1, VersionState.CHAMPION)
    Retag.objects.create(version=champion, state=WorkState.RUNNING, done=512, total=1797)
    html = text(client, dataset)
    assert "512 of 1,797" in html
    assert 'hx-trigger="every 2s"' in html


def test_the_reason_of_a_failed_run_is_for_the_owner(client, dataset, alice) -> None:
    run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="x")
    run.fail("There is nothing to tell apart yet.", final=True)
    html = text(client, dataset)
    assert "did not finish" in html
    assert "nothing to tell apart" not in html
    client.force_login(alice)
    assert "nothing to tell apart" in text(client, dataset)


def test_a_page_that_looks_again_is_left_alone_until_something_happens(client, dataset, version) -> None:
    version(1, VersionState.CHAMPION)
    seen = look(client, dataset).context["seen"]
    assert look(client, dataset, seen=seen).status_code == 204
    TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="x")
    assert look(client, dataset, seen=seen).status_code == 200


def test_more_versions_need_no_more_queries(client, dataset, version) -> None:
    version(1, VersionState.CHAMPION)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            look(client, dataset)
        return len(captured)

    queries()
    few = queries()
    for number in range(2, 7):
        version(number)
    assert queries() == few


def test_only_the_owner_sees_and_reaches_what_changes_something(client, dataset, version, charlie) -> None:
    version(1)
    doors = [
        ("post", reverse("dataset_train", args=[dataset.pk])),
        ("post", reverse("version_bring_back", args=[dataset.pk, 1])),
        ("get", reverse("version_weights", args=[dataset.pk, 1])),
        ("get", reverse("dataset_policy", args=[dataset.pk])),
        ("post", reverse("dataset_policy", args=[dataset.pk])),
    ]
    for person in (None, charlie):
        if person:
            client.force_login(person)
        assert "<form" not in text(client, dataset)
        for method, url in doors:
            assert getattr(client, method)(url).status_code == 404
    DataSet.objects.update(visibility=Visibility.PRIVATE)
    assert look(client, dataset).status_code == 404


@pytest.mark.usefixtures("queued")
@pytest.mark.parametrize("mode", [Mode.NEW_CYCLE, Mode.CONTINUE])
def test_the_owner_trains_now_and_a_second_wish_joins_the_first(client, dataset, alice, mode: str) -> None:
    client.force_login(alice)
    url = reverse("dataset_train", args=[dataset.pk])
    html = client.post(url, {"mode": mode}, headers=HTMX).content.decode()
    assert "Training starts now." in html
    run = TrainingRun.objects.get()
    assert (run.mode, run.trigger) == (mode, "asked for by Alice")
    assert "joins it" in client.post(url, {"mode": mode}, headers=HTMX).content.decode()
    assert TrainingRun.objects.count() == 1
    assert client.post(url).url == reverse("dataset", args=[dataset.pk])


@pytest.mark.usefixtures("queued")
def test_the_owner_brings_a_version_back(client, dataset, version, alice) -> None:
    old, champion = version(1), version(2, VersionState.CHAMPION)
    client.force_login(alice)
    html = client.post(reverse("version_bring_back", args=[dataset.pk, 1]), headers=HTMX).content.decode()
    assert "Version 1 tags from now on" in html
    old.refresh_from_db()
    champion.refresh_from_db()
    assert (old.state, champion.state) == (VersionState.CHAMPION, VersionState.RETIRED)
    assert client.post(reverse("version_bring_back", args=[dataset.pk, 9])).status_code == 404


def test_the_owner_takes_the_weights_home(client, dataset, version, alice) -> None:
    made = version(1)
    client.force_login(alice)
    url = reverse("version_weights", args=[dataset.pk, 1])
    response = client.get(url)
    assert b"".join(response.streaming_content) == b"weights"
    assert response["Content-Disposition"] == f'attachment; filename="{dataset.pk}-version-1.safetensors"'
    made.weights.storage.delete(made.weights.name)
    assert client.get(url).status_code == 404


POLICY = {
    "strategy": "margin",
    "random_percent": 25,
    "random_halving": 200,
    "stream_percent": 15,
    "sure_percent": 60,
    "duplicates_percent": 97,
    "outliers_percent": 2,
    "balance": "on",
    "round_size": 40,
    "stops": "on",
    "budget": 500,
    "automatic": "on",
    "buffer_size": 10,
    "delay_seconds": 30,
    "epochs": 5,
    "backbone": "small_cnn",
    "regime": "online",
    "head": "mlp",
    "augment": "crop",
    "flips": "on",
    "mixup": 0.2,
    "patience": 3,
    "ema": 0.9,
    "frozen_percent": 40,
    "self_training_percent": 95,
    "replay": 2,
    "recency_percent": 90,
    "deadline_minutes": 30,
    "sure_of_better_percent": 90,
}


def test_the_owner_changes_how_it_learns(client, dataset, alice) -> None:
    client.force_login(alice)
    url = reverse("dataset_policy", args=[dataset.pk])
    html = client.get(url).content.decode()
    assert html.count('name="strategy"') >= 5
    assert client.post(url, POLICY).url == reverse("dataset", args=[dataset.pk])
    policy = Policy.objects.get(dataset=dataset)
    assert (policy.strategy, policy.random_share, policy.buffer_size, policy.epochs) == ("margin", 0.25, 10, 5)
    assert (policy.duplicates, policy.outliers, policy.balance) == (0.97, 0.02, True)
    assert (policy.random_halving, policy.stream_rate, policy.stops, policy.budget) == (200, 0.15, True, 500)
    assert policy.sure_from == 0.6
    assert (policy.regime, policy.head, policy.augment, policy.flips, policy.even_classes) == (
        *("online", "mlp", "crop"),
        *(True, False),
    )
    assert (policy.mixup, policy.patience, policy.ema, policy.frozen, policy.replay) == (0.2, 3, 0.9, 0.4, 2.0)
    assert (policy.self_training, policy.recency, policy.deadline_minutes) == (0.95, 0.9, 30)
    assert policy.sure_of_better == 0.9
    assert AuditEntry.objects.filter(actor=alice, verb="changed the policy of").exists()
    client.post(url, {**POLICY, "budget": "", "stops": "", "self_training_percent": ""})
    policy.refresh_from_db()
    assert (policy.stops, policy.budget, policy.self_training) == (False, None, None)


def test_every_setting_stands_in_one_group_of_the_form() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(PolicyForm(instance=Policy()).fields)


def test_a_preset_sets_several_things_at_once_and_leaves_the_others(client, dataset, alice) -> None:
    client.force_login(alice)
    url = reverse("dataset_policy", args=[dataset.pk])
    client.post(url, POLICY)
    assert client.get(url).content.decode().count('name="preset"') == 3
    assert client.post(url, {"preset": "best"}).url == url
    policy = Policy.objects.get(dataset=dataset)
    assert (policy.regime, policy.epochs, policy.strategy, policy.budget) == ("transfer", 40, "margin", 500)
    assert client.post(url, {"preset": "magic"}).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"strategy": "luck"},
        {"buffer_size": 0},
        {"epochs": 0},
        {"epochs": 10**6},
        {"random_percent": 101},
        {"duplicates_percent": 40},
        {"outliers_percent": 51},
        {"stream_percent": 91},
        {"sure_percent": 101},
        {"sure_percent": ""},
        {"random_halving": -1},
        {"budget": 0},
        {"backbone": "nobody_has_this"},
        {"regime": "by heart"},
        {"mixup": "nan"},
        {"self_training_percent": 50},
        {"sure_of_better_percent": 50},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(client, dataset, alice, wrong: dict[str, object]) -> None:
    client.force_login(alice)
    before = Policy.objects.get_or_create(dataset=dataset)[0]
    response = client.post(reverse("dataset_policy", args=[dataset.pk]), {**POLICY, **wrong})
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert Policy.objects.get(dataset=dataset).strategy == before.strategy


def test_a_backbone_is_offered_where_its_weights_are(client, dataset, alice, settings) -> None:
    client.force_login(alice)
    url = reverse("dataset_policy", args=[dataset.pk])
    assert "mobilenet" not in client.get(url).content.decode()
    settings.WEIGHTS_DIR.mkdir(exist_ok=True)
    weights = settings.WEIGHTS_DIR / "mobilenet_v2_1.0.safetensors"
    weights.touch()
    try:
        assert 'value="mobilenet_v2_1.0"' in client.get(url).content.decode()
    finally:
        weights.unlink()


def test_the_figures_of_the_loop_are_counted(client, published, version) -> None:
    version(1)
    context = client.get(reverse("loop_figures"), headers=HTMX).context
    assert (context["pictures"], context["answers"], context["agreed"], context["versions"]) == (92, 0, 0, 1)


def test_the_pages_are_served_without_torch() -> None:
    code = "import django; django.setup(); import config.urls, learning.admin, sys; sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": "platform"}
    found = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
