import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from gallery.models import DataSet
from learning.api.policies import BACKBONES
from learning.models import ModelVersion, TrainingRun, VersionState
from learning.selectors import policy_of


@pytest.fixture
def version(dataset: DataSet):
    """Make a model version of the data set; the last made serves."""

    def make(number: int, predictions: dict[str, list] | None = None) -> ModelVersion:
        dataset.versions.filter(state=VersionState.CHAMPION).update(state=VersionState.RETIRED)
        run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="a test", state="done")
        made = ModelVersion(
            dataset=dataset,
            number=number,
            parent=dataset.versions.filter(number=number - 1).first(),
            run=run,
            state=VersionState.CHAMPION,
            reason="better",
            backbone="small_cnn",
            configuration={},
            metrics={"accuracy": 0.9},
            predictions=predictions or {},
            labels=10,
        )
        made.weights.save(f"{number}.safetensors", ContentFile(b"weights"))
        return made

    return make


def address(dataset: DataSet, then: str) -> str:
    return f"/api/v1/datasets/{dataset.pk}/{then}"


def test_the_models_tell_where_they_come_from(dataset, version, api):
    version(1), version(2)
    rows = api().get(address(dataset, "models/")).json()["results"]
    assert [(row["number"], row["parent"], row["state"]) for row in rows] == [(2, 1, "champion"), (1, None, "retired")]
    assert rows[0]["metrics"] == {"accuracy": 0.9}
    assert "predictions" not in rows[0]


def test_the_models_take_as_many_queries_for_four_as_for_two(dataset, version, api, queries):
    version(1), version(2)
    few = queries(api(), address(dataset, "models/"))
    version(3), version(4)
    assert queries(api(), address(dataset, "models/")) == few


def test_the_weights_are_the_owners(dataset, version, alice, bob, api):
    version(1)
    got = api(alice).get(address(dataset, "models/1/weights/"))
    assert b"".join(got.streaming_content) == b"weights"
    assert "dataset-" in got["Content-Disposition"]
    for user in (None, bob):
        assert api(user).get(address(dataset, "models/1/weights/")).status_code == 404
    assert api(alice).get(address(dataset, "models/9/weights/")).status_code == 404


def test_any_version_can_be_brought_back_by_the_owner(dataset, version, alice, bob, api):
    first, second = version(1), version(2)
    assert api(bob).post(address(dataset, "models/1/bring-back/")).status_code == 404
    got = api(alice).post(address(dataset, "models/1/bring-back/"))
    assert (got.status_code, got.json()["state"]) == (200, "champion")
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.state, second.state) == ("champion", "retired")
    assert first.retag.state == "waiting"


def test_training_is_a_run_that_waits_for_a_worker(dataset, alice, api):
    got = api(alice).post(address(dataset, "train/"), {"mode": "continue", "epochs": 3})
    assert got.status_code == 202
    run = got.json()
    assert (run["state"], run["mode"], run["epochs"], run["version"]) == ("waiting", "continue", 3, None)
    assert api(alice).post(address(dataset, "train/"), {}).json()["id"] == run["id"]


def test_training_can_be_put_off(dataset, alice, api):
    got = api(alice).post(address(dataset, "train/schedule/"), {"delay_seconds": 3600})
    assert got.status_code == 202
    wait = dataset.runs.get().due_at - timezone.now()
    assert 3590 < wait.total_seconds() <= 3600
    assert got.json()["epochs"] == policy_of(dataset).epochs


@pytest.mark.parametrize("wrong", [{"mode": "again"}, {"epochs": 0}, {"epochs": 10**9}, {"delay_seconds": -1}])
def test_a_run_that_makes_no_sense_is_refused(dataset, alice, api, wrong):
    assert api(alice).post(address(dataset, "train/schedule/"), {"delay_seconds": 1, **wrong}).status_code == 400
    assert not dataset.runs.exists()


