"""Networks whose strangers ask too much, or fail again and again. One is known by a keyed hash alone
(`accounts.doors`)."""

from django.conf import settings
from django.utils.translation import gettext

from annotations.challenges import patience, share
from annotations.limits import ASK, FAILED, PASSED, PEOPLE, Window, excess
from annotations.models import Annotator
from annotations.selectors import published
from annotations.selectors_doubt import least_doubt_of
from annotations.services.counting import NETWORK, TooMany, count, counted, wait


def network_admit(*, network: str, annotator: Annotator, unseen: bool = False) -> None:
    """Before a challenge is asked for. Who drops the cookie with which they failed is a stranger again, and waits with
    all the strangers of their network; raises TooMany.

    Who is signed in, or has shown to be reliable, is let in. Nobody waits for others before questions that are
    `unseen`: these cost work or time already, and may be all that somebody can answer.
    """
    if not _counts(network, annotator):
        return
    try:
        counted(ASK, network=network)
        if not unseen:
            _back_off(network)
    except TooMany:
        if least_doubt_of(annotator, published()) > share.KNOWN:
            raise


def network_noted(*, network: str, annotator: Annotator, passed: bool | None) -> None:
    """What became of an answer from there. One without a verdict tells nothing."""
    if passed is not None and _counts(network, annotator):
        wait(PASSED if passed else FAILED, network_key(network))


def network_key(network: str) -> str:
    return f"{NETWORK}:{network}"


def _back_off(network: str) -> None:
    """One challenge for all of them in as long as somebody waits who failed a fifth as often."""
    key = network_key(network)
    failures = excess(count(FAILED, key), count(PASSED, key))
    pause = int(patience.pause(failures // PEOPLE))
    if pause and (seconds := wait(Window("back-off", 1, pause), key)):
        words = gettext(
            "Many answers from your network didn't match lately. You can go on in %(wait)s, or at once if you log in."
        )
        raise TooMany(seconds, NETWORK, words)


def _counts(network: str, annotator: Annotator) -> bool:
    signed_in = annotator.user_id or annotator.same_as_id
    return bool(settings.NETWORK_LIMITS and network and not signed_in)
