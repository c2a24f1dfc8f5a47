"""What a site's owner tries out: the same answer as `siteverify` gives, asked without the secret, which nobody has."""

from datetime import timedelta

from django.utils import timezone

from annotations.sites.models import Site, Visit
from annotations.sites.services.redeeming import Fault, Redeemed
from annotations.sites.tokens import BadToken, token_read


def token_try(*, site: Site, token: str, lifetime: timedelta) -> Redeemed:
    """Take a token of this site, as `token_redeem` does for whoever has the secret."""
    if not token:
        return Redeemed(Fault.NO_RESPONSE)
    try:
        said = token_read(token)
    except BadToken:
        return Redeemed(Fault.BAD_RESPONSE)
    now = timezone.now()
    if said.site != site.pk:
        return Redeemed(Fault.BAD_RESPONSE)
    if now - said.at > lifetime:
        return Redeemed(Fault.EXPIRED, said)
    taken = Visit.objects.filter(pk=said.visit, redeemed_at=None).update(redeemed_at=now)
    return Redeemed(None if taken else Fault.SEEN, said)
