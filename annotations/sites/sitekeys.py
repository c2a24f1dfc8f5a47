"""What stands in a page as `data-sitekey`: a site's key, or its owner's word for the playground.

The playground shows the widget on our own pages, which no site names among its hosts. So its page carries a word that
we have signed, in the key's place: for an hour it stands for the site, on our own host and on no other. Nobody gets one
but the owner, and nothing else about the visit differs.
"""

from uuid import UUID

from django.core import signing

from annotations.sites.models import Site

SALT = "annotations.sites.playground"
LASTS = 60 * 60  # seconds


def word_of(site: Site, host: str) -> str:
    return signing.dumps([site.pk, host], salt=SALT)


def site_shown(sitekey: str) -> Site | None:
    """The site that a page names, with the hosts that may show it; None where there is none."""
    return _by_word(sitekey) if ":" in sitekey else _by_key(sitekey)


def _by_key(sitekey: str) -> Site | None:
    try:
        return Site.objects.filter(key=UUID(sitekey)).first()
    except ValueError:
        return None


def _by_word(word: str) -> Site | None:
    try:
        pk, host = signing.loads(word, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError):
        return None
    site = Site.objects.filter(pk=pk).first()
    if site:
        site.hosts = [host]  # of this object alone: whoever looks up a site to show it never saves it
    return site
