"""Who may begin a visit, what it takes of them, and what is remembered of how it went."""

from django.conf import settings
from django.utils import timezone

from annotations.challenges.share import KNOWN
from annotations.limits import BEGIN, FAILED, PASSED, VISITS, Door
from annotations.models import Annotator
from annotations.selectors_doubt import least_doubt_of
from annotations.services.counting import NETWORK, TooMany, count, counted, wait
from annotations.services.networks import network_key
from annotations.sites.models import Site, Visit
from annotations.sites.risk import QUICKEST, Risk, Signals, risk


def visitor_admit(*, site: Site, network: str, annotator: Annotator) -> Risk:
    """`network`: a keyed hash of where they come from. Raises TooMany.

    Somebody known on the site's data sets isn't counted with the strangers of their network.
    """
    doubt = least_doubt_of(annotator, site.datasets.all())
    counted(BEGIN, annotator=annotator.pk, network=network if doubt > KNOWN else "", site=site.pk)
    return risk(_signals(network, doubt, annotator))


def visit_counted(*, visit: Visit, door: Door) -> None:
    """Raises TooMany, but never to somebody known for what others of their network do."""
    try:
        counted(door, annotator=visit.annotator_id, network=visit.network)
    except TooMany as many:
        if many.side != NETWORK or least_doubt_of(visit.annotator, visit.site.datasets.all()) > KNOWN:
            raise
    counted(door, site=visit.site_id)


def visit_noted(*, visit: Visit, passed: bool) -> None:
    """What became of an answer. One that came quicker than anybody can look speaks against its network, even if it is
    right."""
    if visit.network and settings.NETWORK_LIMITS:
        wait(PASSED if passed and not _too_quick(visit) else FAILED, network_key(visit.network))


def _signals(network: str, doubt: float, annotator: Annotator) -> Signals:
    if not network or not settings.NETWORK_LIMITS:
        return Signals(doubt)
    visits, failed, passed = (count(window, network_key(network)) for window in (VISITS, FAILED, PASSED))
    new = doubt > KNOWN and not Visit.objects.filter(annotator=annotator).exists()
    return Signals(doubt, new, visits, failed, passed)


def _too_quick(visit: Visit) -> bool:
    challenge = visit.challenge
    return challenge is not None and (timezone.now() - challenge.issued_at).total_seconds() < QUICKEST
