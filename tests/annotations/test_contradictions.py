"""What people made firm serves as a control. Two trusted people who contradict it bring it into doubt, with no harm to
anybody; fresh votes settle it."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.urls import reverse

from annotations.models import (
    Annotator,
    AnswerKind,
    Campaign,
    Challenge,
    ChallengeState,
    Consensus,
    ConsensusState,
    Contradiction,
    ControlAnswer,
    QueueItem,
    Reliability,
    Verdict,
    Vote,
)
from annotations.selectors import campaign_of, contradictions
from annotations.services import beliefs, candidates, issuing
from annotations.services.answering import Result, challenge_answer
from annotations.services.consensus import consensus_refit
from annotations.services.effects import decision_preview
from annotations.services.issuing import challenge_issue
from annotations.services.rebuilding import consensus_rebuild
from annotations.services.refusals import ChallengeGone
from annotations.services.regrading import regrade_make
from annotations.services.review import decision_make
from annotations.services.rulings import ruling_make, ruling_withdraw
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Source, Split, Tag

pytestmark = pytest.mark.django_db
KEYS, MIDDLE, LIGHT = "dml", 1, 2
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time")


@pytest.fixture
def crowd(shades: DataSet, grade) -> list[Annotator]:
    """Eight people who are trusted."""
    people = [Annotator.objects.create() for _ in range(8)]
    grade(people)
    return people


@pytest.fixture
def firm(shades: DataSet, crowd: list[Annotator]) -> Image:
    """A picture that the last three of them have agreed on, so firmly that it is a control for the others."""
    image = shades.images.filter(split=Split.POOL, name=str(MIDDLE)).first()
    vote(image, *crowd[-3:])
    consensus_refit(dataset=shades)
    row = Consensus.objects.get(image=image)
    assert (row.state, row.label) == (ConsensusState.ACCEPTED, MIDDLE)
    assert row.confidence >= candidates.FIRM
    return image


def vote(image: Image, *people: Annotator, cls: int = MIDDLE) -> None:
    for person in people:
        vote_correct(image=image, label=image.dataset.classes.get(index=cls), annotator=person)


def issue(image: Image, person: Annotator) -> Challenge:
    """A challenge that has this picture among its controls."""
    challenge = challenge_issue(dataset=image.dataset, annotator=person, kind="strip")
    truth = Consensus.objects.get(image=image).label
    if not challenge.tiles.filter(image=image).update(truth=truth):
        first = challenge.tiles.exclude(truth=None).order_by("position")[0]
        challenge.tiles.filter(pk=first.pk).update(image=image, truth=truth)
    return challenge


def answer(challenge: Challenge, image: Image, cls: int) -> Result:
    """Everything right, and this of the one picture."""
    tiles = challenge.tiles.select_related("image").order_by("position")
    said = [cls if t.image_id == image.pk else int(t.image.name) if t.truth is None else t.truth for t in tiles]
    raw = "".join(KEYS[one] for one in said)
    return challenge_answer(challenge=challenge, annotator=challenge.annotator, raw=raw)


def contradict(image: Image, *people: Annotator, cls: int = LIGHT) -> list[Result]:
    return [answer(issue(image, person), image, cls) for person in people]


def state(image: Image) -> str:
    return Consensus.objects.get(image=image).state


def is_control(image: Image, person: Annotator) -> bool:
    return image.pk in {candidate.image_id for candidate in candidates.controls(image.dataset, person)}


def accuracy(person: Annotator) -> float:
    return Reliability.objects.get(annotator=person).accuracy


def all_right_on(person: Annotator, n: int) -> bool:
    """Whether exactly n controls count, all of them as right, beside the votes on what others made firm."""
    row = Reliability.objects.get(annotator=person)
    controls = row.evidence - row.agreed - row.disagreed
    right = (2 + n + row.agreed) / (3 + row.evidence)
    return (controls, row.accuracy) == pytest.approx((n, right))


def test_one_contradiction_is_a_mistake_and_counts(firm, crowd) -> None:
    before = accuracy(crowd[0])
    (result,) = contradict(firm, crowd[0])
    assert not result.passed
    assert state(firm) == ConsensusState.ACCEPTED
    assert accuracy(crowd[0]) < before
    assert not Contradiction.objects.exists()


def test_two_return_it_to_the_queue_with_the_reason(firm, crowd) -> None:
    before = Consensus.objects.get(image=firm)
    contradict(firm, *crowd[:2])
    row = Consensus.objects.get(image=firm)
    assert (row.state, row.accepted_at, row.votes, row.trusted) == (ConsensusState.OPEN, None, 3, 3)
    assert row.posterior == pytest.approx(before.posterior, abs=0.02)  # the votes stand as they are
    assert not Tag.objects.filter(image=firm, source=Source.CROWD).exists()
    assert QueueItem.objects.get(image=firm).reason == "contradicted as a control"
    assert row.further > 0
    assert not is_control(firm, crowd[2])
    assert firm.pk in {one.image_id for one in candidates.unknowns(firm.dataset, crowd[2], 50)}
    noted = Contradiction.objects.get()
    assert (noted.image, noted.truth) == (firm, MIDDLE)
    said = ControlAnswer.objects.filter(image=firm, correct=False)
    assert noted.answers == list(said.order_by("pk").values_list("pk", flat=True))


def test_nothing_in_the_ledger_is_edited_and_votes_are_none_the_fewer(firm, crowd) -> None:
    contradict(firm, crowd[0])
    before = [*Vote.objects.order_by("pk").values(), *ControlAnswer.objects.order_by("pk").values()]
    contradict(firm, crowd[1])
    for row in before:
        table = ControlAnswer if "truth" in row else Vote
        assert table.objects.filter(pk=row["id"]).values().get() == row


@pytest.mark.parametrize(
    ("kind", "cls", "contradicts"),
    [
        (AnswerKind.CHOICE, LIGHT, True),
        (AnswerKind.YES, LIGHT, True),
        (AnswerKind.NO, MIDDLE, True),
        (AnswerKind.NO, LIGHT, False),
        (AnswerKind.YES, MIDDLE, False),
    ],
)
def test_what_contradicts(firm, crowd, kind: AnswerKind, cls: int, contradicts: bool) -> None:
    said = {"kind": kind, "answer": cls, "truth": MIDDLE, "correct": not contradicts}
    ControlAnswer.objects.create(dataset=firm.dataset, annotator=crowd[0], image=firm, **said)
    contradict(firm, crowd[1])
    assert state(firm) == (ConsensusState.OPEN if contradicts else ConsensusState.ACCEPTED)


def untrusted(crowd) -> None:
    Reliability.objects.filter(annotator=crowd[0]).update(trusted=False)


def blocked(crowd) -> None:
    Annotator.objects.filter(pk=crowd[0].pk).update(blocked_at="2026-01-01T00:00Z")


def one_person(crowd) -> None:
    Annotator.objects.filter(pk=crowd[0].pk).update(same_as=crowd[1])


@pytest.mark.parametrize("change", [untrusted, blocked, one_person])
def test_it_takes_two_people_who_are_trusted_and_not_blocked(firm, crowd, change: Callable[..., None]) -> None:
    contradict(firm, crowd[0])
    change(crowd)
    contradict(firm, crowd[1])
    assert state(firm) == ConsensusState.ACCEPTED
    assert not Contradiction.objects.exists()


def test_a_stranger_contradicts_nothing(firm, crowd) -> None:
    contradict(firm, crowd[0], Annotator.objects.create())
    assert state(firm) == ConsensusState.ACCEPTED


def test_what_the_owner_or_a_reviewer_has_said_is_not_contradicted(firm, crowd, rita) -> None:
    ruling_make(image=firm, label=firm.dataset.classes.get(index=MIDDLE), by=rita)
    contradict(firm, *crowd[:2])
    assert state(firm) == ConsensusState.ACCEPTED
    gold = Image.objects.filter(split=Split.GOLD).first()
    for person in crowd[:2]:
        ControlAnswer.objects.create(
            dataset=gold.dataset, annotator=person, image=gold, kind=0, answer=LIGHT, truth=0, correct=False
        )
    contradict(firm, crowd[2])
    assert not Contradiction.objects.exists()


def test_a_ruling_settles_what_was_contradicted_until_it_is_withdrawn(firm, crowd, rita) -> None:
    contradict(firm, *crowd[:2])
    ruling_make(image=firm, label=firm.dataset.classes.get(index=LIGHT), by=rita)
    assert state(firm) == ConsensusState.ACCEPTED
    ruling_withdraw(image=firm, by=rita)
    assert state(firm) == ConsensusState.OPEN


# ── Nobody is harmed ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_answers_on_it_count_for_nobody_and_against_nobody(firm, crowd) -> None:
    agrees, first, second = crowd[:3]
    answer(issue(firm, agrees), firm, MIDDLE)
    contradict(firm, first, second)
    consensus_refit(dataset=firm.dataset)
    for person in (agrees, first, second):
        # 15 answers by the fixture, and the controls of the challenge but this one: all of them right.
        assert all_right_on(person, ControlAnswer.objects.filter(annotator=person).exclude(image=firm).count())


def test_who_contradicts_second_is_graded_without_it_at_once(firm, crowd) -> None:
    contradict(firm, crowd[0])
    before = Reliability.objects.get(annotator=crowd[1])
    contradict(firm, crowd[1])
    after = Reliability.objects.get(annotator=crowd[1])
    assert after.accuracy >= before.accuracy
    assert after.counts.get(f"{MIDDLE},{LIGHT}", 0) == pytest.approx(before.counts.get(f"{MIDDLE},{LIGHT}", 0), abs=0.1)


def test_no_verdict_is_held_against_those_who_contradicted_it(firm, crowd) -> None:
    first, second = contradict(firm, *crowd[:2])
    assert (first.passed, second.passed) == (False, True)
    states = [Challenge.objects.get(annotator=person).state for person in crowd[:2]]
    assert states == [ChallengeState.FAILED, ChallengeState.PASSED]
    assert [issuing._failed_in_a_row(firm.dataset, [person]) for person in crowd[:2]] == [0, 0]


def test_who_failed_for_something_else_too_has_failed(firm, crowd) -> None:
    contradict(firm, crowd[0])
    challenge = issue(firm, crowd[1])
    tiles = challenge.tiles.order_by("position").values_list("truth", flat=True)
    raw = "".join(KEYS[LIGHT] if truth is None else KEYS[(truth + 1) % 3] for truth in tiles)
    assert not challenge_answer(challenge=challenge, annotator=crowd[1], raw=raw).passed
    assert state(firm) == ConsensusState.OPEN


def test_who_has_it_before_them_as_a_control_gets_another_challenge(firm, crowd) -> None:
    challenge = issue(firm, crowd[2])
    contradict(firm, *crowd[:2])
    with pytest.raises(ChallengeGone, match="doubt"):
        answer(challenge, firm, MIDDLE)
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.REPLACED
    assert not ControlAnswer.objects.filter(annotator=crowd[2], image=firm).exists()


def test_a_reviewers_re_grade_holds_over_it(firm, crowd, rita) -> None:
    contradict(firm, *crowd[:2])
    regrade_make(image=firm, truth=firm.dataset.classes.get(index=LIGHT), by=rita)
    for person in crowd[:2]:
        assert all_right_on(person, ControlAnswer.objects.filter(annotator=person).count())
    assert state(firm) == ConsensusState.OPEN  # it says how answers count, not what the picture is


# ── Until fresh votes settle it ──────────────────────────────────────────────────────────────────────────────────────


def derived() -> list[dict]:
    posteriors = Consensus.objects.order_by("pk").values("pk", "posterior", "label", "confidence", "votes", "state")
    weights = Reliability.objects.order_by("annotator").values("annotator", "counts", "weight", "trusted")
    return [*posteriors, *weights]


def test_neither_a_full_fit_nor_a_rebuild_accepts_it_again(firm, crowd) -> None:
    contradict(firm, *crowd[:2])
    consensus_refit(dataset=firm.dataset)
    assert state(firm) == ConsensusState.OPEN
    before = derived()
    consensus_rebuild(dataset=firm.dataset)
    assert derived() == before
    assert state(firm) == ConsensusState.OPEN


def test_it_is_agreed_on_again_by_two_fresh_votes_of_trusted_people(firm, crowd) -> None:
    contradict(firm, *crowd[:2])
    vote(firm, *[Annotator.objects.create() for _ in range(3)])
    vote(firm, crowd[2])
    assert state(firm) == ConsensusState.OPEN
    vote(firm, crowd[3])
    for _ in range(2):
        assert (state(firm), Consensus.objects.get(image=firm).label) == (ConsensusState.ACCEPTED, MIDDLE)
        assert not QueueItem.objects.filter(image=firm).exists()
        consensus_refit(dataset=firm.dataset)
    assert is_control(firm, crowd[4])
    assert not is_control(firm, crowd[0])


def test_fresh_votes_for_another_class_do_not_back_the_old_one(firm, crowd) -> None:
    """Three who were sure before outweigh two: a posterior of 95%, which two contradictions and two votes deny."""
    contradict(firm, *crowd[:2])
    vote(firm, crowd[2], crowd[3], cls=LIGHT)
    row = Consensus.objects.get(image=firm)
    assert (row.label, row.state) == (MIDDLE, ConsensusState.OPEN)
    assert row.confidence > campaign_of(firm.dataset).threshold
    assert row.further > 0


def test_what_the_contradiction_said_can_become_agreed(firm, crowd) -> None:
    contradict(firm, *crowd[:2])
    more = [Annotator.objects.create() for _ in range(2)]
    for person in more:
        Reliability.objects.create(dataset=firm.dataset, annotator=person, trusted=True, weight=1)
    vote(firm, *crowd[2:5], *more, cls=LIGHT)
    row = Consensus.objects.get(image=firm)
    assert (row.label, row.state) == (LIGHT, ConsensusState.ACCEPTED)


def test_the_old_votes_do_not_use_up_the_cap(firm, crowd) -> None:
    Campaign.objects.filter(pk=campaign_of(firm.dataset).pk).update(cap=3)
    contradict(firm, *crowd[:2])
    states = []
    for cls in (0, MIDDLE, LIGHT):
        vote(firm, Annotator.objects.create(), cls=cls)
        states.append(state(firm))
    assert states == [ConsensusState.OPEN, ConsensusState.OPEN, ConsensusState.CONTESTED]


def test_where_no_trusted_vote_is_needed_it_waits_for_two_all_the_same(firm, crowd) -> None:
    Campaign.objects.filter(pk=campaign_of(firm.dataset).pk).update(minimum_trusted=0)
    contradict(firm, *crowd[:2])
    consensus_refit(dataset=firm.dataset)
    assert state(firm) == ConsensusState.OPEN


def test_once_it_is_firm_again_answers_count_and_it_takes_two_others_to_contradict_it(firm, crowd) -> None:
    contradict(firm, *crowd[:2])
    vote(firm, crowd[2], crowd[3])
    before = accuracy(crowd[4])
    contradict(firm, crowd[4])
    assert accuracy(crowd[4]) < before
    assert state(firm) == ConsensusState.ACCEPTED
    newcomer = Annotator.objects.create()
    Reliability.objects.create(dataset=firm.dataset, annotator=newcomer, trusted=True, weight=1)
    contradict(firm, newcomer)
    assert state(firm) == ConsensusState.OPEN
    assert Contradiction.objects.count() == 2


def test_a_contradiction_falls_with_the_block_of_who_made_it_and_is_foretold(firm, crowd, rita) -> None:
    contradict(firm, *crowd[:2])
    consensus_refit(dataset=firm.dataset)
    for verdict, then in ((Verdict.BLOCK, ConsensusState.ACCEPTED), (Verdict.REINSTATE, ConsensusState.OPEN)):
        foretold = decision_preview(annotator=crowd[0], verdict=verdict)
        effect = decision_make(annotator=crowd[0], verdict=verdict, by=rita)
        assert state(firm) == then
        assert effect.changed == foretold.changed > 0


def test_a_contradiction_in_the_middle_of_a_full_fit_is_not_lost(firm, crowd, monkeypatch) -> None:
    fitted = beliefs.fitted

    def meanwhile(*args: object) -> beliefs.Fitted:
        contradict(firm, crowd[1])
        return fitted(*args)

    contradict(firm, crowd[0])
    monkeypatch.setattr("annotations.services.consensus.beliefs.fitted", meanwhile)
    consensus_refit(dataset=firm.dataset)
    assert state(firm) == ConsensusState.OPEN
    assert QueueItem.objects.filter(image=firm).exists()
    assert not Tag.objects.filter(image=firm, source=Source.CROWD).exists()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_who_contradict_it_at_the_same_moment_the_second_sees_the_first(firm, crowd) -> None:
    given, barrier = [issue(firm, person) for person in crowd[:4]], Barrier(4, timeout=30)

    def go(challenge: Challenge) -> None:
        barrier.wait(timeout=10)
        try:
            answer(challenge, firm, LIGHT)
        except ChallengeGone:
            pass
        finally:
            connection.close()

    threads = [Thread(target=go, args=(challenge,)) for challenge in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert Contradiction.objects.count() == 1
    assert state(firm) == ConsensusState.OPEN


# ── Seen ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pages_about_it_say_why(client, firm, crowd, rita) -> None:
    client.force_login(rita)
    votes, control = (reverse(name, args=[firm.pk]) for name in ("image_votes", "image_control"))
    assert "contradicted" not in client.get(votes).content.decode()
    contradict(firm, *crowd[:2])
    assert "reliable people contradicted it as a control" in client.get(votes).content.decode()
    assert "2 answers of reliable people contradicted <b>middle</b>" in client.get(control).content.decode()
    (row,) = client.get(f"/api/v1/images/{firm.pk}/control/").json()["contradictions"]
    assert (row["truth"], row["answers"]) == (MIDDLE, 2)
    Consensus.objects.filter(image=firm).update(state=ConsensusState.CONTESTED)
    assert "contradicted it as a control" in client.get(reverse("review_contested")).content.decode()


def test_where_nothing_is_contradicted_it_takes_one_query_to_know(firm, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        assert contradictions(firm.dataset) == {}
