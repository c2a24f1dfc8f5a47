import pytest
from django.urls import reverse

from gallery.models import DataSet, Visibility
from gallery.services.datasets import dataset_create

NEW = {"name": "Cats", "description": "", "classes": "cat = c\ndog = d", "visibility": "private"}


def listed(client, **query) -> set[str]:
    response = client.get(reverse("datasets"), query)
    assert response.status_code == 200
    return {card.dataset.name for card in response.context["cards"]}


def make(owner, name, visibility=Visibility.PUBLIC, **fields) -> DataSet:
    return dataset_create(owner=owner, name=name, classes=[("cat", "c"), ("dog", "d")], visibility=visibility, **fields)


def test_everybody_sees_public_ones_and_alice_hers(client, dataset, alice, charlie, rita):
    make(alice, "Secret", Visibility.PRIVATE)
    assert listed(client) == {"Shades"}
    client.force_login(charlie)
    assert listed(client) == listed(client, whose="all") == {"Shades"}
    assert listed(client, whose="yours") == set()
    client.force_login(alice)
    assert listed(client) == {"Shades", "Secret"}
    assert listed(client, whose="public") == {"Shades"}
    client.force_login(rita)
    assert listed(client, whose="all") == {"Shades", "Secret"}


def test_a_search_finds_a_part_of_the_name_or_says_that_there_is_none(client, dataset):
    assert listed(client, q="shad") == {"Shades"}
    assert "Nothing is called “zebra”" in client.get(reverse("datasets"), {"q": "zebra"}).content.decode()


def test_an_empty_gallery_says_what_to_do_first(client, alice):
    assert "No public data sets yet" in client.get(reverse("datasets")).content.decode()
    client.force_login(alice)
    assert "Make the first" in client.get(reverse("datasets"), {"whose": "yours"}).content.decode()


def test_a_card_shows_four_pictures_and_how_many_are_named(client, dataset, add_images):
    add_images(3, 0, label=True)
    add_images(3, 1)
    [card] = client.get(reverse("datasets")).context["cards"]
    assert (card.progress.named, card.progress.images, card.progress.tiles) == (3, 6, [5])
    assert len(card.covers) == 4


def test_the_list_costs_the_same_with_many_data_sets(client, alice, add_images, django_assert_max_num_queries):
    add_images(5, 0)
    for number in range(20):
        make(alice, f"Set {number:02}")
    with django_assert_max_num_queries(5):
        response = client.get(reverse("datasets"), {"whose": "public"})
    assert len(response.context["cards"]) == 12
    assert len(client.get(reverse("datasets"), {"whose": "public", "page": 2}).context["cards"]) == 9


def test_bob_makes_a_data_set_and_goes_on_to_upload(client, bob):
    client.force_login(bob)
    response = client.post(reverse("dataset_create"), NEW)
    made = DataSet.objects.get(owner=bob)
    assert response.url == reverse("upload", args=[made.pk])
    assert list(made.classes.values_list("name", "key")) == [("cat", "c"), ("dog", "d")]
    assert not made.is_public


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("classes", "cat", "At least two classes"),
        ("classes", "cat\nCat", "same name"),
        ("classes", "cat = c\ncow = c", "same key"),
        ("classes", "cat = cc\ndog", "one character"),
        ("classes", f"{'x' * 61}\ndog", "longer than 60"),
        ("name", "", "required"),
        ("name", "shades", "of this name already"),
    ],
)
def test_a_data_set_that_makes_no_sense_is_sent_back_with_the_reason(client, dataset, alice, field, value, reason):
    client.force_login(alice)
    response = client.post(reverse("dataset_create"), NEW | {field: value})
    assert reason in str(response.context["form"].errors[field])
    assert DataSet.objects.count() == 1


def test_a_visitor_is_asked_to_log_in_first(client, dataset):
    for address in (
        reverse("dataset_create"),
        reverse("upload_choose"),
        reverse("my_datasets"),
        *(reverse(name, args=[dataset.pk]) for name in ("dataset_edit", "dataset_label", "dataset_export", "upload")),
    ):
        assert client.get(address).url == f"/login/?next={address}"


def test_upload_choose_offers_ones_own_and_what_is_open(client, dataset, alice, bob):
    make(bob, "Bobs", Visibility.PRIVATE)
    make(alice, "Open", open_for_contributions=True)
    client.force_login(bob)
    response = client.get(reverse("upload_choose"))
    assert [card.dataset.name for card in response.context["cards"]] == ["Bobs", "Open"]


def test_my_datasets_are_mine(client, dataset, alice, bob):
    client.force_login(alice)
    assert "Shades" in client.get(reverse("my_datasets")).content.decode()
    client.force_login(bob)
    assert "Shades" not in client.get(reverse("my_datasets")).content.decode()
