"""The first click on a widget: whose it is, whether it may be shown there, and who stands before it."""

from dataclasses import dataclass

from django.db import transaction

from annotations.models import Annotator
from annotations.sites.keys import annotator_of, key_of
from annotations.sites.models import Site, Visit
from annotations.sites.services.admitting import visitor_admit
from annotations.sites.services.visits import visit_begin


@dataclass(frozen=True)
class Opened:
    """`key`: by which the widget's storage knows this visitor again."""

    visit: Visit
    key: str


@transaction.atomic
def visit_open(
    *, site: Site, hostname: str, key: str, network: str, protocol: str, action: str = "", cdata: str = ""
) -> Opened:
    """Begin a visit of whoever the key is of, or of a stranger. Raises WrongHost, and TooManyTries for too many from
    where they come; then nothing is left of it."""
    annotator = annotator_of(site, key) or Annotator.objects.create()
    risk = visitor_admit(site=site, network=network, annotator=annotator)
    visit = visit_begin(
        site=site,
        hostname=hostname,
        annotator=annotator,
        protocol=protocol,
        risk=risk,
        network=network,
        action=action,
        cdata=cdata,
    )
    return Opened(visit, key_of(site, annotator))
