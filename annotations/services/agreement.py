"""How far people agree on a data set's pictures beyond chance. Worked out in the background, kept with its campaign."""

from collections.abc import Callable
from functools import partial
from math import isnan
from typing import Any

from django.utils import timezone

from annotations import ledger
from annotations.consensus.agreement import Agreement, fleiss_kappa, krippendorff_alpha
from annotations.consensus.cohen import cohen_kappa
from annotations.consensus.ratings import Ratings, choices, tiles
from annotations.consensus.votes import Votes
from annotations.models import Campaign
from annotations.selectors import blocked_people, campaign_of
from gallery.models import DataSet

RESAMPLES = 400  # of the bootstrap: two figures of an interval's ends are steady, in seconds
SHARED = 30  # questions that a pair has in common: with fewer, Cohen's kappa and its interval lean to 0
STATISTICS: dict[str, Callable[..., Agreement]] = {
    "alpha": krippendorff_alpha,
    "fleiss": fleiss_kappa,
    "cohen": partial(cohen_kappa, minimum=SHARED),
}


def agreement_refresh(*, dataset: DataSet) -> dict[str, Any]:
    """Work it out from the votes that count, and keep it. What is undefined is null."""
    book = ledger.read(dataset, known={}, without=blocked_people())
    votes = book.votes.select(book.on_images)
    asked = [found for found in (_choices(votes), _tiles(votes)) if found]
    agreement = {"computed_at": timezone.now().isoformat(), "asked": asked}
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(agreement=agreement)
    return agreement


def _choices(votes: Votes) -> dict[str, Any] | None:
    """Where people name the class: a class against the rest comes with the whole."""
    found = _statistics(choices(votes))
    of_class = [
        {"index": cls, **{name: _class(one, cls) for name, one in found.items()}} for cls in range(votes.n_classes)
    ]
    return _asked("choices", found, of_class)


def _tiles(votes: Votes) -> dict[str, Any] | None:
    """Where people say whether it is a class: each class is a question of its own."""
    asked = sorted(set(votes.answer[votes.kind != 0].tolist()))
    of_class = [
        {"index": cls, **{name: _whole(one) for name, one in _statistics(tiles(votes, cls)).items()}} for cls in asked
    ]
    return _asked("tiles", _statistics(tiles(votes)), of_class)


def _statistics(ratings: Ratings) -> dict[str, Agreement]:
    return {name: statistic(ratings, resamples=RESAMPLES) for name, statistic in STATISTICS.items()}


def _asked(kind: str, found: dict[str, Agreement], of_class: list[dict[str, Any]]) -> dict[str, Any] | None:
    """None where no two people were asked the same."""
    whole = found["alpha"]
    if not whole.n_units:
        return None
    told = [row for row in of_class if any(row[name] is not None for name in STATISTICS)]
    return {
        "kind": kind,
        "questions": whole.n_units,
        "answers": whole.n_answers,
        **{name: _whole(one) for name, one in found.items()},
        "classes": told,
    }


def _whole(one: Agreement) -> dict[str, float | None] | None:
    return _interval(one.value, one.low, one.high)


def _class(one: Agreement, cls: int) -> dict[str, float | None] | None:
    return _interval(one.by_class[cls], one.by_class_low[cls], one.by_class_high[cls])


def _interval(value: float, low: float, high: float) -> dict[str, float | None] | None:
    """JSON knows no NaN."""
    if isnan(value):
        return None
    return {"value": _rounded(value), "low": _rounded(low), "high": _rounded(high)}


def _rounded(value: float) -> float | None:
    return None if isnan(value) else round(float(value), 4)
