"""Issue a challenge, draw its picture, take its answer. What decides stays here: the client sends what it saw."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from PIL import Image as Picture

from annotations.challenges import patience, share, sprite
from annotations.challenges.registry import KINDS, offered
from annotations.challenges.share import Check
from annotations.challenges.tiles import Answered, Candidate, Composed, Graded, Keys, NotEnough
from annotations.models import (
    Annotator,
    AnswerKind,
    Challenge,
    ChallengeState,
    Contradiction,
    ControlAnswer,
    Tile,
    Vote,
)
from annotations.selectors import faces_of, has_ended, is_blocked, reliability_of
from annotations.services import candidates
from annotations.services.consensus import consensus_update
from gallery.models import DataSet, Image

LIFETIME = timedelta(seconds=120)
KINDS_OF_ANSWER = {"choice": AnswerKind.CHOICE, "yes": AnswerKind.YES, "no": AnswerKind.NO}


class ChallengeGone(Exception):  # noqa: N818 - it tells what happened to the challenge
    """It was answered before, has expired, or was replaced: a challenge is good for one answer."""


class NoChallenge(Exception):  # noqa: N818
    """There is nothing to ask this person here; the message says why."""


class TooManyTries(NoChallenge):
    """They failed several challenges in a row; `seconds` are to be waited before the next."""

    def __init__(self, seconds: int) -> None:
        wait = patience.in_words(seconds)
        super().__init__(f"Several answers in a row didn't match. Take a break: you can go on in {wait}.")
        self.seconds = seconds


@dataclass(frozen=True)
class Result:
    passed: bool
    votes: int


def keys_of(dataset: DataSet) -> Keys:
    return [("", "") if cls.removed_at else (cls.key, cls.name) for cls in dataset.classes.all()]


def kinds_offered(dataset: DataSet) -> list[str]:
    return offered(keys_of(dataset))


@transaction.atomic
def challenge_issue(*, dataset: DataSet, annotator: Annotator, kind: str | None = None) -> Challenge:
    """Compose a challenge for this person, lease its unknowns, and retire the one that it replaces."""
    kinds = kinds_offered(dataset)
    if kind is not None and kind not in kinds:
        raise NoChallenge(f"This data set offers {' and '.join(kinds) or 'no challenges'}, not “{kind}”.")
    if has_ended(dataset):
        raise NoChallenge("This campaign has ended: nobody is asked about these pictures any more.")
    if is_blocked(annotator):
        raise NoChallenge("A reviewer has stopped this annotator. The answers so far are kept.")
    failed = _failed_in_a_row(dataset, annotator)
    _replace(dataset, annotator)
    seed = secrets.randbits(31)
    rng = np.random.default_rng(seed)
    composed = _compose(dataset, annotator, [kind] if kind else rng.permutation(kinds).tolist(), failed, rng)
    candidates.lease([c.image_id for c in composed.tiles if c.truth is None], LIFETIME)
    return _store(dataset, annotator, composed, seed)


def _failed_in_a_row(dataset: DataSet, annotator: Annotator) -> int:
    """How many challenges here they have failed since they last passed one. Raises TooManyTries while they wait."""
    graded = [ChallengeState.PASSED, ChallengeState.FAILED]
    verdicts = Challenge.objects.filter(dataset=dataset, annotator__in=faces_of(annotator), state__in=graded)
    doubted = Contradiction.objects.filter(image=OuterRef("image"), created_at__gte=OuterRef("created_at"))
    wrong = ControlAnswer.objects.filter(Exists(doubted), challenge=OuterRef("pk"), correct=False)
    verdicts = verdicts.exclude(Exists(wrong))  # nobody is held up for what trusted people answered, too
    rows = list(verdicts.order_by("-answered_at").values_list("state", "answered_at")[: patience.MOST_LOOKED_AT])
    failed = patience.failed_in_a_row(state == ChallengeState.PASSED for state, _ in rows)
    since = (timezone.now() - rows[0][1]).total_seconds() if rows else 0.0
    if seconds := patience.seconds_left(failed, since):
        raise TooManyTries(seconds)
    return failed


def _check(dataset: DataSet, annotator: Annotator, failed: int) -> Check:
    """How closely this person is checked, by what they have shown on this data set."""
    faces = faces_of(annotator)
    rows = (model.objects.filter(dataset=dataset, annotator__in=faces) for model in (Vote, ControlAnswer))
    answered = sum(said[: share.SETTLED].count() for said in rows)
    low = reliability_of(annotator, dataset).low
    return share.check(share.doubt(answered=answered, low=low, failed=failed))


def _replace(dataset: DataSet, annotator: Annotator) -> None:
    """One open challenge a person and data set: asking for another gives the last one's unknowns to others."""
    challenges_close(Challenge.objects.filter(dataset=dataset, annotator=annotator))


def challenges_close(challenges: QuerySet[Challenge]) -> None:
    """Take back those of them that are open."""
    open_ones = challenges.filter(state=ChallengeState.OPEN)
    # Not the unknowns of an expired one: by now they may be somebody else's.
    alive = open_ones.filter(expires_at__gt=timezone.now())
    unknowns = Tile.objects.filter(challenge__in=alive, truth=None).values_list("image", flat=True)
    candidates.release(list(unknowns))
    open_ones.update(state=ChallengeState.REPLACED)


