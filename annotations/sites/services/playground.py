"""What a site's owner tries out: the same answer as `siteverify` gives, asked without the secret, which nobody has."""

from datetime import timedelta

from django.utils import timezone

from annotations.sites.models import Site, Visit
from annotations.sites.services.redeeming import Fault, Redeemed, judged
from annotations.sites.tokens import Pass


def token_try(*, site: Site, token: str, lifetime: timedelta) -> Redeemed:
    """Take a token of this site, as `token_redeem` does for whoever has the secret."""
    if not token:
        return Redeemed(Fault.NO_RESPONSE)
    now = timezone.now()

    def take(said: Pass) -> int:
        if site.closed_at:
            return 0
        return Visit.objects.filter(pk=said.visit, site=site, redeemed_at=None).update(redeemed_at=now)

    return judged(token, late=now - lifetime, site=lambda: [] if site.closed_at else [(site.pk, site.key)], take=take)
