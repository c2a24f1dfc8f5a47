"""Classes come and go while a version serves, and while one is learned: dark, middle and light, then pitch."""

import numpy as np
import pytest
from django.urls import reverse

from accounts.models import User
from annotations.models import Annotator, Consensus, ConsensusState, QueueItem
from annotations.services.votes import vote_correct
from gallery.models import DataSet, LabelClass, Source, Split, Tag
from gallery.services.classes import class_add, class_remove, class_restore
from gallery.work import WorkState
from learning.engine.strategies import registry
from learning.models import (
    LEARNING_LOSS,
    Drift,
    Explanation,
    ExplanationKind,
    Mode,
    Policy,
    Retag,
    TrainingRun,
    VersionState,
)
from learning.policy_fields import Regime
from learning.selectors import champion_of, evaluation_labels, fresh_labels, policy_of, training_labels
from learning.services import training
from learning.services.classes import classes_settle
from learning.services.drifting import drift_execute
from learning.services.explaining import explanation_execute
from learning.services.networks import load_version
from learning.services.prediction import given_present, logits_given_present
from learning.services.requests import drift_request, round_request, run_request
from learning.services.sampling import round_execute
from learning.services.tagging import retag_execute
from learning.services.ticking import tick
from learning.services.training import run_execute
from learning.tasks import classes_settle as classes_settle_task

MIDDLE, PITCH = 1, 3


def train(dataset: DataSet, **options) -> TrainingRun:
    run = run_execute(run_request(dataset=dataset, trigger="a test", **options).pk)
    assert run is not None
    return run


def set_policy(dataset: DataSet, **fields) -> None:
    Policy.objects.filter(pk=policy_of(dataset).pk).update(**fields)


def middle(dataset: DataSet) -> LabelClass:
    return dataset.classes.get(index=MIDDLE)


def said(dataset: DataSet) -> set[str]:
    """What the model's tags say, those of removed classes, too."""
    return {str(tag.label) for tag in Tag.objects.filter(image__dataset=dataset, source=Source.MODEL)}


def settle(dataset: DataSet) -> None:
    """What the workers do after the classes have changed."""
    classes_settle_task(dataset.pk)
    retag_execute(Retag.objects.get(version=champion_of(dataset)).pk)


@pytest.fixture
def served(learnable) -> DataSet:
    """A version of three classes serves, and every picture has its tag."""
    train(learnable)
    retag_execute(Retag.objects.get().pk)
    return learnable


@pytest.fixture
def wider(served, squares, alice) -> DataSet:
    """«Pitch» came later: twelve gold pictures, twenty for evaluation, ten that nobody has named."""
    class_add(dataset=served, by=alice, name="pitch", key="p")
    squares(12, PITCH, label=True)
    squares(20, PITCH, split="evaluation", label=True)
    squares(10, PITCH)
    return served


@pytest.fixture
def narrower(served, alice) -> DataSet:
    """«Middle» was removed, and what follows from it is done."""
    class_remove(label=middle(served), by=alice)
    settle(served)
    return served


# A class that was added.


def test_a_version_that_knows_fewer_classes_tags_what_is_uploaded(wider, arrive):
    set_policy(wider, stream_rate=0.5, sure_from=0.9)
    images = arrive(20, PITCH)
    tags = Tag.objects.filter(image__in=images, source=Source.MODEL)
    assert tags.count() == 20 and not tags.filter(label__index=PITCH).exists()
    assert QueueItem.objects.filter(image__in=images).exists()
    settle(wider)
    assert Tag.objects.filter(source=Source.MODEL).count() == wider.images.count()


def test_every_strategy_asks_by_a_version_that_knows_fewer_classes(wider, annotator):
    for image in wider.images.filter(tags__source=Source.MODEL, split=Split.POOL)[:3]:
        vote_correct(image=image, label=wider.classes.get(index=PITCH), annotator=annotator)
    for strategy in set(registry.names()) - {LEARNING_LOSS}:  # which takes a version of its own
        set_policy(wider, strategy=strategy, round_size=5, balance=True, outliers=0.1)
        done = round_execute(round_request(dataset=wider).pk)
        assert (done.strategy, done.picks.count()) == (strategy, 5)


@pytest.mark.parametrize("mode", Mode.values)
def test_the_next_version_learns_the_new_class_and_is_compared_with_the_old(wider, mode):
    set_policy(wider, regime=Regime.ONLINE if mode == Mode.ONLINE else Regime.AUTO, self_training=0.9)
    run = train(wider, mode=mode, epochs=60)
    version = wider.versions.first()
    assert run.state == WorkState.DONE, run.error
    assert load_version(version).n_classes == 4 and len(version.metrics["per_class"]) == 4
    if mode != Mode.ONLINE:  # which takes a few steps alone for a buffer
        assert version.state == VersionState.CHAMPION, version.reason
        retag_execute(version.retag.pk)
        assert "pitch" in said(wider)


