"""Alice changes the classes of a data set that is in use: dark, middle and light, with keys d, m and l."""

import csv

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from gallery.models import Image, LabelClass, Source, Split, Tag
from gallery.selectors import class_rows, dataset_counts, progress_of, unnamed
from gallery.services import datasets
from gallery.services.classes import class_add, class_edit, class_remove, class_restore
from gallery.services.datasets import BadClasses

MIDDLE = 1


def named(dataset) -> list[tuple[int, str, str]]:
    return [(cls.index, cls.name, cls.key) for cls in dataset.classes.filter(removed_at=None)]


def middle(dataset) -> LabelClass:
    return dataset.classes.get(index=MIDDLE)


def verbs() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("verb", flat=True))


def test_a_new_class_comes_after_all_others(dataset, alice):
    class_remove(label=dataset.classes.get(index=2), by=alice)
    assert class_add(dataset=dataset, by=alice, name="pitch", key="p").index == 3
    assert named(dataset) == [(0, "dark", "d"), (1, "middle", "m"), (3, "pitch", "p")]
    assert verbs() == ["removed a class of", "added a class to"]


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [
        ("Dark", "", "same name"),
        ("pitch", "D", "same key"),
        (" ", "", "needs a name"),
        ("pitch", "pi", "one character"),
    ],
)
def test_a_class_that_makes_no_sense_is_refused_in_words(dataset, alice, name, key, says):
    with pytest.raises(BadClasses, match=says):
        class_add(dataset=dataset, by=alice, name=name, key=key)
    with pytest.raises(BadClasses, match=says):
        class_edit(label=middle(dataset), by=alice, name=name, key=key)
    assert len(named(dataset)) == 3 and not verbs()


def test_there_is_a_most_of_classes_and_removed_ones_count(dataset, alice, monkeypatch):
    monkeypatch.setattr("gallery.services.classes.MOST_CLASSES", 4)
    class_remove(label=class_add(dataset=dataset, by=alice, name="pitch"), by=alice)
    with pytest.raises(BadClasses, match="4 classes are the most"):
        class_add(dataset=dataset, by=alice, name="white")
    assert class_add(dataset=dataset, by=alice, name="pitch").index == 3


def test_a_data_set_cannot_be_made_with_more(monkeypatch):
    monkeypatch.setattr(datasets, "MOST_CLASSES", 2)
    with pytest.raises(BadClasses, match="2 classes are the most"):
        datasets.check_classes([("a", ""), ("b", ""), ("c", "")])


def test_a_renamed_class_is_the_same_class(dataset, alice, add_images):
    (image,) = add_images(1, MIDDLE, label=True)
    class_edit(label=middle(dataset), by=alice, name="Middle", key="")
    class_edit(label=middle(dataset), by=alice, name="grey", key="g")
    assert named(dataset)[MIDDLE] == (1, "grey", "g")
    assert str(image.tags.get().label) == "grey"
    assert AuditEntry.objects.first().detail == {"label": "grey", "before": "Middle"}


def test_a_removed_class_keeps_its_row_and_what_was_said_of_it(dataset, alice, add_images):
    (image,) = add_images(1, MIDDLE, label=True)
    class_remove(label=middle(dataset), by=alice)
    class_remove(label=middle(dataset), by=alice)
    assert middle(dataset).removed_at and image.tags.get().label.index == MIDDLE
    assert verbs() == ["removed a class of"]


def test_two_classes_stay(dataset, alice):
    class_remove(label=middle(dataset), by=alice)
    with pytest.raises(BadClasses, match="At least two"):
        class_remove(label=dataset.classes.get(index=0), by=alice)
    assert len(named(dataset)) == 2


def test_a_restored_class_is_as_it_was(dataset, alice):
    for _ in range(2):
        class_remove(label=middle(dataset), by=alice)
        class_restore(label=middle(dataset), by=alice)
    assert named(dataset) == [(0, "dark", "d"), (1, "middle", "m"), (2, "light", "l")]


def test_the_name_of_a_removed_class_brings_it_back(dataset, alice):
    class_remove(label=middle(dataset), by=alice)
    with pytest.raises(BadClasses, match="restore that one"):
        class_edit(label=dataset.classes.get(index=0), by=alice, name="MIDDLE", key="d")
    assert class_add(dataset=dataset, by=alice, name="Middle").index == MIDDLE
    assert named(dataset)[MIDDLE] == (1, "Middle", "m")


def test_a_key_that_another_has_meanwhile_stays_with_that(dataset, alice):
    class_remove(label=middle(dataset), by=alice)
    class_add(dataset=dataset, by=alice, name="mauve", key="M")
    class_restore(label=middle(dataset), by=alice)
    assert named(dataset)[1] == (1, "middle", "") and named(dataset)[3] == (3, "mauve", "M")


def test_what_follows_is_asked_for_by_each_change_but_a_name(
    dataset, alice, monkeypatch, django_capture_on_commit_callbacks
):
    rung = []
    monkeypatch.setattr("gallery.services.classes.ring", lambda *said: rung.append(said))
    class_edit(label=middle(dataset), by=alice, name="grey", key="g")
    dataset.refresh_from_db()
    assert not rung and dataset.classes_changed_at is None
    class_remove(label=middle(dataset), by=alice)
    dataset.refresh_from_db()
    assert rung == [("learning.classes_settle", dataset.pk)] and dataset.classes_changed_at
    class_restore(label=middle(dataset), by=alice)
    class_add(dataset=dataset, by=alice, name="pitch")
    assert len(rung) == 3


def say(image: Image, cls: int, source: Source) -> Tag:
    label = image.dataset.classes.get(index=cls)
    return Tag.objects.create(image=image, source=source, label=label, confidence=0.9)


