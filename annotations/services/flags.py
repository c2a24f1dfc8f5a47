"""Flags: the platform's suspicion of a person on one data set, one open flag of a kind at a time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from annotations.consensus.reliability import CERTAIN, p_one_sided
from annotations.consensus.votes import FloatArray
from annotations.models import Annotator, Flag, FlagState, Reliability, Suspicion
from annotations.selectors import PERSON, faces_of

# By what the evidence for each kind is measured; a measure grows only while the person goes on.
MEASURES: dict[str, str] = {
    Suspicion.ACCURACY: "graded",
    Suspicion.DRIFT: "peak",
    Suspicion.COLLUSION: "identical",
    Suspicion.PATTERN: "strength",
}
AGAIN = 1.5  # times the evidence that a reviewer has judged: less of it is nothing that they don't know
BATCH = 1000


@dataclass(frozen=True)
class Suspect:
    person: int
    reason: str
    evidence: dict[str, Any]


@dataclass
class _Standing:
    open: list[Flag] = field(default_factory=list)
    judged: Flag | None = None  # the latest one that is no longer open
    blocked: bool = False


def too_often_wrong(row: Reliability, sides: FloatArray, *, certainty: float) -> Suspect:
    """By their accuracy, or by their yes/no answers on one side, `sides` (2, 2) as in `reliability.sides`."""
    evidence: dict[str, Any] = {
        "accuracy": round(row.accuracy, 3),
        "low": round(row.low, 3),
        "high": round(row.high, 3),
        "graded": round(row.evidence, 1),
        "certainty": round(certainty, 3),
    }
    reason = (
        f"Right in {row.accuracy:.0%} of {row.evidence:.0f} graded answers "
        f"(95% sure it is {row.low:.0%} to {row.high:.0%})"
    )
    for name, side, (right, wrong), p in zip(
        ("hits", "rejections"), ("were", "were not"), sides, p_one_sided(sides), strict=True
    ):
        if p >= CERTAIN:
            reason += f"; right on {right:.0f} of {right + wrong:.0f} tiles that {side} the class asked for"
            evidence[name] = [round(float(right), 1), round(float(right + wrong), 1)]
    return Suspect(row.annotator_id, reason, evidence)


def flags_raise(*, dataset_id: int, kind: Suspicion, suspects: Sequence[Suspect]) -> int:
    """Put people before the reviewers, once a kind and data set; how many flags that raised.

    Who was cleared is flagged again only on half as much evidence again; who is blocked, never.
    """
    batches = (suspects[start : start + BATCH] for start in range(0, len(suspects), BATCH))
    return sum(_raise(dataset_id, kind, batch) for batch in batches)


def flags_resolve(*, annotator: Annotator, state: FlagState, at: datetime) -> int:
    flags = Flag.objects.filter(annotator__in=faces_of(annotator), state=FlagState.OPEN)
    return flags.update(state=state, resolved_at=at)


def _raise(dataset_id: int, kind: Suspicion, suspects: Sequence[Suspect]) -> int:
    standing = _standing(dataset_id, kind, [suspect.person for suspect in suspects])
    fresh, followed = [], []
    for suspect in suspects:
        known, words = standing[suspect.person], {"reason": suspect.reason, "evidence": suspect.evidence}
        # While a flag is open its evidence keeps up, so that the reviewer's decision is about all of it.
        followed += [_say(flag, suspect) for flag in known.open]
        if not (known.open or known.blocked or _was_judged(known, kind, suspect)):
            fresh.append(Flag(annotator_id=suspect.person, dataset_id=dataset_id, kind=kind, **words))
    Flag.objects.bulk_update(followed, ["reason", "evidence"], batch_size=BATCH // 4)
    # Of two requests that race to raise a flag, the constraint on open ones lets one through.
    Flag.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def _standing(dataset_id: int, kind: Suspicion, people: Sequence[int]) -> dict[int, _Standing]:
    """What there is on these people already, under whichever face."""
    standing: dict[int, _Standing] = defaultdict(_Standing)
    faces = Annotator.objects.filter(Q(pk__in=people) | Q(same_as__in=people)).exclude(blocked_at=None)
    for face in faces:
        standing[face.person_id].blocked = True
    flags = Flag.objects.filter(Q(annotator__in=people) | Q(annotator__same_as__in=people))
    for flag in flags.filter(dataset=dataset_id, kind=kind).annotate(person=PERSON).order_by("raised_at"):
        if flag.state == FlagState.OPEN:
            standing[flag.person].open.append(flag)
        else:
            standing[flag.person].judged = flag
    return standing


def _say(flag: Flag, suspect: Suspect) -> Flag:
    flag.reason, flag.evidence = suspect.reason, suspect.evidence
    return flag


def _was_judged(known: _Standing, kind: Suspicion, suspect: Suspect) -> bool:
    """Decided already, and less than half as much evidence again has come since."""
    if known.judged is None:
        return False
    measure = MEASURES[kind]
    judged: float = known.judged.evidence.get(measure, 0)
    return bool(suspect.evidence[measure] < AGAIN * judged)
