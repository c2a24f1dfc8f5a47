from datetime import datetime
from typing import Any

from annotations.models import Annotator, Decision, Flag, FlagState, Reliability, Verdict
from annotations.selectors import faces_of


def flag_raise(row: Reliability, *, certainty: float) -> None:
    """Put a person before the reviewers, once a data set; who was cleared is flagged again only on new evidence."""
    evidence = {
        "accuracy": round(row.accuracy, 3),
        "low": round(row.low, 3),
        "high": round(row.high, 3),
        "graded": round(row.evidence, 1),
        "certainty": round(certainty, 3),
    }
    words = {
        "reason": f"Right in {row.accuracy:.0%} of {row.evidence:.0f} graded answers "
        f"(95% sure it is {row.low:.0%} to {row.high:.0%})",
        "evidence": evidence,
    }
    flags = Flag.objects.filter(annotator__in=faces_of(row.annotator), dataset=row.dataset_id)
    # While a flag is open its evidence keeps up, so that the reviewer's decision is about all of it.
    if flags.filter(state=FlagState.OPEN).update(**words) or _was_judged(row, evidence):
        return
    Flag.objects.get_or_create(
        annotator_id=row.annotator_id, dataset_id=row.dataset_id, state=FlagState.OPEN, defaults=words
    )


def flags_resolve(*, annotator: Annotator, state: FlagState, at: datetime) -> int:
    flags = Flag.objects.filter(annotator__in=faces_of(annotator), state=FlagState.OPEN)
    return flags.update(state=state, resolved_at=at)


def _was_judged(row: Reliability, evidence: dict[str, Any]) -> bool:
    """Decided already, and less than half as much evidence again has come since."""
    faces = faces_of(row.annotator)
    latest = Decision.objects.filter(annotator__in=faces).first()
    flags = Flag.objects.filter(annotator__in=faces, dataset=row.dataset_id).exclude(state=FlagState.OPEN)
    judged = flags.first()
    if latest is None or judged is None:
        return False
    blocked = latest.verdict == Verdict.BLOCK
    return blocked or evidence["graded"] < 1.5 * judged.evidence["graded"]