def test_without_evaluation_labels_the_next_version_is_judged_by_folds(served, squares, alice):
    served.images.filter(split=Split.EVALUATION).update(split=Split.TRAINING)
    class_add(dataset=served, by=alice, name="pitch")
    squares(12, PITCH, label=True)
    run = train(served)
    assert run.state == WorkState.DONE, run.error
    assert served.versions.first().provisional and served.versions.first().number == 2


def test_people_agree_on_a_new_class_beside_a_model_that_has_no_word_for_it(wider, annotator):
    others = [annotator, *(Annotator.objects.create() for _ in range(3))]
    for cls in range(4):
        for image in wider.images.filter(split=Split.POOL, name__startswith=f"{cls}-")[:4]:
            for person in others:
                vote_correct(image=image, label=wider.classes.get(index=cls), annotator=person)
    tick()
    rows = Consensus.objects.exclude(votes=0).select_related("image")
    assert [len(row.posterior) for row in rows] == [4] * 16
    assert all(str(row.label) == row.image.name[0] for row in rows) and any(row.crowd for row in rows)


def test_pages_and_addresses_show_versions_of_fewer_classes(client, wider, squares, alice):
    version = champion_of(wider)
    squares(50, PITCH, noise=5)
    drift_execute(drift_request(version, uploads=50).pk)
    assert len(_json(client, wider, "versions/1/")["metrics"]["per_class"]) == 3
    train(wider)
    client.force_login(alice)
    for name, args in (("dataset", ()), ("dataset_learning", ()), ("version", (1,)), ("version", (2,))):
        assert client.get(reverse(name, args=[wider.pk, *args])).status_code == 200, name
    assert Drift.objects.get(version=version).reference == 60 and len(Drift.objects.get().classes) == 3
    assert _json(client, wider, "compare/")["compared"] > 0
    assert len(_json(client, wider, "versions/2/")["metrics"]["per_class"]) == 4


def _json(client, dataset: DataSet, address: str):
    got = client.get(f"/api/v1/datasets/{dataset.pk}/{address}")
    assert got.status_code == 200, address
    return got.json()


def test_a_class_that_is_added_while_a_version_is_learned_is_none_of_its(served, squares, alice):
    def then() -> None:
        class_add(dataset=served, by=alice, name="pitch")
        squares(20, PITCH, split="evaluation", label=True)
        squares(3, PITCH, label=True)

    run = train_and(served, then)
    version = served.versions.first()
    assert run.state == WorkState.DONE, run.error
    assert version.number == 2 and len(version.metrics["per_class"]) == 3 and version.metrics["n"] == 60


# A class that was removed.


def test_the_version_that_serves_chooses_among_the_classes_that_there_are(served, alice, arrive):
    assert said(served) == {"dark", "middle", "light"}
    class_remove(label=middle(served), by=alice)
    assert not Tag.objects.standing().filter(label__index=MIDDLE).exists()
    settle(served)
    assert said(served) == {"dark", "light"}
    images = arrive(5, MIDDLE)
    tags = Tag.objects.filter(image__in=images, source=Source.MODEL)
    assert {str(tag.label) for tag in tags} <= {"dark", "light"} and tags.count() == 5
    assert min(tag.confidence for tag in tags) >= 0.5
    class_restore(label=middle(served), by=alice)
    settle(served)
    assert said(served) == {"dark", "middle", "light"}


def test_of_what_is_removed_nothing_is_taught_or_judged_by(narrower, monkeypatch):
    for room in ("promotion", "planning"):
        monkeypatch.setattr(f"learning.services.{room}.ENOUGH_EVALUATION", 40)
    labels = training_labels(narrower) + evaluation_labels(narrower)
    assert {label.cls for label in labels} == {0, 2} and len(labels) == 24 + 40
    assert fresh_labels(narrower).count == 0
    for mode in Mode.values:
        run = train(narrower, mode=mode)
        assert run.state == WorkState.DONE or "no new label" in run.error
        assert not any(np.argmax(target) == MIDDLE for target in run.examples.values_list("target", flat=True))
    for version in narrower.versions.exclude(number=1):
        assert version.metrics["n"] == 40 and {cls for cls, _ in version.predictions.values()} <= {0, 2}
        assert version.metrics["per_class"][MIDDLE]["n"] == 0


def test_the_labels_of_a_restored_class_are_new_to_what_learns(narrower, alice):
    train(narrower)
    assert fresh_labels(narrower).count == 0
    class_restore(label=middle(narrower), by=alice)
    assert fresh_labels(narrower).count == 12
    assert len(training_labels(narrower)) == 36


def test_by_folds_alone_neither_version_says_what_is_removed(narrower):
    narrower.images.filter(split=Split.EVALUATION).update(split=Split.TRAINING)
    run = train(narrower)
    assert run.state == WorkState.DONE, run.error
    version = narrower.versions.first()
    assert version.provisional and {cls for cls, _ in version.predictions.values()} <= {0, 2}


