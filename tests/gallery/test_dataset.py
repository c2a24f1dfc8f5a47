import csv

import pytest
from django.urls import reverse

from annotations.services.corrections import image_correct
from gallery.models import Image, Source, Tag, Tagging
from gallery.selectors import Progress
from gallery.work import WorkState


def shown(client, dataset, **query) -> list[str]:
    response = client.get(reverse("dataset", args=[dataset.pk]), query, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return [image.name for image in response.context["page"]]


def statuses(client, dataset, *names) -> list[int]:
    return [client.get(reverse(name, args=[dataset.pk])).status_code for name in names]


OWNERS = ("dataset_edit", "dataset_label", "dataset_export", "upload")


def test_a_public_data_set_is_read_by_all_and_changed_by_its_owner(client, dataset, alice, bob):
    assert statuses(client, dataset, "dataset") == [200]
    client.force_login(bob)
    assert statuses(client, dataset, "dataset") == [200]
    assert statuses(client, dataset, *OWNERS) == [404] * 4
    client.force_login(alice)
    assert statuses(client, dataset, "dataset", *OWNERS) == [200] * 5


def test_a_private_data_set_does_not_exist_for_strangers(client, private, charlie, rita):
    assert statuses(client, private, "dataset") == [404]
    client.force_login(charlie)
    assert statuses(client, private, "dataset", *OWNERS) == [404] * 5
    client.force_login(rita)
    assert statuses(client, private, "dataset", *OWNERS) == [200] + [404] * 4


def test_an_administrator_may_change_it_but_not_speak_for_its_owner(client, private, ada):
    client.force_login(ada)
    assert statuses(client, private, "dataset_edit", "upload", "dataset_label") == [200, 200, 404]


def test_alice_edits_her_data_set(client, dataset, alice, bob):
    fields = {"name": "Greys", "description": "Grey things.", "visibility": "private", "open_for_contributions": "on"}
    client.force_login(bob)
    assert client.post(reverse("dataset_edit", args=[dataset.pk]), fields).status_code == 404
    client.force_login(alice)
    assert client.post(reverse("dataset_edit", args=[dataset.pk]), fields).status_code == 302
    dataset.refresh_from_db()
    assert (dataset.name, dataset.is_public, dataset.open_for_contributions) == ("Greys", False, True)


def test_pictures_are_found_by_the_word_that_counts(client, dataset, add_images, alice):
    dark, light, blank = add_images(3, 1)
    classes = list(dataset.classes.all())
    for image, source, label in (
        (dark, Source.MODEL, 2),
        (dark, Source.CROWD, 0),
        (light, Source.MODEL, 2),
    ):
        Tag.objects.create(image=image, source=source, label=classes[label], confidence=0.8)
    assert shown(client, dataset, label=0) == [dark.name]
    assert shown(client, dataset, label=2) == [light.name]
    assert shown(client, dataset, source="crowd") == [dark.name]
    assert shown(client, dataset, source="none") == [blank.name]
    image_correct(image=dark, label=classes[1], by=alice)
    assert shown(client, dataset, label=0) == []
    assert shown(client, dataset, label=1, source="owner") == [dark.name]


@pytest.mark.parametrize("query", [{"label": "99"}, {"label": "x"}, {"source": "x"}, {"page": "x"}, {"page": "99"}])
def test_an_odd_address_still_shows_pictures(client, dataset, add_images, query):
    add_images(2, 0)
    assert len(shown(client, dataset, **query)) == 2


def test_the_splits_are_for_the_owner_to_see(client, dataset, add_images, alice, bob):
    """Who knows which pictures are gold knows which tiles of a challenge are controls."""
    add_images(2, 0)
    [gold] = add_images(1, 1, split="gold")
    client.force_login(bob)
    assert len(shown(client, dataset, split="gold")) == 3
    client.force_login(alice)
    assert shown(client, dataset, split="gold") == [gold.name]


def test_a_page_has_48_pictures(client, dataset, add_images):
    add_images(50, 0)
    assert len(shown(client, dataset)) == 48
    assert len(shown(client, dataset, page=2)) == 2


def test_the_page_costs_the_same_with_many_pictures(client, dataset, add_images, alice, django_assert_max_num_queries):
    add_images(48, 0, label=True)
    client.force_login(alice)
    with django_assert_max_num_queries(12):
        client.get(reverse("dataset", args=[dataset.pk]))
    with django_assert_max_num_queries(8):
        shown(client, dataset, label=0)


def test_the_grid_looks_again_only_while_a_picture_waits(client, dataset, add_images):
    add_images(1, 0)
    address = reverse("dataset", args=[dataset.pk])
    Tagging.objects.update(state=WorkState.WAITING)
    assert 'hx-trigger="every 5s"' in client.get(address).content.decode()
    Tagging.objects.update(state=WorkState.DONE)
    assert 'hx-trigger="every 5s"' not in client.get(address).content.decode()


def test_a_withdrawn_picture_is_gone_for_strangers_and_marked_for_alice(client, dataset, add_images, alice):
    [image] = add_images(1, 0)
    Image.objects.update(withdrawn_at=image.uploaded_at)
    assert shown(client, dataset) == []
    client.force_login(alice)
    assert "Withdrawn" in client.get(reverse("dataset", args=[dataset.pk])).content.decode()


def test_the_export_is_a_line_a_picture(client, dataset, add_images, alice):
    named, blank = *add_images(1, 0, label=True), *add_images(1, 1)
    Image.objects.filter(pk=blank.pk).update(name="=cmd()")
    client.force_login(alice)
    response = client.get(reverse("dataset_export", args=[dataset.pk]))
    assert response["Content-Disposition"] == 'attachment; filename="shades.csv"'
    rows = list(csv.DictReader(response.getvalue().decode().splitlines()))
    assert [(row["image"], row["label"], row["source"]) for row in rows] == [
        (str(named.pk), "dark", "owner"),
        (str(blank.pk), "", ""),
    ]
    assert rows[1]["name"] == "'=cmd()"


@pytest.mark.parametrize(
    ("images", "named", "tiles"),
    [(0, 0, []), (7, 7, [10]), (7, 6, [8]), (250, 130, [10, 3, 0]), (250, 250, [10, 10, 10])],
)
def test_a_tile_stands_for_a_hundred_pictures(images, named, tiles):
    assert Progress(images, named).tiles == tiles


def test_a_mosaic_never_has_more_than_a_thousand_tiles():
    assert len(Progress(250_000, 5).tiles) == 1000
