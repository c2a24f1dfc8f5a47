"""Why somebody is asked nothing, or an answer isn't taken; the message says it to them."""

from django.utils.translation import gettext

from annotations.challenges import patience, skipping
from annotations.spoken import spoken


class ChallengeGone(Exception):  # noqa: N818 - it tells what happened to the challenge
    """It was answered before, has expired, or was replaced: a challenge is good for one answer."""


class NoChallenge(Exception):  # noqa: N818
    """There is nothing to ask this person here; the message says why."""


class TooManyTries(NoChallenge):
    """They failed several challenges in a row; `seconds` are to be waited before the next."""

    def __init__(self, seconds: int) -> None:
        words = gettext("Several answers in a row didn't match. Take a break: you can go on in %(wait)s.")
        super().__init__(words % {"wait": spoken(patience.in_words(seconds))})
        self.seconds = seconds


class TooManySkips(TooManyTries):
    """They passed over too many lately. The challenge that they have stays open."""

    def __init__(self, seconds: int) -> None:
        words = gettext("You have passed over %(n)s in ten minutes. The next skip is in %(wait)s; answers are free.")
        NoChallenge.__init__(self, words % {"n": skipping.MOST, "wait": spoken(patience.in_words(seconds))})
        self.seconds = seconds
