"""The classes of a data set through the API: dark, middle and light, with keys d, m and l."""

import pytest

from gallery.models import LabelClass


@pytest.fixture
def address(dataset) -> str:
    return f"/api/v1/datasets/{dataset.pk}/classes/"


def names(client, address) -> list[tuple[int, str]]:
    return [(row["index"], row["name"]) for row in client.get(address).json()]


def test_everybody_who_sees_the_data_set_reads_its_classes(dataset, address, api):
    assert names(api(), address) == [(0, "dark"), (1, "middle"), (2, "light")]


def test_its_owner_adds_renames_and_removes(dataset, address, alice, api):
    client = api(alice)
    got = client.post(address, {"name": "pitch", "key": "p"})
    assert (got.status_code, got.json()) == (201, {"index": 3, "name": "pitch", "key": "p"})
    got = client.patch(f"{address}3/", {"name": "black"})
    assert (got.status_code, got.json()) == (200, {"index": 3, "name": "black", "key": "p"})
    assert client.patch(f"{address}3/", {"key": ""}).json()["key"] == ""
    assert client.delete(f"{address}1/").status_code == 204
    assert names(client, address) == [(0, "dark"), (2, "light"), (3, "black")]


def test_a_removed_class_is_not_there_and_its_name_brings_it_back(dataset, address, alice, api):
    client = api(alice)
    client.delete(f"{address}1/")
    assert client.delete(f"{address}1/").status_code == client.patch(f"{address}1/", {"name": "x"}).status_code == 404
    assert client.get(f"/api/v1/datasets/{dataset.pk}/images/?label=middle").status_code == 400
    got = client.post(address, {"name": "Middle"})
    assert (got.status_code, got.json()) == (201, {"index": 1, "name": "Middle", "key": "m"})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"name": "Dark"}, "same name"),
        ({"name": "pitch", "key": "D"}, "same key"),
        ({"name": ""}, "blank"),
        ({"name": "x" * 61}, "60 characters"),
        ({"name": "x", "key": "xy"}, "1 character"),
        ({}, "required"),
    ],
)
def test_what_makes_no_sense_is_a_problem_in_words(dataset, address, alice, api, body, says):
    got = api(alice).post(address, body)
    assert (got.status_code, got["Content-Type"]) == (400, "application/problem+json")
    assert says in str(got.json())
    assert LabelClass.objects.count() == 3


def test_two_classes_stay(dataset, address, alice, api):
    client = api(alice)
    client.delete(f"{address}1/")
    got = client.delete(f"{address}0/")
    assert got.status_code == 400 and "At least two classes" in got.json()["detail"]


def test_a_number_that_no_class_can_have_is_not_there(dataset, address, alice, api):
    assert api(alice).delete(f"{address}{10**30}/").status_code == 404
