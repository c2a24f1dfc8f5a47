"""Drift, collusion and patterns raise flags, on enough answers, and never on a person's own word alone."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.challenges.registry import KINDS, OFFERED
from annotations.models import (
    Annotator,
    AnswerKind,
    Campaign,
    Challenge,
    ControlAnswer,
    Flag,
    FlagState,
    ImportedAnnotator,
    Regrade,
    Reliability,
    Suspicion,
    Tile,
    Verdict,
)
from annotations.selectors import campaign_of
from annotations.services import suspicions
from annotations.services.annotators import annotator_join
from annotations.services.consensus import consensus_refit
from annotations.services.judging import judge
from annotations.services.review import decision_make
from annotations.services.suspicions import suspicions_refresh
from gallery.models import DataSet, Image
from tests.annotations.crowds import accurate, check, mixed, name_all, people

pytestmark = pytest.mark.django_db

TURNED = [True] * 100 + [False] * 40


@pytest.fixture
def refresh(dataset: DataSet) -> Callable[[], int]:
    def go() -> int:
        consensus_refit(dataset=dataset)
        return suspicions_refresh(dataset=dataset)

    return go


@pytest.fixture
def control(pictures) -> Image:
    return pictures(1, 0, label=True)[0]


@pytest.fixture
def answered(pictures) -> list[Image]:
    """90 pictures that five reliable people have named."""
    images = mixed(pictures, 90)
    for seed, person in enumerate(people(5)):
        name_all(person, images, accurate(0.95, seed))
    return images


def raised(kind: Suspicion) -> set[int]:
    return set(Flag.objects.filter(kind=kind, state=FlagState.OPEN).values_list("annotator", flat=True))


def same_wrong(seed: int) -> Callable[[int, int], int]:
    """Wrong on everything, by a list that is handed around."""
    shift = np.random.default_rng(seed).integers(1, 3, size=1000)
    return lambda at, truth: (truth + int(shift[at])) % 3


def test_who_turns_after_a_hundred_good_answers_has_drifted(dataset, control, refresh, b) -> None:
    check(b, dataset, control, TURNED)
    assert refresh() >= 1
    flag = Flag.objects.get(kind=Suspicion.DRIFT)
    assert flag.annotator == b
    assert flag.reason == "Right in 100% of the first 100 answers, and in 0% of the 40 since"
    assert flag.evidence["since"] == 101
    assert 101 < flag.evidence["alarm"] <= 110
    assert flag.evidence["peak"] > flag.evidence["threshold"]


def test_the_order_decides_and_not_the_number(dataset, control, refresh, b) -> None:
    spread = np.random.default_rng(1).permutation(TURNED).tolist()
    check(b, dataset, control, spread)
    refresh()
    assert not raised(Suspicion.DRIFT)


def test_nobody_drifts_on_fewer_than_sixty_answers(dataset, control, refresh, b) -> None:
    check(b, dataset, control, [True] * 50 + [False] * 9)
    refresh()
    assert not raised(Suspicion.DRIFT)


def test_who_has_recovered_is_not_suspected_of_drift(dataset, control, refresh, b) -> None:
    check(b, dataset, control, [True] * 60 + [False] * 8 + [True] * 300)
    refresh()
    assert not raised(Suspicion.DRIFT)


def test_drift_shows_on_votes_that_the_others_are_sure_of(dataset, pictures, refresh, b) -> None:
    images = mixed(pictures, 150)
    for seed, person in enumerate(people(5)):
        name_all(person, images, accurate(0.95, seed))
    name_all(b, images, lambda at, truth: truth if at < 100 else (truth + 1 + at % 2) % 3)
    refresh()
    assert raised(Suspicion.DRIFT) == {b.pk}


def test_pictures_that_everybody_finds_harder_make_nobody_suspect(dataset, pictures, refresh) -> None:
    """A picture that is known comes late, and most people get it wrong."""
    easy, hard = pictures(2, 0, label=True)
    for person in people(6):
        check(person, dataset, easy, [True] * 100)
        check(person, dataset, hard, [False] * 40)
    refresh()
    assert not raised(Suspicion.DRIFT)


def test_a_file_has_no_order_in_time(dataset, pictures, refresh, b) -> None:
    images = mixed(pictures, 150)
    for seed, person in enumerate(people(5)):
        name_all(person, images, accurate(0.95, seed))
    name_all(b, images, lambda at, truth: truth if at < 100 else (truth + 1 + at % 2) % 3)
    ImportedAnnotator.objects.create(dataset=dataset, name="worker 7", annotator=b)
    refresh()
    assert not raised(Suspicion.DRIFT)


def test_two_who_share_wrong_answers_collude_and_name_each_other(dataset, answered, refresh, b, c) -> None:
    for person in (b, c):
        name_all(person, answered, lambda at, truth: same_wrong(9)(at, truth) if at % 2 else truth)
    refresh()
    assert raised(Suspicion.COLLUSION) == {b.pk, c.pk}
    flag = Flag.objects.get(kind=Suspicion.COLLUSION, annotator=b)
    (partner,) = flag.evidence["partners"]
    assert partner["person"] == c.pk
    assert partner["identical"] > 40 > 30 > partner["expected"]
    assert partner["q_value"] <= 0.001
    assert flag.reason.startswith("Gave the same wrong answer as one other 4")


def test_two_who_are_wrong_each_in_their_own_way_do_not_collude(dataset, answered, refresh, b, c) -> None:
    for seed, person in enumerate((b, c)):
        name_all(person, answered, lambda at, truth, seed=seed: same_wrong(seed)(at, truth) if at % 2 else truth)
    refresh()
    assert not raised(Suspicion.COLLUSION)


def test_nobody_colludes_on_fewer_answers_than_are_stated(dataset, answered, refresh, b, c, monkeypatch) -> None:
    assert suspicions.FEWEST_FOR_COLLUSION == 12
    monkeypatch.setattr(suspicions, "FEWEST_FOR_COLLUSION", 61)
    name_all(b, answered, same_wrong(9))
    name_all(c, answered[:60], same_wrong(9))
    refresh()
    assert raised(Suspicion.COLLUSION) == {b.pk}


def test_who_always_answers_the_same_is_flagged_with_the_findings(dataset, answered, refresh, b) -> None:
    name_all(b, answered, lambda at, truth: 2)
    refresh()
    assert raised(Suspicion.PATTERN) == {b.pk}
    flag = Flag.objects.get(kind=Suspicion.PATTERN)
    assert {one["name"] for one in flag.evidence["findings"]} >= {"choice_run", "choice_share"}
    assert flag.reason == "Named the same class 90 times in a row, in 90 answers (p < 0.000001)"
    assert flag.evidence["strength"] > 6


def test_who_says_no_to_every_tile_is_flagged(dataset, answered, refresh, b) -> None:
    for image in answered:
        name_all(b, [image], lambda at, truth: truth, AnswerKind.NO)
    refresh()
    assert raised(Suspicion.PATTERN) == {b.pk}


def test_nobody_has_a_pattern_on_fewer_than_thirty_answers(dataset, answered, refresh, b) -> None:
    name_all(b, answered[:29], lambda at, truth: 2)
    refresh()
    assert not raised(Suspicion.PATTERN)


def hurry(person: Annotator, control: Image, *, right: bool) -> None:
    """35 challenges of one picture, each answered within a tenth of a second."""
    now = timezone.now()
    for at in range(35):
        challenge = Challenge.objects.create(
            dataset=control.dataset,
            annotator=person,
            kind="strip",
            seed=at,
            issued_at=now,
            answered_at=now + timedelta(seconds=0.1),
            expires_at=now,
        )
        said = {"truth": at % 3, "answer": at % 3 if right else (at * at) % 3, "correct": right}
        ControlAnswer.objects.create(
            dataset=control.dataset, annotator=person, image=control, challenge=challenge, kind=0, **said
        )


def test_who_answers_faster_than_anybody_can_look_is_flagged_unless_shown_reliable(
    dataset, control, refresh, b, c
) -> None:
    hurry(b, control, right=True)
    hurry(c, control, right=False)
    refresh()
    assert Reliability.objects.get(annotator=b).trusted
    assert raised(Suspicion.PATTERN) == {c.pk}
    findings = Flag.objects.get(kind=Suspicion.PATTERN).evidence["findings"]
    assert "quick" in {one["name"] for one in findings}


def test_what_nobody_else_has_seen_says_nothing_of_a_person(dataset, answered, pictures, refresh, b) -> None:
    """Somebody puts right forty tags that were all wrong in the same way."""
    name_all(b, pictures(40, 2), lambda at, truth: 2)
    refresh()
    assert not Flag.objects.exists()


def test_nobody_is_judged_by_their_own_vote(dataset, pictures, b, c) -> None:
    images = pictures(1, 0)
    name_all(b, images, lambda at, truth: 1)
    consensus_refit(dataset=dataset)
    alone = judge(dataset)
    assert not alone.told.any()
    name_all(c, images, lambda at, truth: 0)
    consensus_refit(dataset=dataset)
    judged = judge(dataset)
    mine = judged.line.span(judged.line.people.index(b.pk))
    assert judged.told.all()
    assert judged.truth[mine].argmax() == 0


def test_an_honest_crowd_is_left_alone(dataset, pictures, refresh) -> None:
    images = mixed(pictures, 240)
    rng = np.random.default_rng(3)
    for seed, (person, share) in enumerate(zip(people(30), np.linspace(0.6, 0.95, 30), strict=True)):
        seen = [images[i] for i in rng.permutation(240)[:120]]
        name_all(person, seen, accurate(share, seed))
    refresh()
    assert not Flag.objects.exclude(kind=Suspicion.ACCURACY).exists()


def test_who_is_blocked_is_not_flagged(dataset, control, refresh, b, rita) -> None:
    check(b, dataset, control, TURNED)
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    refresh()
    assert not Flag.objects.filter(kind=Suspicion.DRIFT).exists()


def test_a_flag_of_each_kind_is_open_at_once_and_raised_once(dataset, answered, control, refresh, b) -> None:
    name_all(b, answered, lambda at, truth: 2)
    check(b, dataset, control, TURNED + [False] * 100)
    refresh()
    before = set(Flag.objects.values_list("pk", "kind"))
    assert {kind for _, kind in before} == {Suspicion.PATTERN, Suspicion.DRIFT, Suspicion.ACCURACY}
    assert refresh() == 0
    assert set(Flag.objects.values_list("pk", "kind")) == before


def test_who_was_cleared_has_drifted_again_only_on_half_as_much_evidence_again(
    dataset, control, refresh, b, rita
) -> None:
    check(b, dataset, control, TURNED)
    refresh()
    decision_make(annotator=b, verdict=Verdict.CLEAR, by=rita)
    check(b, dataset, control, [False] * 10)
    refresh()
    assert not raised(Suspicion.DRIFT)
    check(b, dataset, control, [False] * 15)
    refresh()
    assert raised(Suspicion.DRIFT) == {b.pk}


def test_faces_of_one_person_are_one_history(dataset, control, refresh, b) -> None:
    visitor = Annotator.objects.create()
    check(visitor, dataset, control, TURNED[:100])
    check(b, dataset, control, TURNED[100:])
    annotator_join(visitor=visitor, account=b)
    refresh()
    assert raised(Suspicion.DRIFT) == {b.pk}


def test_a_control_counts_by_the_truth_that_it_has_by_now(dataset, control, refresh, b, rita) -> None:
    check(b, dataset, control, TURNED)
    Regrade.objects.create(dataset=dataset, image=control, truth=None, decided_by=rita)
    refresh()
    assert not Flag.objects.exists()


def test_bits_tell_who_is_worth_asking(dataset, answered, refresh, b, c) -> None:
    name_all(b, answered, lambda at, truth: truth)
    name_all(c, answered, lambda at, truth: 2)
    refresh()
    bits = dict(Reliability.objects.values_list("annotator", "bits"))
    assert bits[b.pk] > 1 > 0.3 > bits[c.pk] >= 0


def test_strips_come_in_the_order_in_which_they_were_typed(shades, solve, b) -> None:
    first, second = solve(b), solve(b)
    line = judge(shades).line
    typed = [
        answer
        for challenge in (first, second)
        for _, answer in sorted(
            (challenge.tiles.get(image=row.image).position, row.answer)
            for rows in (challenge.votes.all(), challenge.controlanswers.all())
            for row in rows
        )
    ]
    assert line.votes.answer.tolist() == typed
    took = (first.answered_at - first.issued_at).total_seconds()
    assert line.seconds[0] == pytest.approx(took / 10)
    assert np.isfinite(line.seconds).sum() == 2


def test_it_takes_as_many_queries_for_forty_people_as_for_four(dataset, pictures, refresh) -> None:
    images = mixed(pictures, 60)

    def count(n: int) -> int:
        for person in people(n):
            name_all(person, images, lambda at, truth: 2)
        consensus_refit(dataset=dataset)
        with CaptureQueriesContext(connection) as seen:
            suspicions_refresh(dataset=dataset)
        return len(seen)

    for seed, person in enumerate(people(5)):
        name_all(person, images, accurate(0.95, seed))
    few = count(4)
    assert count(36) <= few + 1


@pytest.mark.parametrize(
    ("kind", "pointed"),
    [("grid", AnswerKind.YES), ("grid-4x4", AnswerKind.YES), ("odd-one-out", AnswerKind.NO), ("yes-no", None)],
)
def test_where_somebody_points_is_known_of_tiles_among_tiles_alone(shades, solve, b, kind, pointed) -> None:
    Campaign.objects.filter(pk=campaign_of(shades).pk).update(kinds=list(OFFERED))
    solved, places = solve(b, kind=kind), KINDS[kind].places
    said = solved.controlanswers.filter(kind=pointed), solved.votes.filter(kind=pointed)
    pointed_at = [solved.tiles.get(image=row.image).position % places for rows in said for row in rows]
    line = judge(shades).line
    assert sorted(line.position[line.position >= 0]) == sorted(pointed_at)
    assert set(line.places[line.position >= 0]) <= {places}


@pytest.mark.parametrize(("kind", "clicks"), [("yes-no", 10), ("odd-one-out", 5)])
def test_a_click_is_a_no_too_where_it_is_said_of_each(shades, solve, b, kind, clicks) -> None:
    Campaign.objects.filter(pk=campaign_of(shades).pk).update(kinds=list(OFFERED))
    solved = solve(b, kind=kind)
    line = judge(shades).line
    took = (solved.answered_at - solved.issued_at).total_seconds()
    assert line.seconds[np.isfinite(line.seconds)].tolist() == [pytest.approx(took / clicks)]


def point(person: Annotator, control: Image, place: Callable[[int], int]) -> None:
    """One picture of a row in each of 60 challenges, rightly said to be odd."""
    now = timezone.now()
    for at in range(60):
        challenge = Challenge.objects.create(
            dataset=control.dataset, annotator=person, kind="odd-one-out", seed=at, answered_at=now, expires_at=now
        )
        row = {"challenge": challenge, "image": control}
        Tile.objects.create(**row, position=4 * (at % 5) + place(at), truth=0)
        ControlAnswer.objects.create(
            **row, dataset=control.dataset, annotator=person, kind=AnswerKind.NO, truth=0, answer=1, correct=True
        )


def test_who_points_at_the_same_place_of_every_row_is_found(dataset, control, b, c) -> None:
    point(b, control, lambda at: 2)
    point(c, control, lambda at: at // 5 % 4)
    judged = judge(dataset)
    same, honest = (judged.patterns(judged.line.people.index(person.pk)).position for person in (b, c))
    assert (same.statistic, same.p_value < 1e-6) == (1.0, True)
    assert (honest.statistic, honest.p_value > 0.5) == (0.25, True)
