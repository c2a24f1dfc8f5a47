"""How good a model is, and whether it may replace the one that serves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from learning.engine.arrays import Floats, Integers
from learning.engine.calibration import ece, reliability
from learning.engine.paired import ROUNDING, Comparison

TOP = (2, 3, 5)  # how many of a model's guesses may hold the right one
ENOUGH_BETTER = 0.8  # probability that the challenger is better, at least
_RISK_OF_A_POINT = 0.05  # probability that it is worse by more than a point, at most
_LABELS_FOR_A_FLOOR = 10  # fewer say too little about a class to hold a version back


class ClassAccuracy(NamedTuple):
    accuracy: float | None  # None where the class has no evaluation label
    n: int  # evaluation labels of the class


class Covered(NamedTuple):
    """What a model is right on when it may keep silent below a threshold; all are shares."""

    coverage: float  # of the rows, those that it names
    accuracy: float  # on these
    threshold: float  # the least confidence among them


@dataclass(frozen=True)
class Decision:
    promote: bool
    reason: str  # a sentence for people, with the figures


def accuracy(predicted: Integers, labels: Integers) -> float:
    """The share of (N,) predictions that equal their labels. ValueError when there is none."""
    _check(predicted, labels)
    return float(sk.accuracy_score(labels, predicted))


def confusion_matrix(predicted: Integers, labels: Integers, n_classes: int) -> NDArray[np.int64]:
    """(K, K) counts: row the true class, column the predicted one. ValueError when there is no row."""
    _check(predicted, labels, n_classes)
    counts: NDArray[np.int64] = sk.confusion_matrix(labels, predicted, labels=np.arange(n_classes))
    return counts


def per_class_accuracy(predicted: Integers, labels: Integers, n_classes: int) -> list[ClassAccuracy]:
    """Accuracy (recall) and number of labels of each class, in class order."""
    counts = confusion_matrix(predicted, labels, n_classes)
    totals = counts.sum(axis=1).tolist()
    return [
        ClassAccuracy(right / n if n else None, n)
        for right, n in zip(np.diagonal(counts).tolist(), totals, strict=True)
    ]


def per_class_precision(predicted: Integers, labels: Integers, n_classes: int) -> list[float | None]:
    """Of what was taken for each class, the share that is of it; None for a class that nothing was taken for."""
    counts = confusion_matrix(predicted, labels, n_classes)
    taken = counts.sum(axis=0).tolist()
    return [right / n if n else None for right, n in zip(np.diagonal(counts).tolist(), taken, strict=True)]


def top_k(probabilities: Floats, labels: Integers) -> dict[str, float]:
    """The share of rows whose class is among the k likeliest, by k as text (a key in JSON): 2, 3 and 5, where there are
    more classes than k.

    probabilities: (N, K); labels: (N,) class indices.
    """
    classes = np.arange(probabilities.shape[1])
    fitting = [k for k in TOP if k < len(classes)]
    return {str(k): float(sk.top_k_accuracy_score(labels, probabilities, k=k, labels=classes)) for k in fitting}


def coverage_curve(probabilities: Floats, labels: Integers, points: int = 21) -> list[Covered]:
    """How often a model is right on what it is surest of (El-Yaniv & Wiener 2010), from the surest rows to all of them.

    probabilities: (N, K); labels: (N,) class indices. At most `points` points, evenly over the rows; rows of equal
    confidence come in together. The last point has coverage 1. Raises ValueError when there is no row.
    """
    _check(probabilities.argmax(axis=1), labels)
    confidence = probabilities.max(axis=1).astype(np.float64)
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    right = np.cumsum((probabilities.argmax(axis=1) == labels)[order])
    ranks = np.linspace(1, len(labels), min(points, len(labels))).round().astype(int)
    # A threshold lets in every row that reaches it, also those after the rank that are as sure.
    taken = np.unique(np.searchsorted(-falling, -falling[ranks - 1], side="right"))
    return [Covered(n / len(labels), float(right[n - 1]) / n, float(falling[n - 1])) for n in taken.tolist()]


def metrics(
    probabilities: Floats, labels: Integers, n_classes: int, *, uncalibrated: Floats | None = None
) -> dict[str, Any]:
    """What a version is judged by, ready for JSON: n, accuracy, top_k, macro_f1, nll, brier, ece, ece_before,
    per_class, confusion, reliability, coverage.

    probabilities: (N, K); labels: (N,) class indices; uncalibrated: (N, K), the same before temperature scaling, of
    which ece_before tells (left out without them). macro_f1 averages the classes that occur in labels or predictions;
    nll is in nats; brier is the sum over the classes (Brier 1950), from 0 to 2. Raises ValueError when there is no row.
    """
    predicted = probabilities.argmax(axis=1)
    scored = per_class_accuracy(predicted, labels, n_classes)
    precisions = per_class_precision(predicted, labels, n_classes)
    return {
        "n": len(labels),
        "accuracy": accuracy(predicted, labels),
        "top_k": top_k(probabilities, labels),
        "macro_f1": float(sk.f1_score(labels, predicted, average="macro", zero_division=0.0)),
        **_scores(probabilities, labels),
        "ece": ece(probabilities, labels),
        **({} if uncalibrated is None else {"ece_before": ece(uncalibrated, labels)}),
        "per_class": [
            {**one._asdict(), "precision": precision} for one, precision in zip(scored, precisions, strict=True)
        ],
        "confusion": confusion_matrix(predicted, labels, n_classes).tolist(),
        "reliability": [one._asdict() for one in reliability(probabilities, labels)],
        "coverage": [point._asdict() for point in coverage_curve(probabilities, labels)],
    }


def _scores(probabilities: Floats, labels: Integers) -> dict[str, float]:
    """Proper scores. Rows come in single precision, whose sums miss 1 by more than double precision forgives."""
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    classes = np.arange(probabilities.shape[1])
    return {
        "nll": float(sk.log_loss(labels, exact, labels=classes)),
        "brier": float(sk.brier_score_loss(labels, exact, labels=classes, scale_by_half=False)),
    }


def decide(
    comparison: Comparison,
    per_class: Sequence[ClassAccuracy],
    *,
    champion_per_class: Sequence[ClassAccuracy],
    floor: float = 0.15,
    enough_better: float = ENOUGH_BETTER,
    provisional: bool = False,
    class_names: Sequence[str] | None = None,
    passed: str = "Promoted",
) -> Decision:
    """The gate: promote when probably better, hardly ever worse by a point, and no class collapsed.

    per_class: the challenger's, and champion_per_class the champion's, in one class order; a class added
    since is missing from the latter's end. floor: how far below the champion's a class's accuracy may fall,
    counted from 10 labels. enough_better: the probability of being better that it takes. provisional: the figures
    are from cross-validation, for want of evaluation labels; the rule is the same, the sentence says so. class_names
    make the sentence readable; without them classes are numbered. passed: how it begins where the version may serve.
    """
    names = class_names or [f"class {index}" for index in range(len(per_class))]
    collapsed = [
        f"{name} falls from {_percent(old.accuracy)} to {_percent(new.accuracy)}"
        for name, new, old in zip(names, per_class, champion_per_class, strict=False)
        if _under_floor(new, old, floor)
    ]
    if comparison.p_better < enough_better:
        promote, because = False, f"a version is promoted from {enough_better:.0%} on"
    elif comparison.p_worse_by_point > _RISK_OF_A_POINT:
        promote, because = False, f"at most {_RISK_OF_A_POINT:.0%} is accepted for the latter"
    elif collapsed:
        promote, because = False, f"but {', '.join(collapsed)}, and {100 * floor:g} points is a class's limit"
    else:
        promote, because = True, "and no class falls under its floor"
    verdict = passed if promote else "Not promoted"
    return Decision(promote, _sentence(verdict, comparison, because, provisional))


def _under_floor(new: ClassAccuracy, old: ClassAccuracy, floor: float) -> bool:
    if new.n < _LABELS_FOR_A_FLOOR or new.accuracy is None or old.accuracy is None:
        return False
    return new.accuracy < old.accuracy - floor - ROUNDING


def _sentence(verdict: str, comparison: Comparison, because: str, provisional: bool) -> str:
    basis = " (provisional, by cross-validation)" if provisional else ""
    interval = f"{100 * comparison.gain_low:+.1f} to {100 * comparison.gain_high:+.1f}"
    return (
        f"{verdict}{basis}: the accuracy changes by {100 * comparison.gain:+.1f} points ({interval}); "
        f"it is better with probability {_percent(comparison.p_better)} and worse by more than a point "
        f"with probability {_percent(comparison.p_worse_by_point)}; {because}."
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"


def _check(predicted: Integers, labels: Integers, n_classes: int | None = None) -> None:
    if len(labels) == 0 or predicted.shape != labels.shape:
        raise ValueError(
            f"{predicted.shape} predictions for {labels.shape} labels; as many are needed, and at least one"
        )
    if n_classes is not None and max(labels.max(), predicted.max()) >= n_classes:
        raise ValueError(f"a label or prediction is beyond the {n_classes} classes")
