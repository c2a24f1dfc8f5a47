"""How a run learns by its policy, what it keeps of its inputs, and how it ends when something is in its way."""

import json
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import numpy as np
import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.utils import timezone
from safetensors.torch import save

from gallery.models import Split
from gallery.services.images import image_label
from gallery.work import WorkState
from learning.engine.training import Checkpoints
from learning.engine.vision import torchvision
from learning.models import Mode, ModelVersion, Policy, TrainingRun
from learning.policy_fields import Regime
from learning.selectors import champion_of, policy_of
from learning.services import training
from learning.services.inputs import load_backbone
from learning.services.networks import load_version
from learning.services.planning import lineage
from learning.services.prediction import predict_images
from learning.services.promotion import evaluation
from learning.services.requests import run_request
from learning.services.ticking import train_if_due
from learning.services.training import run_execute

NAME = "mobilenet_v2_0.35"


@pytest.fixture
def untrained_weights(tmp_path, settings) -> None:
    """A backbone's file: what it knows is by chance, but dark and light look different to it all the same."""
    network = torchvision.models.mobilenet_v2(width_mult=0.35)
    weights = {name: t for name, t in network.state_dict().items() if not name.startswith("classifier.")}
    (tmp_path / f"{NAME}_notop.safetensors").write_bytes(save(weights))
    settings.WEIGHTS_DIR = tmp_path
    load_backbone.cache_clear()
    yield
    load_backbone.cache_clear()


@pytest.fixture
def promoted(monkeypatch) -> None:
    """Every version is better than the one before."""

    def decide(*args, **kwargs):
        return evaluation.Decision(True, "a test")

    monkeypatch.setattr("learning.services.promotion.evaluation.decide", decide)


def set_policy(dataset, **fields) -> None:
    Policy.objects.filter(pk=policy_of(dataset).pk).update(**fields)


def train(dataset, **options) -> TrainingRun:
    run = run_execute(run_request(dataset=dataset, trigger="a test", **options).pk)
    assert run is not None
    return run


def label_more(dataset, n: int = 12) -> list[int]:
    images = list(dataset.images.filter(split=Split.POOL, tags=None).order_by("pk")[:n])
    for image in images:
        image_label(image=image, label=dataset.classes.get(index=int(image.name[0])))
    return [image.pk for image in images]


def test_a_pretrained_network_gets_a_head_and_a_small_one_is_trained_whole(learnable, untrained_weights):
    whole = train(learnable).version
    set_policy(learnable, backbone=NAME)
    head = train(learnable).version
    assert (whole.frozen, whole.configuration["regime"]) == (False, "scratch")
    assert (head.frozen, head.configuration["regime"]) == (True, "head")
    assert load_version(head).network == "head" and load_version(whole).network == "small_cnn"


def test_transfer_says_what_became_of_its_second_stage(learnable, squares, untrained_weights, monkeypatch):
    monkeypatch.setattr("learning.engine.regimes.SECOND_STAGE", 1)
    squares(20, 0, label=True), squares(20, 1, label=True)
    set_policy(learnable, backbone=NAME, regime=Regime.TRANSFER, augment="crop")
    run = train(learnable)
    assert run.state == WorkState.DONE, run.error
    told = run.version.configuration["told"]
    assert run.version.frozen is not told["fine_tuned"] and told["whole_loss"] > 0


def test_a_network_that_was_bent_tags_by_its_own_body(learnable, squares, untrained_weights, monkeypatch):
    monkeypatch.setattr("learning.engine.regimes.SECOND_STAGE", 1)
    monkeypatch.setattr("learning.engine.regimes._loss", lambda *args: 1e9)
    squares(20, 0, label=True), squares(20, 1, label=True)
    set_policy(learnable, backbone=NAME, regime=Regime.TRANSFER)
    version = train(learnable).version
    assert version.frozen is False and load_version(version).network == NAME
    assert version.metrics["n"] == 60
    out = StringIO()
    call_command("retrain", f"{learnable.pk}/1", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1])["same"] == 1.0


