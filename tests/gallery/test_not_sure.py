"""A guess is shown as one: in the gallery, on the image's page, in the API and in the export."""

import csv
import io
import json
from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse
from rest_framework.test import APIClient

from gallery.models import Image, Source, Tag

GUESS = "Not sure: perhaps <b>dark</b>"


@pytest.fixture
def guessed(dataset, add_images) -> Image:
    """One picture that the model hardly knows."""
    image, sure, agreed = add_images(3, 0)
    dark = dataset.classes.get(index=0)
    Tag.objects.create(image=image, source=Source.MODEL, label=dark, confidence=0.419, sure=False)
    Tag.objects.create(image=sure, source=Source.MODEL, label=dark, confidence=0.8)
    Tag.objects.create(image=agreed, source=Source.MODEL, label=dark, confidence=0.3, sure=False)
    Tag.objects.create(image=agreed, source=Source.CROWD, label=dark, confidence=0.97)
    return image


def names(client, dataset, **query) -> list[str]:
    response = client.get(reverse("dataset", args=[dataset.pk]), query, headers={"HX-Request": "true"})
    return [image.name for image in response.context["page"]]


def test_the_gallery_shows_a_guess_in_place_of_the_tag(client, dataset, guessed):
    html = client.get(reverse("dataset", args=[dataset.pk])).content.decode()
    assert html.count(GUESS) == 1 and '<span class="num">(41%)</span>' in html
    assert 'alt="Perhaps dark"' in html and html.count('alt="dark"') == 2
    assert "41% sure" not in html and "80% sure" in html


@pytest.mark.parametrize("name", ["image", "image_tags"])
def test_the_picture_and_the_upload_show_it_too(client, guessed, name):
    html = client.get(reverse(name, args=[guessed.pk])).content.decode()
    assert GUESS in html and "41% sure" not in html


def test_what_is_not_sure_is_found_by_the_word_that_counts(client, dataset, guessed):
    assert names(client, dataset, sure="no") == [guessed.name]
    assert len(names(client, dataset, sure="yes")) == 2
    assert len(names(client, dataset, sure="")) == 3
    assert len(names(client, dataset, sure="perhaps")) == 3
    assert names(client, dataset, sure="no", label=1) == []
    html = client.get(reverse("dataset", args=[dataset.pk]), {"sure": "no"}).content.decode()
    assert "1 picture with these filters" in html


def test_the_first_class_is_a_filter_too(client, dataset, guessed):
    assert (
        "3 pictures with these filters"
        in client.get(reverse("dataset", args=[dataset.pk]), {"label": 0}).content.decode()
    )


def test_the_api_says_so_and_finds_them(dataset, guessed):
    client, images = APIClient(), f"/api/v1/datasets/{dataset.pk}/images/"
    (tag,) = client.get(f"/api/v1/images/{guessed.pk}/").json()["tags"]
    assert (tag["label"], tag["sure"]) == ("dark", False)
    assert [row["id"] for row in client.get(images, {"sure": "false"}).json()["results"]] == [guessed.pk]
    assert client.get(images, {"sure": "true"}).json()["count"] == 2
    assert client.get(images).json()["count"] == 3
    assert client.get(images, {"sure": "hardly"}).status_code == 400


def test_the_export_has_a_column_for_it(dataset, guessed, alice, add_images):
    add_images(1, 1)
    client, address = APIClient(), f"/api/v1/datasets/{dataset.pk}/export/"
    client.force_authenticate(alice)
    rows = list(csv.DictReader(io.StringIO(client.get(address).getvalue().decode())))
    assert [row["sure"] for row in rows] == ["false", "true", "true", ""]
    rows = json.loads(client.get(address, {"as": "json"}).getvalue())
    assert [row["sure"] for row in rows] == [False, True, True, ""]


def test_gold_is_not_picked_by_a_guess_taken_for_a_tag(client, dataset, guessed, alice):
    client.force_login(alice)
    html = client.get(reverse("dataset_gold_add", args=[dataset.pk])).content.decode()
    assert html.count(GUESS) == 1


def test_tags_from_before_there_were_guesses_are_taken_for_what_they_are(guessed):
    Tag.objects.update(sure=True)
    import_module("gallery.migrations.0002_tags_that_are_guesses").doubt(apps, None)
    assert set(Tag.objects.filter(sure=False).values_list("source", "confidence")) == {("model", 0.419), ("model", 0.3)}
