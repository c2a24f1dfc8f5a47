"""The keys that the vendors publish for tests: with them a page is tried out where nobody stands before it. They work
only where `TESSERA_TEST_KEYS` is set. Pure: no settings, no database."""

HCAPTCHA_SECRET = "0x" + "0" * 40
HCAPTCHA_TOKEN = "10000000-aaaa-bbbb-cccc-000000000001"
TURNSTILE_TOKEN = "XXXX.DUMMY.TOKEN.XXXX"
RECAPTCHA_SECRET = "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"
RECAPTCHA_TOKEN = "TEST.KEY.TOKEN"  # any other does too
NEVER = ""  # the token of a sitekey whose widget always fails

TOKENS = {
    "10000000-ffff-ffff-ffff-000000000001": HCAPTCHA_TOKEN,
    "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI": RECAPTCHA_TOKEN,
    "1x00000000000000000000AA": TURNSTILE_TOKEN,
    "1x00000000000000000000BB": TURNSTILE_TOKEN,
    "2x00000000000000000000AB": NEVER,
    "2x00000000000000000000BB": NEVER,
    "3x00000000000000000000FF": TURNSTILE_TOKEN,  # which asks first
}
# A secret and the error that Turnstile's dummy token meets with it.
TURNSTILE_SECRETS = {
    "1x0000000000000000000000000000000AA": "",
    "2x0000000000000000000000000000000AA": "invalid-input-response",
    "3x0000000000000000000000000000000AA": "timeout-or-duplicate",
}
HOSTNAMES = {"hcaptcha": "dummy-key-pass", "recaptcha": "testkey.google.com", "turnstile": "example.com"}


def token_of(sitekey: str) -> str | None:
    """What its widget gives the page, or NEVER. None for a sitekey that isn't one of tests."""
    return TOKENS.get(sitekey)


def error_of(protocol: str, secret: str, token: str) -> str | None:
    """What `siteverify` objects to; empty where the token is taken. None where neither is one of tests."""
    return ERRORS[protocol](secret, token)


def _error_of_hcaptcha(secret: str, token: str) -> str | None:
    ours = [secret == HCAPTCHA_SECRET, token == HCAPTCHA_TOKEN]
    if not any(ours):
        return None
    return "" if all(ours) else "not-using-dummy-passcode"


def _error_of_turnstile(secret: str, token: str) -> str | None:
    """Its dummy token with a real secret is a token like any other that isn't one."""
    if secret not in TURNSTILE_SECRETS:
        return None
    return TURNSTILE_SECRETS[secret] or ("" if token == TURNSTILE_TOKEN else "invalid-input-response")


def _error_of_recaptcha(secret: str, token: str) -> str | None:
    """Whatever token there is."""
    return "" if secret == RECAPTCHA_SECRET else None


ERRORS = {"hcaptcha": _error_of_hcaptcha, "recaptcha": _error_of_recaptcha, "turnstile": _error_of_turnstile}
