"""«Not fit to show»: the picture goes at once, a reviewer has the last word."""

import pytest

from accounts.models import AuditEntry
from annotations.models import QueueItem, Report, ReportState, Tile
from annotations.services import candidates
from annotations.services.issuing import challenge_issue
from annotations.services.reports import report_decide, report_make, report_tile
from gallery.models import DataSet, Image

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(dataset: DataSet, pictures) -> Image:
    image = pictures(1, 0)[0]
    QueueItem.objects.create(image=image, dataset=dataset)
    return image


def is_shown(image: Image) -> bool:
    return Image.objects.shown().filter(pk=image.pk).exists()


def test_a_report_withdraws_the_picture_at_once(dataset: DataSet, image: Image, b, c) -> None:
    report = report_make(image=image, annotator=b)
    assert report.state == ReportState.OPEN
    assert not is_shown(image)
    assert not QueueItem.objects.exists()
    assert candidates.unknowns(dataset, c, 9) == []


def test_reporting_twice_is_one_report(image: Image, b) -> None:
    first = report_make(image=image, annotator=b)
    image.refresh_from_db()
    withdrawn_at = image.withdrawn_at
    assert report_make(image=image, annotator=b) == first
    image.refresh_from_db()
    assert image.withdrawn_at == withdrawn_at


def test_a_tile_is_reported_by_its_place(shades: DataSet, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    report = report_tile(challenge=challenge, position=3, annotator=b)
    assert report.image == challenge.tiles.get(position=3).image
    with pytest.raises(Tile.DoesNotExist):
        report_tile(challenge=challenge, position=10, annotator=b)


def test_dismissing_puts_the_picture_back_and_settles_all_its_reports(dataset, image, b, c, rita) -> None:
    reports = [report_make(image=image, annotator=person) for person in (b, c)]
    report_decide(report=reports[0], uphold=False, by=rita)
    assert is_shown(image)
    assert set(Report.objects.values_list("state", flat=True)) == {ReportState.DISMISSED}
    assert not Report.objects.filter(decided_at=None).exists()
    assert [found.image_id for found in candidates.unknowns(dataset, c, 9)] == [image.pk]
    assert AuditEntry.objects.get().verb == "put back"


def test_upholding_keeps_the_picture_out(image: Image, b, rita) -> None:
    report_decide(report=report_make(image=image, annotator=b), uphold=True, by=rita)
    assert not is_shown(image)
    assert Report.objects.get().state == ReportState.UPHELD
    assert (AuditEntry.objects.get().actor, AuditEntry.objects.get().verb) == (rita, "took out")


def test_of_two_reviewers_who_decide_at_once_the_first_has_decided(image: Image, b, rita, ada) -> None:
    report = report_make(image=image, annotator=b)
    report_decide(report=report, uphold=True, by=rita)
    report_decide(report=report, uphold=False, by=ada)
    assert not is_shown(image)
    assert Report.objects.get().state == ReportState.UPHELD
    assert AuditEntry.objects.count() == 1


def test_what_was_put_back_can_be_reported_anew(image: Image, b, rita) -> None:
    report_decide(report=report_make(image=image, annotator=b), uphold=False, by=rita)
    report_make(image=image, annotator=b)
    assert not is_shown(image)
    assert Report.objects.count() == 2
