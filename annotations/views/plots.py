"""What a person's answers show, as the review page draws it."""

from math import log2
from typing import Any

from annotations.models import Annotator
from annotations.pattern_words import chance, sentence
from annotations.plots import MOST_DRAWN, Pair, circle, drift_plot
from annotations.services.findings import Findings, person_findings
from annotations.services.suspicions import FEWEST_FOR_DRIFT, FEWEST_FOR_PATTERNS, PATTERN_LEVEL

ASKED = {"choices": "naming the class", "tiles": "yes or no"}


def plots(person: Annotator) -> list[dict[str, Any]]:
    """A data set each, with what is drawn of it."""
    return [_plots(person, one) for one in person_findings(person)]


def _plots(person: Annotator, one: Findings) -> dict[str, Any]:
    row = one.reliability
    return {
        "dataset": row.dataset,
        "fewest_for_drift": FEWEST_FOR_DRIFT,
        "fewest_for_patterns": FEWEST_FOR_PATTERNS,
        "drifts": [
            drift_plot(drift, plot_id=f"drift-{row.pk}-{asked}", asked=ASKED[asked])
            for asked, drift in one.drifts.items()
        ],
        "patterns": [
            {"words": sentence(name, found), "chance": chance(found.p_value), "strong": found.p_value < PATTERN_LEVEL}
            for name, found in one.patterns
        ],
        "bits": row.bits,
        "possible": log2(max(row.dataset.classes.count(), 2)),
        "agreement": None if one.agreement is None else round(100 * one.agreement),
        "compared": one.compared,
        "graph": _graph(person, one),
    }


def _graph(person: Annotator, one: Findings) -> dict[str, Any] | None:
    """The person and their partners, the closest first; None where nobody coincides with them."""
    if not one.partners:
        return None
    drawn = one.partners[:MOST_DRAWN]
    place = {partner.person.pk: index for index, partner in enumerate(drawn, start=1)}
    edges = [(0, place[partner.person.pk], partner.identical) for partner in drawn]
    edges += [(place[a], place[b], identical) for a, b, identical in one.between if a in place and b in place]
    return {
        **circle([str(person), *(str(partner.person) for partner in drawn)], edges),
        "id": f"together-{one.reliability.pk}",
        "left_out": len(one.partners) - len(drawn),
        "rows": [
            Pair(p.person.pk, str(p.person), f"{p.identical:.0f}", f"{p.expected:.1f}", chance(p.p_value))
            for p in one.partners
        ],
    }
