"""Going on with a campaign that has ended."""

from django.db import transaction

from accounts.models import User
from annotations.models import Campaign
from annotations.services.campaigns import campaign_resume
from annotations.services.publication import NotNow
from gallery.models import DataSet
from learning.selectors_ending import budget_spent
from learning.services.requests import round_request


@transaction.atomic
def asking_resume(*, dataset: DataSet, by: User) -> Campaign:
    """People are asked again, from a new round on. Raises NotNow where it would end again at once."""
    if reason := budget_spent(dataset):
        raise NotNow(f"{reason} Raise it first, or take it away.")
    campaign = campaign_resume(dataset=dataset, by=by)
    round_request(dataset=dataset)
    return campaign
