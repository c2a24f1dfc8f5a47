"""How a site stands: what becomes of each of its data sets, and what its owner has to know."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from annotations.challenges.registry import misfit
from annotations.models import Campaign, Consensus, ConsensusState
from annotations.selectors import keys_of
from annotations.sites.models import Site
from annotations.sites.refusals import hosts_refused
from annotations.sites.selectors import datasets_offered
from gallery.access import visible_datasets
from gallery.models import DataSet, Image, Split

ASKED = "People are asked about it."
ENDED = "Its campaign has ended: people are checked by it, and nothing new is asked."
UNKNOWN = "Nobody can be checked by it yet: too few of its pictures have a known answer."
NOT_OFFERED = "The public can’t be asked about it any more."


@dataclass(frozen=True)
class Chosen:
    """A data set of a site. `dataset` is None where its owner may not see it any more. `labels`: whether answers about
    it bring labels, `checks`: whether people can be checked by it."""

    dataset: DataSet | None
    says: str
    labels: bool = False
    checks: bool = False


def chosen_of(site: Site) -> list[Chosen]:
    offered = set(datasets_offered(site.owner).filter(sites=site).values_list("pk", flat=True))
    seen = set(visible_datasets(site.owner).filter(sites=site).values_list("pk", flat=True))
    return [_chosen(dataset, dataset.pk in offered, dataset.pk in seen) for dataset in _rows(site)]


def warnings_of(site: Site, chosen: list[Chosen]) -> list[str]:
    """What keeps it from doing its work, each with what to do."""
    warnings = []
    if site.closed_at:
        warnings.append("It is closed: its widget gives nobody a challenge. Open it again, or take it from your pages.")
    if not site.hosts:
        warnings.append("No host may show it, so nobody gets a challenge. Add the names of your hosts.")
    if refused := hosts_refused(site):
        warnings.append(
            f"It was shown on hosts that aren’t its own in the last day, and refused there: {', '.join(refused)}. "
            "Add those that are yours."
        )
    if not chosen:
        warnings.append("It has no data set: people get questions without pictures, and no labels come of it.")
    elif not any(one.checks for one in chosen):
        warnings.append(
            "None of its data sets can be asked about now: people get questions without pictures, and no labels come "
            "of it. Choose others."
        )
    elif not any(one.labels for one in chosen):
        warnings.append("All that its data sets wanted to know is answered: people are checked, and no labels come.")
    return warnings


def _rows(site: Site) -> QuerySet[DataSet]:
    """With whether any picture has a known answer."""
    gold = Image.objects.shown().filter(dataset=OuterRef("pk"), split=Split.GOLD)
    agreed = Consensus.objects.filter(dataset=OuterRef("pk"), state=ConsensusState.ACCEPTED)
    rows = site.datasets.select_related("owner", "campaign").prefetch_related("classes")
    return rows.annotate(known=Exists(gold), agreed=Exists(agreed)).order_by(Lower("name"), "pk")


def _chosen(dataset: DataSet, offered: bool, seen: bool) -> Chosen:
    if not offered:
        return Chosen(dataset if seen else None, NOT_OFFERED)
    campaign = getattr(dataset, "campaign", None) or Campaign(dataset=dataset)
    if reason := misfit(campaign.kinds, keys_of(dataset)):
        return Chosen(dataset, f"Nothing can be asked about it. {reason}")
    if not (dataset.known or dataset.agreed):
        return Chosen(dataset, UNKNOWN)
    return Chosen(dataset, ENDED, checks=True) if campaign.ended_at else Chosen(dataset, ASKED, True, True)
