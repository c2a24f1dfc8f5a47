"""Sites through the API: their owner's, with the secret in one answer."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import User
from annotations.models import Campaign, Publication
from annotations.sites.models import Secret, Site
from annotations.sites.services.redeeming import Fault, token_redeem
from annotations.sites.services.sites import site_create
from gallery.models import DataSet
from tests.sites.passing import token_for, visited

SITES = "/api/v1/sites/"
SECRET = re.compile(r"0x[0-9a-f]{40}")
DOORS = [("get", ""), ("patch", ""), ("get", "figures/"), ("post", "secret/"), ("post", "close/"), ("post", "open/")]


@pytest.fixture
def api(db) -> Callable[..., APIClient]:
    def make(user: User | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.create(user=user)[1]}")
        return client

    return make


def fault(secret: str, site: Site) -> Fault | None:
    return token_redeem(secret=secret, token=token_for(site), lifetime=timedelta(seconds=120)).fault


@pytest.mark.parametrize(("method", "door"), DOORS)
def test_for_others_a_site_is_not_there(site: Site, api, alice, charlie, rita, ada, method, door) -> None:
    address = f"{SITES}{site.pk}/{door}"
    assert getattr(api(), method)(address).status_code == 401
    assert {getattr(api(person), method)(address).status_code for person in (alice, charlie, rita, ada)} == {404}
    site.refresh_from_db()
    assert site.closed_at is None and Secret.objects.count() == 1


def test_a_visitor_has_no_sites(api) -> None:
    assert api().get(SITES).status_code == api().post(SITES, {}).status_code == 401


def test_people_see_their_own_sites(site: Site, api, bob, charlie) -> None:
    assert [row["name"] for row in api(bob).get(SITES).json()["results"]] == ["A shop"]
    assert api(charlie).get(SITES).json()["results"] == []


def test_bob_registers_a_site_and_its_secret_stands_in_that_answer_alone(api, bob, published: DataSet) -> None:
    sent = {"name": "A shop", "hosts": ["https://Shop.example/", "*.shop.example"], "datasets": [published.pk]}
    response = api(bob).post(SITES, sent)
    assert response.status_code == 201 and response.headers["Cache-Control"] == "no-store"
    told = response.json()
    site = Site.objects.get()
    assert fault(told.pop("secret"), site) is None
    assert told == {
        "id": site.pk,
        "name": "A shop",
        "sitekey": str(site.key),
        "hosts": ["shop.example", "*.shop.example"],
        "datasets": [published.pk],
        "test_mode": False,
        "created_at": told["created_at"],
        "closed_at": None,
    }
    client, address = api(bob), f"{SITES}{site.pk}/"
    assert client.get(address).json() == told
    later = [client.get(SITES), client.get(address), client.get(address + "figures/"), client.patch(address, {})]
    later += [client.post(address + "close/"), client.post(address + "open/")]
    assert {answer.status_code for answer in later} == {200}
    assert not any(SECRET.search(answer.content.decode()) for answer in later)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"hosts": []}, "hosts"),
        ({"hosts": [" "]}, "hosts"),
        ({"hosts": ["not a host"]}, "hosts"),
        ({"hosts": "shop.example"}, "hosts"),
        ({"hosts": [{"a": 1}]}, "hosts"),
        ({"hosts": [f"a{n}.example" for n in range(51)]}, "hosts"),
        ({"datasets": [999]}, "datasets"),
        ({"datasets": [2**70]}, "datasets"),
        ({"datasets": "all"}, "datasets"),
        ({"test_mode": "perhaps"}, "test_mode"),
    ],
)
def test_what_makes_no_sense_is_said_by_field(site: Site, api, bob, sent, field) -> None:
    usual = {"name": "Another", "hosts": ["other.example"]}
    for response in (api(bob).post(SITES, usual | sent), api(bob).patch(f"{SITES}{site.pk}/", sent)):
        assert response.status_code == 400
        assert list(response.json()["errors"]) == [field]
    assert list(Site.objects.values_list("name", "hosts")) == [("A shop", ["shop.example"])]


def test_nobody_labels_what_they_may_not_ask_about(api, bob, alice, published: DataSet) -> None:
    Campaign.objects.update(publication=Publication.CLOSED)
    sent = {"name": "A shop", "hosts": ["shop.example"], "datasets": [published.pk]}
    assert f"id {published.pk}" in str(api(bob).post(SITES, sent).json()["errors"])
    assert api(alice).post(SITES, sent).status_code == 201, "her own"


def test_what_is_left_out_of_a_change_stays(site: Site, api, bob, published: DataSet) -> None:
    client, address = api(bob), f"{SITES}{site.pk}/"
    assert client.patch(address, {"name": "Shops"}).json()["hosts"] == ["shop.example"]
    assert client.patch(address, {"hosts": ["shop.test"]}).json()["name"] == "Shops"
    told = client.patch(address, {"test_mode": True}).json()
    assert (told["test_mode"], told["datasets"]) == (True, [published.pk])
    told = client.patch(address, {"datasets": [], "test_mode": False}).json()
    assert (told["test_mode"], told["datasets"], told["hosts"]) == (False, [], ["shop.test"])


def test_what_is_not_bobs_to_set_is_not_looked_at(site: Site, api, bob, charlie) -> None:
    sent = {"owner": charlie.pk, "sitekey": "x", "closed_at": "2020-01-01T00:00:00Z", "id": 99}
    told = api(bob).patch(f"{SITES}{site.pk}/", sent).json()
    assert (told["id"], told["sitekey"], told["closed_at"]) == (site.pk, str(site.key), None)
    assert Site.objects.get().owner == bob


def test_a_secret_is_replaced(api, bob) -> None:
    site, first = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    client, address = api(bob), f"{SITES}{site.pk}/secret/"
    response = client.post(address)
    assert response.status_code == 201 and response.headers["Cache-Control"] == "no-store"
    second = response.json()["secret"]
    assert [fault(secret, site) for secret in (first, second)] == [None, None]
    third = client.post(address, {"at_once": True}).json()["secret"]
    assert [fault(secret, site) for secret in (first, second, third)] == [Fault.BAD_SECRET, Fault.BAD_SECRET, None]
    assert client.post(address, {"at_once": "soon"}).status_code == 400


def test_a_site_is_closed_and_opened(site: Site, api, bob) -> None:
    client = api(bob)
    assert client.post(f"{SITES}{site.pk}/close/").json()["closed_at"]
    assert client.post(f"{SITES}{site.pk}/open/").json()["closed_at"] is None


def test_figures_are_those_of_thirty_days(site: Site, api, bob) -> None:
    visited(site, votes=7)
    visited(site, timedelta(days=3), votes=2)
    visited(site, passed=False, failed=1)
    visited(site, timedelta(days=31), votes=50)
    told = api(bob).get(f"{SITES}{site.pk}/figures/").json()
    days = told.pop("days")
    assert told == {"visits": 3, "answered": 3, "passed": 2, "pass_rate": 2 / 3, "labels": 9, "warnings": []}
    assert len(days) == 30 and [day["figures"]["labels"] for day in days if day["figures"]["visits"]] == [2, 7]
    assert days[-1]["figures"] == {"visits": 2, "answered": 2, "passed": 1, "pass_rate": 0.5, "labels": 7}


def test_a_list_of_many_sites_takes_no_more_queries(site: Site, api, bob) -> None:
    client = api(bob)

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(SITES).status_code == 200
        return len(seen)

    count()
    before = count()
    for n in range(5):
        site_create(owner=bob, name=f"Site {n}", hosts=[f"a{n}.example"], datasets=site.datasets.all())
    assert count() == before
