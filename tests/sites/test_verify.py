"""`siteverify` as a site's server meets it: each error by its documented code, and never anything but 200 and JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.test import Client
from django.urls import resolve
from django.utils.dateparse import parse_datetime

from annotations.sites.middleware import VerifyMiddleware
from annotations.sites.models import Site
from annotations.sites.services.sites import site_create
from annotations.sites.services.test_tokens import token_for_tests
from annotations.sites.tokens import PREFIX, token_of, token_read
from annotations.sites.views import verify_fields

from .verifying import PATHS, SECONDS, codes, verify

every_protocol = pytest.mark.parametrize("protocol", PATHS)


@dataclass
class Shop:
    site: Site
    secret: str

    def token(self) -> str:
        return token_for_tests(site=self.site)


def shop_of(owner, host: str) -> Shop:
    site, secret = site_create(owner=owner, name=host, hosts=[host])
    site.test_mode = True
    site.save()
    return Shop(site, secret)


@pytest.fixture
def shop(bob) -> Shop:
    return shop_of(bob, "shop.example")


@pytest.fixture
def other(charlie) -> Shop:
    return shop_of(charlie, "other.example")


Sent = Callable[[Shop, Shop, str], dict[str, str]]


def replayed(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    fields = {"secret": shop.secret, "response": shop.token()}
    assert codes(protocol, fields) == []
    return fields


def expired(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    said = token_read(shop.token())
    late = replace(said, at=said.at - timedelta(seconds=SECONDS[protocol] + 1))
    return {"secret": shop.secret, "response": token_of(late)}


def of_another_site(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {"secret": shop.secret, "response": other.token()}


def wrong_secret(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {"secret": "0x" + "1" * 40, "response": shop.token()}


def truncated(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {"secret": shop.secret, "response": shop.token()[:-5]}


def oversized(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {"secret": shop.secret, "response": shop.token() + "A" * 5000}


def far_too_large(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {"secret": shop.secret, "response": shop.token() + "A" * verify_fields.MOST}


def forged(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    said = token_read(shop.token())
    signer = signing.Signer(key="guessed", sep=".", salt="annotations.sites.token")
    parts = [said.visit.hex, said.site, round(said.at.timestamp()), said.hostname, "", ""]
    return {"secret": shop.secret, "response": PREFIX + signer.sign_object(parts, compress=True)}


def no_token(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {"secret": shop.secret}


def empty_token(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {"secret": shop.secret, "response": ""}


def no_secret(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {"response": shop.token()}


def nothing(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {}


def junk_remoteip(shop: Shop, other: Shop, protocol: str) -> dict[str, str]:
    return {"secret": shop.secret, "response": shop.token(), "remoteip": "None"}


DUPLICATE = "timeout-or-duplicate"
# What is sent, then the code of hCaptcha, reCAPTCHA and Turnstile.
TABLE: list[tuple[Sent, str, str, str]] = [
    (replayed, "already-seen-response", DUPLICATE, DUPLICATE),
    (expired, "expired-input-response", DUPLICATE, DUPLICATE),
    (of_another_site, *["invalid-input-response"] * 3),
    (wrong_secret, *["invalid-input-secret"] * 3),
    (truncated, *["invalid-input-response"] * 3),
    (oversized, *["invalid-input-response"] * 3),
    (far_too_large, *["bad-request"] * 3),
    (forged, *["invalid-input-response"] * 3),
    (no_token, *["missing-input-response"] * 3),
    (empty_token, *["missing-input-response"] * 3),
    (no_secret, *["missing-input-secret"] * 3),
    (nothing, *["missing-input-secret"] * 3),
    (junk_remoteip, "", "", ""),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0].__name__)
def test_each_fault_has_its_documented_code(row, shop: Shop, other: Shop) -> None:
    sent, *documented = row
    for protocol, code in zip(PATHS, documented, strict=True):
        assert codes(protocol, sent(shop, other, protocol)) == ([code] if code else [])


@every_protocol
def test_a_pass_says_when_and_where(protocol: str, shop: Shop) -> None:
    said = replace(token_read(shop.token()), action="login", cdata="basket 7")
    answer = verify(protocol, data={"secret": shop.secret, "response": token_of(said)})
    more = {"hcaptcha": {"credit": False}, "recaptcha": {}, "turnstile": {"action": "login", "cdata": "basket 7"}}
    at = answer.pop("challenge_ts")
    assert at.endswith("Z") and parse_datetime(at) == said.at
    assert answer == {"success": True, "hostname": "shop.example", "error-codes": []} | more[protocol]


@every_protocol
def test_a_refusal_says_nothing_but_why(protocol: str, shop: Shop, other: Shop) -> None:
    answer = verify(protocol, data=of_another_site(shop, other, protocol))
    assert answer == {"success": False, "error-codes": ["invalid-input-response"]}


@every_protocol
def test_it_lasts_as_long_as_the_protocol_says(protocol: str, shop: Shop) -> None:
    said = token_read(shop.token())
    nearly = replace(said, at=said.at - timedelta(seconds=SECONDS[protocol] - 5))
    assert codes(protocol, {"secret": shop.secret, "response": token_of(nearly)}) == []


@every_protocol
def test_json_and_the_parts_of_a_form_are_read_too(protocol: str, shop: Shop) -> None:
    as_json = {"secret": shop.secret, "response": shop.token(), "remoteip": None, "sitekey": None}
    assert verify(protocol, data=as_json, content_type="application/json; charset=utf-8")["success"]
    form = f"secret={shop.secret}&response={shop.token()}&remoteip="
    assert verify(protocol, data=form, content_type="application/x-www-form-urlencoded")["success"]
    assert verify(protocol, data=f"secret={shop.secret}&response={shop.token()}", content_type="text/plain")["success"]
    assert verify(protocol, data={"secret": shop.secret, "response": shop.token()})["success"]  # in parts


def test_the_sitekey_must_be_the_sites_own_where_hcaptchas_clients_send_it(shop: Shop, other: Shop) -> None:
    fields = {"secret": shop.secret, "response": shop.token()}
    assert codes("hcaptcha", fields | {"sitekey": str(other.site.key)}) == ["sitekey-secret-mismatch"]
    assert codes("hcaptcha", fields | {"sitekey": str(shop.site.key)}) == []


def test_turnstiles_clients_may_ask_again_with_the_same_key(shop: Shop) -> None:
    fields = {"secret": shop.secret, "response": shop.token()}
    again = fields | {"idempotency_key": str(uuid4())}
    assert codes("turnstile", fields | {"idempotency_key": "7"}) == ["bad-request"]
    assert codes("turnstile", again) == codes("turnstile", again) == []
    assert codes("turnstile", fields | {"idempotency_key": str(uuid4())}) == [DUPLICATE]
    assert codes("turnstile", fields) == [DUPLICATE]


@every_protocol
@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "options"])
def test_another_method_is_a_bad_request(protocol: str, method: str, shop: Shop) -> None:
    assert verify(protocol, method=method)["error-codes"] == ["bad-request"]
    fields = {"secret": shop.secret, "response": shop.token()}
    assert verify(protocol, method="get", query_params=fields)["error-codes"] == ["bad-request"]


@every_protocol
def test_a_hosts_name_a_cookie_and_a_language_change_nothing(protocol: str, shop: Shop) -> None:
    """A site's server may know us by an inner name, and sends what its libraries like to send."""
    client = Client(headers={"host": "tessera.internal", "accept-language": "de", "cookie": "sessionid=x; csrftoken=y"})
    response = client.post(PATHS[protocol], {"secret": shop.secret, "response": shop.token()})
    assert (response.status_code, response.json()["success"]) == (200, True)
    assert "Vary" not in response.headers and not response.cookies


@every_protocol
def test_one_update_and_no_more(protocol: str, shop: Shop, django_assert_num_queries) -> None:
    fields = {"secret": shop.secret, "response": shop.token()}
    with django_assert_num_queries(1):
        assert codes(protocol, fields) == []


@every_protocol
def test_the_short_way_leads_where_the_site_map_does(protocol: str) -> None:
    assert VerifyMiddleware(AnonymousUser).views[PATHS[protocol]] is resolve(PATHS[protocol]).func
