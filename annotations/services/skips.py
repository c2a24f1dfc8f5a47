"""Skips of one person, over all their faces and all data sets: rows of challenges, and nothing else, tell them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import DateTimeField, QuerySet
from django.utils import timezone

from annotations.challenges import skipping
from annotations.challenges.skipping import Ending
from annotations.models import Annotator, Challenge, ChallengeState
from annotations.services.streaks import GRADED
from gallery.prepared import Many, One, Prepared

WINDOW = timedelta(seconds=skipping.WINDOW)
LOOKED_AT = 200  # challenges at most, which nobody answers in ten minutes
LAST = Prepared(lambda several: _recent(several)[:1])
RECENT = Prepared(lambda several: _recent(several)[:LOOKED_AT])
ENDINGS: dict[str, Ending] = {ChallengeState.REPLACED: "skipped", ChallengeState.UNSURE: "unsure"}


def _recent(several: Many) -> QuerySet[Any, Any]:
    rows = Challenge.objects.filter(annotator__in=several("faces"), issued_at__gt=One("since", DateTimeField()))
    return rows.order_by("-issued_at").values_list("state", "issued_at")


def skips_wait(faces: Sequence[Annotator]) -> int:
    """Seconds until this person may pass over another challenge; 0 where they may now, or have answered the last."""
    now = timezone.now()
    asked: dict[str, Any] = {"faces": [face.pk for face in faces], "since": now - WINDOW}
    last = LAST.all(**asked)
    if not last or last[0][0] in GRADED:
        return 0
    rows = RECENT.all(**asked)
    closed = [(state, issued) for state, issued in reversed(rows) if state != ChallengeState.OPEN]
    endings = [(ENDINGS.get(state, "answered"), issued.timestamp()) for state, issued in closed]
    return skipping.seconds_left(skipping.counted(endings), now.timestamp())
