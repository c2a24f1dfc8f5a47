"""The key by which a widget knows its visitor again. It lies in the widget's own storage on one site, and is of that
site alone."""

from uuid import UUID

from django.core import signing

from annotations.models import Annotator
from annotations.sites.models import Site

SALT = "annotations.sites.key"


def key_of(site: Site, annotator: Annotator) -> str:
    return signing.dumps([site.pk, annotator.key.hex], salt=SALT)


def annotator_of(site: Site, key: str) -> Annotator | None:
    """None for a key that isn't one, or is another site's: whoever it is, is a stranger here."""
    try:
        of, known = signing.loads(key, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return Annotator.objects.filter(key=UUID(known), user=None).first() if of == site.pk else None
