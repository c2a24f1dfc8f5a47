"""How a campaign stands, as its page and the tick read it. No statistics here, so that a web process can ask."""

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache

from annotations.models import Vote
from gallery.models import DataSet
from learning.selectors import policy_of

KEPT = 3600  # seconds; evaluation labels may be corrected meanwhile


@dataclass(frozen=True)
class Standing:
    """What the last comparison of versions said. `version`: the latest of them; `since`: when asking was resumed."""

    version: int | None
    since: datetime | None
    stop: bool
    reason: str


def answers_spent(dataset: DataSet) -> int:
    """What people said of unknown pictures when they were asked. Controls check the person, and imported votes and
    corrections came unasked: none of these is spent, nor is a second thought."""
    return Vote.objects.first_words().filter(dataset=dataset, challenge__isnull=False).count()


def budget_spent(dataset: DataSet) -> str:
    """A sentence that the data set's budget is spent, or nothing while it isn't."""
    budget = policy_of(dataset).budget
    if budget is None or answers_spent(dataset) < budget:
        return ""
    return f"The budget of {budget:,} answer{'s' * (budget != 1)} is spent."


def standing_of(dataset: DataSet) -> Standing | None:
    """The last comparison, where one was made lately: the tick makes it, see `services.ending`."""
    found: Standing | None = cache.get(_key(dataset))
    return found


def standing_keep(dataset: DataSet, standing: Standing) -> None:
    cache.set(_key(dataset), standing, KEPT)


def _key(dataset: DataSet) -> str:
    return f"learning.standing.{dataset.pk}"
