"""Everything derived, from the ledger alone."""

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery

from annotations.models import Campaign, Consensus, ConsensusState, Reliability, Vote
from annotations.selectors import blocked_people, campaign_of
from annotations.services.agreement import agreement_refresh
from annotations.services.consensus import Refit, consensus_refit
from annotations.services.contributions import contributions_refresh
from annotations.services.suspicions import suspicions_refresh
from gallery.models import DataSet, Source, Tag


@transaction.atomic
def consensus_rebuild(*, dataset: DataSet) -> Refit:
    """Forget what was derived and derive it again; running it twice is harmless."""
    # As the full fit does, so that no fit comes in between.
    Campaign.objects.select_for_update().get(pk=campaign_of(dataset).pk)
    # The fit doesn't hear who is blocked: what they had shown stays, for the reviewer who may bring them back.
    Reliability.objects.filter(dataset=dataset).exclude(annotator__in=blocked_people()).delete()
    Consensus.objects.filter(dataset=dataset).delete()
    Tag.objects.filter(image__dataset=dataset, source=Source.CROWD).delete()
    refit = consensus_refit(dataset=dataset)
    _date(dataset)
    suspicions_refresh(dataset=dataset)
    agreement_refresh(dataset=dataset)
    contributions_refresh(dataset=dataset)
    return refit


def _date(dataset: DataSet) -> None:
    """An image was agreed on when its last vote came, not now: else all labels would count as new to the model."""
    votes = Vote.objects.filter(image=OuterRef("pk")).order_by().values("image")
    last = votes.annotate(last=Max("created_at")).values("last")
    Consensus.objects.filter(dataset=dataset, state=ConsensusState.ACCEPTED).update(accepted_at=Subquery(last))
