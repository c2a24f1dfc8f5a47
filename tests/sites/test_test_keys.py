"""The keys that the vendors publish for tests, where they are allowed and where they aren't."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from annotations.sites import test_keys
from annotations.sites.services.sites import site_create

from .verifying import PATHS, codes, verify

HCAPTCHA = {"secret": "0x" + "0" * 40, "response": "10000000-aaaa-bbbb-cccc-000000000001"}
DUMMY = "XXXX.DUMMY.TOKEN.XXXX"
TURNSTILE = {n: {"secret": f"{n}x{'0' * 31}AA", "response": DUMMY} for n in (1, 2, 3)}
RECAPTCHA = {"secret": "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe", "response": "TEST.KEY.TOKEN"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def allowed(db, settings) -> None:
    settings.TEST_KEYS = True


def test_hcaptchas_pass(allowed) -> None:
    answer = verify("hcaptcha", data=HCAPTCHA)
    assert answer.pop("challenge_ts").endswith("Z")
    assert answer == {"success": True, "hostname": "dummy-key-pass", "credit": False, "error-codes": []}


def test_hcaptchas_secret_and_token_go_together(allowed, bob) -> None:
    _, secret = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    assert codes("hcaptcha", HCAPTCHA | {"secret": secret}) == ["not-using-dummy-passcode"]
    assert codes("hcaptcha", HCAPTCHA | {"response": "P1_a.b"}) == ["not-using-dummy-passcode"]
    assert codes("hcaptcha", HCAPTCHA | {"response": ""}) == ["missing-input-response"]


def test_turnstiles_pass_fail_or_are_spent(allowed) -> None:
    answer = verify("turnstile", data=TURNSTILE[1])
    assert (answer["success"], answer["hostname"]) == (True, "example.com")
    assert codes("turnstile", TURNSTILE[2]) == ["invalid-input-response"]
    assert codes("turnstile", TURNSTILE[3]) == ["timeout-or-duplicate"]
    assert codes("turnstile", TURNSTILE[1] | {"response": "P1_a.b"}) == ["invalid-input-response"]


def test_turnstiles_dummy_token_is_none_to_a_real_secret(allowed, bob) -> None:
    _, secret = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    assert codes("turnstile", {"secret": secret, "response": DUMMY}) == ["invalid-input-response"]


def test_recaptchas_pass_with_any_token_and_with_none_they_do_not(allowed, bob) -> None:
    answer = verify("recaptcha", data=RECAPTCHA | {"response": "x"})
    assert (answer["success"], answer["hostname"], answer["error-codes"]) == (True, "testkey.google.com", [])
    assert codes("recaptcha", RECAPTCHA | {"response": ""}) == ["missing-input-response"]
    _, secret = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    assert codes("recaptcha", RECAPTCHA | {"secret": secret}) == ["invalid-input-response"]


OWN = [(HCAPTCHA, "hcaptcha"), (RECAPTCHA, "recaptcha"), (TURNSTILE[1], "turnstile")]


@pytest.mark.parametrize(("fields", "own"), OWN)
def test_one_vendors_are_none_of_anothers(allowed, fields: dict[str, str], own: str) -> None:
    assert [protocol for protocol in PATHS if codes(protocol, fields) == []] == [own]


@pytest.mark.parametrize("protocol", PATHS)
@pytest.mark.parametrize("fields", [HCAPTCHA, RECAPTCHA, *TURNSTILE.values()], ids=lambda fields: fields["secret"][:2])
def test_where_nobody_allows_them_they_are_wrong_secrets(db, protocol: str, fields: dict[str, str]) -> None:
    assert codes(protocol, fields) == ["invalid-input-secret"]


def test_nobody_has_allowed_them_by_default() -> None:
    asked = "from django.conf import settings; print(settings.TEST_KEYS)"
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "--command", asked]
    environment = {name: value for name, value in os.environ.items() if name != "TESSERA_TEST_KEYS"}
    for more, said in (({}, "False"), ({"TESSERA_TEST_KEYS": "1"}, "True")):
        done = subprocess.run(command, env=environment | more, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == said


def test_a_sitekey_of_tests_gives_the_token_that_its_secret_takes() -> None:
    assert test_keys.token_of("10000000-ffff-ffff-ffff-000000000001") == HCAPTCHA["response"]
    assert test_keys.token_of("6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI") == RECAPTCHA["response"]
    assert test_keys.token_of("1x00000000000000000000AA") == DUMMY
    assert test_keys.token_of("2x00000000000000000000AB") == test_keys.NEVER
    assert test_keys.token_of("10000000-ffff-ffff-ffff-000000000002") is None
