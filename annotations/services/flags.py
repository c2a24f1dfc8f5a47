from typing import Any

from annotations.models import Decision, Flag, FlagState, Reliability, Verdict


def flag_raise(row: Reliability, *, certainty: float) -> None:
    """Put a person before the reviewers, once a data set; who was cleared is flagged again only on new evidence."""
    evidence = {
        "accuracy": round(row.accuracy, 3),
        "low": round(row.low, 3),
        "high": round(row.high, 3),
        "graded": round(row.evidence, 1),
        "certainty": round(certainty, 3),
    }
    if _was_judged(row, evidence):
        return
    Flag.objects.get_or_create(
        annotator_id=row.annotator_id,
        dataset_id=row.dataset_id,
        state=FlagState.OPEN,
        defaults={
            "reason": f"Right in {row.accuracy:.0%} of {row.evidence:.0f} graded answers "
            f"(95% sure it is {row.low:.0%} to {row.high:.0%})",
            "evidence": evidence,
        },
    )


def flags_resolve(*, annotator_id: int, state: FlagState, at: object) -> int:
    return Flag.objects.filter(annotator_id=annotator_id, state=FlagState.OPEN).update(state=state, resolved_at=at)


def _was_judged(row: Reliability, evidence: dict[str, Any]) -> bool:
    """Decided already, and less than half as much evidence again has come since."""
    latest = Decision.objects.filter(annotator=row.annotator_id).first()
    flag = Flag.objects.filter(annotator=row.annotator_id, dataset=row.dataset_id).exclude(state=FlagState.OPEN)
    judged = flag.first()
    if latest is None or judged is None:
        return False
    blocked = latest.verdict == Verdict.BLOCK
    return blocked or evidence["graded"] < 1.5 * judged.evidence["graded"]
