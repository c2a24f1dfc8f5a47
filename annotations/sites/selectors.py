"""Reads about sites: what they may ask, and whose they are."""

import random

from django.db.models import Q, QuerySet

from accounts.models import User
from annotations.selectors import approved
from annotations.sites.models import Site
from gallery.models import DataSet


def datasets_offered(owner: User) -> QuerySet[DataSet]:
    """What a site of theirs may ask about: their own data sets, whoever may see them, and what the public is asked."""
    return DataSet.objects.filter(Q(owner=owner) | Q(pk__in=approved().values("pk"))).order_by("name", "pk")


def datasets_asked(site: Site) -> list[DataSet]:
    """The data sets of a site, in random order, those first whose answers are still wanted. One that its owner may not
    ask about any more is passed over."""
    chosen = site.datasets.filter(pk__in=datasets_offered(site.owner).values("pk"))
    rows = list(chosen.select_related("campaign").prefetch_related("classes"))
    random.shuffle(rows)
    return sorted(rows, key=lambda dataset: bool(getattr(getattr(dataset, "campaign", None), "ended_at", None)))
