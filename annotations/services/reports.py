"""«Not fit to show»: the picture is withdrawn at once, and a reviewer has the last word."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.audit import audit
from accounts.models import User
from annotations.models import Annotator, Challenge, QueueItem, Report, ReportState
from annotations.selectors import faces_of
from annotations.services.issuing import challenges_close
from gallery.models import Image

MOST_OPEN = 5  # each takes a picture from everybody, until a reviewer has looked


class TooManyReports(ValueError):  # noqa: N818 - a state, not a fault
    """This person's reports wait for a reviewer; the message says so."""


@transaction.atomic
def report_make(*, image: Image, annotator: Annotator) -> Report:
    _check_few(image, annotator)
    report, _ = Report.objects.get_or_create(image=image, annotator=annotator, state=ReportState.OPEN)
    Image.objects.filter(pk=image.pk, withdrawn_at=None).update(withdrawn_at=timezone.now())
    QueueItem.objects.filter(image=image).delete()
    return report


def _check_few(image: Image, annotator: Annotator) -> None:
    """Of two reports that race, the person's row lets one through at a time."""
    Annotator.objects.select_for_update().get(pk=annotator.person_id)
    others = Report.objects.filter(annotator__in=faces_of(annotator), state=ReportState.OPEN).exclude(image=image)
    if others.count() >= MOST_OPEN:
        raise TooManyReports(gettext("You have reported five pictures; a reviewer looks at them first."))


@transaction.atomic
def report_tile(*, challenge: Challenge, position: int, annotator: Annotator) -> Report:
    """Report a tile by its place: the image's identity is not the solver's to know. It ends the challenge."""
    tile = challenge.tiles.select_related("image").get(position=position)
    challenges_close(Challenge.objects.filter(pk=challenge.pk))
    return report_make(image=tile.image, annotator=annotator)


@transaction.atomic
def report_decide(*, report: Report, uphold: bool, by: User) -> None:
    """Settles every open report of the picture. Of two reviewers who decide at once, the first has decided."""
    state = ReportState.UPHELD if uphold else ReportState.DISMISSED
    reports = Report.objects.filter(image=report.image_id, state=ReportState.OPEN)
    if not reports.update(state=state, decided_at=timezone.now()):
        return
    if not uphold:
        Image.objects.filter(pk=report.image_id).update(withdrawn_at=None)
    audit(by, "took out" if uphold else "put back", report.image)
