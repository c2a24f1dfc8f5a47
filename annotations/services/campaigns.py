from typing import Any

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from annotations.models import Campaign
from annotations.selectors import campaign_of
from annotations.services.consensus import consensus_refit
from gallery.models import DataSet


@transaction.atomic
def campaign_change(*, dataset: DataSet, by: User, **fields: Any) -> Campaign:
    """When an image has been asked enough. What was agreed so far is worked out again under the new rule."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign_of(dataset).pk)
    for name, value in fields.items():
        setattr(campaign, name, value)
    campaign.save(update_fields=list(fields))
    audit(by, "changed the campaign of", dataset, **fields)
    consensus_refit(dataset=dataset)
    campaign.refresh_from_db()
    return campaign
