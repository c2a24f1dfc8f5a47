"""Whether a campaign ends: its budget is spent, or its versions get no better. For workers: the statistics take a while
to load. What a page tells of it, it reads from `selectors_ending`."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.db.models import QuerySet

from annotations.selectors import campaign_of
from annotations.services.campaigns import campaign_end
from gallery.models import DataSet
from learning.engine.arrays import Booleans
from learning.engine.stopping import PATIENCE, Stopping, stopping
from learning.models import ModelVersion
from learning.selectors import evaluation_labels, policy_of
from learning.selectors_ending import Standing, budget_spent, standing_keep, standing_of

FEWER = 0.8  # of the latest version's labels, at most, which the one before it learned from
TOO_FEW_NEW = "Asking goes on: the last versions learned from hardly more labels than those before them."


def end_if_due(dataset: DataSet) -> None:
    """Nobody is asked any more once the budget is spent, or once the versions are no longer significantly better."""
    campaign = campaign_of(dataset)
    if campaign.ended_at:
        return
    if reason := budget_spent(dataset) or _no_better(dataset, campaign.resumed_at):
        campaign_end(dataset=dataset, reason=reason)


def _no_better(dataset: DataSet, since: datetime | None) -> str:
    if not policy_of(dataset).stops:
        return ""
    standing = _standing(dataset, since)
    return _sentence(standing.reason) if standing.stop else ""


def _standing(dataset: DataSet, since: datetime | None) -> Standing:
    """Compared once a version: the tick asks every few seconds."""
    versions = _comparable(dataset, since)
    latest = versions.values_list("pk", flat=True).first()
    known = standing_of(dataset)
    if known and (known.version, known.since) == (latest, since):
        return known
    found = _compared(dataset, list(versions.values_list("pk", "labels")))
    standing = Standing(latest, since, found.stop, found.reason)
    standing_keep(dataset, standing)
    return standing


def _comparable(dataset: DataSet, since: datetime | None) -> QuerySet[ModelVersion]:
    """Versions that were judged on evaluation labels, the latest first, of the time that people are asked in."""
    versions = ModelVersion.objects.filter(dataset=dataset, provisional=False)
    return versions.filter(created_at__gt=since) if since else versions


def _compared(dataset: DataSet, versions: Sequence[tuple[int, int]]) -> Stopping:
    """Versions as (pk, labels), the latest first."""
    before = _before([labels for _, labels in versions])
    if before is None:
        # The engine has the words for it.
        return stopping([np.zeros(0, dtype=np.bool_) for _ in versions])
    if before == len(versions):
        return Stopping(False, TOO_FEW_NEW, None, None)
    verdicts = _verdicts(dataset, [pk for pk, _ in reversed(versions[: before + 1])])
    return stopping(verdicts, patience=before)


def _before(labels: Sequence[int]) -> int | None:
    """How many versions before the latest stands the one that it is compared with; `len(labels)`: none fits.

    Not simply PATIENCE before: trained again on hardly more labels no version can be expected to be better, and a
    campaign would end because somebody trained often. Labels come latest first. None while there are too few versions.
    """
    if len(labels) <= PATIENCE:
        return None
    learned_less = (step for step in range(PATIENCE, len(labels)) if labels[step] <= FEWER * labels[0])
    return next(learned_less, len(labels))


def _verdicts(dataset: DataSet, versions: Sequence[int]) -> list[Booleans]:
    """Whether each version was right, on the evaluation images that all of them were judged on."""
    said = dict(ModelVersion.objects.filter(pk__in=versions).values_list("pk", "predictions"))
    truth = {str(label.image): label.cls for label in evaluation_labels(dataset)}
    images = sorted(set(truth).intersection(*said.values()))
    return [np.array([said[pk][image][0] == truth[image] for image in images], dtype=np.bool_) for pk in versions]


def _sentence(reason: str) -> str:
    """«Ends: over the last …», told of what has ended."""
    words = reason.removeprefix("Ends: ")
    return words[:1].upper() + words[1:]