def test_online_goes_on_with_a_network_that_was_bent(learnable, squares, untrained_weights, promoted, monkeypatch):
    monkeypatch.setattr("learning.engine.regimes.SECOND_STAGE", 1)
    monkeypatch.setattr("learning.engine.regimes._loss", lambda *args: 1e9)
    squares(20, 0, label=True), squares(20, 1, label=True)
    set_policy(learnable, backbone=NAME, regime=Regime.TRANSFER)
    train(learnable)
    set_policy(learnable, regime=Regime.ONLINE, replay=0.0)
    label_more(learnable, 4)
    run = train(learnable, mode=Mode.ONLINE)
    assert run.state == WorkState.DONE, run.error
    assert (run.plan["regime"], run.version.frozen, load_version(run.version).network) == ("online", False, NAME)


def test_online_a_buffer_is_learned_on_top_of_what_serves(learnable, promoted):
    set_policy(learnable, regime=Regime.ONLINE, replay=1.0, recency=0.5, buffer_size=5)
    first = train(learnable).version
    fresh = label_more(learnable)
    run = run_execute(train_if_due(learnable).pk)
    second = run.version
    assert (first.configuration["regime"], second.configuration["regime"]) == ("scratch", "online")
    assert run.mode == Mode.ONLINE and run.examples.count() == 24 and second.labels == 48
    assert second.configuration["told"] == {"replayed": 12}
    assert (first.configuration["epochs"], second.configuration["epochs"]) == (10, 2)  # as it was done, not as wished
    weights = dict(run.examples.values_list("image", "weight"))
    assert {weights[image] for image in fresh} == {1.0}
    assert {weight for image, weight in weights.items() if image not in fresh} == {0.5}
    known = lineage(second)
    assert len(known) == 48 and {known[image].age for image in fresh} == {1}
    assert load_version(second).optimiser


def test_online_what_is_said_of_a_new_label_is_what_the_version_before_said(learnable, promoted):
    set_policy(learnable, regime=Regime.ONLINE)
    first = train(learnable).version
    old = dict(first.run.examples.values_list("image", "out_of_fold"))
    fresh = label_more(learnable)
    run = train(learnable, mode=Mode.ONLINE)
    inputs, probabilities = predict_images(first, fresh)
    before = dict(zip(inputs.ids, probabilities, strict=True))
    for image, said in run.examples.values_list("image", "out_of_fold"):
        expected = before[image] if image in fresh else old[image]
        assert np.allclose(said, expected, atol=1e-3)


def test_online_needs_something_new_and_fifty_evaluation_labels(learnable):
    set_policy(learnable, regime=Regime.ONLINE)
    train(learnable)
    idle = train(learnable, mode=Mode.ONLINE)
    assert idle.state == WorkState.FAILED and "no new label" in idle.error
    learnable.images.filter(split=Split.EVALUATION)[20:]
    for image in learnable.images.filter(split=Split.EVALUATION)[:20]:
        image.tags.all().delete()
    label_more(learnable)
    assert train(learnable, mode=Mode.ONLINE).plan["regime"] == "scratch"


def test_what_the_model_is_sure_of_is_learned_with_little_weight_and_shown_beside_the_same_without(learnable):
    set_policy(learnable, self_training=0.51)
    first = train(learnable)
    assert not first.examples.filter(source="model").exists()  # there was no model to be sure
    run = train(learnable)
    guesses = run.examples.filter(source="model")
    assert 0 < guesses.count() <= 30
    assert set(guesses.values_list("weight", flat=True)) == {0.3}
    assert not guesses.exclude(out_of_fold=None).exists() and not guesses.filter(image__split="evaluation").exists()
    assert run.version.labels == 36 and 0 <= run.version.metrics["without_self_training"]["accuracy"] <= 1


def test_a_version_is_made_again_from_what_its_run_has_stored(learnable):
    version = train(learnable).version
    label_more(learnable)  # what came since is not learned from
    out = StringIO()
    call_command("retrain", f"{learnable.pk}/1", stdout=out)
    made = json.loads(out.getvalue().splitlines()[-1])
    assert made == {"pictures": 60, "same": 1.0, "confidence_off": pytest.approx(0, abs=1e-4)}
    assert learnable.versions.count() == 1 and version.configuration["revision"]


