import pytest

from annotations.models import Vote
from gallery.models import DataSet, Source


@pytest.fixture
def image(add_images):
    return add_images(1, 1)[0]


def correct(client, image, label):
    return client.post(f"/api/v1/images/{image.pk}/correction/", {"label": label})


@pytest.mark.parametrize("label", ["light", "Light", 2])
def test_in_ones_own_data_set_ones_word_holds(image, alice, api, label):
    got = correct(api(alice), image, label)
    assert got.status_code == 201
    assert got.json() == {"image": image.pk, "label": "light", "counts_as": "truth"}
    assert image.tags.get(source=Source.OWNER).label.name == "light"


def test_in_anothers_it_is_a_vote(image, bob, api):
    assert correct(api(bob), image, "dark").json()["counts_as"] == "vote"
    vote = Vote.objects.get()
    assert (vote.image, vote.answer, vote.annotator) == (image, 0, bob.annotator)
    assert not image.tags.filter(source=Source.OWNER).exists()


@pytest.mark.parametrize("label", ["cat", 3, -1, True, None, [0], 1.5, ""])
def test_a_class_that_there_is_not_is_refused(image, alice, api, label):
    assert correct(api(alice), image, label).status_code == 400
    assert not image.tags.exists()


def test_a_visitor_cannot_and_a_stranger_does_not_find_it(image, dataset, bob, api):
    assert correct(api(), image, "dark").status_code == 401
    DataSet.objects.filter(pk=dataset.pk).update(visibility="private")
    assert correct(api(bob), image, "dark").status_code == 404
    assert not Vote.objects.exists()
