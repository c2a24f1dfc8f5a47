"""A decision about somebody with very many votes is made at once; what it changes is worked out in the background."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from celery.canvas import Signature
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from annotations.models import (
    Annotator,
    Consensus,
    ConsensusState,
    Decision,
    DecisionRefit,
    Reliability,
    Verdict,
)
from annotations.selectors import blocked_people
from annotations.services import effects
from annotations.services.appeals import appeal_decide, appeal_make
from annotations.services.consensus import consensus_refit
from annotations.services.decision_refits import refit_execute
from annotations.services.review import decision_make, decisions_make
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Source, Tag
from gallery.work import SILENT_AFTER, WorkState
from learning.services import ticking

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreed(dataset: DataSet, pictures, grade, b, c) -> list[Image]:
    """Five images on which Bob and Charlie, both trusted, agree, and one on which Bob alone has voted."""
    grade([b, c])
    images = pictures(6, 1)
    label = dataset.classes.get(index=1)
    for image in images:
        vote_correct(image=image, label=label, annotator=b)
    for image in images[:5]:
        vote_correct(image=image, label=label, annotator=c)
    consensus_refit(dataset=dataset)
    return images


@pytest.fixture
def many(agreed, monkeypatch) -> None:
    """Eleven votes are too many for a request."""
    monkeypatch.setattr(effects, "EXACT_VOTES", 10)


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """What is done on commit is done when this ends."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def derived() -> list[dict]:
    posteriors = Consensus.objects.order_by("pk").values("pk", "posterior", "label", "state", "votes")
    weights = Reliability.objects.order_by("pk").values("annotator", "counts", "weight")
    return [*posteriors, *weights, *Tag.objects.filter(source=Source.CROWD).order_by("pk").values("image", "label")]


def block(person: Annotator, by) -> DecisionRefit:
    decision_make(annotator=person, verdict=Verdict.BLOCK, by=by, note="guesses")
    return DecisionRefit.objects.latest("pk")


def test_up_to_the_bound_it_is_done_in_the_request(agreed, b, rita, monkeypatch) -> None:
    monkeypatch.setattr(effects, "EXACT_VOTES", 11)
    effect = decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    assert (effect.changed, effect.state, effect.decision.refit) == (6, WorkState.DONE, None)
    assert not DecisionRefit.objects.exists()


def test_beyond_it_the_decision_holds_at_once_and_its_effect_is_not_known(many, agreed, b, rita) -> None:
    before = derived()
    effect = decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita, note="guesses")
    assert (effect.changed, effect.state) == (None, WorkState.WAITING)
    assert blocked_people() == {b.pk}
    assert derived() == before
    assert Decision.objects.get().refit == DecisionRefit.objects.get()
    entry = AuditEntry.objects.get(actor=rita)
    assert (entry.verb, entry.detail) == ("block", {"note": "guesses"})


def test_once_it_is_committed_a_task_works_it_out_as_the_request_would_have(
    many, agreed, b, c, rita, commit, monkeypatch
) -> None:
    with commit():
        decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    refit = DecisionRefit.objects.get()
    assert (refit.state, refit.changed, refit.attempt) == (WorkState.DONE, 6, 1)
    assert set(Consensus.objects.values_list("state", "votes")) == {(ConsensusState.OPEN, 1)}
    in_background = derived()
    with commit():
        decision_make(annotator=b, verdict=Verdict.REINSTATE, by=rita)
    assert Consensus.objects.filter(state=ConsensusState.ACCEPTED).count() == 5
    monkeypatch.setattr(effects, "EXACT_VOTES", 11)
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    assert derived() == in_background


def test_the_log_has_the_effect_when_it_is_known(many, agreed, b, rita, commit) -> None:
    with commit():
        block(b, rita)
    entries = AuditEntry.objects.filter(actor=rita).order_by("pk").values_list("verb", "subject", "detail")
    assert list(entries) == [
        ("block", f"annotator {b.pk}", {"note": "guesses"}),
        ("block, worked out for", f"annotator {b.pk}", {"images_changed": 6}),
    ]


def test_any_other_fit_before_it_leaves_the_person_out(many, dataset, agreed, b, rita) -> None:
    block(b, rita)
    consensus_refit(dataset=dataset)
    assert set(Consensus.objects.values_list("votes", flat=True)) == {1}


def test_who_has_no_other_say_than_before_needs_none(many, agreed, b, rita) -> None:
    effect = decision_make(annotator=b, verdict=Verdict.CLEAR, by=rita)
    assert (effect.changed, DecisionRefit.objects.count()) == (0, 0)


def test_several_people_are_worked_out_together(many, agreed, b, c, rita, commit) -> None:
    with commit():
        effect = decisions_make(annotators=[b, c], verdict=Verdict.BLOCK, by=rita)
    refit = DecisionRefit.objects.get()
    assert effect.changed is None
    assert {decision.refit for decision in Decision.objects.all()} == {refit}
    assert refit.changed == 6
    details = AuditEntry.objects.filter(verb="block, worked out for").values_list("detail", flat=True)
    assert list(details) == [{"images_changed": 6, "people": 2}] * 2


def test_a_second_message_does_nothing(many, agreed, b, rita) -> None:
    refit = block(b, rita)
    assert refit_execute(refit.pk).changed == 6
    assert refit_execute(refit.pk) is None
    assert AuditEntry.objects.filter(verb="block, worked out for").count() == 1


