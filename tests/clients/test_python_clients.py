"""Other people's clients for the three vendors, as they come from PyPI: they work, and say of a token what they say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest

from annotations.sites.services.test_tokens import token_for_tests

direct = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Client:
    """`errors`: what it says of a replayed token, a forged one, a wrong secret, and none at all."""

    shop: str
    path: str
    script: str
    style: str
    field: str
    errors: tuple[str, str, str, str]


HCAPTCHA = ("hCaptcha could not be verified.",) * 3 + ("Please prove you are a human.",)
TURNSTILE = ("Turnstile could not be verified.",) * 3 + ("Please prove you are a human.",)
FLASK = (
    "The response parameter is missing.",  # its word for whatever it has no other for
    "The response parameter is invalid or malformed.",
    "The secret parameter is invalid or malformed.",
    "The response parameter is missing.",
)
CLIENTS = [
    Client("django_shop.py", "/hcaptcha", "/1/api.js", "h-captcha", "h-captcha-response", HCAPTCHA),
    Client("django_shop.py", "/turnstile", "/turnstile/v0/api.js", "cf-turnstile", "cf-turnstile-response", TURNSTILE),
    Client("flask_shop.py", "/recaptcha", "/recaptcha/api.js", "g-recaptcha", "g-recaptcha-response", FLASK),
]
every_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.path.strip("/"))


def send(address: str, client: Client, **fields: str) -> dict[str, object]:
    body = urlencode({name.replace("_", "-"): value for name, value in fields.items()}).encode()
    with direct.open(address + client.path, body, timeout=10) as response:
        answer: dict[str, object] = json.loads(response.read())
    return answer


def posted(address: str, client: Client, token: str | None) -> tuple[object, object]:
    answer = send(address, client, **({} if token is None else {client.field: token}))
    return answer["taken"], answer["errors"]


@every_client
def test_a_form_is_taken_once_by_its_token(client: Client, registered, open_shop) -> None:
    site, secret = registered
    address = open_shop(client.shop, sitekey=site.key, secret=secret)
    replayed, forged, _, missing = client.errors
    token = token_for_tests(site=site)
    assert posted(address, client, token) == (True, [])
    assert posted(address, client, token) == (False, [replayed])
    assert posted(address, client, token_for_tests(site=site)[:-1]) == (False, [forged])
    assert posted(address, client, None) == (False, [missing])


@every_client
def test_a_shop_with_a_wrong_secret_takes_none(client: Client, registered, open_shop) -> None:
    site, secret = registered
    token = token_for_tests(site=site)
    wrong = open_shop(client.shop, sitekey=site.key, secret="0x" + "1" * 40)
    assert posted(wrong, client, token) == (False, [client.errors[2]])
    right = open_shop(client.shop, sitekey=site.key, secret=secret)
    assert posted(right, client, token) == (True, [])


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@every_client
def test_its_page_loads_our_script_alone(client: Client, registered, open_shop, live_server) -> None:
    site, secret = registered
    address = open_shop(client.shop, sitekey=site.key, secret=secret)
    tags = Tags()
    with direct.open(address + client.path, timeout=10) as response:
        tags.feed(response.read().decode())
    assert [attrs.get("src") for tag, attrs in tags.found if tag == "script"] == [live_server.url + client.script]
    [box] = [attrs for _, attrs in tags.found if attrs.get("class") == client.style]
    assert box["data-sitekey"] == str(site.key)
    assert secret not in str(tags.found)
