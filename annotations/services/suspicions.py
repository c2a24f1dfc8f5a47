"""Who is suspect for more than being wrong: of drift, of collusion, of answering without looking.

Run in the background after the full fit. Everybody is judged by what the others, or the known truths, say.
"""

from collections import defaultdict
from math import log10
from typing import Any

import numpy as np
from django.db import transaction

from annotations.consensus.collusion import Collusion, collusion
from annotations.consensus.drift import WARM_UP, Drift
from annotations.consensus.information import information
from annotations.consensus.sequences import Finding
from annotations.consensus.votes import FloatArray
from annotations.models import Reliability, Suspicion
from annotations.pattern_words import chance, listed, sentence
from annotations.services.flags import Suspect, flags_raise
from annotations.services.judging import Judged, judge
from annotations.services.people import skills_of
from annotations.services.terms import terms_of
from gallery.models import DataSet

# Answers without which nobody is flagged.
FEWEST_FOR_DRIFT = WARM_UP + 10  # firm ones of one kind: what they were like, and ten since
FEWEST_FOR_COLLUSION = 12  # as for accuracy
FEWEST_FOR_PATTERNS = 30  # the library's own minimum for each finding
# How unlikely it must be of an honest person.
PAIR_LEVEL = 0.001  # share of false discoveries among the pairs that collude
# Right so much less often than before, beyond what everybody is on the same pictures: these may become harder, and that
# hits honest people unevenly (0.23 at most by simulation, where everybody falls by a quarter).
FALL = 0.25
PATTERN_LEVEL = 1e-6  # a finding; of nine findings on each of 5,000 honest people, one in 20 full fits errs once
PARTNERS_KEPT = 30  # in a flag's evidence, the most surprising first
CERTAIN = 300.0  # of the strength of a pattern, -log10 p: a p-value is no smaller


def suspicions_refresh(*, dataset: DataSet) -> int:
    """Raise what flags there are to raise, and work out what everybody's votes tell. How many flags were raised."""
    judged = judge(dataset)
    suspects = {
        Suspicion.DRIFT: _drifted(judged),
        Suspicion.COLLUSION: _colluding(judged),
        Suspicion.PATTERN: _patterned(judged),
    }
    with transaction.atomic():
        bits_refresh(dataset=dataset)
        return sum(flags_raise(dataset_id=dataset.pk, kind=kind, suspects=found) for kind, found in suspects.items())


def bits_refresh(*, dataset: DataSet) -> None:
    """What a vote of each person tells of a class, in bits, under what is stored of their skills."""
    terms = terms_of(dataset)
    rows = list(Reliability.objects.filter(dataset=dataset).order_by("pk"))
    if not rows:
        return
    bits = information(skills_of(rows, terms), terms.class_prior).bits.round(4).tolist()
    changed = [row for row, told in zip(rows, bits, strict=True) if row.bits != told]
    for row, told in zip(rows, bits, strict=True):
        row.bits = told
    Reliability.objects.bulk_update(changed, ["bits"], batch_size=500)


def _drifted(judged: Judged) -> list[Suspect]:
    found = []
    for index, person in enumerate(judged.line.people):
        alarms = {a: one for a, one in judged.drifts(index, FEWEST_FOR_DRIFT).items() if one.alarm is not None}
        if not alarms:
            continue
        graded, peers = judged.graded(index), judged.graded(index, judged.peers_right)
        cases = [
            _drift_of(person, asked, one, graded[asked])
            for asked, one in alarms.items()
            if _fall(graded[asked], one) >= FALL + max(0.0, _fall(peers[asked], one))
        ]
        found += sorted(cases, key=lambda case: -case.evidence["peak"])[:1]
    return found


def _fall(right: FloatArray, one: Drift) -> float:
    """By how much less often since than before, of the answers where that is known; 0 if it isn't on either side."""
    before, after = (part[~np.isnan(part)] for part in (right[: one.since], right[one.since :]))
    return float(before.mean() - after.mean()) if len(before) and len(after) else 0.0


