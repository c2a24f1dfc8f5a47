"""Who finds that they were judged wrongly may object, and a reviewer answers."""

import pytest

from accounts.models import AuditEntry
from annotations.models import Annotator, Appeal, AppealState, Decision, Flag, FlagState, Verdict
from annotations.selectors import is_blocked
from annotations.services.appeals import appeal_decide, appeal_make
from annotations.services.publication import NotNow
from annotations.services.review import OwnAnswers, decision_make
from gallery.models import DataSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged(grade, b) -> Annotator:
    """Bob has answered and was flagged."""
    grade([b], right=False)
    assert Flag.objects.filter(annotator=b, state=FlagState.OPEN).exists()
    return b


@pytest.fixture
def appeal(dataset: DataSet, judged) -> Appeal:
    return appeal_make(annotator=judged, dataset=dataset, text="My screen was broken.")


def test_one_appeal_a_data_set_is_open_at_a_time(dataset: DataSet, judged, appeal, rita) -> None:
    with pytest.raises(NotNow, match="waits for a reviewer"):
        appeal_make(annotator=judged, dataset=dataset, text="And another thing.")
    appeal_decide(appeal=appeal, grant=False, by=rita)
    appeal_make(annotator=judged, dataset=dataset, text="And another thing.")
    assert Appeal.objects.count() == 2


def test_a_face_appeals_for_its_person(dataset: DataSet, judged, appeal) -> None:
    with pytest.raises(NotNow):
        appeal_make(annotator=Annotator.objects.create(same_as=judged), dataset=dataset, text="Me again.")


def test_who_answered_nothing_there_has_nothing_to_appeal_against(dataset: DataSet, c) -> None:
    with pytest.raises(NotNow):
        appeal_make(annotator=c, dataset=dataset, text="Why?")
    assert not Appeal.objects.exists()


def test_granting_reinstates_who_was_blocked(judged, appeal, rita, ada) -> None:
    decision_make(annotator=judged, verdict=Verdict.BLOCK, by=rita)
    decided = appeal_decide(appeal=appeal, grant=True, by=ada, answer="Screens break.")
    assert not is_blocked(judged)
    assert (decided.state, decided.answer, decided.decided_by) == (AppealState.GRANTED, "Screens break.", ada)
    latest = Decision.objects.first()
    assert (latest.verdict, latest.note) == (Verdict.REINSTATE, "Screens break.")


def test_granting_clears_who_was_flagged(judged, appeal, rita) -> None:
    appeal_decide(appeal=appeal, grant=True, by=rita)
    assert Decision.objects.get().verdict == Verdict.CLEAR
    assert set(Flag.objects.values_list("state", flat=True)) == {FlagState.CLEARED}


def test_declining_leaves_things_as_they_are(judged, appeal, rita) -> None:
    decided = appeal_decide(appeal=appeal, grant=False, by=rita, answer="It was not the screen.")
    assert decided.state == AppealState.DECLINED
    assert not Decision.objects.exists()
    assert Flag.objects.get().state == FlagState.OPEN


def test_an_appeal_is_decided_once(appeal, rita, ada) -> None:
    appeal_decide(appeal=appeal, grant=False, by=rita)
    with pytest.raises(NotNow):
        appeal_decide(appeal=appeal, grant=True, by=ada)
    assert Appeal.objects.get().state == AppealState.DECLINED


def test_nobody_decides_on_their_own_appeal(appeal, judged, rita) -> None:
    Annotator.objects.filter(pk=judged.pk).update(user=rita)
    with pytest.raises(OwnAnswers):
        appeal_decide(appeal=Appeal.objects.get(), grant=False, by=rita)
    assert Appeal.objects.get().state == AppealState.OPEN


def test_the_log_has_the_appeal_beside_the_decision(appeal, judged, rita) -> None:
    appeal_decide(appeal=appeal, grant=True, by=rita, answer="Fine.")
    entries = AuditEntry.objects.filter(actor=rita).order_by("pk")
    assert [entry.verb for entry in entries] == ["clear", "granted the appeal of"]
    assert {entry.subject for entry in entries} == {f"annotator {judged.pk}"}
