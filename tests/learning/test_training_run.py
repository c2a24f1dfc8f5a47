from datetime import timedelta

import pytest
from django.utils import timezone
from safetensors.torch import save
from torch import OutOfMemoryError

from annotations.models import Consensus, ConsensusState
from gallery.models import Source, Split, Tag
from gallery.work import ATTEMPTS, WorkState
from learning.engine import regimes
from learning.engine.training import TrainingFailed
from learning.engine.vision import torchvision
from learning.models import Mode, ModelVersion, TrainingRun, VersionState
from learning.selectors import champion_of, evaluation_labels, fresh_labels, policy_of, training_labels
from learning.services.inputs import load_backbone
from learning.services.requests import run_request
from learning.services.serving import version_bring_back
from learning.services.tagging import retag_execute
from learning.services.training import run_execute


def train(dataset, **options) -> TrainingRun:
    run = run_execute(run_request(dataset=dataset, trigger="a test", **options).pk)
    assert run is not None
    return run


def test_the_first_model_learns_from_the_gold_and_serves(learnable):
    run = train(learnable)
    version = champion_of(learnable)
    assert run.state == WorkState.DONE, run.error
    assert version.run == run and version.number == 1 and version.labels == 36
    assert version.metrics["accuracy"] > 0.9 and version.metrics["n"] == 60
    assert not version.provisional


def test_a_second_attempt_starts_from_nothing(learnable, monkeypatch):
    run = run_request(dataset=learnable, trigger="a test")
    TrainingRun.objects.filter(pk=run.pk).update(progress=0.7, phase="training")
    seen = []
    monkeypatch.setattr(
        "learning.services.training._execute",
        lambda run: seen.append(TrainingRun.objects.values_list("progress", "phase").get(pk=run.pk)),
    )
    run_execute(run.pk)
    assert seen == [(0.0, "")]


def test_evaluation_is_never_trained_on(learnable):
    run = train(learnable)
    assert not run.examples.filter(image__split=Split.EVALUATION).exists()
    assert {label.image for label in training_labels(learnable)}.isdisjoint(
        label.image for label in evaluation_labels(learnable)
    )


def test_under_fifty_evaluation_labels_a_version_is_provisional(dataset, squares):
    for cls in range(3):
        squares(12, cls, label=True)
    train(dataset)
    version = champion_of(dataset)
    assert version.provisional and "cross-validation" in version.reason


def test_a_challenger_that_is_not_better_is_kept_as_rejected(learnable):
    train(learnable)
    first = champion_of(learnable)
    train(learnable)
    assert champion_of(learnable) == first
    assert ModelVersion.objects.get(number=2).state == VersionState.REJECTED
    assert ModelVersion.objects.get(number=2).parent == first


def test_poisoned_labels_do_not_lower_what_serves(learnable):
    """A buffer full of wrong labels trains a version that the gate refuses."""
    train(learnable)
    first = champion_of(learnable)
    wrong = {0: 1, 1: 2, 2: 0}
    for image in learnable.images.filter(split=Split.POOL, tags=None):
        cls = int(image.name[0])
        Consensus.objects.create(
            image=image,
            dataset=learnable,
            posterior=[float(i == wrong[cls]) for i in range(3)],
            label=wrong[cls],
            confidence=1.0,
            votes=3,
            trusted=3,
            state=ConsensusState.ACCEPTED,
            accepted_at=timezone.now(),
        )
    Tag.objects.filter(image__split=Split.GOLD).delete()
    train_without_refit(learnable)
    assert champion_of(learnable) == first
    assert learnable.versions.first().state == VersionState.REJECTED


