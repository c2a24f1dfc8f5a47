"""«Not fit to show»: the picture is withdrawn at once, and a reviewer has the last word."""

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from annotations.models import Annotator, Challenge, QueueItem, Report, ReportState
from gallery.models import Image


@transaction.atomic
def report_make(*, image: Image, annotator: Annotator) -> Report:
    report, _ = Report.objects.get_or_create(image=image, annotator=annotator, state=ReportState.OPEN)
    Image.objects.filter(pk=image.pk, withdrawn_at=None).update(withdrawn_at=timezone.now())
    QueueItem.objects.filter(image=image).delete()
    return report


def report_tile(*, challenge: Challenge, position: int, annotator: Annotator) -> Report:
    """Report a tile by its place: the image's identity is not the solver's to know."""
    tile = challenge.tiles.select_related("image").get(position=position)
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
