"""Hosts that showed a site's widget and aren't its own, remembered for a day: most often one that its owner forgot.

What a stranger's page says of itself is remembered here, so it is little, and only what can be a host's name.
"""

from django.core.cache import cache

from annotations.sites.hosts import BadHost, host_read
from annotations.sites.models import Site

MOST = 5
KEPT = 24 * 60 * 60  # seconds


def refusal_note(site: Site, hostname: str) -> None:
    try:
        name = host_read(hostname)
    except BadHost:
        return
    known = hosts_refused(site)
    if name not in known and len(known) < MOST:
        cache.set(_place(site), [*known, name], KEPT)


def hosts_refused(site: Site) -> list[str]:
    """In the order in which they came up. One that was added to the site's own meanwhile is not among them."""
    return [name for name in cache.get(_place(site)) or [] if name not in site.hosts]


def _place(site: Site) -> str:
    return f"sites-refused-{site.pk}"
