"""What a reviewer sees of a person before deciding."""

from statistics import median
from typing import Any

from annotations.consensus.drift import Drift
from annotations.models import Annotator, Challenge, ChallengeState
from annotations.pattern_words import sentence
from annotations.selectors import faces_of
from annotations.services.findings import person_findings

LATEST = 1000  # challenges that are looked back on


def confusions(person: Annotator) -> list[dict[str, object]]:
    """What they answered for what it was, a row each pair of classes that occurs."""
    return [
        {"dataset": row.dataset_id, "truth": truth, "answered": answered, "count": count}
        for row in person.reliabilities.all()
        for truth, answered, count in _named(row.counts, [cls.name for cls in row.dataset.classes.all()])
    ]


def answering(person: Annotator) -> dict[str, object]:
    """How many challenges they answered and passed of late, and how fast."""
    answered = Challenge.objects.filter(annotator__in=faces_of(person)).exclude(answered_at=None)
    rows = list(answered.values_list("issued_at", "answered_at", "state")[:LATEST])
    seconds = [round((done - issued).total_seconds(), 1) for issued, done, _ in rows]
    return {
        "answered": len(rows),
        "passed": sum(state == ChallengeState.PASSED for *_, state in rows),
        "median_seconds": median(seconds) if seconds else None,
        "quickest_seconds": min(seconds, default=None),
    }


def _named(counts: dict[str, float], names: list[str]) -> list[tuple[str, str, float]]:
    pairs = [(*map(int, cell.split(",")), count) for cell, count in counts.items()]
    return [(names[truth], names[said], round(count, 2)) for truth, said, count in sorted(pairs) if said >= 0]


def shown(person: Annotator) -> list[dict[str, Any]]:
    """What their answers show beyond how often they are right, a data set each."""
    return [
        {
            "dataset": one.reliability.dataset_id,
            "bits": one.reliability.bits,
            "agreement": one.agreement,
            "compared": one.compared,
            "drift": [_drift(asked, drift) for asked, drift in one.drifts.items()],
            "patterns": [{"name": name, "words": sentence(name, found), **vars(found)} for name, found in one.patterns],
            "partners": [
                {"annotator": p.person.pk, "identical": p.identical, "expected": p.expected, "p_value": p.p_value}
                for p in one.partners
            ],
        }
        for one in person_findings(person)
    ]


def _drift(asked: str, one: Drift) -> dict[str, Any]:
    return {
        "asked": asked,
        "answers": len(one.path),
        "baseline": one.baseline,
        "worse": one.worse,
        "peak": float(one.path.max(initial=0)),
        "threshold": one.threshold,
        "alarm": None if one.alarm is None else one.alarm + 1,
        "since": None if one.since is None else one.since + 1,
    }
