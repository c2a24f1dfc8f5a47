"""Issuing and answering. The controls alone decide; an answer counts once; what was said on unknowns is kept."""

from datetime import timedelta
from io import BytesIO
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone
from PIL import Image as Picture

from annotations.challenges.registry import OFFERED
from annotations.challenges.tiles import AnswerError
from annotations.models import (
    Annotator,
    AnswerKind,
    Campaign,
    Challenge,
    ChallengeState,
    ControlAnswer,
    QueueItem,
    Reliability,
    Tile,
    Verdict,
    Vote,
)
from annotations.selectors import campaign_of
from annotations.services.annotators import annotator_join
from annotations.services.answering import challenge_answer
from annotations.services.assembly import LIFETIME
from annotations.services.issuing import challenge_issue
from annotations.services.pictures import challenge_picture
from annotations.services.refusals import ChallengeGone, NoChallenge
from annotations.services.review import decision_make
from gallery.models import DataSet, Image, Split

pytestmark = pytest.mark.django_db


@pytest.fixture
def all_kinds(dataset: DataSet) -> None:
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(kinds=list(OFFERED))


def every_kind(test):
    return pytest.mark.usefixtures("all_kinds")(pytest.mark.parametrize("kind", OFFERED)(test))


def wrong(truth: int) -> int:
    return (truth + 1) % 3


def unknowns(challenge: Challenge) -> set[int]:
    return set(challenge.tiles.filter(truth=None).values_list("image", flat=True))


def controls(challenge: Challenge) -> set[int]:
    return set(challenge.tiles.exclude(truth=None).values_list("image", flat=True))


# ── The verdict ──────────────────────────────────────────────────────────────────────────────────────────────────────


@every_kind
def test_right_controls_pass(shades: DataSet, solve, b, kind: str) -> None:
    assert solve(b, kind=kind).state == ChallengeState.PASSED


@every_kind
def test_the_verdict_comes_from_the_controls_alone(shades: DataSet, solve, answers, b, kind: str) -> None:
    """Whatever is said of the unknowns, here the opposite of the truth."""
    challenge = challenge_issue(dataset=shades, annotator=b, kind=kind)
    for image in Image.objects.filter(pk__in=unknowns(challenge)):
        Image.objects.filter(pk=image.pk).update(name=str(wrong(int(image.name))))
    assert challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge)).passed


