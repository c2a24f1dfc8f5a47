"""After the classes of a data set have changed: what people agree on, and what the version that serves says."""

from django.db import transaction

from annotations.models import Campaign
from annotations.selectors import campaign_of
from annotations.services.agreement import agreement_refresh
from annotations.services.consensus import consensus_refit
from gallery.models import DataSet
from learning.selectors import champion_of
from learning.services.opinions import opinions_refresh
from learning.services.requests import retag_request


def classes_settle(*, dataset: DataSet) -> None:
    """Let both follow the classes that there are by now. Running it twice is harmless."""
    if DataSet.objects.filter(pk=dataset.pk, classes_changed_at=None).exists():
        return
    opinions_refresh(dataset=dataset)
    if _settle(dataset):
        agreement_refresh(dataset=dataset)


@transaction.atomic
def _settle(dataset: DataSet) -> bool:
    # As the full fit does: of two workers the second waits here, and then finds nothing to do.
    Campaign.objects.select_for_update().get(pk=campaign_of(dataset).pk)
    rows = DataSet.objects.filter(pk=dataset.pk)
    changed_at = rows.values_list("classes_changed_at", flat=True).get()
    if changed_at is None:
        return False
    consensus_refit(dataset=dataset)
    if champion := champion_of(dataset):
        retag_request(champion)
    rows.filter(classes_changed_at=changed_at).update(classes_changed_at=None)  # not what has changed meanwhile
    return True
