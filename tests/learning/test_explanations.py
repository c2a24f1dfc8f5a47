"""Explanations as work: asked once, worked out by what serves, and failing with a reason."""

import os
from io import BytesIO
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image as Picture

from annotations.services.publication import NotNow
from gallery.models import DataSet, Image, LabelClass, Source
from gallery.services.images import image_delete
from gallery.work import WorkState
from learning.models import Explanation, ExplanationKind, ModelVersion, Retag
from learning.selectors import champion_of, policy_of
from learning.services.explaining import explanation_execute
from learning.services.explanations import (
    MOST_WAITING,
    TooManyExplanations,
    explanation_request,
    explanations_forget,
)
from learning.services.inputs import load_backbone
from learning.services.networks import kept
from learning.services.requests import run_request
from learning.services.tagging import retag_execute
from learning.services.ticking import tick
from learning.services.training import run_execute

ON_PICTURES = (ExplanationKind.LIME, ExplanationKind.GRAD_CAM, ExplanationKind.OCCLUSION)
WEIGHTS = Path(os.environ.get("TESSERA_DATA_DIR") or "/nowhere") / "weights"
BACKBONE = "mobilenet_v2_0.35"


@pytest.fixture
def learnable(dataset: DataSet, squares) -> DataSet:
    """Twelve gold squares a class, two nobody has named: enough to be explained."""
    for cls in range(3):
        squares(12, cls, label=True)
        squares(2, cls)
    return dataset


@pytest.fixture
def version(learnable: DataSet) -> ModelVersion:
    """It serves, and has tagged everything."""
    run_execute(run_request(dataset=learnable, trigger="a test").pk)
    champion = champion_of(learnable)
    retag_execute(Retag.objects.get(version=champion).pk)
    return champion


@pytest.fixture
def image(version: ModelVersion) -> Image:
    """A light one that nobody has named."""
    return version.dataset.images.filter(split="pool", tags__label__name="light").first()


def asked(image, by, kind=ExplanationKind.LIME, label=None) -> Explanation:
    return explanation_request(image=image, kind=kind, label=label, by=by)


def worked_out(image, by, kind=ExplanationKind.LIME, label=None) -> Explanation:
    row = asked(image, by, kind, label)
    explanation_execute(row.pk)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("kind", ON_PICTURES)
def test_it_is_about_what_the_model_says_and_becomes_a_picture(image, bob, version, kind):
    row = worked_out(image, bob, kind)
    assert (row.state, row.error, row.label.name, row.version) == (WorkState.DONE, "", "light", version)
    with row.picture.open("rb") as file:
        assert Picture.open(BytesIO(file.read())).size == (384, 384)
    guesses = row.facts["guesses"]
    assert guesses[0]["label"] == "light" and guesses[0]["probability"] == row.facts["probability"] > 0.5
    assert row.facts["side"] == 32


def test_another_class_can_be_asked_about(image, bob, dataset):
    light, dark = (worked_out(image, bob, label=dataset.classes.get(name=name)) for name in ("light", "dark"))
    assert light.pk != dark.pk and dark.label.name == "dark"
    assert dark.facts["probability"] < light.facts["probability"]


def test_facts_say_what_was_done(image, bob):
    lime = worked_out(image, bob, ExplanationKind.LIME).facts
    assert lime["samples"] == 500 and 10 < lime["parts"] < 80 and lime["fit"] <= 1
    assert worked_out(image, bob, ExplanationKind.OCCLUSION).facts["patch"] == 8
    assert worked_out(image, bob, ExplanationKind.GRAD_CAM).facts["grid"] == [4, 4]


def test_the_most_alike_are_of_what_it_learned_from(image, bob, version):
    row = worked_out(image, bob, ExplanationKind.SIMILAR)
    assert row.state == WorkState.DONE and row.label is None and not row.picture
    found = row.facts["pictures"]
    assert len(found) == 8 and row.facts["compared"] == 36 and row.facts["learned_from_it"] is False
    assert {one["image"] for one in found} <= set(version.run.examples.values_list("image", flat=True))
    assert [one["cosine"] for one in found] == sorted((one["cosine"] for one in found), reverse=True)
    assert [one["taught"] for one in found].count("light") >= 6