def test_one_wrong_control_fails_the_challenge(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    control = challenge.tiles.exclude(truth=None).first()
    raw = list(str(answers(challenge)))
    raw[control.position] = "dml"[wrong(control.truth)]
    assert not challenge_answer(challenge=challenge, annotator=b, raw="".join(raw)).passed
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.FAILED
    assert [row.correct for row in challenge.controlanswers.filter(image=control.image)] == [False]


def test_who_can_not_tell_any_control_gets_no_verdict_and_says_nothing(shades: DataSet, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    result = challenge_answer(challenge=challenge, annotator=b, raw="?" * 10)
    challenge.refresh_from_db()
    assert (result.passed, result.votes, challenge.state) == (None, 0, ChallengeState.UNSURE)
    assert not Vote.objects.exists()
    assert not ControlAnswer.objects.exists()


# ── What is written ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_unknowns_become_votes_and_controls_become_evidence(shades: DataSet, solve, b) -> None:
    challenge = solve(b)
    assert set(challenge.votes.values_list("image", flat=True)) == unknowns(challenge)
    assert set(challenge.controlanswers.values_list("image", flat=True)) == controls(challenge)
    assert not Vote.objects.filter(image__in=controls(challenge)).exists()
    assert all(row.correct and row.truth == row.answer for row in challenge.controlanswers.all())


def test_an_answer_to_a_control_never_touches_the_images_consensus(shades: DataSet, solve, b) -> None:
    challenge = solve(b, wrong)
    assert challenge.controlanswers.filter(correct=False).exists()
    assert not Image.objects.filter(pk__in=controls(challenge), consensus__isnull=False).exists()


def test_a_grids_tiles_say_it_is_or_it_is_not(shades: DataSet, solve, b) -> None:
    challenge = solve(b, kind="grid")
    for row in [*challenge.votes.select_related("image"), *challenge.controlanswers.select_related("image")]:
        is_it = int(row.image.name) == challenge.target
        assert (row.kind, row.answer) == (AnswerKind.YES if is_it else AnswerKind.NO, challenge.target)


@pytest.mark.usefixtures("all_kinds")
def test_yes_or_no_is_about_the_class_that_the_picture_was_asked_about(shades: DataSet, solve, b) -> None:
    challenge = solve(b, kind="yes-no")
    tiles = {tile.image_id: tile for tile in challenge.tiles.select_related("image")}
    rows = [*challenge.votes.all(), *challenge.controlanswers.all()]
    assert len(rows) == 10
    for row in rows:
        asked = challenge.asked[tiles[row.image_id].position]
        is_it = int(tiles[row.image_id].image.name) == asked
        assert (row.kind, row.answer) == (AnswerKind.YES if is_it else AnswerKind.NO, asked)


@every_kind
def test_what_is_said_of_unknowns_moves_the_consensus(shades: DataSet, solve, b, kind: str) -> None:
    votes = solve(b, kind=kind).votes.select_related("image__consensus")
    assert votes
    for vote in votes:
        belief = vote.image.consensus.posterior[vote.answer]
        assert belief < 1 / 3 if vote.kind == AnswerKind.NO else belief > 1 / 3


def test_the_votes_of_a_failed_challenge_are_kept_with_the_weight_that_reliability_gives(shades, solve, b) -> None:
    challenge = solve(b, wrong)
    assert challenge.state == ChallengeState.FAILED
    assert set(challenge.votes.values_list("image", flat=True)) == unknowns(challenge)
    row = Reliability.objects.get(annotator=b)
    assert 0 <= row.weight < 0.2
    assert row.evidence == challenge.controlanswers.count()


def test_a_failed_challenges_votes_move_a_posterior_less_than_a_passed_ones(shades, solve, b, c) -> None:
    moved = []
    for person, says in ((b, wrong), (c, lambda truth: truth)):
        images = [vote.image for vote in solve(person, says).votes.select_related("image__consensus")]
        moved.append(max(image.consensus.confidence for image in images))
        Image.objects.filter(pk__in=[image.pk for image in images]).update(withdrawn_at=timezone.now())
    assert moved[0] < moved[1]


# ── Once, within two minutes ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_challenge_is_good_for_one_answer(shades: DataSet, solve, answers, b) -> None:
    challenge = solve(b)
    with pytest.raises(ChallengeGone):
        challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge))
    assert Vote.objects.count() == len(unknowns(challenge))


def test_of_two_answers_that_race_one_passes(shades: DataSet, answers, b) -> None:
    """Both requests loaded the challenge while it was open; the conditional update decides."""
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    first, second = (Challenge.objects.get(pk=challenge.pk) for _ in range(2))
    assert challenge_answer(challenge=first, annotator=b, raw=answers(challenge)).passed
    assert second.state == ChallengeState.OPEN
    with pytest.raises(ChallengeGone):
        challenge_answer(challenge=second, annotator=b, raw=answers(challenge, wrong))
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.PASSED
    assert not ControlAnswer.objects.filter(correct=False).exists()


def test_nobody_answers_for_somebody_else(shades: DataSet, answers, b, c) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b)
    with pytest.raises(ChallengeGone):
        challenge_answer(challenge=challenge, annotator=c, raw=answers(challenge))
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.OPEN


def test_a_challenge_lives_two_minutes(shades: DataSet, answers, b) -> None:
    assert timedelta(seconds=120) == LIFETIME
    challenge = challenge_issue(dataset=shades, annotator=b)
    assert abs(challenge.expires_at - challenge.issued_at - LIFETIME) < timedelta(seconds=1)
    Challenge.objects.filter(pk=challenge.pk).update(expires_at=timezone.now())
    with pytest.raises(ChallengeGone):
        challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge))
    assert not Vote.objects.exists()


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("strip", "dml"), ("strip", "xxxxxxxxxx"), ("strip", 7), ("strip", None), ("grid", [9]), ("grid", "012")],
)
def test_an_answer_that_can_not_be_read_leaves_the_challenge_open(shades, solve, answers, b, kind, raw) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind=kind)
    with pytest.raises(AnswerError):
        challenge_answer(challenge=challenge, annotator=b, raw=raw)
    assert challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge)).passed


