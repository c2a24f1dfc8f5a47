"""An answer that is changed before its verdict is told.

The ledger keeps both words. What is changed on controls is taken and graded by nobody, and the work is the same
whichever tiles were changed: so neither the reply nor its time tells a control.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from annotations.challenges.registry import KINDS
from annotations.challenges.tiles import Answered
from annotations.models import KINDS_OF_ANSWER, Annotator, Challenge, SecondThought, Vote, WithheldVerdict
from annotations.selectors import keys_of
from annotations.services.answering import composed_of
from annotations.services.consensus import consensus_touch

UNDO = timedelta(seconds=120)


class TooLate(Exception):  # noqa: N818 - it tells what happened to the answer
    """The verdict was told, the two minutes are over, or the answer was changed already."""


def answer_undoable(annotator: Annotator) -> WithheldVerdict | None:
    """Their last answer, where they may still change it."""
    rows = WithheldVerdict.objects.filter(annotator=annotator, challenge__second_thought=None)
    rows = rows.filter(challenge__answered_at__gt=timezone.now() - UNDO)
    return rows.select_related("challenge__dataset", "challenge__annotator").order_by("challenge__answered_at").last()


def answer_change(*, challenge: Challenge, raw: object) -> None:
    """Take what is said now for what was meant, once, until the verdict is told; None: they can't tell any of it.

    Raises AnswerError for what can't be read, TooLate when it stands as it is.
    """
    composed, kind = composed_of(challenge), KINDS[challenge.kind]
    answers = () if raw is None else kind.parse(raw, composed, keys_of(challenge.dataset))
    votes = {composed.tiles[vote.position].image_id: vote for vote in kind.grade(composed, answers).votes}
    with transaction.atomic():
        _claim(challenge, answers)
        _supersede(challenge, votes)
        unknowns = [tile.image_id for tile in composed.tiles if tile.truth is None]
        consensus_touch(dataset=challenge.dataset, images=unknowns)


def _claim(challenge: Challenge, answers: Sequence[Answered]) -> None:
    """Who tells the verdict waits for this row, and whoever changes it a second time finds the first."""
    rows = WithheldVerdict.objects.select_for_update(of=("self",)).filter(pk=challenge.pk)
    row = rows.filter(challenge__answered_at__gt=timezone.now() - UNDO).first()
    if row is None or SecondThought.objects.filter(challenge=challenge).exists():
        raise TooLate
    said = [[answer.position, KINDS_OF_ANSWER[answer.kind], answer.cls] for answer in answers]
    SecondThought.objects.create(challenge=challenge, said=said)


def _supersede(challenge: Challenge, now: dict[int, Answered]) -> None:
    """A new row for each unknown tile that is answered otherwise. What was said before stays where it is."""
    before = {vote.image_id: vote for vote in challenge.votes.standing()}
    changed = []
    for image in sorted(before.keys() | now.keys()):
        old, new = before.get(image), now.get(image)
        if new is None and old is not None:
            changed.append(_row(challenge, image, old, old.kind, old.answer, withdrawn=True))
        elif new is not None and (old is None or (old.kind, old.answer) != (KINDS_OF_ANSWER[new.kind], new.cls)):
            changed.append(_row(challenge, image, old, KINDS_OF_ANSWER[new.kind], new.cls))
    Vote.objects.bulk_create(changed)


def _row(
    challenge: Challenge, image: int, old: Vote | None, kind: int, answer: int, *, withdrawn: bool = False
) -> Vote:
    return Vote(
        dataset_id=challenge.dataset_id,
        annotator_id=challenge.annotator_id,
        challenge=challenge,
        image_id=image,
        kind=kind,
        answer=answer,
        supersedes=old,
        withdrawn=withdrawn,
    )
