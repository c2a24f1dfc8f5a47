import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.challenges import sprite
from annotations.models import Campaign, Challenge, Consensus, ConsensusState, Publication
from annotations.selectors import campaign_read
from annotations.services.annotators import annotator_for
from annotations.services.issuing import challenge_issue
from annotations.services.pictures import challenge_picture
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Visibility
from gallery.services.classes import class_add
from gallery.services.datasets import dataset_create

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def as_alice(client: Client, alice) -> Client:
    client.force_login(alice)
    return client


def url(dataset: DataSet) -> str:
    return reverse("dataset_campaign", args=[dataset.pk])


def save(client: Client, dataset: DataSet, **rule: object):
    data = {"do": "save", "percent": 95, "minimum_trusted": 2, "cap": 7, "kinds": ["grid", "strip"], **rule}
    return client.post(url(dataset), data, headers=HTMX)


def test_a_stranger_reads_one_line_and_may_solve_what_is_published(client, published) -> None:
    html = client.get(url(published), headers=HTMX).content.decode()
    assert f"{reverse('solve')}?dataset={published.pk}" in html
    assert "<form" not in html


def test_a_stranger_reads_that_a_closed_data_set_is_not_asked_about(client, dataset) -> None:
    html = client.get(url(dataset), headers=HTMX).content.decode()
    assert "People are not asked" in html
    assert not Campaign.objects.exists()


def test_only_the_owner_changes_a_campaign(client, dataset, charlie) -> None:
    for person in (None, charlie):
        if person:
            client.force_login(person)
        assert save(client, dataset, cap=3).status_code == 404
        assert client.post(url(dataset), {"do": "request"}).status_code == 404
    DataSet.objects.update(visibility=Visibility.PRIVATE)
    assert client.get(url(dataset)).status_code == 404


def test_the_owner_asks_for_public_challenges_and_withdraws(as_alice, dataset) -> None:
    html = as_alice.post(url(dataset), {"do": "request"}, headers=HTMX).content.decode()
    assert "Waits for a reviewer" in html
    assert 'id="messages" aria-live="polite" hx-swap-oob="true"' in html
    assert Campaign.objects.get().publication == Publication.REQUESTED
    as_alice.post(url(dataset), {"do": "withdraw"}, headers=HTMX)
    assert Campaign.objects.get().publication == Publication.CLOSED


def test_a_private_data_set_is_told_to_become_public_first(as_alice, dataset) -> None:
    DataSet.objects.update(visibility=Visibility.PRIVATE)
    html = as_alice.post(url(dataset), {"do": "request"}, headers=HTMX).content.decode()
    assert "Make the data set public first" in html
    assert not Campaign.objects.exclude(publication=Publication.CLOSED).exists()


def test_a_new_rule_is_applied_to_what_people_have_said_already(as_alice, dataset, add_images, bob) -> None:
    (image,) = add_images(1, 0)
    vote_correct(image=image, label=dataset.classes.get(index=0), annotator=annotator_for(bob))
    assert Consensus.objects.get().state == ConsensusState.OPEN
    html = save(as_alice, dataset, minimum_trusted=0, cap=1).content.decode()
    assert "1 are contested (0 before)" in html
    assert Consensus.objects.get().state == ConsensusState.CONTESTED


@pytest.mark.parametrize(
    ("rule", "says"),
    [({"percent": 20}, "51"), ({"cap": 0}, "1"), ({"minimum_trusted": 9, "cap": 3}, "at least as often")],
)
def test_a_rule_that_makes_no_sense_is_refused_with_the_reason(as_alice, dataset, rule, says: str) -> None:
    response = save(as_alice, dataset, **rule)
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert says in response.content.decode()
    assert not Campaign.objects.exclude(cap=7, threshold=0.95, minimum_trusted=2).exists()


def test_without_scripts_the_owner_comes_back_to_the_data_set(as_alice, dataset) -> None:
    response = as_alice.post(url(dataset), {"do": "request"})
    assert response.url == reverse("dataset", args=[dataset.pk])


def test_the_owner_decides_whether_the_model_is_heard(as_alice, dataset):
    save(as_alice, dataset)
    assert not Campaign.objects.get(dataset=dataset).use_model
    save(as_alice, dataset, use_model="on")
    assert Campaign.objects.get(dataset=dataset).use_model


def test_the_owner_chooses_how_people_are_asked(as_alice, dataset):
    html = as_alice.get(url(dataset), headers=HTMX).content.decode()
    assert re.findall(r'name="kinds" value="(\S+)"[^>]* checked', html) == ["grid", "strip"]
    save(as_alice, dataset, kinds=["grid-4x4"])
    assert campaign_read(dataset).kinds == ["grid-4x4"]
    for nothing in ([], ["maze"]):
        assert save(as_alice, dataset, kinds=nothing).status_code == 422
    assert campaign_read(dataset).kinds == ["grid-4x4"]


def test_the_owner_says_whether_a_mirrored_picture_shows_the_same(as_alice, published, b, monkeypatch):
    mirrored = []
    monkeypatch.setattr(sprite, "render", lambda images, *, flip, **how: mirrored.append(flip) or b"")
    for said in (None, "on"):
        save(as_alice, published, **({"flips": said} if said else {}))
        challenge = challenge_issue(dataset=published, annotator=b)
        challenge_picture(Challenge.objects.get(pk=challenge.pk))
    assert mirrored == [False, True]


def test_kinds_that_cannot_be_asked_of_the_classes_are_refused_with_the_reason(as_alice, alice) -> None:
    many = dataset_create(owner=alice, name="Many", classes=[(f"class {i}", "") for i in range(41)])
    response = save(as_alice, many, kinds=["strip"], cap=9)
    assert response.status_code == 422
    assert "takes a key of its own for each class, or no more than 40 classes" in response.content.decode()
    assert campaign_read(many).cap == 7
    assert save(as_alice, many, kinds=["strip", "grid"]).status_code == 200


def test_where_the_classes_no_longer_fit_the_page_says_why_nobody_is_asked(as_alice, alice, published) -> None:
    save(as_alice, published, kinds=["strip"])
    assert "Yet nobody can be asked" not in as_alice.get(url(published), headers=HTMX).content.decode()
    for i in range(41):
        class_add(dataset=published, by=alice, name=f"class {i}", key="")
    html = as_alice.get(url(published), headers=HTMX).content.decode()
    assert "Yet nobody can be asked about these pictures. A strip takes a key" in html
    assert "Nothing can be asked here. A strip takes" in Client().get(reverse("solve")).content.decode()
    assert "People are not asked" in Client().get(url(published), headers=HTMX).content.decode()


def test_a_rule_can_be_saved_before_there_are_two_classes(as_alice, alice) -> None:
    bare = dataset_create(owner=alice, name="Bare", classes=[("only", ""), ("another", "")])
    bare.classes.filter(index=1).update(removed_at=timezone.now())
    assert save(as_alice, bare, cap=9).status_code == 200
