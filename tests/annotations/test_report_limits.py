"""A report ends the challenge it was made from, and nobody takes a whole data set away by reporting."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotations.models import Annotator, Challenge, ChallengeState, QueueItem, Report
from annotations.services.issuing import challenge_issue
from annotations.services.reports import TooManyReports, report_decide, report_make, report_tile
from gallery.models import DataSet, Image

pytestmark = pytest.mark.django_db


def leased() -> int:
    return QueueItem.objects.filter(leased_until__gt=timezone.now()).count()


@pytest.fixture
def reported(dataset: DataSet, pictures, b: Annotator) -> list[Image]:
    """Five pictures that Bob has reported."""
    images = pictures(5, 0)
    for image in images:
        report_make(image=image, annotator=b)
    return images


def test_a_reported_challenge_is_over_and_its_other_unknowns_are_free(shades: DataSet, b: Annotator) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    assert leased()
    report_tile(challenge=challenge, position=0, annotator=b)
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.REPLACED
    assert not leased()


def test_a_late_report_frees_nothing_that_somebody_else_is_being_asked(shades: DataSet, b: Annotator) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    Challenge.objects.filter(pk=challenge.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    before = leased()
    known = challenge.tiles.exclude(truth=None).first()
    report_tile(challenge=challenge, position=known.position, annotator=b)
    assert leased() == before


def test_an_answered_challenge_keeps_its_verdict(shades: DataSet, solve, b: Annotator) -> None:
    challenge = solve(b)
    report_tile(challenge=challenge, position=0, annotator=b)
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.PASSED


def test_a_sixth_report_waits_for_a_reviewer(reported, pictures, b: Annotator, c: Annotator, rita) -> None:
    sixth = pictures(1, 0)[0]
    with pytest.raises(TooManyReports, match=r"^You have reported five pictures; a reviewer looks at them first\.$"):
        report_make(image=sixth, annotator=b)
    assert Image.objects.shown().filter(pk=sixth.pk).exists()
    assert report_make(image=sixth, annotator=c)
    report_decide(report=Report.objects.filter(annotator=b).first(), uphold=True, by=rita)
    assert report_make(image=sixth, annotator=b)


def test_the_same_report_again_is_no_sixth(reported, b: Annotator) -> None:
    assert report_make(image=reported[0], annotator=b) in Report.objects.all()
    assert Report.objects.count() == 5


def test_another_face_of_the_same_person_has_no_five_more(reported, pictures, b: Annotator) -> None:
    visitor = Annotator.objects.create(same_as=b)
    with pytest.raises(TooManyReports):
        report_make(image=pictures(1, 0)[0], annotator=visitor)


@pytest.fixture
def tired(published: DataSet, bob, b: Annotator) -> Callable[[], None]:
    """Bob has five open reports in the published data set."""
    for image in published.images.order_by("pk")[:5]:
        report_make(image=image, annotator=b)


def test_on_the_page_a_sixth_report_is_a_notice_and_the_challenge_stays(client, published, tired, bob) -> None:
    client.force_login(bob)
    client.get(reverse("solve"))
    challenge = Challenge.objects.latest("issued_at")
    response = client.post(reverse("solve_report", args=[challenge.pk]), {"position": 0})
    assert "You have reported five pictures" in response.content.decode()
    challenge.refresh_from_db()
    assert (challenge.state, Report.objects.count()) == (ChallengeState.OPEN, 5)


def test_on_a_pictures_page_a_sixth_report_is_a_notice(client, published, tired, bob) -> None:
    client.force_login(bob)
    image = Image.objects.shown().first()
    response = client.post(reverse("image_report", args=[image.pk]), follow=True)
    assert response.redirect_chain == [(reverse("image", args=[image.pk]), 302)]
    assert "You have reported five pictures" in response.content.decode()


def test_at_the_api_a_sixth_report_is_a_conflict(client, published, tired, bob) -> None:
    client.force_login(bob)
    challenges = f"/api/v1/datasets/{published.pk}/challenges/"
    given = client.post(challenges).json()["id"]
    response = client.post(f"{challenges}{given}/report/", {"position": 0})
    assert response.status_code == 409
    assert response.json()["detail"].startswith("You have reported five pictures")
