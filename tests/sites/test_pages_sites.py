"""A site's pages: for its owner alone, with the secret shown once."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from annotations.models import Campaign, Publication
from annotations.sites.models import Secret, Site
from annotations.sites.refusals import MOST, refusal_note
from annotations.sites.services.redeeming import Fault, token_redeem
from annotations.sites.services.sites import secret_rotate, site_close, site_create
from gallery.models import DataSet, Visibility
from tests.sites.passing import token_for, visited

SECRET = re.compile(r"0x[0-9a-f]{40}")
TWO_MINUTES = timedelta(seconds=120)
PAGES = ["site", "site_edit", "site_rotate", "site_playground"]
DEEDS = ["site_edit", "site_rotate", "site_close", "site_open", "site_test_mode", "site_playground"]


@pytest.fixture
def as_bob(client: Client, bob) -> Client:
    client.force_login(bob)
    return client


def page(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


def secrets_in(html: str) -> list[str]:
    return SECRET.findall(html)


def fault(secret: str, site: Site) -> Fault | None:
    return token_redeem(secret=secret, token=token_for(site), lifetime=TWO_MINUTES).fault


def register(client: Client, **fields: object):
    return client.post(reverse("site_create"), {"name": "A shop", "hosts": "shop.example", **fields})


# ── Who may not ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_for_anybody_but_its_owner_a_site_is_not_there(client, site: Site, alice, charlie, rita, ada) -> None:
    for person in (alice, charlie, rita, ada):
        client.force_login(person)
        assert {client.get(reverse(name, args=[site.pk])).status_code for name in PAGES} == {404}
        assert {client.post(reverse(name, args=[site.pk])).status_code for name in DEEDS} == {404}
        assert "A shop" not in page(client, "sites")
    assert Secret.objects.count() == 1


def test_a_visitor_is_asked_to_log_in(client, site: Site) -> None:
    addresses = [reverse("sites"), reverse("site_create"), *(reverse(name, args=[site.pk]) for name in PAGES)]
    for address in addresses:
        assert client.get(address).url == f"{reverse('login')}?next={address}"


def test_what_changes_a_site_is_never_done_by_looking(as_bob, site: Site) -> None:
    for name in ("site_close", "site_open", "site_test_mode"):
        assert as_bob.get(reverse(name, args=[site.pk])).status_code == 405
    page(as_bob, "site_rotate", site.pk)
    assert Secret.objects.count() == 1


# ── Registering ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_has_no_site_is_told_what_one_is(as_bob) -> None:
    html = page(as_bob, "sites")
    assert "No site yet" in html and reverse("site_create") in html


def test_bob_registers_a_site_and_sees_its_secret_once(as_bob, bob, published: DataSet) -> None:
    response = register(
        as_bob, hosts="https://Shop.example/cart\n\n*.shop.example\nshop.example", datasets=published.pk
    )
    site = Site.objects.get()
    assert (site.owner, site.name, site.hosts) == (bob, "A shop", ["shop.example", "*.shop.example"])
    assert list(site.datasets.all()) == [published]
    [secret] = set(secrets_in(response.content.decode()))
    assert fault(secret, site) is None
    assert "no-store" in response.headers["Cache-Control"]
    for name in PAGES:
        assert not secrets_in(page(as_bob, name, site.pk))
    assert not secrets_in(str(dict(as_bob.session)))


def test_no_secret_is_written_into_the_log(as_bob, bob) -> None:
    register(as_bob)
    as_bob.post(reverse("site_rotate", args=[Site.objects.get().pk]), {"when": "at once"})
    entries = list(AuditEntry.objects.values("actor", "verb", "subject", "detail"))
    assert [(entry["verb"], entry["actor"]) for entry in entries] == [
        ("replaced the secret of", bob.pk),
        ("registered", bob.pk),
    ]
    assert not secrets_in(str(entries))


def test_what_is_no_host_is_named_by_its_line(as_bob) -> None:
    response = register(as_bob, hosts="shop.example\n\nnot a host\n-a.example")
    html = response.content.decode()
    assert response.status_code == 422
    assert "Line 3: “not a host”" in html and "Line 4: “-a.example”" in html and "Line 1" not in html
    assert not Site.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "This field is required"),
        ({"hosts": " \n "}, "Name at least one host"),
        ({"hosts": "\n".join(f"a{n}.example" for n in range(51))}, "50 hosts are the most"),
        ({"datasets": "999999"}, "can’t be asked about by you any more"),
        ({"datasets": "x"}, "is not a valid value"),
    ],
)
def test_a_form_that_makes_no_sense_says_what_to_do(as_bob, fields, words) -> None:
    response = register(as_bob, **fields)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Site.objects.exists()


def test_only_own_and_public_data_sets_are_offered(as_bob, alice, published: DataSet) -> None:
    assert "Shades (by Alice)" in page(as_bob, "site_create")
    Campaign.objects.update(publication=Publication.CLOSED)
    assert "Shades" not in page(as_bob, "site_create")
    assert register(as_bob, datasets=published.pk).status_code == 422
    published.visibility = Visibility.PRIVATE
    published.save()
    as_bob.force_login(alice)
    assert "Shades (yours)" in page(as_bob, "site_create")


# ── One site ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_shows_what_to_put_into_pages_and_what_came_of_it(as_bob, site: Site) -> None:
    visited(site, votes=7)
    visited(site, passed=False, failed=2)
    visited(site, passed=False)
    visited(site, timedelta(days=31), votes=100)
    html = page(as_bob, "site", site.pk)
    assert "http://testserver/1/api.js&quot; async defer" in html
    assert f"data-sitekey=&quot;{site.key}&quot;" in html
    for address in ("/siteverify", "/recaptcha/api/siteverify", "/turnstile/v0/siteverify"):
        assert f"curl http://testserver{address} " in html
    figures = re.findall(r"<dt>([\w ]+)</dt><dd>([^<]*)</dd>", html)
    assert [(name, figure.strip()) for name, figure in figures[:4]] == [
        ("Visits", "3"),
        ("Passed", "1"),
        ("Pass rate", "50%"),
        ("Labels earned", "7"),
    ]
    assert "7 labels and 1 passed in 30 days" in html
    assert html.count('<th scope="row"><time') == 30
    assert 'href="' + reverse("dataset", args=[site.datasets.get().pk]) in html


def test_a_site_without_visits_shows_no_plot_and_no_rate(as_bob, site: Site) -> None:
    html = page(as_bob, "site", site.pk)
    assert "<svg viewBox" not in html and "nobody answered" in html


def test_all_is_well_without_a_warning(as_bob, site: Site) -> None:
    assert "notice-warning" not in page(as_bob, "site", site.pk)


def test_the_owner_is_warned_of_what_keeps_a_site_from_its_work(as_bob, site: Site, published: DataSet) -> None:
    def warned(words: str) -> bool:
        return words in page(as_bob, "site", site.pk)

    Campaign.objects.update(ended_at=timezone.now())
    assert warned("All that its data sets wanted to know is answered")
    Campaign.objects.update(ended_at=None, publication=Publication.CLOSED)
    assert warned("None of its data sets can be asked about now") and warned("Shades")
    published.visibility = Visibility.PRIVATE
    published.save()
    assert warned("One that is no longer public") and not warned("Shades")
    site.datasets.clear()
    assert warned("It has no data set")
    Site.objects.update(hosts=[])
    assert warned("No host may show it")
    site_close(site=site, by=site.owner)
    assert warned("It is closed")


def test_a_data_set_without_known_answers_checks_nobody(as_bob, bob, dataset: DataSet) -> None:
    Campaign.objects.update_or_create(dataset=dataset, defaults={"publication": Publication.APPROVED})
    site, _ = site_create(owner=bob, name="Empty", hosts=["shop.example"], datasets=[dataset])
    html = page(as_bob, "site", site.pk)
    assert "too few of its pictures have a known answer" in html and "None of its data sets" in html


def test_hosts_that_were_refused_are_told_and_strangers_cannot_fill_the_page(as_bob, site: Site) -> None:
    for name in ("www.shop.example", "www.shop.example", "<script>", *(f"a{n}.example" for n in range(20))):
        refusal_note(site, name)
    html = page(as_bob, "site", site.pk)
    assert f"www.shop.example, {', '.join(f'a{n}.example' for n in range(MOST - 1))}. Add those" in html
    as_bob.post(reverse("site_edit", args=[site.pk]), {"name": "A shop", "hosts": "shop.example\nwww.shop.example"})
    assert "www.shop.example, a0" not in page(as_bob, "site", site.pk)
    cache.clear()
    assert "refused there" not in page(as_bob, "site", site.pk)


def test_bob_changes_name_hosts_and_data_sets(as_bob, site: Site) -> None:
    html = page(as_bob, "site_edit", site.pk)
    assert 'value="A shop"' in html and "shop.example</textarea>" in html and " checked" in html
    fields = {"name": "Two shops", "hosts": "shop.example\nshop.test"}
    assert as_bob.post(reverse("site_edit", args=[site.pk]), fields).url == reverse("site", args=[site.pk])
    site.refresh_from_db()
    assert (site.name, site.hosts, site.datasets.count()) == ("Two shops", ["shop.example", "shop.test"], 0)
    assert AuditEntry.objects.first().detail == {"hosts": site.hosts, "before": ["shop.example"]}
    assert as_bob.post(reverse("site_edit", args=[site.pk]), {"name": "", "hosts": "?"}).status_code == 422


def test_a_secret_is_replaced_with_a_day_or_at_once(as_bob, bob) -> None:
    site, first = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    address = reverse("site_rotate", args=[site.pk])
    response = as_bob.post(address, {"when": "a day"})
    [second] = set(secrets_in(response.content.decode()))
    assert "no-store" in response.headers["Cache-Control"]
    assert [fault(secret, site) for secret in (first, second)] == [None, None]
    [third] = set(secrets_in(as_bob.post(address, {"when": "at once"}).content.decode()))
    assert [fault(secret, site) for secret in (first, second, third)] == [Fault.BAD_SECRET, Fault.BAD_SECRET, None]
    html = page(as_bob, "site", site.pk)
    assert html.count("worked until") == 2 and f"…{third[-4:]}" in html


def test_a_site_is_closed_and_opened_again_with_all_that_it_had(as_bob, site: Site) -> None:
    visited(site, votes=3)
    as_bob.post(reverse("site_close", args=[site.pk]))
    as_bob.post(reverse("site_close", args=[site.pk]))
    site.refresh_from_db()
    assert site.closed_at
    as_bob.post(reverse("site_open", args=[site.pk]))
    site.refresh_from_db()
    assert site.closed_at is None and site.visits.get().votes == 3
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["opened", "closed", "registered"]


def test_test_mode_goes_on_and_off(as_bob, site: Site) -> None:
    address = reverse("site_test_mode", args=[site.pk])
    as_bob.post(address, {"on": "yes"})
    assert Site.objects.get().test_mode and "Test mode is on" in page(as_bob, "site", site.pk)
    as_bob.post(address, {"on": "no"})
    assert not Site.objects.get().test_mode


# ── All of them ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_takes_as_many_queries_for_many_sites(as_bob, bob, site, django_assert_max_num_queries) -> None:
    visited(site)
    page(as_bob, "sites")
    for n in range(5):
        visited(site_create(owner=bob, name=f"Site {n}", hosts=[f"a{n}.example"])[0])
    with django_assert_max_num_queries(5):
        html = page(as_bob, "sites")
    assert html.count('scope="row"') == 6


def test_a_page_of_one_site_takes_as_many_queries_for_many_data_sets(
    as_bob, bob, site: Site, published: DataSet, django_assert_max_num_queries
) -> None:
    def count() -> None:
        with django_assert_max_num_queries(14):
            page(as_bob, "site", site.pk)

    count()
    for n in range(4):
        other = DataSet.objects.create(owner=bob, name=f"Mine {n}")
        site.datasets.add(other)
    secret_rotate(site=site)
    count()


# ── The back room ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_administrator_closes_a_site_that_does_harm_and_sees_no_secret(client, site: Site, ada) -> None:
    client.force_login(ada)
    address = reverse("admin:sites_site_changelist")
    client.post(address, {"action": "close", "_selected_action": [site.pk]})
    site.refresh_from_db()
    assert site.closed_at and AuditEntry.objects.first().actor == ada
    client.post(address, {"action": "open", "_selected_action": [site.pk]})
    site.refresh_from_db()
    assert site.closed_at is None
    visited(site)
    digest = site.secrets.get().digest
    for looked_at in (
        address,
        reverse("admin:sites_site_change", args=[site.pk]),
        reverse("admin:sites_visit_changelist"),
    ):
        html = client.get(looked_at).content.decode()
        assert "A shop" in html and digest not in html