def test_a_picture_that_it_learned_from_is_not_like_itself(version, alice):
    learned = version.run.examples.first().image
    facts = worked_out(learned, alice, ExplanationKind.SIMILAR).facts
    assert facts["learned_from_it"] is True and facts["compared"] == 35
    assert learned.pk not in {one["image"] for one in facts["pictures"]}


def test_asked_twice_it_is_worked_out_once(image, alice, bob):
    for kind in ExplanationKind.values:
        row = worked_out(image, bob, kind)
        assert asked(image, alice, kind) == row
        assert explanation_execute(row.pk) is None
    assert Explanation.objects.count() == 4


def test_the_same_picture_is_explained_the_same_again(image, bob):
    row = worked_out(image, bob)
    facts, first = row.facts, row.picture.read()
    row.delete()
    again = worked_out(image, bob)
    assert (again.facts, again.picture.read()) == (facts, first)


def test_a_new_version_is_asked_anew(image, bob, learnable):
    old = worked_out(image, bob)
    run_execute(run_request(dataset=learnable, trigger="again").pk)
    ModelVersion.objects.filter(state="champion").update(state="retired")
    ModelVersion.objects.filter(number=2).update(state="champion")
    assert asked(image, bob).version.number == 2
    assert old.version.number == 1


def test_before_there_is_a_model_nothing_can_be_explained(dataset, squares, bob):
    (image,) = squares(1, 0)
    with pytest.raises(NotNow, match="No model"):
        asked(image, bob)
    assert not Explanation.objects.exists()


def test_before_a_picture_is_tagged_a_class_has_to_be_named(image, bob, dataset):
    image.tags.filter(source=Source.MODEL).delete()
    with pytest.raises(NotNow, match="Name a class"):
        asked(image, bob)
    assert asked(image, bob, label=dataset.classes.get(name="dark")).state == WorkState.WAITING
    assert asked(image, bob, ExplanationKind.SIMILAR).label is None


def test_a_class_added_later_is_unknown_to_the_version(image, bob, dataset):
    new = LabelClass.objects.create(dataset=dataset, index=3, name="bright")
    row = worked_out(image, bob, label=new)
    assert (row.state, row.error) == (WorkState.FAILED, "Version 1 doesn't know “bright”: the class was added later.")


@pytest.mark.parametrize("kind", ExplanationKind.values)
def test_a_file_that_is_gone_or_damaged_is_said(image, bob, kind):
    storage, name = image.thumbnail.storage, image.thumbnail.name
    storage.delete(name)
    row = worked_out(image, bob, kind)
    assert (row.state, row.error) == (WorkState.FAILED, "The picture's file is missing or damaged.")
    with storage.open(name, "wb") as file:
        file.write(b"RIFF no picture")
    row = worked_out(image, bob, kind)
    assert (row.state, row.error) == (WorkState.FAILED, "The picture's file is missing or damaged.")


@pytest.mark.parametrize("kind", ExplanationKind.values)
def test_weights_that_are_gone_are_said(image, bob, version, kind):
    kept.clear()  # a worker that has them at hand needs no file
    ModelVersion.objects.filter(pk=version.pk).update(weights="models/gone.safetensors")
    row = worked_out(image, bob, kind)
    assert (row.state, row.error) == (WorkState.FAILED, "The weights of version 1 can't be read.")


@pytest.mark.parametrize("kind", ExplanationKind.values)
def test_a_backbone_that_is_gone_is_said(image, bob, version, kind):
    load_backbone.cache_clear()  # a test before this may have had it
    ModelVersion.objects.filter(pk=version.pk).update(backbone=BACKBONE, frozen=True)
    row = worked_out(image, bob, kind)
    assert (row.state, row.error) == (WorkState.FAILED, f"The weights of the backbone {BACKBONE} can't be read.")


