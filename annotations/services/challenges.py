"""Issue a challenge, draw its picture, take its answer. What decides stays here: the client sends what it saw."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import DateTimeField, Exists, OuterRef, QuerySet, UUIDField
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from annotations.challenges import grading, patience, share, skipping, worth
from annotations.challenges.registry import GLANCE, KINDS, misfits, offered
from annotations.challenges.tiles import Answered, Candidate, Composed, Graded, NotEnough
from annotations.models import (
    KINDS_OF_ANSWER,
    Annotator,
    Campaign,
    Challenge,
    ChallengeState,
    Contradiction,
    ControlAnswer,
    Tile,
    Vote,
)
from annotations.selectors import campaign_read, faces_read, keys_of, reliability_of, removed_indices
from annotations.selectors_unseen import with_unseen_failures
from annotations.services import asking, candidates, shelf
from annotations.services.assembly import LIFETIME, assemble, store
from annotations.services.consensus import consensus_update
from annotations.services.people import Said
from annotations.services.skips import skips_wait
from annotations.services.streaks import streak_count
from annotations.services.withholding import verdict_withhold
from annotations.spoken import spoken
from gallery.models import DataSet
from gallery.prepared import Many, One, Prepared, PreparedUpdate, insert

GONE = gettext_lazy("This challenge was answered already, or its two minutes are over.")
OPEN = Prepared(
    lambda several: (
        Challenge.objects.filter(dataset=One("dataset"), annotator=One("annotator"), state=ChallengeState.OPEN)
        .order_by("-issued_at")
        .values_list("pk")
    )
)
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
VOTED = Prepared(lambda several: _said(Vote.objects.first_words(), several))
CHECKED = Prepared(lambda several: _said(ControlAnswer.objects.all(), several))
VERDICTS = Prepared(lambda several: _verdicts(several))


class ChallengeGone(Exception):  # noqa: N818 - it tells what happened to the challenge
    """It was answered before, has expired, or was replaced: a challenge is good for one answer."""


class NoChallenge(Exception):  # noqa: N818
    """There is nothing to ask this person here; the message says why."""


class TooManyTries(NoChallenge):
    """They failed several challenges in a row; `seconds` are to be waited before the next."""

    def __init__(self, seconds: int) -> None:
        words = gettext("Several answers in a row didn't match. Take a break: you can go on in %(wait)s.")
        super().__init__(words % {"wait": spoken(patience.in_words(seconds))})
        self.seconds = seconds


class TooManySkips(TooManyTries):
    """They passed over too many lately. The challenge that they have stays open."""

    def __init__(self, seconds: int) -> None:
        words = gettext("You have passed over %(n)s in ten minutes. The next skip is in %(wait)s; answers are free.")
        NoChallenge.__init__(self, words % {"n": skipping.MOST, "wait": spoken(patience.in_words(seconds))})
        self.seconds = seconds


@dataclass(frozen=True)
class Result:
    """`passed` is None where somebody couldn't tell: then there is no verdict."""

    passed: bool | None
    votes: int


def _said(answers: QuerySet[Any], several: Many) -> QuerySet[Any, Any]:
    """As many of their answers as make a difference."""
    rows = answers.filter(dataset=One("dataset"), annotator__in=several("faces"))
    return rows.values_list("pk")[: share.SETTLED]


def _verdicts(several: Many) -> QuerySet[Any, Any]:
    """The latest first. Nobody is held up for what trusted people answered, too."""
    graded = [ChallengeState.PASSED, ChallengeState.FAILED]
    rows = Challenge.objects.filter(dataset=One("dataset"), annotator__in=several("faces"), state__in=graded)
    doubted = Contradiction.objects.filter(image=OuterRef("image"), created_at__gte=OuterRef("created_at"))
    wrong = ControlAnswer.objects.filter(Exists(doubted), challenge=OuterRef("pk"), correct=False)
    rows = rows.exclude(Exists(wrong)).order_by("-answered_at")
    return rows.values_list("state", "answered_at")[: patience.MOST_LOOKED_AT]


def kinds_offered(dataset: DataSet, campaign: Campaign | None = None) -> list[str]:
    """Those that its owner wants, and that can be asked about its classes."""
    campaign = campaign or campaign_read(dataset)
    return [name for name in offered(keys_of(dataset)) if name in campaign.kinds]