def train_without_refit(dataset) -> None:
    """The planted consensus has no votes behind it, so the full fit would rightly sweep it away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("learning.services.training.consensus_refit", lambda dataset: None)
        train(dataset)


def test_one_class_alone_ends_failed_with_its_reason(dataset, squares):
    squares(5, 0, label=True)
    run = train(dataset)
    assert run.state == WorkState.FAILED and "at least two classes" in run.error
    assert champion_of(dataset) is None


def test_one_label_a_class_makes_a_version_that_is_provisional(dataset, squares):
    for cls in range(3):
        squares(1, cls, label=True)
    run = train(dataset)
    assert run.state == WorkState.DONE and run.version.provisional
    assert run.version.state in (VersionState.CHAMPION, VersionState.REJECTED) and run.version.metrics["n"] == 3


@pytest.mark.parametrize("width", [0.5, None])
def test_weights_that_do_not_fit_fail_the_run_and_keep_the_champion(learnable, settings, tmp_path, width):
    train(learnable)
    first = champion_of(learnable)
    network = torchvision.models.mobilenet_v2(width_mult=width) if width else None
    kept = {k: t for k, t in network.state_dict().items() if not k.startswith("classifier.")} if network else {}
    (tmp_path / "mobilenet_v2_0.35_notop.safetensors").write_bytes(save(kept) if kept else b"no weights at all")
    settings.WEIGHTS_DIR = tmp_path
    load_backbone.cache_clear()
    policy = policy_of(learnable)
    policy.backbone = "mobilenet_v2_0.35"
    policy.save()
    run = train(learnable)
    load_backbone.cache_clear()
    assert run.state == WorkState.FAILED and run.attempt == 1 and "is damaged or another network's" in run.error
    assert champion_of(learnable) == first


def test_a_memory_too_small_for_one_picture_fails_the_run_and_keeps_the_champion(learnable, monkeypatch):
    train(learnable)
    first = champion_of(learnable)

    def full(*args, **kwargs):
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr("learning.engine.fit.Fit._learn_from", full)
    run = run_request(dataset=learnable, trigger="a test")
    for _ in range(ATTEMPTS):
        with pytest.raises(OutOfMemoryError):
            run_execute(run.pk)
    run.refresh_from_db()
    assert run.state == WorkState.FAILED and "CUDA out of memory" in run.error
    assert champion_of(learnable) == first


def test_a_loss_that_is_no_number_fails_the_run_and_keeps_the_champion(learnable, monkeypatch):
    train(learnable)
    first = champion_of(learnable)

    def broken(*args, **kwargs):
        raise TrainingFailed("The loss is no longer a number at step 3.")

    monkeypatch.setattr("learning.engine.regimes.train", broken)
    run = train(learnable)
    assert run.state == WorkState.FAILED and "no longer a number" in run.error
    assert champion_of(learnable) == first


def test_a_picture_that_cannot_be_read_is_skipped_and_named(learnable):
    image = learnable.images.filter(split=Split.GOLD).first()
    image.thumbnail.storage.delete(image.thumbnail.name)
    train(learnable)
    version = champion_of(learnable)
    assert version.labels == 35 and str(image.pk) in version.configuration["skipped"]


def test_a_later_trigger_joins_the_run_that_waits(learnable):
    scheduled = run_request(dataset=learnable, trigger="scheduled", delay_seconds=600)
    joined = run_request(dataset=learnable, trigger="now")
    assert joined == scheduled and joined.due_at <= timezone.now()


def test_a_scheduled_run_does_not_start_early(learnable):
    scheduled = run_request(dataset=learnable, trigger="scheduled", delay_seconds=600)
    assert run_execute(scheduled.pk) is None
    TrainingRun.objects.filter(pk=scheduled.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    assert run_execute(scheduled.pk).state == WorkState.DONE


def test_a_run_done_twice_makes_one_version(learnable):
    run = train(learnable)
    assert run_execute(run.pk) is None
    assert learnable.versions.count() == 1


def test_continuing_starts_from_the_champions_weights(learnable, monkeypatch):
    train(learnable)
    seen = []
    original = regimes.train
    monkeypatch.setattr(regimes, "train", lambda *a, **k: seen.append(k["initial"]) or original(*a, **k))
    train(learnable, mode=Mode.CONTINUE)
    assert seen[0] is not None


def test_labels_are_fresh_until_a_run_has_seen_them(learnable, squares):
    assert fresh_labels(learnable).count == 36
    train(learnable)
    assert fresh_labels(learnable).count == 0
    squares(2, 1, label=True)
    assert fresh_labels(learnable).count == 2


def test_any_version_can_be_brought_back_and_tags_again(learnable, alice):
    train(learnable)
    train(learnable)
    second = learnable.versions.get(number=2)
    version_bring_back(version=second, by=alice)
    assert champion_of(learnable) == second
    retag_execute(second.retag.pk)
    tagged = Tag.objects.filter(image__dataset=learnable, source=Source.MODEL)
    assert tagged.count() == learnable.images.count() and tagged.filter(version=2).exists()


def test_a_backbone_without_weights_fails_the_run_at_once_and_says_where_they_belong(learnable, settings, tmp_path):
    settings.WEIGHTS_DIR = tmp_path
    load_backbone.cache_clear()
    policy = policy_of(learnable)
    policy.backbone = "mobilenet_v2_0.35"
    policy.save()
    run = train(learnable)
    assert run.state == WorkState.FAILED and "TESSERA_WEIGHTS_DIR" in run.error


def test_a_worker_that_lost_its_run_makes_no_second_version(learnable, monkeypatch):
    """Silent for too long, it finds at its end that another worker has the run."""
    from learning.services import training

    original = training.version_create

    def taken_over_meanwhile(*, run, **rest):
        TrainingRun.objects.filter(pk=run.pk).update(attempt=run.attempt + 1)
        return original(run=run, **rest)

    monkeypatch.setattr(training, "version_create", taken_over_meanwhile)
    assert run_execute(run_request(dataset=learnable, trigger="a test").pk) is None
    assert not learnable.versions.exists()
    assert TrainingRun.objects.get().state == WorkState.RUNNING
