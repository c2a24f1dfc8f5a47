"""The playground: the widget on our own page, for the site's owner, and the raw answers."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.models import Annotator
from annotations.sites import sitekeys
from annotations.sites.models import Protocol, Site, Visit
from annotations.sites.risk import Risk
from annotations.sites.services.sites import site_create
from annotations.sites.services.visits import WrongHost, visit_begin
from annotations.sites.sitekeys import site_shown, word_of
from tests.sites.passing import token_for


@pytest.fixture
def as_bob(client: Client, bob) -> Client:
    client.force_login(bob)
    return client


def begin(site: Site, hostname: str) -> Visit:
    return visit_begin(
        site=site,
        hostname=hostname,
        annotator=Annotator.objects.create(),
        protocol=Protocol.HCAPTCHA,
        risk=Risk(bits=1, doubt=0.0),
    )


def answers(html: str) -> list[dict]:
    found = re.findall(r'aria-label="The answer, [^"]+"><code>(.*?)</code>', html, re.DOTALL)
    return [json.loads(unescape(text)) for text in found]


def test_a_sites_key_shows_it_on_its_own_hosts(site: Site) -> None:
    shown = site_shown(str(site.key).upper())
    assert shown == site
    assert begin(shown, "shop.example")
    with pytest.raises(WrongHost):
        begin(shown, "testserver")


def test_the_owners_word_shows_it_on_ours_and_nowhere_else(site: Site) -> None:
    shown = site_shown(word_of(site, "testserver"))
    assert begin(shown, "testserver").site == site
    for other in ("shop.example", "thief.example"):
        with pytest.raises(WrongHost):
            begin(shown, other)
    site.refresh_from_db()
    assert site.hosts == ["shop.example"]


def test_a_word_is_good_for_an_hour_and_for_one_site(site: Site, bob, monkeypatch) -> None:
    other, _ = site_create(owner=bob, name="Another", hosts=["other.example"])
    word = word_of(site, "testserver")
    assert site_shown(word_of(other, "testserver")) == other
    forged = signing.dumps([site.pk, "thief.example"], salt="another")
    assert [site_shown(bad) for bad in (word[:-1], word + "A", forged, "a:b:c", "ü:\ud800:x")] == [None] * 5
    monkeypatch.setattr(sitekeys, "LASTS", -1)
    assert site_shown(word) is None


@pytest.mark.parametrize("junk", ["", "x", "{", "10000000-ffff-ffff-ffff-000000000001", "\x00", "é" * 36])
def test_what_is_no_key_shows_nothing(db, junk: str) -> None:
    assert site_shown(junk) is None


def test_the_page_carries_the_word_in_place_of_the_key(as_bob, site: Site) -> None:
    html = as_bob.get(reverse("site_playground", args=[site.pk])).content.decode()
    [word] = re.findall(r'class="h-captcha" data-sitekey="([^"]+)"', html)
    assert site_shown(word).hosts == ["testserver"]
    assert '<script src="/1/api.js" async defer>' in html
    assert str(site.key) not in html


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("protocol=turnstile&theme=dark&size=compact&hl=de", ['class="cf-turnstile"', 'data-theme="dark"']),
        ("protocol=recaptcha&size=invisible", ['class="g-recaptcha"', 'data-size="invisible"']),
        ("protocol=nonsense&theme=x&hl=xx", ['class="h-captcha"', 'data-theme="light" data-size="normal"']),
    ],
)
def test_bob_chooses_how_it_is_shown(as_bob, site: Site, query: str, parts: list[str]) -> None:
    html = as_bob.get(f"{reverse('site_playground', args=[site.pk])}?{query}").content.decode()
    assert all(part in html for part in parts)
    assert ("/turnstile/v0/api.js?hl=de" in html) is ("hl=de" in query)


@pytest.mark.parametrize("protocol", ["hcaptcha", "recaptcha", "turnstile"])
def test_a_token_is_taken_once_and_told_in_every_protocols_words(as_bob, site: Site, protocol: str) -> None:
    address = f"{reverse('site_playground', args=[site.pk])}?protocol={protocol}"
    field = {"hcaptcha": "h-captcha-response", "recaptcha": "g-recaptcha-response"}.get(
        protocol, f"cf-{protocol}-response"
    )
    token = token_for(site)
    first = answers(as_bob.post(address, {field: token}).content.decode())
    assert [answer["success"] for answer in first] == [True] * 3
    assert [answer["hostname"] for answer in first] == ["shop.example"] * 3
    assert (first[0]["credit"], first[2]["action"]) == (False, "")
    again = answers(as_bob.post(address, {field: token}).content.decode())
    assert [answer["error-codes"] for answer in again] == [
        ["already-seen-response"],
        ["timeout-or-duplicate"],
        ["timeout-or-duplicate"],
    ]


def test_a_token_that_is_none_or_old_or_anothers_is_refused(as_bob, site: Site, alice) -> None:
    other, _ = site_create(owner=alice, name="Hers", hosts=["hers.example"])
    hers = token_for(other)

    def code(token: str) -> str:
        html = as_bob.post(reverse("site_playground", args=[site.pk]), {"h-captcha-response": token}).content.decode()
        return answers(html)[0]["error-codes"][0]

    assert code("") == "missing-input-response"
    assert code("P1_x.y") == code(hers) == "invalid-input-response"
    assert code(token_for(site, timedelta(seconds=125))) == "expired-input-response"
    assert not Visit.objects.filter(redeemed_at__isnull=False).exists(), "hers is still good"
    Site.objects.filter(pk=site.pk).update(closed_at=timezone.now())
    assert code(token_for(site)) == "invalid-input-secret"