def test_the_runs_tell_how_far_they_are(dataset, version, api):
    version(1)
    TrainingRun.objects.create(dataset=dataset, epochs=2, trigger="50 new labels", phase="training", progress=0.4)
    running, done = api().get(address(dataset, "runs/")).json()["results"]
    assert (running["phase"], running["progress"], running["version"]) == ("training", 0.4, None)
    assert (done["state"], done["version"]) == ("done", 1)


def test_the_runs_take_as_many_queries_for_four_as_for_two(dataset, version, api, queries):
    version(1), version(2)
    few = queries(api(), address(dataset, "runs/"))
    version(3), version(4)
    assert queries(api(), address(dataset, "runs/")) == few


def test_the_owner_sets_how_it_learns(dataset, alice, api):
    got = api(alice).patch(address(dataset, "policy/"), {"strategy": "margin", "random_share": 0.2})
    assert got.status_code == 200
    policy = policy_of(dataset)
    assert (policy.strategy, policy.random_share, policy.buffer_size) == ("margin", 0.2, 50)
    assert api(alice).get(address(dataset, "policy/")).json() == got.json()


def test_the_owner_sets_when_it_ends_and_how_chance_falls(dataset, alice, api):
    change = {"sure_from": 0.7, "random_halving": 200, "stream_rate": 0.25, "budget": 500, "stops": False}
    assert change.items() <= api(alice).patch(address(dataset, "policy/"), change, format="json").json().items()
    assert api(alice).patch(address(dataset, "policy/"), {"budget": None}, format="json").json()["budget"] is None


def test_the_owner_sets_what_is_trained(dataset, alice, api):
    change = {
        **{"backbone": "resnet18", "regime": "transfer", "head": "mlp", "frozen": 0.5, "augment": "rand_augment"},
        **{"flips": True, "mixup": 0.2, "even_classes": True, "patience": 3, "ema": 0.99, "self_training": 0.95},
        **{"replay": 2.0, "recency": 0.9, "deadline_minutes": 60, "sure_of_better": 0.9},
    }
    assert change.items() <= api(alice).patch(address(dataset, "policy/"), change, format="json").json().items()


def test_a_preset_sets_several_things_and_what_is_sent_with_it_goes_before(dataset, alice, api):
    got = api(alice).patch(address(dataset, "policy/"), {"preset": "best", "epochs": 12}, format="json").json()
    assert (got["regime"], got["patience"], got["epochs"]) == ("transfer", 5, 12)
    assert "preset" not in got and got["strategy"] == "badge"


