"""The three ways of integrating the widget: what a page and a server have to name."""

from dataclasses import dataclass

from annotations.sites.protocols.dialect import Dialect
from annotations.sites.protocols.hcaptcha import HCAPTCHA
from annotations.sites.protocols.recaptcha import RECAPTCHA
from annotations.sites.protocols.turnstile import TURNSTILE


@dataclass(frozen=True)
class Way:
    """`markup`: the class of the element; `field`: what the form sends the token in."""

    dialect: Dialect
    title: str
    script: str
    verify: str
    markup: str
    field: str

    @property
    def keeps(self) -> int:
        """Seconds for which a token is good."""
        return round(self.dialect.lifetime.total_seconds())

    def snippet(self, server: str, sitekey: str) -> str:
        """The two lines for a page."""
        return (
            f'<script src="{server}{self.script}" async defer></script>\n'
            f'<div class="{self.markup}" data-sitekey="{sitekey}"></div>'
        )


USUAL = Way(HCAPTCHA, "hCaptcha", "/1/api.js", "/siteverify", "h-captcha", "h-captcha-response")
OTHERS = (
    Way(
        RECAPTCHA,
        "reCAPTCHA v2",
        "/recaptcha/api.js",
        "/recaptcha/api/siteverify",
        "g-recaptcha",
        "g-recaptcha-response",
    ),
    Way(
        TURNSTILE,
        "Turnstile",
        "/turnstile/v0/api.js",
        "/turnstile/v0/siteverify",
        "cf-turnstile",
        "cf-turnstile-response",
    ),
)
WAYS = {way.dialect.protocol.value: way for way in (USUAL, *OTHERS)}
