import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Campaign, Consensus, ConsensusState, Publication
from annotations.services.annotators import annotator_for
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Visibility

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def as_alice(client: Client, alice) -> Client:
    client.force_login(alice)
    return client


def url(dataset: DataSet) -> str:
    return reverse("dataset_campaign", args=[dataset.pk])


def save(client: Client, dataset: DataSet, **rule: int):
    data = {"do": "save", "percent": 95, "minimum_trusted": 2, "cap": 7, **rule}
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
