import re

from django.urls import reverse

from gallery.models import LabelClass, Tag
from gallery.services.datasets import dataset_create


def test_alice_names_one_picture_after_another_until_all_have_a_name(client, dataset, add_images, alice):
    add_images(3, 0)
    client.force_login(alice)
    page = client.get(reverse("dataset_label", args=[dataset.pk]))
    for _ in range(3):
        image = page.context["image"]
        following = re.search(r'name="next" value="([^"]+)"', page.content.decode())[1]
        answer = client.post(reverse("image_correct", args=[image.pk]), {"label": 1, "next": following})
        page = client.get(answer.url)
        assert page.context["last"] == image
        assert "“middle”" in page.content.decode()
    assert "Every picture has its name" in page.content.decode()
    assert Tag.objects.filter(source="owner", label__index=1).count() == 3


def test_a_skipped_picture_makes_room_for_another_one(client, dataset, add_images, alice):
    first, second = add_images(2, 0)
    client.force_login(alice)
    address = reverse("dataset_label", args=[dataset.pk])
    assert {client.get(address, {"skipped": first.pk}).context["image"] for _ in range(8)} == {second}


def test_the_last_picture_comes_back_when_it_is_skipped(client, dataset, add_images, alice):
    [image] = add_images(1, 0)
    client.force_login(alice)
    address = reverse("dataset_label", args=[dataset.pk])
    assert client.get(address, {"skipped": image.pk, "last": "x"}).context["image"] == image


def keys(client, alice, classes) -> list[str]:
    dataset = dataset_create(owner=alice, name="Keys", classes=classes)
    client.force_login(alice)
    choices = client.get(reverse("dataset_label", args=[dataset.pk])).context["choices"]
    assert [cls for cls, _ in choices] == list(LabelClass.objects.filter(dataset=dataset))
    return [key for _, key in choices]


def test_a_class_has_its_own_key_or_its_place(client, alice):
    assert keys(client, alice, [("cat", "c"), ("dog", ""), ("cow", "")]) == ["c", "2", "3"]


def test_a_key_never_means_two_classes(client, alice):
    assert keys(client, alice, [("two", "2"), ("other", ""), ("third", "")]) == ["2", "", "3"]


def test_the_tenth_class_without_a_key_is_clicked(client, alice):
    assert keys(client, alice, [(f"class {n}", "") for n in range(10)])[-2:] == ["9", ""]


def test_an_empty_data_set_asks_for_pictures_first(client, dataset, alice):
    client.force_login(alice)
    assert "Upload some first" in client.get(reverse("dataset_label", args=[dataset.pk])).content.decode()