def _drift_of(person: int, asked: str, one: Drift, right: FloatArray) -> Suspect:
    assert one.since is not None
    assert one.alarm is not None
    before, after = float(right[: one.since].mean()), float(right[one.since :].mean())
    since = len(right) - one.since
    evidence = {
        "asked": asked,
        "answers": len(right),
        "before": round(before, 3),
        "after": round(after, 3),
        "since": one.since + 1,
        "alarm": one.alarm + 1,
        "peak": round(float(one.path.max()), 2),
        "threshold": round(one.threshold, 2),
    }
    reason = f"Right in {before:.0%} of the first {one.since} answers, and in {after:.0%} of the {since} since"
    return Suspect(person, reason, evidence)


def _colluding(judged: Judged) -> list[Suspect]:
    line = judged.line
    pairs = collusion(line.votes, judged.posterior, level=PAIR_LEVEL)
    answers = np.bincount(line.votes.annotator, minlength=len(line.people))
    partners = _partners(pairs, line.people)
    return [
        _colluder(line.people[index], int(answers[index]), theirs)
        for index, theirs in sorted(partners.items())
        if answers[index] >= FEWEST_FOR_COLLUSION
    ]


def _partners(pairs: Collusion, people: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Of each of the people by their index: with whom, how often, and how surprising that is."""
    partners: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for at in np.flatnonzero(pairs.flagged).tolist():
        numbers = {
            "identical": round(float(pairs.identical[at]), 1),
            "shared": round(float(pairs.shared[at]), 1),
            "expected": round(float(pairs.expected[at]), 2),
            "p_value": float(pairs.p_value[at]),
            "q_value": float(pairs.q_value[at]),
        }
        first, second = int(pairs.first[at]), int(pairs.second[at])
        partners[first].append({"person": people[second], **numbers})
        partners[second].append({"person": people[first], **numbers})
    return partners


def _colluder(person: int, answers: int, partners: list[dict[str, Any]]) -> Suspect:
    identical, expected = (sum(one[name] for one in partners) for name in ("identical", "expected"))
    others = "one other" if len(partners) == 1 else f"{len(partners)} others"
    evidence = {
        "answers": answers,
        "identical": round(identical, 1),
        "expected": round(expected, 1),
        "partners": partners[:PARTNERS_KEPT],
        "partners_in_all": len(partners),
    }
    reason = f"Gave the same wrong answer as {others} {identical:.0f} times; by chance it would be {expected:.1f}"
    return Suspect(person, reason, evidence)


def _patterned(judged: Judged) -> list[Suspect]:
    """Who is shown reliable looks, however it looks."""
    answers = np.bincount(judged.line.votes.annotator, minlength=len(judged.line.people))
    found = []
    for index, (person, row) in enumerate(zip(judged.line.people, judged.rows, strict=True)):
        if row.trusted or answers[index] < FEWEST_FOR_PATTERNS:
            continue
        patterns = listed(judged.patterns(index))
        if strong := [(name, one) for name, one in patterns if one.p_value < PATTERN_LEVEL]:
            found.append(_pattern_of(person, int(answers[index]), strong))
    return found


def _pattern_of(person: int, answers: int, strong: list[tuple[str, Finding]]) -> Suspect:
    name, first = strong[0]
    evidence = {
        "answers": answers,
        "strength": round(strength(first.p_value), 1),
        "findings": [
            {"name": name, "statistic": round(one.statistic, 4), "p_value": one.p_value, "n": one.n}
            for name, one in strong
        ],
    }
    return Suspect(person, f"{sentence(name, first)} ({chance(first.p_value)})", evidence)


def strength(p_value: float) -> float:
    return min(CERTAIN, -log10(p_value)) if p_value > 0 else CERTAIN