def test_a_failed_attempt_waits_for_another_and_leaves_nothing_behind(many, agreed, b, rita, monkeypatch) -> None:
    refit, before = block(b, rita), derived()
    with monkeypatch.context() as patch:
        patch.setattr("annotations.services.decision_refits.audit", lambda *_, **__: 1 / 0)
        for state in (WorkState.WAITING, WorkState.WAITING, WorkState.FAILED):
            with pytest.raises(ZeroDivisionError):
                refit_execute(refit.pk)
            refit.refresh_from_db()
            assert (refit.state, refit.changed) == (state, None)
            assert "ZeroDivisionError" in refit.error
    assert derived() == before
    assert blocked_people() == {b.pk}


def test_the_tick_rings_for_what_waits(many, agreed, b, rita, monkeypatch, commit) -> None:
    refit = block(b, rita)
    heard: list[tuple[str, tuple]] = []
    monkeypatch.setattr(Signature, "apply_async", lambda self, **_: heard.append((self.task, tuple(self.args))))
    with commit():
        ticking._ring_due()
    assert ("annotations.refit", (refit.pk,)) in heard


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no lock on a row")
@pytest.mark.django_db(transaction=True)
def test_a_worker_in_the_middle_of_a_long_fit_is_left_alone(many, agreed, b, rita) -> None:
    refit, held, done = block(b, rita), Event(), Event()
    silent = timezone.now() - 2 * SILENT_AFTER
    DecisionRefit.objects.filter(pk=refit.pk).update(
        state=WorkState.RUNNING, attempt=1, heartbeat_at=silent, changed=None
    )

    def fit() -> None:
        with transaction.atomic():
            DecisionRefit.objects.select_for_update().get(pk=refit.pk)
            held.set()
            done.wait(timeout=20)
        connection.close()

    worker = Thread(target=fit)
    worker.start()
    assert held.wait(timeout=10)
    assert refit_execute(refit.pk) is None
    done.set()
    worker.join(timeout=10)
    assert DecisionRefit.objects.get(pk=refit.pk).attempt == 1
    DecisionRefit.objects.filter(pk=refit.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    assert refit_execute(refit.pk).state == WorkState.DONE


# ── Seen ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pages_say_that_it_is_being_worked_out_and_when_it_is_done(many, client: Client, agreed, b, rita) -> None:
    client.force_login(rita)
    decide, fragment = (reverse(name, args=[b.pk]) for name in ("review_decide", "review_refit"))
    assert "Nothing is being worked out" in client.get(fragment).content.decode()
    html = client.post(decide, {"verdict": "block"}, follow=True).content.decode()
    assert "What they answered is being worked out again; " in html
    assert "every 3s" in html
    assert "every 3s" in client.get(fragment, headers={"HX-Request": "true"}).content.decode()
    refit_execute(DecisionRefit.objects.get().pk)
    for address in (fragment, reverse("review_annotator", args=[b.pk])):
        html = client.get(address).content.decode()
        assert "was worked out again: 6 pictures changed" in html
        assert "every 3s" not in html
    assert "images_changed:</span> 6" in client.get(reverse("audit_log")).content.decode()


def test_a_refit_that_failed_is_told(many, client: Client, agreed, b, rita) -> None:
    block(b, rita).fail("OperationalError: too slow", final=True)
    DecisionRefit.objects.update(state=WorkState.FAILED, error="OperationalError: too slow")
    client.force_login(rita)
    html = client.get(reverse("review_refit", args=[b.pk])).content.decode()
    assert "could not be worked out again: OperationalError: too slow" in html


def test_only_reviewers_see_how_far_it_is(client: Client, many, agreed, b, rita, alice) -> None:
    block(b, rita)
    client.force_login(alice)
    assert client.get(reverse("review_refit", args=[b.pk])).status_code == 404


def test_a_decision_about_several_says_so_too(many, client: Client, agreed, b, c, rita) -> None:
    client.force_login(rita)
    data = {"verdict": "block", "person": [b.pk, c.pk]}
    html = client.post(reverse("review_bulk_decide"), data, follow=True).content.decode()
    assert "Blocked 2 people. What they answered is being worked out again" in html


def test_the_api_gives_null_while_it_waits(many, client: Client, agreed, b, rita) -> None:
    client.force_login(rita)
    address = f"/api/v1/review/annotators/{b.pk}/"
    got = client.post(f"{address}decisions/", {"verdict": "block"}, content_type="application/json")
    assert (got.status_code, got.json()) == (201, {"images_changed": None, "state": "waiting"})
    assert client.get(address).json()["decisions"][0]["refit"] == {"state": "waiting", "images_changed": None}
    refit_execute(DecisionRefit.objects.get().pk)
    assert client.get(address).json()["decisions"][0]["refit"] == {"state": "done", "images_changed": 6}


def test_an_appeal_that_is_granted_reinstates_in_the_background_too(many, dataset, agreed, b, rita, commit) -> None:
    with commit():
        block(b, rita)
    appeal = appeal_make(annotator=b, dataset=dataset, text="It was not me.")
    with commit():
        appeal_decide(appeal=appeal, grant=True, by=rita)
    assert Consensus.objects.filter(state=ConsensusState.ACCEPTED).count() == 5
    assert DecisionRefit.objects.filter(state=WorkState.DONE).count() == 2