def test_asking_for_another_retires_the_last_one_and_frees_its_unknowns(shades: DataSet, answers, b) -> None:
    first = challenge_issue(dataset=shades, annotator=b)
    second = challenge_issue(dataset=shades, annotator=b)
    first.refresh_from_db()
    assert first.state == ChallengeState.REPLACED
    assert not QueueItem.objects.filter(image__in=unknowns(first)).exclude(leased_until=None).exists()
    assert not unknowns(first) & unknowns(second)
    with pytest.raises(ChallengeGone):
        challenge_answer(challenge=first, annotator=b, raw=answers(first))


def test_an_expired_challenge_frees_nothing_that_is_somebody_elses_by_now(shades: DataSet, b, c) -> None:
    past = timezone.now() - timedelta(seconds=1)
    expired = challenge_issue(dataset=shades, annotator=b, kind="strip")
    Challenge.objects.filter(pk=expired.pk).update(expires_at=past)
    QueueItem.objects.filter(image__in=unknowns(expired)).update(leased_until=past)
    Image.objects.filter(split=Split.POOL).exclude(pk__in=unknowns(expired)).update(withdrawn_at=timezone.now())
    theirs = challenge_issue(dataset=shades, annotator=c, kind="strip")
    assert unknowns(theirs) == unknowns(expired)
    challenge_issue(dataset=shades, annotator=b, kind="strip")
    assert not QueueItem.objects.filter(image__in=unknowns(theirs), leased_until=None).exists()


def test_an_answer_ends_the_lease_of_what_is_not_settled(shades: DataSet, solve, b) -> None:
    challenge = solve(b)
    items = QueueItem.objects.filter(image__in=unknowns(challenge))
    assert items.count() == len(unknowns(challenge))
    assert not items.exclude(leased_until=None).exists()


# ── Who is asked what ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("all_kinds")
@pytest.mark.parametrize(
    ("kind", "stranger", "known"),
    [("strip", 5, 1), ("grid", 7, 2), ("grid-4x4", 7, 2), ("choice", 5, 1), ("yes-no", 7, 2)],
)
def test_a_known_person_is_checked_less_than_a_stranger(shades, grade, b, c, kind, stranger, known) -> None:
    grade([b], n=40)
    assert Reliability.objects.get(annotator=b).trusted
    assert len(controls(challenge_issue(dataset=shades, annotator=c, kind=kind))) == stranger
    assert len(controls(challenge_issue(dataset=shades, annotator=b, kind=kind))) == known


def test_without_unknowns_everything_is_a_control(dataset: DataSet, pictures, solve, b) -> None:
    for shade in range(3):
        pictures(24, shade, label=True)
    challenge = solve(b)
    assert challenge.state == ChallengeState.PASSED
    assert len(controls(challenge)) == 10


def test_a_data_set_with_too_little_gold_says_so(dataset: DataSet, pictures, b) -> None:
    pictures(2, 0, label=True)
    pictures(30, 1)
    with pytest.raises(NoChallenge, match="too few pictures have a known answer"):
        challenge_issue(dataset=dataset, annotator=b)
    assert not Challenge.objects.exists()
    assert not QueueItem.objects.exclude(leased_until=None).exists()


def test_who_has_seen_every_control_is_told_so(dataset: DataSet, pictures, solve, b) -> None:
    for shade in range(3):
        pictures(6, shade, label=True)
    pictures(20, 0)
    with pytest.raises(NoChallenge, match="You have seen every picture"):
        for _ in range(5):
            solve(b)
    assert Challenge.objects.filter(state=ChallengeState.PASSED).exists()


def test_a_kind_that_is_not_offered_is_named(shades: DataSet, b) -> None:
    with pytest.raises(NoChallenge, match="grid and strip, not “riddle”"):
        challenge_issue(dataset=shades, annotator=b, kind="riddle")


def test_a_blocked_person_is_asked_nothing_under_any_face(shades: DataSet, b, rita) -> None:
    visitor = Annotator.objects.create()
    annotator_join(visitor=visitor, account=b)
    decision_make(annotator=visitor, verdict=Verdict.BLOCK, by=rita)
    for face in (b, visitor):
        with pytest.raises(NoChallenge, match="A reviewer has stopped"):
            challenge_issue(dataset=shades, annotator=Annotator.objects.get(pk=face.pk))


# ── The picture ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_challenges_of_the_same_images_are_two_pictures_without_metadata(published, issue_of, b, c) -> None:
    images = list(published.images.all()[:10])
    challenges = [issue_of(person, images) for person in (b, c)]
    drawn = [challenge_picture(challenge) for challenge in challenges]
    assert drawn[0] != drawn[1]
    for data in drawn:
        picture = Picture.open(BytesIO(data))
        assert picture.size == (496, 196)
        assert not picture.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(picture.info)
        assert b"Exif" not in data