def test_a_word_of_a_removed_class_is_no_word_until_it_is_back(client, dataset, alice, add_images):
    """The next word counts: of the owner, else of the crowd, else of the model."""
    (owned,) = add_images(1, MIDDLE, label=True)
    guessed, nameless = add_images(2, 0)
    say(owned, 2, Source.MODEL)
    say(guessed, 0, Source.CROWD)
    say(nameless, MIDDLE, Source.MODEL)

    def word(image) -> str:
        return client.get(f"/api/v1/images/{image.pk}/").json()["tags"][:1]

    def exported() -> dict[str, str]:
        rows = client.get(reverse("dataset_export", args=[dataset.pk])).getvalue().decode().splitlines()
        return {row["image"]: row["label"] for row in csv.DictReader(rows)}

    client.force_login(alice)
    assert word(owned)[0]["label"] == "middle" and exported()[str(nameless.pk)] == "middle"
    class_remove(label=middle(dataset), by=alice)
    assert word(owned)[0]["label"] == "light" and word(nameless) == []
    assert exported() == {str(owned.pk): "light", str(guessed.pk): "dark", str(nameless.pk): ""}
    assert set(unnamed(dataset)) == {owned, nameless}
    assert progress_of([dataset])[dataset.pk].named == 1
    assert dataset_counts(dataset)["owner"] == 0
    assert "<b>middle</b>" not in client.get(reverse("dataset", args=[dataset.pk])).content.decode()
    assert client.get(reverse("dataset_label", args=[dataset.pk])).context["image"] in {owned, nameless}
    class_restore(label=middle(dataset), by=alice)
    assert word(owned)[0]["label"] == word(nameless)[0]["label"] == "middle"
    owned.refresh_from_db()
    assert owned.split == Split.GOLD


def test_a_row_says_how_many_pictures_and_labels_a_class_has(dataset, alice, add_images, django_assert_num_queries):
    (owned,) = add_images(1, MIDDLE, label=True)
    agreed, guessed, _ = add_images(3, 0)
    say(owned, 2, Source.MODEL)
    say(agreed, MIDDLE, Source.CROWD)
    say(guessed, MIDDLE, Source.MODEL)
    with django_assert_num_queries(2):
        rows = class_rows(dataset)
    assert [(row.label.name, row.pictures, row.labels) for row in rows] == [
        ("dark", 0, 0),
        ("middle", 3, 2),
        ("light", 0, 0),
    ]


def post(client, door: str, dataset, *index: int, **fields):
    return client.post(reverse(door, args=[dataset.pk, *index]), fields, follow=True)


def test_alice_adds_edits_removes_and_restores_on_the_page(client, dataset, alice, add_images):
    add_images(2, MIDDLE, label=True)
    client.force_login(alice)
    assert "one of the classes now" in post(client, "class_add", dataset, name="pitch", key="p").content.decode()
    assert post(client, "class_edit", dataset, 3, name="black", key="b").status_code == 200
    page = client.get(reverse("class_edit", args=[dataset.pk, MIDDLE])).content.decode()
    assert "2 labels</b> will no longer be learned from or judged by" in page
    page = post(client, "class_remove", dataset, MIDDLE).content.decode()
    assert "“middle” is removed" in page and reverse("class_restore", args=[dataset.pk, MIDDLE]) in page
    assert named(dataset) == [(0, "dark", "d"), (2, "light", "l"), (3, "black", "b")]
    assert "again" in post(client, "class_restore", dataset, MIDDLE).content.decode()
    assert len(named(dataset)) == 4


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(client, dataset, alice):
    client.force_login(alice)
    for name, index in (("class_add", ()), ("class_edit", (MIDDLE,))):
        page = post(client, name, dataset, *index, name="Dark", key="x").content.decode()
        assert "Two classes have the same name." in page and 'value="Dark"' in page
        page = post(client, name, dataset, *index, name="x" * 61).content.decode()
        assert "at most 60 characters" in page
    assert len(named(dataset)) == 3


def test_a_name_of_one_character_is_its_own_key(client, dataset, alice):
    client.force_login(alice)
    post(client, "class_add", dataset, name="7")
    assert named(dataset)[3] == (3, "7", "7")


def test_the_last_two_cannot_be_removed_on_the_page(client, dataset, alice):
    class_remove(label=middle(dataset), by=alice)
    client.force_login(alice)
    assert "two have to stay" in client.get(reverse("class_edit", args=[dataset.pk, 0])).content.decode()
    assert "At least two classes" in post(client, "class_remove", dataset, 0).content.decode()
    assert len(named(dataset)) == 2


def test_a_class_that_was_removed_has_no_page(client, dataset, alice):
    class_remove(label=middle(dataset), by=alice)
    client.force_login(alice)
    assert client.get(reverse("class_edit", args=[dataset.pk, MIDDLE])).status_code == 404
    assert post(client, "class_restore", dataset, 0).status_code == 404


def test_only_who_may_edit_the_data_set_changes_its_classes(client, dataset, bob, rita, ada):
    doors = [("class_add", ()), ("class_edit", (0,)), ("class_remove", (0,)), ("class_restore", (0,))]
    assert post(client, "class_add", dataset, name="x").redirect_chain[0][0].startswith(reverse("login"))
    for stranger in (bob, rita):
        client.force_login(stranger)
        assert [post(client, door, dataset, *index, name="x").status_code for door, index in doors] == [404] * 4
        assert client.get(reverse("class_edit", args=[dataset.pk, 0])).status_code == 404
    client.force_login(ada)
    assert post(client, "class_add", dataset, name="x").status_code == 200
    assert len(named(dataset)) == 4
