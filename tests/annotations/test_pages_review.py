"""The review pages: for reviewers alone, with the evidence, and with nothing destroyed by a decision."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.audit import audit
from accounts.models import AuditEntry
from annotations.models import (
    Annotator,
    Campaign,
    Challenge,
    Decision,
    Flag,
    FlagState,
    Publication,
    Reliability,
    Report,
    ReportState,
    Verdict,
    Vote,
)
from annotations.services.answering import challenge_answer
from annotations.services.issuing import challenge_issue
from annotations.services.reports import report_make
from annotations.services.review import decision_make
from gallery.models import DataSet, Image, Visibility
from gallery.services.datasets import dataset_create

pytestmark = pytest.mark.django_db
TABS = ["review", "review_blocked", "review_datasets", "review_reports", "audit_log"]


@pytest.fixture
def as_rita(client: Client, rita) -> Client:
    client.force_login(rita)
    return client


@pytest.fixture
def visitor(db) -> Annotator:
    return Annotator.objects.create()


@pytest.fixture
def answered(published: DataSet, visitor: Annotator) -> Challenge:
    """A strip on which the visitor called everything dark."""
    challenge = challenge_issue(dataset=published, annotator=visitor, kind="strip")
    challenge_answer(challenge=challenge, annotator=visitor, raw="d" * 10)
    challenge.refresh_from_db()
    return challenge


def flag(dataset: DataSet) -> Flag:
    person = Annotator.objects.create()
    Reliability.objects.create(annotator=person, dataset=dataset, evidence=20, accuracy=0.3, low=0.15, high=0.5)
    return Flag.objects.create(annotator=person, dataset=dataset, reason="Right in 30% of 20 graded answers")


@pytest.mark.parametrize("name", TABS)
def test_only_reviewers_see_a_review_page(client, name: str, alice, rita, ada) -> None:
    assert client.get(reverse(name)).status_code == 404
    client.force_login(alice)
    assert client.get(reverse(name)).status_code == 404
    for person in (rita, ada):
        client.force_login(person)
        assert client.get(reverse(name)).status_code == 200


def test_only_reviewers_see_a_person_and_decide(client, visitor, alice) -> None:
    for person in (None, alice):
        if person:
            client.force_login(person)
        assert client.get(reverse("review_annotator", args=[visitor.pk])).status_code == 404
        assert client.post(reverse("review_decide", args=[visitor.pk]), {"verdict": "block"}).status_code == 404
    assert not Decision.objects.exists()


def test_a_flagged_person_is_listed_with_the_reason_and_the_interval(as_rita, dataset) -> None:
    raised = flag(dataset)
    html = as_rita.get(reverse("review")).content.decode()
    assert raised.reason in html
    assert 'x="15%" width="35%"' in html
    assert reverse("review_annotator", args=[raised.annotator_id]) in html


def test_who_was_judged_is_no_longer_listed(as_rita, dataset) -> None:
    raised = flag(dataset)
    Flag.objects.update(state=FlagState.CLEARED)
    assert raised.reason not in as_rita.get(reverse("review")).content.decode()


def test_the_evidence_shows_each_control_with_the_answer_and_the_truth_in_words(as_rita, answered, visitor) -> None:
    Challenge.objects.filter(pk=answered.pk).update(issued_at=answered.answered_at - timedelta(seconds=7))
    html = as_rita.get(reverse("review_annotator", args=[visitor.pk])).content.decode()
    controls = answered.controlanswers.select_related("image")
    assert html.count("What is it? <b>dark</b>") == controls.count()
    assert html.count("<b>Wrong</b>") == controls.filter(correct=False).count()
    assert html.count("<b>Right</b>") == controls.filter(correct=True).count()
    for control in controls:
        assert reverse("image_thumbnail", args=[control.image_id]) in html
        assert f"It is {['dark', 'middle', 'light'][control.truth]}" in html
    votes = Vote.objects.count()
    assert f"They gave {votes} vote" in html
    assert "Expected counts" in html
    assert "half took under 7.0" in html


def test_a_block_says_how_many_images_changed_and_a_reinstatement_brings_them_back(
    as_rita, answered, visitor, rita
) -> None:
    votes = Vote.objects.count()
    url = reverse("review_decide", args=[visitor.pk])
    html = as_rita.post(url, {"verdict": "block", "note": "all dark"}, follow=True).content.decode()
    assert f"Blocked {visitor}. {votes} image" in html
    assert "“all dark”" in html
    assert "all dark" in as_rita.get(reverse("review_blocked")).content.decode()
    html = as_rita.post(url, {"verdict": "reinstate"}, follow=True).content.decode()
    assert f"Reinstated {visitor}. {votes} image" in html
    assert Vote.objects.count() == votes
    assert list(Decision.objects.values_list("verdict", "decided_by")) == [("reinstate", rita.pk), ("block", rita.pk)]


@pytest.mark.parametrize("data", [{}, {"verdict": "hang"}, {"verdict": "block", "note": "x" * 501}])
def test_a_decision_that_makes_no_sense_changes_nothing(as_rita, visitor, data) -> None:
    html = as_rita.post(reverse("review_decide", args=[visitor.pk]), data, follow=True).content.decode()
    assert "Nothing was decided" in html
    assert not Decision.objects.exists()


def test_nobody_judges_themselves(as_rita, rita) -> None:
    own = Annotator.objects.create(user=rita)
    html = as_rita.post(reverse("review_decide", args=[own.pk]), {"verdict": "clear"}, follow=True).content.decode()
    assert "another reviewer" in html
    assert not Decision.objects.exists()


def test_a_face_leads_to_its_person(as_rita, visitor, bob) -> None:
    person = Annotator.objects.create(user=bob)
    Annotator.objects.filter(pk=visitor.pk).update(same_as=person)
    html = as_rita.get(reverse("review_annotator", args=[visitor.pk])).content.decode()
    assert "<h1>Bob</h1>" in html
    assert "under 2 names" in html


def ask_publication(dataset: DataSet) -> None:
    Campaign.objects.update_or_create(dataset=dataset, defaults={"publication": Publication.REQUESTED})


def test_a_reviewer_sees_a_sample_and_approves(as_rita, dataset, add_images) -> None:
    images = add_images(30, 0)
    Image.objects.filter(pk=images[0].pk).update(withdrawn_at=timezone.now())
    ask_publication(dataset)
    html = as_rita.get(reverse("review_datasets")).content.decode()
    assert html.count("/thumbnail") == 24
    assert reverse("image_thumbnail", args=[images[0].pk]) not in html
    as_rita.post(reverse("review_dataset_decide", args=[dataset.pk]), {"verdict": "yes"})
    assert Campaign.objects.get(dataset=dataset).publication == Publication.APPROVED
    again = as_rita.post(reverse("review_dataset_decide", args=[dataset.pk]), {"verdict": "no"}, follow=True)
    assert "has not asked" in again.content.decode()


def test_a_refused_data_set_stays_out(as_rita, dataset) -> None:
    ask_publication(dataset)
    as_rita.post(reverse("review_dataset_decide", args=[dataset.pk]), {"verdict": "no"})
    assert Campaign.objects.get(dataset=dataset).publication == Publication.REFUSED


def test_an_owner_cannot_approve_their_own_data_set(client, dataset, alice) -> None:
    ask_publication(dataset)
    client.force_login(alice)
    assert client.post(reverse("review_dataset_decide", args=[dataset.pk]), {"verdict": "yes"}).status_code == 404
    assert Campaign.objects.get(dataset=dataset).publication == Publication.REQUESTED


@pytest.mark.parametrize(("verdict", "stays_out"), [("yes", True), ("no", False)])
def test_a_reported_picture_is_listed_once_and_decided(
    as_rita, add_images, visitor, verdict: str, stays_out: bool
) -> None:
    (image,) = add_images(1, 0)
    report_make(image=image, annotator=visitor)
    report = report_make(image=image, annotator=Annotator.objects.create())
    html = as_rita.get(reverse("review_reports")).content.decode()
    assert html.count(reverse("image_thumbnail", args=[image.pk])) == 1
    assert "Reported 2 times" in html
    as_rita.post(reverse("review_report_decide", args=[report.pk]), {"verdict": verdict})
    image.refresh_from_db()
    assert bool(image.withdrawn_at) is stays_out
    assert not Report.objects.filter(state=ReportState.OPEN).exists()


def test_a_stranger_cannot_put_a_picture_back(client, add_images, visitor, charlie) -> None:
    (image,) = add_images(1, 0)
    report = report_make(image=image, annotator=visitor)
    client.force_login(charlie)
    assert client.post(reverse("review_report_decide", args=[report.pk]), {"verdict": "no"}).status_code == 404
    image.refresh_from_db()
    assert image.withdrawn_at


def test_the_log_comes_in_pages(as_rita, rita) -> None:
    for number in range(60):
        audit(rita, "tried", f"thing {number}", note="because")
    first = as_rita.get(reverse("audit_log")).content.decode()
    assert "thing 59" in first
    assert "1–50 of 60" in first
    assert "thing 0<" in as_rita.get(reverse("audit_log"), {"page": 2}).content.decode()
    assert AuditEntry.objects.count() == 60


# ── A list takes as many queries with many rows as with few ──────────────────────────────────────────────────────────


def grow_flags(dataset: DataSet, n: int) -> None:
    flag(dataset)


def grow_blocked(dataset: DataSet, n: int) -> None:
    rita = dataset.owner
    decision_make(annotator=Annotator.objects.create(), verdict=Verdict.BLOCK, by=rita, note="guesses")


def grow_datasets(dataset: DataSet, n: int) -> None:
    classes = [("a", "a"), ("b", "b")]
    ask_publication(
        dataset_create(owner=dataset.owner, name=f"More {n}", classes=classes, visibility=Visibility.PUBLIC)
    )


def grow_reports(dataset: DataSet, n: int) -> None:
    image = Image.objects.create(
        dataset=dataset, uploader=dataset.owner, name="a.png", width=1, height=1, digest=str(n), thumbnail="a.webp"
    )
    report_make(image=image, annotator=Annotator.objects.create())


def grow_log(dataset: DataSet, n: int) -> None:
    audit(dataset.owner, "tried", f"thing {n}")


@pytest.mark.parametrize(
    ("name", "grow"),
    list(zip(TABS, [grow_flags, grow_blocked, grow_datasets, grow_reports, grow_log], strict=True)),
)
def test_a_list_needs_no_more_queries_for_more_rows(
    as_rita, dataset, name: str, grow: Callable[[DataSet, int], None]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_rita.get(reverse(name))
        return len(captured)

    grow(dataset, 0)
    few = queries()
    for n in range(1, 5):
        grow(dataset, n)
    assert queries() == few