def test_a_version_that_cannot_be_made_again_says_why(learnable, serve):
    old = serve()
    wrong = {f"{learnable.pk}/{old.number}": "before runs kept", "7": "DATASET/NUMBER", "7/7": "no version"}
    for name, words in wrong.items():
        with pytest.raises(CommandError, match=words):
            call_command("retrain", name)


def test_an_attempt_after_another_learns_from_what_that_had_read(learnable, monkeypatch):
    def cut_short(*args):
        raise OSError("the machine is going down")

    run = run_request(dataset=learnable, trigger="a test")
    with monkeypatch.context() as patch:
        patch.setattr(training, "learn", cut_short)
        with pytest.raises(OSError):
            run_execute(run.pk)
    run.refresh_from_db()
    plan, before = run.plan, set(run.examples.values_list("image", flat=True))
    label_more(learnable)
    done = run_execute(run.pk)
    assert done.state == WorkState.DONE and done.plan == plan
    assert set(done.examples.values_list("image", flat=True)) == before


def test_a_run_past_its_deadline_is_given_up_and_the_champion_stays(learnable, monkeypatch):
    first = train(learnable).version
    run = run_request(dataset=learnable, trigger="a test")
    began = timezone.now() - timedelta(minutes=241)
    monkeypatch.setattr("learning.services.planning.timezone", SimpleNamespace(now=lambda: began))
    monkeypatch.setattr("learning.services.training.BEAT", 0.0)
    late = run_execute(run.pk)
    assert late.state == WorkState.FAILED and "longer than" in late.error
    assert champion_of(learnable) == first


def test_without_room_for_a_checkpoint_a_run_goes_on(learnable, monkeypatch):
    def full(self, name, content):
        if name.startswith("checkpoints/"):
            raise OSError(28, "No space left on device")
        return original(self, name, content)

    original = FileSystemStorage._save
    monkeypatch.setattr(FileSystemStorage, "_save", full)
    monkeypatch.setattr(
        "learning.services.checkpoints.Checkpoints", lambda resume, keep: Checkpoints(resume, keep, seconds=0.0)
    )
    assert train(learnable).state == WorkState.DONE


def test_without_room_for_the_model_a_run_fails_and_says_so(learnable, monkeypatch):
    first = train(learnable).version

    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training, "version_create", full)
    run = train(learnable)
    assert run.state == WorkState.FAILED and "could not be stored: No space left" in run.error
    assert champion_of(learnable) == first


def test_checkpoints_are_replaced_and_gone_when_the_run_is_done(learnable, monkeypatch):
    kept = []
    original = training.checkpoints_of

    def often(run):
        checkpoints = original(run)

        def keep(blob):
            checkpoints.keep(blob)
            kept.append(TrainingRun.objects.get(pk=run.pk).checkpoint.name)

        return Checkpoints(checkpoints.resume, keep, seconds=0.0)

    monkeypatch.setattr(training, "checkpoints_of", often)
    run = train(learnable)
    storage = run.checkpoint.storage
    assert len(set(kept)) > 1 and not run.checkpoint
    assert not any(storage.exists(name) for name in kept)


def test_a_policy_may_ask_to_be_surer_than_usual(learnable, monkeypatch):
    asked = []
    original = evaluation.decide
    monkeypatch.setattr(
        "learning.services.promotion.evaluation.decide",
        lambda *args, **kwargs: asked.append(kwargs["enough_better"]) or original(*args, **kwargs),
    )
    set_policy(learnable, sure_of_better=0.95)
    train(learnable)
    assert asked == [0.95]


def test_a_handful_of_corrections_never_lowers_what_serves(learnable):
    """Nine labels alone, and the rest gone: the naive retrain of a predecessor served what came of it."""
    first = train(learnable).version
    keep = set(learnable.images.filter(split=Split.GOLD).order_by("pk").values_list("pk", flat=True)[:9])
    for image in learnable.images.exclude(split=Split.EVALUATION).exclude(pk__in=keep):
        image.tags.all().delete()
    label_more(learnable, 3)
    train(learnable, mode=Mode.ONLINE)
    train(learnable)
    latest = champion_of(learnable)
    assert latest.metrics["accuracy"] >= first.metrics["accuracy"]
    assert ModelVersion.objects.filter(dataset=learnable, state="champion").count() == 1
