"""What one person's answers on one data set show: for the reviewer's page, and for its twin in the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotations.consensus.drift import Drift
from annotations.consensus.peers import leave_one_out_agreement
from annotations.consensus.sequences import Finding
from annotations.models import Annotator, Flag, Reliability, Suspicion
from annotations.pattern_words import listed
from annotations.selectors import PERSON, faces_of
from annotations.services.judging import judge
from annotations.services.suspicions import FEWEST_FOR_DRIFT
from gallery.models import DataSet

SHOWN_AT_ONCE = 5  # data sets, those with the most graded answers


@dataclass(frozen=True, eq=False)
class Partner:
    person: Annotator
    identical: float
    expected: float
    p_value: float


@dataclass(frozen=True, eq=False)
class Findings:
    """`drifts`: by the kind of question. `patterns`: the least likely first. `agreement`: the share of `compared`
    answers on which they side with the majority of the others, None if never compared. `partners`, and `between`: who
    coincides with them on wrong answers, and these with each other, (person, person, identical)."""

    reliability: Reliability
    drifts: dict[str, Drift]
    patterns: list[tuple[str, Finding]]
    agreement: float | None
    compared: int
    partners: list[Partner]
    between: list[tuple[int, int, float]]


def person_findings(person: Annotator) -> list[Findings]:
    rows = Reliability.objects.filter(annotator=person.person_id).select_related("dataset")
    return [_findings(person, row) for row in rows.order_by("-evidence", "dataset__name")[:SHOWN_AT_ONCE]]


def _findings(person: Annotator, row: Reliability) -> Findings:
    judged = judge(row.dataset, person)
    colluding = colluding_with(person, row.dataset)
    if person.person_id not in judged.line.people:
        return Findings(row, {}, [], None, 0, *colluding)
    index = judged.line.people.index(person.person_id)
    peers = leave_one_out_agreement(judged.line.votes)
    return Findings(
        reliability=row,
        drifts=judged.drifts(index, FEWEST_FOR_DRIFT),
        patterns=listed(judged.patterns(index)),
        agreement=float(peers.share[index]) if peers.n[index] else None,
        compared=int(peers.n[index]),
        partners=colluding[0],
        between=colluding[1],
    )


def colluding_with(person: Annotator, dataset: DataSet) -> tuple[list[Partner], list[tuple[int, int, float]]]:
    """As their latest flag has it, and as the flags of those named in it have it among themselves."""
    flags = Flag.objects.filter(dataset=dataset, kind=Suspicion.COLLUSION).annotate(person=PERSON)
    latest = flags.filter(annotator__in=faces_of(person)).order_by("-raised_at").first()
    if latest is None:
        return [], []
    named = latest.evidence.get("partners", [])
    people = Annotator.objects.select_related("user").in_bulk([one["person"] for one in named])
    partners = [
        Partner(people[one["person"]], one["identical"], one["expected"], one["p_value"])
        for one in named
        if one["person"] in people
    ]
    return partners, _between(flags.filter(annotator__in=list(people)).order_by("raised_at"), set(people))


def _between(flags: Sequence[Any], people: set[int]) -> list[tuple[int, int, float]]:
    pairs = {
        (min(flag.person, one["person"]), max(flag.person, one["person"])): one["identical"]
        for flag in flags
        for one in flag.evidence.get("partners", [])
        if one["person"] in people
    }
    return [(first, second, identical) for (first, second), identical in sorted(pairs.items())]