@pytest.mark.parametrize(
    "wrong",
    [
        {"strategy": "guesswork"},
        {"backbone": "resnet9000"},
        {"random_share": 1.1},
        {"random_share": "nan"},
        {"epochs": 0},
        {"buffer_size": 0},
        {"random_halving": -1},
        {"stream_rate": 0.95},
        {"stream_rate": "nan"},
        {"sure_from": 1.1},
        {"sure_from": "nan"},
        {"budget": 0},
        {"regime": "by heart"},
        {"head": "hydra"},
        {"self_training": 0.5},
        {"self_training": "nan"},
        {"mixup": "nan"},
        {"sure_of_better": 0.5},
        {"preset": "magic"},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(dataset, alice, api, wrong):
    got = api(alice).patch(address(dataset, "policy/"), wrong)
    assert got.status_code == 400
    assert set(got.json()["errors"]) == set(wrong)


def test_the_known_backbones_are_the_engines():
    """The web process can't ask the engine, because that would load torch."""
    from learning.engine.models import registry

    assert registry.names() == sorted(BACKBONES)


def test_the_status_tells_where_the_loop_stands(dataset, version, add_images, api):
    add_images(3, 0, label=True)
    before = api().get(address(dataset, "status/")).json()
    version(1)
    assert before == {"queue": 0, "fresh_labels": 3, "buffer_size": 50, "run": None, "champion": None}
    TrainingRun.objects.create(dataset=dataset, epochs=2, trigger="by hand")
    after = api().get(address(dataset, "status/")).json()
    assert (after["champion"], after["run"]["state"]) == (1, "waiting")


def test_the_first_model_and_the_champion_side_by_side(dataset, version, add_images, api):
    known, open_ = add_images(2, 0, label=True, split="evaluation"), add_images(1, 1, split="evaluation")
    ids = [image.pk for image in known + open_]
    version(1, {str(ids[0]): [2, 0.5], str(ids[1]): [0, 0.6], str(ids[2]): [1, 0.7]})
    version(2, {str(ids[0]): [0, 0.9], str(ids[1]): [0, 0.9], str(ids[2]): [1, 0.9]})
    got = api().get(address(dataset, "compare/")).json()
    assert (got["first"], got["champion"]) == (1, 2)
    assert (got["compared"], got["agree"], got["judged"]) == (3, 2, 2)
    assert (got["first_right"], got["champion_right"]) == (1, 2)
    row = next(row for row in got["images"] if row["image"] == ids[0])
    assert (row["truth"], row["first"]) == ("dark", {"label": "light", "confidence": 0.5})
    assert row["champion"] == {"label": "dark", "confidence": 0.9}
    assert {row["truth"] for row in got["images"]} == {"dark", None}


def test_the_comparison_leaves_out_what_the_reader_may_not_see(dataset, version, alice, add_images, api):
    hidden, shown = add_images(2, 0, label=True, split="evaluation")
    type(hidden).objects.filter(pk=hidden.pk).update(withdrawn_at=timezone.now())
    version(1, {str(image.pk): [0, 0.9] for image in (hidden, shown)})
    assert [row["image"] for row in api().get(address(dataset, "compare/")).json()["images"]] == [shown.pk]
    assert len(api(alice).get(address(dataset, "compare/")).json()["images"]) == 2


def test_the_sample_has_the_size_that_is_asked_for(dataset, version, add_images, api):
    images = add_images(5, 0, split="evaluation")
    version(1, {str(image.pk): [0, 0.9] for image in images})
    got = api().get(address(dataset, "compare/?n=2")).json()
    assert (len(got["images"]), got["compared"]) == (2, 5)
    assert api().get(address(dataset, "compare/?n=0")).status_code == 400


def test_without_a_model_there_is_nothing_to_compare(dataset, api):
    got = api().get(address(dataset, "compare/")).json()
    assert (got["first"], got["champion"], got["images"]) == (None, None, [])


def test_the_owner_sees_rounds_and_what_each_chose(api, dataset, add_images, alice, django_capture_on_commit_callbacks):
    images = add_images(3, 10)
    owner = api(alice)
    with django_capture_on_commit_callbacks(execute=True):
        asked = owner.post(address(dataset, "rounds/"))
    assert asked.status_code == 202
    (listed,) = owner.get(address(dataset, "rounds/")).json()["results"]
    assert (listed["strategy"], listed["state"], listed["queued"]) == ("random", "done", 3)
    picks = owner.get(address(dataset, f"rounds/{listed['id']}/picks/")).json()["results"]
    assert [pick["rank"] for pick in picks] == [1, 2, 3]
    assert {pick["image"] for pick in picks} == {image.pk for image in images}
    assert owner.get(address(dataset, f"rounds/{listed['id'] + 1}/picks/")).status_code == 404


def test_scores_from_elsewhere_become_the_order(api, dataset, add_images, alice):
    first, second = add_images(2, 10)
    owner = api(alice)
    scores = [{"image": f"id:{first.pk}", "score": 1}, {"image": f"id:{second.pk}", "score": 2}]
    done = owner.post(
        address(dataset, "scores/"), {"scores": [*scores, {"image": "nobody", "score": 3}]}, format="json"
    )
    assert done.json() == {
        "queued": 2,
        "left_out": 1,
        "first": [{"row": 3, "reason": "there is no image 'nobody' in this data set"}],
    }
    assert list(dataset.queue.order_by("-score").values_list("image", flat=True)) == [second.pk, first.pk]


@pytest.mark.parametrize("scores", [[], [{"image": "a"}], [{"image": "a", "score": "NaN"}], "all"])
def test_scores_without_sense_are_refused(api, dataset, alice, scores):
    owner = api(alice)
    assert owner.post(address(dataset, "scores/"), {"scores": scores}, format="json").status_code == 400
