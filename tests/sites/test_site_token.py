"""`manage.py site_token`: a token for an integrator's own tests."""

from __future__ import annotations

from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotations.models import Annotator
from annotations.sites.models import Site
from annotations.sites.services.sites import site_create
from annotations.sites.services.test_tokens import token_for_tests
from annotations.sites.tokens import token_read

from .verifying import PATHS, codes


@pytest.fixture
def registered(bob) -> tuple[Site, str]:
    site, secret = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    site.test_mode = True
    site.save()
    return site, secret


def token_printed(sitekey: object) -> str:
    out = StringIO()
    call_command("site_token", str(sitekey), stdout=out)
    [line] = out.getvalue().splitlines()
    return line


@pytest.mark.parametrize("protocol", PATHS)
def test_one_valid_token_a_time_in_every_protocol(protocol: str, registered) -> None:
    site, secret = registered
    token = token_printed(site.key)
    assert token != token_printed(site.key)
    assert codes(protocol, {"secret": secret, "response": token}) == []
    assert codes(protocol, {"secret": secret, "response": token}) != []


@pytest.mark.parametrize(
    ("hosts", "name"),
    [(["shop.example", "b.example"], "shop.example"), (["*.shop.example"], "test.shop.example"), ([], "localhost")],
)
def test_it_names_a_host_of_the_site(registered, hosts: list[str], name: str) -> None:
    site, _ = registered
    site.hosts = hosts
    assert token_read(token_for_tests(site=site)).hostname == name


def test_it_is_put_down_to_the_owner_and_nobody_else(registered, bob) -> None:
    site, _ = registered
    token_printed(site.key)
    token_printed(site.key)
    assert [annotator.user for annotator in Annotator.objects.all()] == [bob]


def refusal(sitekey: object) -> str:
    with pytest.raises(CommandError) as refused:
        token_printed(sitekey)
    return str(refused.value)


def test_not_without_test_mode_nor_for_a_closed_site(registered) -> None:
    site, _ = registered
    Site.objects.update(test_mode=False)
    assert refusal(site.key) == "The site “A shop” is not in test mode."
    Site.objects.update(test_mode=True, closed_at=timezone.now())
    assert refusal(site.key) == "The site “A shop” is closed."
    assert not site.visits.exists()


@pytest.mark.parametrize("sitekey", ["", "shop", UUID(int=7)])
def test_a_key_of_no_site_is_said_to_be_one(db, sitekey: object) -> None:
    assert refusal(sitekey) == f"There is no site with the key “{sitekey}”."
