from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from annotations.models import Campaign
from annotations.selectors import campaign_of, has_ended, not_begun
from annotations.services.consensus import consensus_refit
from annotations.services.publication import NotNow
from gallery.models import DataSet

LONGEST = Campaign._meta.get_field("ended_because").max_length


@transaction.atomic
def campaign_change(*, dataset: DataSet, by: User, **fields: Any) -> Campaign:
    """When an image has been asked enough. What was agreed so far is worked out again under the new rule."""
    campaign = _locked(dataset)
    for name, value in fields.items():
        setattr(campaign, name, value)
    campaign.save(update_fields=list(fields))
    audit(by, "changed the campaign of", dataset, **fields)
    consensus_refit(dataset=dataset)
    campaign.refresh_from_db()
    return campaign


def refuse_ended(dataset: DataSet) -> None:
    """Raises NotNow where a campaign has ended: whatever were queued, nobody would be asked."""
    if has_ended(dataset):
        raise NotNow("Its campaign has ended, and nobody is asked any more. Go on asking first.")


@transaction.atomic
def campaign_end(*, dataset: DataSet, reason: str) -> Campaign:
    """Nobody is asked any more, until a person goes on. Challenges that are open are still graded: no answer is lost.

    `reason`: a sentence for people. It is the platform that ends a campaign, so nobody stands in the log for it.
    """
    campaign = _locked(dataset)
    if campaign.ended_at:  # two workers can find out at once
        return campaign
    campaign.ended_at, campaign.ended_because = timezone.now(), reason[:LONGEST]
    campaign.save(update_fields=["ended_at", "ended_because"])
    queue_empty(dataset=dataset)
    audit(None, "ended the campaign of", dataset, because=campaign.ended_because, by="the platform")
    return campaign


@transaction.atomic
def campaign_resume(*, dataset: DataSet, by: User) -> Campaign:
    """People are asked again. What led to the end before counts no longer: only versions from now on are compared."""
    campaign = _locked(dataset)
    if not campaign.ended_at:
        raise NotNow("It has not ended: people are being asked.")
    campaign.ended_at, campaign.ended_because, campaign.resumed_at = None, "", timezone.now()
    campaign.save(update_fields=["ended_at", "ended_because", "resumed_at"])
    audit(by, "went on asking about", dataset)
    return campaign


def queue_empty(*, dataset: DataSet) -> None:
    """What nobody holds on lease, and nobody has begun, is not asked."""
    not_begun(dataset).delete()


def _locked(dataset: DataSet) -> Campaign:
    return Campaign.objects.select_for_update().get(pk=campaign_of(dataset).pk)
