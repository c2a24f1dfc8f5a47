import pytest

from gallery.models import DataSet
from gallery.services.datasets import dataset_create

NEW = {"name": "Cats and dogs", "classes": [{"name": "cat", "key": "c"}, {"name": "dog"}]}


def test_the_list_shows_what_is_public_and_what_is_mine(dataset, secret, alice, bob, api):
    def names(client):
        return [row["name"] for row in client.get("/api/v1/datasets/").json()["results"]]

    assert names(api()) == names(api(bob)) == ["Shades"]
    assert names(api(alice)) == ["Secret", "Shades"]


def test_a_list_takes_as_many_queries_for_seven_as_for_two(dataset, secret, alice, api, queries):
    client = api(alice)
    few = queries(client, "/api/v1/datasets/")
    for n in range(5):
        dataset_create(owner=alice, name=f"Set {n}", classes=[("a", ""), ("b", "")])
    assert queries(client, "/api/v1/datasets/") == few


def test_pages_have_the_size_that_is_asked_for(dataset, secret, alice, api):
    page = api(alice).get("/api/v1/datasets/?page_size=1").json()
    assert (page["count"], len(page["results"])) == (2, 1)
    assert "page=2" in page["next"]


def test_making_a_data_set_makes_its_classes_in_order(alice, api):
    got = api(alice).post("/api/v1/datasets/", NEW)
    assert got.status_code == 201
    row = got.json()
    assert [(cls["index"], cls["name"], cls["key"]) for cls in row["classes"]] == [(0, "cat", "c"), (1, "dog", "")]
    assert (row["owner"], row["visibility"], row["images"]) == ("Alice", "private", 0)


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ([{"name": "cat"}], "At least two classes"),
        ([{"name": "cat"}, {"name": "Cat"}], "same name"),
        ([{"name": "cat", "key": "a"}, {"name": "dog", "key": "A"}], "same key"),
    ],
)
def test_classes_that_make_no_sense_are_refused_in_words(alice, api, classes, says):
    got = api(alice).post("/api/v1/datasets/", {**NEW, "classes": classes})
    assert got.status_code == 400
    assert got["Content-Type"] == "application/problem+json"
    assert says in got.json()["detail"]


def test_two_of_my_data_sets_cannot_have_one_name(dataset, secret, alice, api):
    client = api(alice)
    assert client.post("/api/v1/datasets/", {**NEW, "name": "shades"}).status_code == 400
    assert client.patch(f"/api/v1/datasets/{secret.pk}/", {"name": "Shades"}).status_code == 400
    assert DataSet.objects.count() == 2


def test_its_owner_changes_one_thing_and_leaves_the_rest(dataset, alice, api):
    got = api(alice).patch(f"/api/v1/datasets/{dataset.pk}/", {"open_for_contributions": True})
    assert got.status_code == 200
    assert (got.json()["open_for_contributions"], got.json()["name"]) == (True, "Shades")
    assert got.json()["visibility"] == "public"


def test_half_a_character_is_refused_and_breaks_nothing(dataset, alice, api):
    body = '{"visibility": "\\ud800"}'
    got = api(alice).patch(f"/api/v1/datasets/{dataset.pk}/", body, content_type="application/json")
    assert got.status_code == 400


def test_a_number_that_no_data_set_can_have_is_not_there(db, api):
    assert api().get(f"/api/v1/datasets/{10**30}/").status_code == 404