def test_the_same_challenge_is_the_same_picture_each_time(published: DataSet, b) -> None:
    challenge = challenge_issue(dataset=published, annotator=b)
    assert challenge_picture(challenge) == challenge_picture(Challenge.objects.get(pk=challenge.pk))


@pytest.mark.parametrize("gone", ["withdrawn_at", "deleted_at"])
def test_a_picture_taken_out_meanwhile_is_an_empty_tile(published: DataSet, b, gone: str) -> None:
    challenge = challenge_issue(dataset=published, annotator=b, kind="strip")
    Image.objects.filter(pk=challenge.tiles.get(position=0).image_id).update(**{gone: timezone.now()})
    tile = Picture.open(BytesIO(challenge_picture(challenge))).crop((8, 8, 88, 88))
    assert all(high - low < 12 for low, high in tile.getextrema())
    assert tile.getpixel((40, 40))[0] > 190


def test_nobody_is_judged_by_a_picture_taken_out_meanwhile(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    Image.objects.filter(pk__in=controls(challenge)).update(withdrawn_at=timezone.now())
    with pytest.raises(ChallengeGone, match="taken out"):
        challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge))
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.REPLACED
    assert not ControlAnswer.objects.exists()


def test_an_image_that_its_owner_named_meanwhile_is_evidence_and_no_trouble(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    image = Image.objects.get(pk=min(unknowns(challenge)))
    image.tags.create(source="owner", label=shades.classes.get(index=0))
    assert challenge_answer(challenge=challenge, annotator=b, raw=answers(challenge)).passed
    assert not hasattr(Image.objects.get(pk=image.pk), "consensus")
    assert Vote.objects.filter(image=image).exists()


def test_issuing_takes_as_many_queries_for_many_images_as_for_few(shades, b, django_assert_max_num_queries) -> None:
    Campaign.objects.get_or_create(dataset=shades)
    with django_assert_max_num_queries(32):
        challenge_issue(dataset=shades, annotator=b, kind="strip")


# ── Two at once, where the database lets two write at once ───────────────────────────────────────────────────────────

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite lets one write at a time, so two answers can't meet there"
)


def side_by_side(*jobs) -> list[object]:
    """Run the jobs at the same moment, a connection each; what they return or raise."""
    barrier, outcomes = Barrier(len(jobs), timeout=30), [None] * len(jobs)

    def run(place: int) -> None:
        try:
            barrier.wait(timeout=10)
            outcomes[place] = jobs[place]()
        except Exception as error:
            outcomes[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_of_answers_at_the_same_moment_one_passes(shades: DataSet, answers, b) -> None:
    challenge = challenge_issue(dataset=shades, annotator=b, kind="strip")
    raw = answers(challenge)

    def answer() -> object:
        return challenge_answer(challenge=Challenge.objects.get(pk=challenge.pk), annotator=b, raw=raw)

    outcomes = side_by_side(*[answer] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ChallengeGone"] * 3 + ["Result"]
    assert Vote.objects.count() == len(unknowns(challenge))


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_solvers_who_ask_at_the_same_moment_get_different_unknowns(shades: DataSet) -> None:
    people = [Annotator.objects.create() for _ in range(4)]
    jobs = [lambda person=person: challenge_issue(dataset=shades, annotator=person, kind="strip") for person in people]
    asked = [unknowns(challenge) for challenge in side_by_side(*jobs)]
    assert sum(len(images) for images in asked) == len(set.union(*asked)) > 0


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_answers_on_the_same_images_at_the_same_moment_all_count(shades: DataSet, issue_of, answers) -> None:
    images = list(shades.images.filter(split=Split.POOL)[:10])
    challenges = [issue_of(Annotator.objects.create(), images) for _ in range(4)]
    jobs = [
        lambda ch=challenge: challenge_answer(challenge=ch, annotator=ch.annotator, raw=answers(ch))
        for challenge in challenges
    ]
    assert [type(outcome).__name__ for outcome in side_by_side(*jobs)] == ["Result"] * 4
    assert {image.consensus.votes for image in Image.objects.filter(pk__in=[i.pk for i in images])} == {4}
    assert Tile.objects.filter(image__in=images).count() == 40
