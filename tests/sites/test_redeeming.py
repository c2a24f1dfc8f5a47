from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from annotations.models import Annotator
from annotations.sites.models import Protocol, Site, Visit
from annotations.sites.services.redeeming import Fault, token_redeem
from annotations.sites.services.sites import secret_rotate, site_close, site_create, site_open
from annotations.sites.tokens import LONGEST, BadToken, Pass, token_of, token_read

TWO_MINUTES = timedelta(seconds=120)


@pytest.fixture
def registered(alice) -> tuple[Site, str]:
    return site_create(owner=alice, name="A shop", hosts=["shop.example"])


def passed(site: Site, ago: timedelta = timedelta(0)) -> str:
    """The token of somebody who has passed there."""
    now = timezone.now() - ago
    visit = Visit.objects.create(
        site=site,
        annotator=Annotator.objects.create(),
        protocol=Protocol.HCAPTCHA,
        hostname="shop.example",
        bits=1,
        doubt=0,
        expires_at=now + timedelta(minutes=5),
        passed_at=now,
    )
    return token_of(Pass(visit.pk, site.pk, now, visit.hostname))


def fault(secret: str, token: str, **more) -> Fault | None:
    return token_redeem(secret=secret, token=token, lifetime=TWO_MINUTES, **more).fault


def test_a_token_is_taken_once(registered) -> None:
    site, secret = registered
    token = passed(site)
    first = token_redeem(secret=secret, token=token, lifetime=TWO_MINUTES)
    assert (first.fault, first.said.hostname) == (None, "shop.example")
    assert fault(secret, token) == Fault.SEEN
    assert Visit.objects.get().redeemed_at


def test_one_update_where_all_is_well(registered, django_assert_num_queries) -> None:
    site, secret = registered
    token = passed(site)
    with django_assert_num_queries(1):
        assert fault(secret, token) is None


def test_whoever_has_another_secret_does_not_use_it_up(registered, bob) -> None:
    site, secret = registered
    _, other = site_create(owner=bob, name="Another", hosts=["other.example"])
    token = passed(site)
    assert fault("0x" + "1" * 40, token) == Fault.BAD_SECRET
    assert fault(other, token) == Fault.BAD_RESPONSE
    assert fault(secret, token) is None


@pytest.mark.parametrize("broken", ["", "x", "P1_", "P1_abc.def", "P1_" + "a" * LONGEST, "10000000-aaaa", "P1_é.é"])
def test_what_is_no_token_is_not_taken(registered, broken: str) -> None:
    _, secret = registered
    assert fault(secret, broken) == (Fault.BAD_RESPONSE if broken else Fault.NO_RESPONSE)
    assert fault("", broken) == Fault.NO_SECRET


def test_every_letter_of_a_token_counts(registered) -> None:
    token = passed(registered[0])
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(BadToken):
            token_read(token[:place] + other + token[place + 1 :])
        with pytest.raises(BadToken):
            token_read(token[:place])


def test_a_token_lasts_as_long_as_its_protocol_says(registered) -> None:
    site, secret = registered
    late = passed(site, timedelta(seconds=125))
    assert fault(secret, late) == Fault.EXPIRED
    assert token_redeem(secret=secret, token=late, lifetime=timedelta(seconds=300)).fault is None


def test_the_sitekey_is_checked_where_it_is_given(registered, bob) -> None:
    site, secret = registered
    other, _ = site_create(owner=bob, name="Another", hosts=["other.example"])
    token = passed(site)
    assert fault(secret, token, sitekey=str(other.key)) == Fault.OTHER_SITEKEY
    assert fault(secret, token, sitekey="junk") == Fault.OTHER_SITEKEY
    assert fault(secret, token, sitekey=str(site.key).upper()) is None


def test_with_its_key_a_token_is_taken_again(registered) -> None:
    site, secret = registered
    token, key = passed(site), uuid4()
    assert fault(secret, token, idempotency_key=key) is None
    assert fault(secret, token, idempotency_key=key) is None
    assert fault(secret, token, idempotency_key=uuid4()) == Fault.SEEN
    assert fault(secret, token) == Fault.SEEN


def test_a_secret_that_is_replaced_works_for_a_day_more(registered) -> None:
    site, old = registered
    new = secret_rotate(site=site)
    assert fault(old, passed(site)) is None
    assert fault(new, passed(site)) is None
    site.secrets.exclude(expires_at=None).update(expires_at=timezone.now())
    assert fault(old, passed(site)) == Fault.BAD_SECRET


def test_the_secret_of_a_closed_site_lets_nobody_in(registered) -> None:
    site, secret = registered
    token = passed(site)
    site_close(site=site, by=site.owner)
    assert {fault(secret, token), fault(secret, "junk"), fault(secret, passed(site, TWO_MINUTES))} == {Fault.BAD_SECRET}
    site_open(site=site, by=site.owner)
    assert fault(secret, token) is None


def test_one_that_got_out_stops_at_once(registered) -> None:
    site, old = registered
    second = secret_rotate(site=site)
    third = secret_rotate(site=site, at_once=True)
    assert [fault(secret, passed(site)) for secret in (old, second, third)] == [
        Fault.BAD_SECRET,
        Fault.BAD_SECRET,
        None,
    ]


def test_no_secret_is_kept_in_clear(registered) -> None:
    site, secret = registered
    kept = str(list(site.secrets.values()))
    assert secret not in kept and secret.removeprefix("0x") not in kept