def test_what_the_crowd_agreed_on_as_a_removed_class_is_not_taught(served, alice):
    image = served.images.filter(split=Split.POOL, tags__source=Source.MODEL).first()
    Consensus.objects.create(
        image=image, dataset=served, posterior=[0.1, 0.9, 0], label=MIDDLE, confidence=0.9, votes=3, trusted=3,
        state=ConsensusState.ACCEPTED,
    )  # fmt: skip
    assert image.pk in {label.image for label in training_labels(served)}
    class_remove(label=middle(served), by=alice)
    assert image.pk not in {label.image for label in training_labels(served)}


@pytest.mark.parametrize("strategy", ["entropy", "badge", "committee", "bald", "expected_error", "active_lab"])
def test_rounds_ask_about_what_was_named_so(narrower, strategy):
    set_policy(narrower, strategy=strategy, round_size=80, random_share=0.0)
    done = round_execute(round_request(dataset=narrower).pk)
    evaluation = narrower.images.filter(split=Split.EVALUATION, name__startswith="1-")
    queued = set(QueueItem.objects.filter(round=done.pk).values_list("image", flat=True))
    assert queued >= set(evaluation.values_list("pk", flat=True))


def test_an_explanation_names_no_removed_class(narrower, alice):
    image = narrower.images.filter(name__startswith="1-").first()
    asked = Explanation.objects.create(image=image, version=champion_of(narrower), kind=ExplanationKind.SIMILAR)
    explanation_execute(asked.pk)
    asked.refresh_from_db()
    assert asked.state == WorkState.DONE, asked.error
    guesses = {guess["label"]: guess["probability"] for guess in asked.facts["guesses"]}
    assert guesses["middle"] == 0 and sum(guesses.values()) == pytest.approx(1, abs=1e-3)


def test_what_follows_is_done_once_and_by_the_tick_should_nobody_have_rung(served, alice):
    class_remove(label=middle(served), by=alice)
    tick()
    served.refresh_from_db()
    assert served.classes_changed_at is None
    retag = Retag.objects.get(version=champion_of(served))
    assert (retag.state, retag.attempt) == (WorkState.WAITING, 0)
    retag_execute(retag.pk)
    classes_settle(dataset=served)
    retag.refresh_from_db()
    assert retag.state == WorkState.DONE


def test_a_change_while_the_last_one_is_settled_is_not_lost(served, alice, monkeypatch):
    class_remove(label=middle(served), by=alice)
    monkeypatch.setattr(
        "learning.services.classes.consensus_refit",
        lambda dataset: class_restore(label=middle(dataset), by=alice),
    )
    classes_settle(dataset=served)
    served.refresh_from_db()
    assert served.classes_changed_at is not None


def test_a_data_set_without_a_version_only_has_its_votes_weighed_again(dataset, alice):
    class_remove(label=middle(dataset), by=alice)
    classes_settle(dataset=dataset)
    dataset.refresh_from_db()
    assert dataset.classes_changed_at is None and not Retag.objects.exists()


def test_a_run_that_was_taught_a_class_that_is_removed_fails_and_says_so(client, served, alice):
    first = champion_of(served)
    run = train_and(served, lambda: class_remove(label=middle(served), by=alice))
    assert run.state == WorkState.FAILED and "“middle” was removed while it was being learned" in run.error
    assert champion_of(served) == first and served.versions.count() == 1
    client.force_login(alice)
    assert run.error in client.get(reverse("dataset_learning", args=[served.pk])).content.decode()
    assert train(served).state == WorkState.DONE


def test_a_class_that_is_back_before_the_end_costs_no_run(served, alice):
    def there_and_back() -> None:
        class_remove(label=middle(served), by=alice)
        class_restore(label=middle(served), by=alice)

    assert train_and(served, there_and_back).state == WorkState.DONE


def train_and(dataset: DataSet, then) -> TrainingRun:
    """A run during whose learning something happens."""
    learn = training.learn

    def meanwhile(*args, **kwargs):
        outcome = learn(*args, **kwargs)
        then()
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "learn", meanwhile)
        return train(dataset)


# What a version says, given that it is none of the removed.


def test_the_others_share_what_a_removed_class_had():
    rows = np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]], dtype=np.float32)
    left = given_present(rows, {MIDDLE, PITCH})
    assert left.dtype == np.float32
    np.testing.assert_allclose(left, [[0.4, 0, 0.6], [0.5, 0, 0.5]], rtol=1e-6)
    np.testing.assert_allclose(given_present(np.stack([rows, rows]), {MIDDLE})[1], left)


def test_with_fewer_than_two_left_there_is_nothing_to_choose():
    rows = np.array([[0.2, 0.8]], dtype=np.float32)
    assert given_present(rows, {0}) is rows and given_present(rows, set()) is rows


def test_logits_come_to_the_same():
    logits = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    kept = np.exp(logits_given_present(logits, {MIDDLE}))
    np.testing.assert_allclose(kept / kept.sum(axis=1, keepdims=True), given_present(share, {MIDDLE}), rtol=1e-4)


@pytest.fixture
def annotator(db) -> Annotator:
    return Annotator.objects.create(user=User.objects.create_user("bob@example.org"))