def _compose(
    dataset: DataSet, annotator: Annotator, kinds: list[str], failed: int, rng: np.random.Generator
) -> Composed:
    """The first of these kinds that there are enough images for."""
    check = _check(dataset, annotator, failed)
    n_classes = dataset.classes.count()
    controls = candidates.controls(dataset, annotator)
    for name in kinds:
        kind = KINDS[name]
        unknowns = candidates.unknowns(dataset, annotator, kind.size)
        try:
            return kind.compose(controls, unknowns, n_classes, check, rng)
        except NotEnough:
            continue
    raise NoChallenge(
        "You have seen every picture here that an answer can be checked by. More come as people agree on others."
        if annotator.challenges.filter(dataset=dataset).exists()
        else "Nothing can be asked here yet: too few pictures have a known answer."
    )


def _store(dataset: DataSet, annotator: Annotator, composed: Composed, seed: int) -> Challenge:
    challenge = Challenge.objects.create(
        dataset=dataset,
        annotator=annotator,
        kind=composed.kind,
        target=composed.target,
        seed=seed,
        expires_at=timezone.now() + LIFETIME,
    )
    Tile.objects.bulk_create(
        Tile(challenge=challenge, position=position, image_id=c.image_id, truth=c.truth)
        for position, c in enumerate(composed.tiles)
    )
    return challenge


def challenge_answer(*, challenge: Challenge, annotator: Annotator, raw: object) -> Result:
    """Grade an answer, once. Raises AnswerError for one that can't be read: the challenge then stays open."""
    composed = _composed(challenge)
    kind = KINDS[challenge.kind]
    answers = kind.parse(raw, composed, keys_of(challenge.dataset))
    graded = kind.grade(composed, answers)
    _check_controls(challenge)
    with transaction.atomic():
        _claim(challenge, annotator, graded)
        _write_ledger(challenge, composed, graded)
        doubted = consensus_update(challenge=challenge)
        passed = graded.passed or _passed_otherwise(challenge, composed, answers, doubted)
        candidates.release([tile.image_id for tile in composed.tiles if tile.truth is None])
    return Result(passed, len(graded.votes))


def _check_controls(challenge: Challenge) -> None:
    """A picture that was withdrawn or deleted meanwhile can't be told, and a control that was contradicted since is in
    doubt: nobody is judged by it."""
    images = Image.objects.filter(tiles__challenge=challenge)
    doubted = Contradiction.objects.filter(created_at__gte=challenge.issued_at)
    if images.count() > images.shown().count():
        reason = "One of its pictures was taken out meanwhile."
    elif doubted.filter(image__in=challenge.tiles.exclude(truth=None).values("image")).exists():
        reason = "What one of its pictures shows came into doubt meanwhile."
    else:
        return
    Challenge.objects.filter(pk=challenge.pk, state=ChallengeState.OPEN).update(state=ChallengeState.REPLACED)
    raise ChallengeGone(reason)


def _passed_otherwise(
    challenge: Challenge, composed: Composed, answers: Sequence[Answered], doubted: Collection[int]
) -> bool:
    """Whether this answer passes without the controls that it has brought into doubt."""
    tiles = tuple(replace(tile, truth=None) if tile.image_id in doubted else tile for tile in composed.tiles)
    passed = bool(doubted) and KINDS[challenge.kind].grade(replace(composed, tiles=tiles), answers).passed
    if passed:
        Challenge.objects.filter(pk=challenge.pk).update(state=ChallengeState.PASSED)
    return passed


def _claim(challenge: Challenge, annotator: Annotator, graded: Graded) -> None:
    """Of two answers that race, the conditional UPDATE lets one through."""
    mine = Challenge.objects.filter(
        pk=challenge.pk, annotator=annotator, state=ChallengeState.OPEN, expires_at__gt=timezone.now()
    )
    state = ChallengeState.PASSED if graded.passed else ChallengeState.FAILED
    if not mine.update(state=state, answered_at=timezone.now()):
        raise ChallengeGone("This challenge was answered already, or its two minutes are over.")


def _write_ledger(challenge: Challenge, composed: Composed, graded: Graded) -> None:
    Vote.objects.bulk_create(Vote(**_row(challenge, composed, answer)) for answer in graded.votes)
    ControlAnswer.objects.bulk_create(
        ControlAnswer(**_row(challenge, composed, answer), truth=composed.tiles[answer.position].truth, correct=correct)
        for answer, correct in graded.controls
    )


def _row(challenge: Challenge, composed: Composed, answer: Answered) -> dict[str, object]:
    return {
        "dataset_id": challenge.dataset_id,
        "annotator_id": challenge.annotator_id,
        "challenge": challenge,
        "image_id": composed.tiles[answer.position].image_id,
        "kind": KINDS_OF_ANSWER[answer.kind],
        "answer": answer.cls,
    }


def _composed(challenge: Challenge) -> Composed:
    tiles = challenge.tiles.order_by("position").values_list("image_id", "truth")
    return Composed(challenge.kind, tuple(Candidate(image, truth) for image, truth in tiles), challenge.target)


def challenge_picture(challenge: Challenge) -> bytes:
    """One sprite for all tiles, drawn anew for this challenge, so that no address and no hash tells an image."""
    tiles = challenge.tiles.select_related("image").order_by("position")
    columns = KINDS[challenge.kind].columns
    return sprite.render([_open(tile.image) for tile in tiles], columns=columns, seed=challenge.seed)


def _open(image: Image) -> Picture.Image:
    try:
        if image.withdrawn_at or image.deleted_at:
            raise FileNotFoundError
        with image.thumbnail.open("rb") as file:
            picture = Picture.open(file)
            picture.load()
    except FileNotFoundError:
        # Taken out since the challenge was issued: an empty tile. The answer then gets a new challenge, no verdict.
        return Picture.new("RGB", (1, 1), sprite.BACKGROUND)
    return picture
