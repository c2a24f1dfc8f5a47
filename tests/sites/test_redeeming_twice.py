"""Two servers, or one that is asked twice, redeem one token at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from annotations.sites.services.redeeming import Fault, token_redeem
from annotations.sites.services.sites import site_create
from annotations.sites.services.test_tokens import token_for_tests

from .verifying import SECONDS

TOKENS = 50
LIFETIME = timedelta(seconds=SECONDS["hcaptcha"])


@pytest.mark.django_db(transaction=True)
def test_of_two_that_redeem_one_token_at_once_exactly_one_is_told_yes(bob) -> None:
    site, secret = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    site.test_mode = True
    tokens = [token_for_tests(site=site) for _ in range(TOKENS)]
    together = Barrier(2, timeout=30)

    def redeem(_: int) -> list[Fault | None]:
        found = []
        for token in tokens:
            together.wait()
            found.append(token_redeem(secret=secret, token=token, lifetime=LIFETIME).fault)
        connection.close()
        return found

    with ThreadPoolExecutor(2) as both:
        one, other = both.map(redeem, range(2))
    assert [{a, b} for a, b in zip(one, other, strict=True)] == [{None, Fault.SEEN}] * TOKENS