def test_a_picture_deleted_meanwhile_is_not_explained(image, bob):
    row = asked(image, bob)
    image_delete(image=image)
    explanation_execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error) == (WorkState.FAILED, "The picture was deleted.")


def test_with_a_picture_its_explanations_are_deleted(image, bob):
    row = worked_out(image, bob)
    storage, name = row.picture.storage, row.picture.name
    assert explanations_forget() == 0 and storage.exists(name)
    image_delete(image=image)
    tick()
    row.refresh_from_db()
    assert not storage.exists(name)
    assert (row.picture.name, row.facts, row.error) == ("", {}, "The picture was deleted.")


def test_what_failed_is_tried_again_when_somebody_asks(image, alice, bob, version):
    good = version.weights.name
    kept.clear()  # a worker that has them at hand needs no file
    ModelVersion.objects.filter(pk=version.pk).update(weights="models/gone.safetensors")
    row = worked_out(image, bob)
    ModelVersion.objects.filter(pk=version.pk).update(weights=good)
    again = worked_out(image, alice)
    assert again.pk == row.pk and again.asked_by == alice
    assert (again.state, again.error, again.attempt) == (WorkState.DONE, "", 1)


def test_an_error_of_ours_is_tried_three_times(image, bob, monkeypatch):
    def broken(*_):
        raise RuntimeError("no memory")

    monkeypatch.setattr("learning.services.explaining.sight_of", broken)
    row = asked(image, bob)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            explanation_execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error) == (WorkState.FAILED, "RuntimeError: no memory")


def test_of_two_workers_the_one_that_was_silent_leaves_no_file(image, bob, monkeypatch):
    from learning.services import explaining

    row = asked(image, bob)
    find = explaining._find

    def slow(claimed):
        found = find(claimed)
        Explanation.objects.filter(pk=row.pk).update(attempt=2)  # another has taken it meanwhile
        return found

    monkeypatch.setattr(explaining, "_find", slow)
    late = explanation_execute(row.pk)
    row.refresh_from_db()
    assert (row.state, row.picture.name, row.facts) == (WorkState.RUNNING, "", {})
    assert late.picture.name and not late.picture.storage.exists(late.picture.name)


def test_twenty_of_a_person_may_be_under_way(image, alice, bob, version):
    others = list(version.dataset.images.exclude(pk=image.pk)[:MOST_WAITING])
    rows = [asked(one, bob, ExplanationKind.SIMILAR) for one in others]
    with pytest.raises(TooManyExplanations, match="20 explanations"):
        asked(image, bob)
    assert not Explanation.objects.filter(image=image).exists()
    assert asked(others[0], bob, ExplanationKind.SIMILAR) == rows[0]  # what is there already costs nothing
    assert asked(image, alice).state == WorkState.WAITING
    explanation_execute(rows[0].pk)
    assert asked(image, bob, ExplanationKind.OCCLUSION).state == WorkState.WAITING


def test_the_tick_rings_for_what_waits(image, bob, django_capture_on_commit_callbacks):
    row = asked(image, bob, ExplanationKind.GRAD_CAM)
    Explanation.objects.update(created_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        tick()
    row.refresh_from_db()
    assert row.state == WorkState.DONE


@pytest.mark.skipif(not (WEIGHTS / f"{BACKBONE}_notop.safetensors").is_file(), reason="TESSERA_DATA_DIR has no weights")
def test_a_head_is_explained_through_its_backbone(learnable, bob, settings):
    settings.WEIGHTS_DIR = WEIGHTS
    policy = policy_of(learnable)
    policy.backbone = BACKBONE
    policy.save()
    run_execute(run_request(dataset=learnable, trigger="a test").pk)
    assert champion_of(learnable).backbone == BACKBONE
    image, light = learnable.images.filter(split="pool").first(), learnable.classes.get(name="light")
    for kind in ON_PICTURES:
        row = worked_out(image, bob, kind, light)
        assert (row.state, row.error, row.facts["side"]) == (WorkState.DONE, "", 128)
    alike = worked_out(image, bob, ExplanationKind.SIMILAR)
    assert [one["taught"] for one in alike.facts["pictures"]].count("light") > 4
