"""What decisions about people change, worked out again: in the request, or in the background where that takes long."""

from collections.abc import Collection

from django.db import transaction

from accounts.audit import audit
from annotations.models import DecisionRefit
from annotations.selectors import datasets_answered
from annotations.services.consensus import consensus_refit
from annotations.services.effects import fits_in_a_request
from gallery.models import DataSet
from gallery.work import ring


def refit_begin(datasets: Collection[DataSet]) -> DecisionRefit | None:
    """A row for what takes too long, to be done once the decisions that bear it are committed."""
    if fits_in_a_request(datasets):
        return None
    refit = DecisionRefit.objects.create()
    ring("annotations.refit", refit.pk)
    return refit


def refit_now(datasets: Collection[DataSet]) -> int:
    """How many images bear another label or state. In the order in which the data sets' campaigns are locked."""
    return sum(consensus_refit(dataset=dataset).changed for dataset in sorted(datasets, key=lambda one: one.pk))


def refit_execute(pk: int) -> DecisionRefit | None:
    """Do a refit that is due, and put its effect into the log. Running it twice is harmless."""
    if _at_work(pk) or not (refit := DecisionRefit.claim(pk)):
        return None
    try:
        with transaction.atomic():
            _work_out(refit)
    except Exception as error:
        refit.fail(f"{type(error).__name__}: {error}")
        raise
    refit.refresh_from_db()
    return refit


@transaction.atomic
def _at_work(pk: int) -> bool:
    """Whether a worker is at it, however long it has been silent: in the middle of a fit nobody can tell of progress.
    It holds the row, and lets go of it when it ends in whatever way."""
    return not DecisionRefit.objects.select_for_update(skip_locked=True).filter(pk=pk).exists()


def _work_out(refit: DecisionRefit) -> None:
    DecisionRefit.objects.select_for_update().get(pk=refit.pk)
    decisions = list(refit.decisions.select_related("annotator", "decided_by").order_by("annotator", "pk"))
    touched = {dataset.pk: dataset for one in decisions for dataset in datasets_answered(one.annotator)}
    changed = refit_now(touched.values())
    DecisionRefit.objects.filter(pk=refit.pk).update(changed=changed)
    together = {"people": len(decisions)} if len(decisions) > 1 else {}
    for one in decisions:
        audit(one.decided_by, f"{one.verdict}, worked out for", one.annotator, images_changed=changed, **together)
    refit.finish()
