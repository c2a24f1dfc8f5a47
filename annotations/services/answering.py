"""Take the answer to a challenge, once. What decides stays here: the client sends what it saw."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn

from django.db import transaction
from django.db.models import DateTimeField, UUIDField
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from annotations.challenges import grading
from annotations.challenges.registry import KINDS
from annotations.challenges.tiles import Answered, Candidate, Composed, Graded
from annotations.models import (
    KINDS_OF_ANSWER,
    Annotator,
    Challenge,
    ChallengeState,
    Contradiction,
    ControlAnswer,
    Tile,
    Vote,
)
from annotations.selectors import keys_of, removed_indices
from annotations.services import candidates
from annotations.services.consensus import consensus_update
from annotations.services.people import Said
from annotations.services.refusals import ChallengeGone
from annotations.services.streaks import streak_count
from annotations.services.withholding import verdict_withhold
from gallery.prepared import One, Prepared, PreparedUpdate, insert

GONE = gettext_lazy("This challenge was answered already, or its two minutes are over.")
CLAIM = PreparedUpdate(
    lambda several: Challenge.objects.filter(
        pk=One("pk", UUIDField()),
        annotator=One("annotator"),
        state=ChallengeState.OPEN,
        expires_at__gt=One("now", DateTimeField()),
    ),
    "state",
    "answered_at",
)
TILES = Prepared(
    lambda several: (
        Tile.objects.filter(challenge=One("challenge", UUIDField()))
        .order_by("position")
        .values_list("image_id", "truth", "image__deleted_at", "image__withdrawn_at")
    )
)
DOUBTED = Prepared(
    lambda several: Contradiction.objects.filter(
        created_at__gte=One("since", DateTimeField()), image__in=several("controls")
    ).values_list("pk")[:1]
)


@dataclass(frozen=True)
class Result:
    """`passed` is None where somebody couldn't tell: then there is no verdict."""

    passed: bool | None
    votes: int


def challenge_answer(*, challenge: Challenge, annotator: Annotator, raw: object, withhold: bool = False) -> Result:
    """Grade an answer, once. Raises AnswerError for one that can't be read: the challenge then stays open.

    `withhold`: they are told later, see `withholding`.
    """
    tiles = TILES.all(challenge=challenge.pk)
    composed, kind = _composed(challenge, tiles), KINDS[challenge.kind]
    _check_classes(challenge, composed)
    answers = kind.parse(raw, composed, keys_of(challenge.dataset))
    graded = kind.grade(composed, answers)
    _check_controls(challenge, tiles)
    with transaction.atomic():
        state = _claim(challenge, annotator, composed, graded)
        said = _write_ledger(challenge, composed, graded)
        doubted = consensus_update(challenge=challenge, said=said)
        if not graded.passed and _passed_otherwise(challenge, composed, answers, doubted):
            state = ChallengeState.PASSED
        candidates.release([tile.image_id for tile in composed.tiles if tile.truth is None])
        if withhold:
            verdict_withhold(challenge=challenge, raw=raw, votes=len(graded.votes))
        else:
            streak_count(annotator=annotator, state=state, at=timezone.now())
    return Result(None if state == ChallengeState.UNSURE else state == ChallengeState.PASSED, len(graded.votes))


@transaction.atomic
def challenge_cant_tell(*, challenge: Challenge, annotator: Annotator) -> None:
    """«I can't tell» of all of it: an answer without votes and without a verdict. Raises ChallengeGone."""
    _close(challenge, annotator, ChallengeState.UNSURE, None)
    candidates.release(list(challenge.tiles.filter(truth=None).values_list("image", flat=True)))


def _check_controls(challenge: Challenge, tiles: Sequence[tuple[Any, ...]]) -> None:
    """A picture that was withdrawn or deleted meanwhile can't be told, and a control that was contradicted since is in
    doubt: nobody is judged by it."""
    controls = [image for image, truth, *_ in tiles if truth is not None]
    if any(deleted or withdrawn for *_, deleted, withdrawn in tiles):
        reason = gettext("One of its pictures was taken out meanwhile.")
    elif DOUBTED.all(since=challenge.assembled_at, controls=controls):
        reason = gettext("What one of its pictures shows came into doubt meanwhile.")
    else:
        return
    _give_up(challenge, reason)


def _check_classes(challenge: Challenge, composed: Composed) -> None:
    """Nobody can name a class that was removed meanwhile, nor is asked for it."""
    asked = {composed.target, *composed.asked, *(tile.truth for tile in composed.tiles)}
    if asked & removed_indices(challenge.dataset):
        _give_up(challenge, gettext("One of its classes was removed meanwhile."))


def _give_up(challenge: Challenge, reason: str) -> NoReturn:
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


def _claim(challenge: Challenge, annotator: Annotator, composed: Composed, graded: Graded) -> ChallengeState:
    """Of two answers that race, the conditional UPDATE lets one through."""
    state = ChallengeState.PASSED if graded.passed else ChallengeState.FAILED
    if grading.is_unsure(composed, graded):
        state = ChallengeState.UNSURE
    _close(challenge, annotator, state, timezone.now())
    return state


def _close(challenge: Challenge, annotator: Annotator, state: ChallengeState, answered: datetime | None) -> None:
    now = timezone.now()
    if not CLAIM.run(pk=challenge.pk, annotator=annotator.pk, now=now, state=state, answered_at=answered):
        raise ChallengeGone(GONE)


def _write_ledger(challenge: Challenge, composed: Composed, graded: Graded) -> Said:
    votes = [Vote(**_row(challenge, composed, answer)) for answer in graded.votes]
    controls = [
        ControlAnswer(**_row(challenge, composed, answer), truth=composed.tiles[answer.position].truth, correct=correct)
        for answer, correct in graded.controls
    ]
    insert(votes)
    insert(controls)
    return Said(votes, controls)


def _row(challenge: Challenge, composed: Composed, answer: Answered) -> dict[str, object]:
    return {
        "dataset_id": challenge.dataset_id,
        "annotator_id": challenge.annotator_id,
        "challenge": challenge,
        "image_id": composed.tiles[answer.position].image_id,
        "kind": KINDS_OF_ANSWER[answer.kind],
        "answer": answer.cls,
    }


def composed_of(challenge: Challenge) -> Composed:
    return _composed(challenge, TILES.all(challenge=challenge.pk))


def _composed(challenge: Challenge, tiles: Sequence[tuple[Any, ...]]) -> Composed:
    size, shown = KINDS[challenge.kind].size, [Candidate(image, truth) for image, truth, *_ in tiles]
    reference = shown[size] if len(shown) > size else None
    return Composed(challenge.kind, tuple(shown[:size]), challenge.target, tuple(challenge.asked), reference)