@transaction.atomic
def challenge_issue(
    *,
    dataset: DataSet,
    annotator: Annotator,
    kind: str | None = None,
    least_doubt: float = 0.0,
    even_ended: bool = False,
    at_a_glance: bool = False,
    in_place_of: UUID | None = None,
    beside: int = 0,
) -> Challenge:
    """Hand a challenge over that is ready for this person, or compose one and lease its unknowns; retire the one that
    it replaces: whichever they have here, but for the `beside` latest that it isn't asked `in_place_of`.

    They are doubted by `least_doubt` at the least. `even_ended`: where the campaign has ended they are asked about
    controls alone, for the verdict. `at_a_glance`: who is known is asked no more than two pictures, where that does.
    """
    campaign = campaign_read(dataset)
    kinds = kinds_offered(dataset, campaign)
    if not kinds:
        reasons = " ".join(spoken(reason) for reason in misfits(campaign.kinds, keys_of(dataset)))
        raise NoChallenge(gettext("Nothing can be asked here. %(reasons)s") % {"reasons": reasons})
    if kind is not None and kind not in kinds:
        raise NoChallenge(_not_offered(kinds, kind))
    if campaign.ended_at and not even_ended:
        raise NoChallenge(gettext("This campaign has ended: nobody is asked about these pictures any more."))
    faces = faces_read(annotator)
    if any(face.blocked_at for face in faces):
        raise NoChallenge(gettext("A reviewer has stopped this annotator. The answers so far are kept."))
    failed = _failed_in_a_row(dataset, faces)
    if seconds := skips_wait(faces):
        raise TooManySkips(seconds)
    _replace(dataset, annotator, in_place_of, beside)
    doubt = max(least_doubt, _doubt(dataset, annotator, faces, failed))
    rng = np.random.default_rng(secrets.randbits(31))
    wanted = [kind] if kind else asking.kinds_in_order(dataset, kinds, doubt, rng)
    if at_a_glance and doubt <= share.KNOWN:
        return _compose(dataset, annotator, [GLANCE, *wanted], doubt, ask=not campaign.ended_at)
    if campaign.ended_at:
        return _compose(dataset, annotator, wanted, doubt, ask=False)
    ready = shelf.take(dataset, annotator, faces, wanted[0], doubt) if wanted else None
    return ready or _compose(dataset, annotator, wanted, doubt)


def _not_offered(kinds: Sequence[str], kind: str) -> str:
    offers = gettext(" and ").join(kinds)
    return gettext("This data set offers %(kinds)s, not “%(kind)s”.") % {"kinds": offers, "kind": kind}


def _failed_in_a_row(dataset: DataSet, faces: Sequence[Annotator]) -> int:
    """How many challenges here they have failed since they last passed one. Raises TooManyTries while they wait."""
    rows = with_unseen_failures(VERDICTS.all(dataset=dataset.pk, faces=[face.pk for face in faces]), faces[0])
    failed = patience.failed_in_a_row(state == ChallengeState.PASSED for state, _ in rows)
    since = (timezone.now() - rows[0][1]).total_seconds() if rows else 0.0
    if seconds := patience.seconds_left(failed, since):
        raise TooManyTries(seconds)
    return failed


def _doubt(dataset: DataSet, annotator: Annotator, faces: Sequence[Annotator], failed: int) -> float:
    """What is left of it about this person, by what they have shown on this data set."""
    low, answered = reliability_of(annotator, dataset).low, 0
    for said in (VOTED, CHECKED):
        # Where nothing is believed of them yet, it doesn't matter how much they have answered.
        if low > share.DOUBTED and answered < share.SETTLED:
            answered += len(said.all(dataset=dataset.pk, faces=[face.pk for face in faces]))
    return share.doubt(answered=answered, low=low, failed=failed)


def _replace(dataset: DataSet, annotator: Annotator, in_place_of: UUID | None, beside: int) -> None:
    """Asking for another gives the last one's unknowns to others. Where nobody has several widgets before them, there
    is one open challenge a person and data set."""
    others = [pk for (pk,) in OPEN.all(dataset=dataset.pk, annotator=annotator.pk) if pk != in_place_of]
    if last := others[beside:] + ([in_place_of] if in_place_of else []):
        challenges_close(Challenge.objects.filter(pk__in=last))


def challenges_close(challenges: QuerySet[Challenge]) -> None:
    """Take back those of them that are open, or ready for somebody."""
    states = [ChallengeState.OPEN, ChallengeState.READY]
    found = list(challenges.filter(state__in=states).values_list("pk", flat=True))
    if not found:
        return
    open_ones = Challenge.objects.filter(pk__in=found, state__in=states)
    # Not the unknowns of an expired one: by now they may be somebody else's.
    alive = open_ones.filter(expires_at__gt=timezone.now())
    unknowns = Tile.objects.filter(challenge__in=alive, truth=None).values_list("image", flat=True)
    candidates.release(list(unknowns))
    open_ones.update(state=ChallengeState.REPLACED)


def _compose(dataset: DataSet, annotator: Annotator, kinds: list[str], doubt: float, *, ask: bool = True) -> Challenge:
    """Of the first of these kinds that there are enough images for; with unknowns, if they are to `ask`."""
    controls = candidates.controls(dataset, annotator)
    for name in kinds:
        size = KINDS[name].size
        unknowns = candidates.unknowns(dataset, annotator, size, worth.further(size)) if ask else []
        asked = asking.Asking(dataset, name, unknowns, doubt)
        try:
            assembled = assemble(asked, controls, unknowns)
        except NotEnough:
            continue
        asked.remember([assembled.composed])
        [challenge] = store(dataset, [assembled], LIFETIME, annotator=annotator, expires_at=timezone.now() + LIFETIME)
        return challenge
    raise NoChallenge(
        gettext(
            "You have seen every picture here that an answer can be checked by. More come as people agree on others."
        )
        if annotator.challenges.filter(dataset=dataset).exists()
        else gettext("Nothing can be asked here yet: too few pictures have a known answer.")
    )


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
