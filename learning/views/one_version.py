"""What the page about one model version says, gathered for its template."""

from typing import Any

from django.db.models import QuerySet

from gallery.models import Image
from learning.calibration_charts import coverage_chart, reliability_chart
from learning.configuration_words import configuration_words
from learning.models import ModelVersion
from learning.selectors_shadow import shadow_of, shadow_words
from learning.selectors_versions import (
    Shares,
    accuracy_interval,
    drift_of,
    drift_shares,
    drift_words,
    labels_by,
    skipped_of,
    version_scores,
)
from learning.views.status import matrix_of

Figure = tuple[str, str, str]  # what it is, its value, a note


def gather(version: ModelVersion, images: QuerySet[Image]) -> dict[str, Any]:
    """`images`: those that the reader may see."""
    drift = drift_of(version)
    coverage, bins = version.metrics.get("coverage", []), version.metrics.get("reliability", [])
    return {
        "dataset": version.dataset,
        "version": version,
        "figures": _figures(version),
        "matrix": matrix_of(version, matrix_id="confusion"),
        "classes": [_class(row) for row in version_scores(version)],
        "coverage": [{name: _share(share) for name, share in one.items()} for one in coverage],
        "coverage_chart": coverage_chart(coverage),
        "bins": [{name: _share(one[name]) for name in ("confidence", "accuracy")} | {"n": one["n"]} for one in bins],
        "reliability_chart": reliability_chart(bins),
        "drift": drift,
        "drift_words": drift_words(version, drift),
        "drift_shares": [_shares(row) for row in (drift_shares(drift) if drift else [])],
        **_shadow(version, images),
        "labels_by": labels_by(version),
        "configuration": configuration_words(version),
        "skips": skipped_of(version, images),
    }


def _shadow(version: ModelVersion, images: QuerySet[Image]) -> dict[str, Any]:
    shadow = shadow_of(version, images)
    if shadow is None:
        return {}
    return {
        "shadow": shadow,
        "shadow_words": shadow_words(shadow),
        "shadow_sure": _share(shadow.confidence),
        "champion_sure": _share(shadow.champion_confidence),
        "differing": [
            {"row": row, "sure": _share(row.confidence), "champion_sure": _share(row.champion_confidence)}
            for row in shadow.differing
        ],
    }


def _figures(version: ModelVersion) -> list[Figure]:
    """What there is of them: versions from before a figure was kept lack it."""
    known = version.metrics
    figures = [("Right", f"{known['accuracy']:.1%}", _accuracy_note(version))]
    figures += [
        (f"Right among {k}", f"{share:.1%}", f"its {k} likeliest classes hold the right one")
        for k, share in known.get("top_k", {}).items()
    ]
    if "macro_f1" in known:
        figures.append(("Macro F1", f"{known['macro_f1']:.3f}", "each class counts the same; 1 is best"))
    if "ece" in known:
        figures.append(("Off in how sure it is", f"{known['ece']:.1%}", _calibration_note(known)))
    if "nll" in known:
        figures.append(("Surprise", f"{known['nll']:.3f}", "negative log likelihood; 0 is best"))
    if "brier" in known:
        figures.append(("Brier score", f"{known['brier']:.3f}", "0 is best, 2 worst"))
    return figures


def _accuracy_note(version: ModelVersion) -> str:
    between = accuracy_interval(version)
    if between is None:
        return ""
    n = version.metrics["n"]
    return (
        f"between {between[0]:.1%} and {between[1]:.1%} with 95% confidence, by {n:,} pictures it had not learned from"
    )


def _calibration_note(known: dict[str, Any]) -> str:
    if "ece_before" not in known:
        return "expected calibration error, after calibration"
    return f"expected calibration error: {known['ece_before']:.1%} → {known['ece']:.1%} by calibration"


def _class(row: dict[str, Any]) -> dict[str, Any]:
    return {"name": row["name"], "n": row["n"], "right": _share(row["accuracy"]), "precision": _share(row["precision"])}


def _shares(row: Shares) -> dict[str, Any]:
    return {"name": row.name, "before": _share(row.before), "now": _share(row.now), "change": row.change}


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
