import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from gallery.models import DataSet, Image


def upload(client, dataset, *files):
    return client.post(f"/api/v1/datasets/{dataset.pk}/images/", {"files": files}, format="multipart")


@pytest.fixture
def broken() -> SimpleUploadedFile:
    return SimpleUploadedFile("broken.png", b"\x89PNG\r\n\x1a\n nothing more", content_type="image/png")


def test_one_bad_file_never_costs_the_good_ones(dataset, alice, api, picture, broken):
    got = upload(api(alice), dataset, picture("a.png"), picture("b.png", (1, 2, 3)), picture("c.png"), broken)
    assert got.status_code == 201
    report = got.json()
    assert [row["name"] for row in report["accepted"]] == ["a.png", "b.png"]
    assert report["duplicates"] == [{"name": "c.png", "image": report["accepted"][0]["id"]}]
    assert [row["name"] for row in report["refused"]] == ["broken.png"]
    assert report["refused"][0]["reason"]


def test_what_is_there_already_is_no_fault(dataset, alice, api, picture):
    upload(api(alice), dataset, picture())
    got = upload(api(alice), dataset, picture("again.png"))
    assert got.status_code == 200
    assert got.json()["accepted"] == []


def test_when_every_file_is_refused_the_upload_is(dataset, alice, api, broken):
    got = upload(api(alice), dataset, broken, SimpleUploadedFile("empty.png", b""))
    assert got.status_code == 400
    assert [row["name"] for row in got.json()["refused"]] == ["broken.png", "empty.png"]
    assert got.json()["detail"] == "Every file was refused."


def test_an_upload_without_files_says_what_is_missing(dataset, alice, api):
    got = upload(api(alice), dataset)
    assert got.status_code == 400
    assert "files" in got.json()["errors"]


def test_too_many_files_at_once_are_a_problem_in_words(dataset, alice, api, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 1
    files = [SimpleUploadedFile(f"{n}.png", b"x") for n in range(2)]
    got = upload(api(alice), dataset, *files)
    assert got.status_code == 400
    assert got["Content-Type"] == "application/problem+json"


def test_others_contribute_only_where_it_is_open(dataset, bob, api, picture):
    assert upload(api(bob), dataset, picture()).status_code == 404
    assert upload(api(), dataset, picture()).status_code == 401
    assert not dataset.images.exists()
    DataSet.objects.filter(pk=dataset.pk).update(open_for_contributions=True)
    assert upload(api(bob), dataset, picture()).status_code == 201
    assert dataset.images.get().uploader == bob


def test_the_list_filters_by_split_and_by_the_word_that_counts(dataset, alice, add_images, api):
    gold, pool = add_images(2, 0, label=True), add_images(1, 1, split="pool")
    address = f"/api/v1/datasets/{dataset.pk}/images/"

    def ids(query):
        return {row["id"] for row in api(alice).get(address + query).json()["results"]}

    assert ids("?label=dark") == {image.pk for image in gold}
    assert ids("?label=light") == set()
    assert ids("?split=pool") == {image.pk for image in pool}
    assert api().get(address + "?label=cat").status_code == 400
    assert api(alice).get(address + "?split=none").status_code == 400


def test_the_splits_are_told_to_the_owner_and_reviewers_alone(dataset, alice, bob, rita, ada, add_images, api):
    """Who knows which pictures are gold knows which tiles of a challenge are controls."""
    [image] = add_images(1, 0, label=True)
    listed, shown = f"/api/v1/datasets/{dataset.pk}/images/", f"/api/v1/images/{image.pk}/"
    for user, told in ((None, None), (bob, None), (alice, "gold"), (rita, "gold"), (ada, "gold")):
        client = api(user)
        assert client.get(listed).json()["results"][0]["split"] == client.get(shown).json()["split"] == told
        filtered = client.get(listed + "?split=gold")
        assert filtered.status_code == (200 if told else 400)
        assert bool(filtered.json().get("errors", {}).get("split")) is not bool(told)


def test_the_answer_to_an_upload_tells_no_split(dataset, bob, api, picture):
    DataSet.objects.filter(pk=dataset.pk).update(open_for_contributions=True)
    assert set(upload(api(bob), dataset, picture()).json()["accepted"][0]) == {"id", "name"}


def test_a_list_takes_as_many_queries_for_seven_as_for_two(dataset, add_images, api, queries):
    address = f"/api/v1/datasets/{dataset.pk}/images/"
    add_images(2, 0, label=True)
    few = queries(api(), address)
    add_images(5, 1, label=True)
    assert queries(api(), address) == few


def test_an_image_tells_its_tags_and_whether_one_is_on_its_way(dataset, add_images, api):
    image = add_images(1, 2, label=True)[0]
    row = api().get(f"/api/v1/images/{image.pk}/").json()
    assert row["tags"] == [{"label": "light", "source": "owner", "confidence": 1.0, "version": None, "sure": True}]
    assert row["tagging"] == "waiting"
    assert "digest" not in row


def test_its_files_can_be_fetched_by_who_may_see_it(dataset, add_images, api):
    image = add_images(1, 2)[0]
    row = api().get(f"/api/v1/images/{image.pk}/").json()
    assert api().get(row["file"])["Content-Type"] == "image/png"
    assert api().get(row["thumbnail"])["Content-Type"] == "image/webp"
    DataSet.objects.filter(pk=dataset.pk).update(visibility="private")
    assert api().get(row["file"]).status_code == api().get(row["thumbnail"]).status_code == 404


def test_deleting_leaves_a_tombstone(dataset, alice, bob, add_images, api):
    image = add_images(1, 0)[0]
    address = f"/api/v1/images/{image.pk}/"
    assert api(bob).delete(address).status_code == 404
    assert api().delete(address).status_code == 401
    assert api(alice).delete(address).status_code == 204
    assert api(alice).get(address).status_code == 404
    assert Image.objects.get(pk=image.pk).deleted_at


def test_a_withdrawn_image_is_listed_for_its_owner_alone(dataset, alice, bob, add_images, api):
    image, _ = add_images(2, 0)
    Image.objects.filter(pk=image.pk).update(withdrawn_at=timezone.now())
    address = f"/api/v1/datasets/{dataset.pk}/images/"
    assert [api(user).get(address).json()["count"] for user in (None, bob, alice)] == [1, 1, 2]
    assert api(bob).get(f"/api/v1/images/{image.pk}/").status_code == 404
