"""How a data set gets into public challenges: its owner asks, a reviewer sees a sample and decides."""

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from annotations.models import Campaign, Publication
from annotations.selectors import campaign_of
from gallery.models import DataSet, Visibility


class NotNow(ValueError):  # noqa: N818 - a state, not a fault
    """The step doesn't follow from where the publication stands."""


@transaction.atomic
def publication_request(*, dataset: DataSet, by: User) -> Campaign:
    campaign = _locked(dataset)
    if dataset.visibility != Visibility.PUBLIC:
        raise NotNow("Make the data set public first: the public would see its pictures.")
    if campaign.publication == Publication.APPROVED:
        raise NotNow("It is in public challenges already.")
    return _move(campaign, Publication.REQUESTED, by, "asked for publication of")


@transaction.atomic
def publication_decide(*, dataset: DataSet, approve: bool, by: User) -> Campaign:
    campaign = _locked(dataset)
    if campaign.publication != Publication.REQUESTED:
        raise NotNow("Its owner has not asked for public challenges.")
    verdict = Publication.APPROVED if approve else Publication.REFUSED
    return _move(campaign, verdict, by, str(verdict))


@transaction.atomic
def publication_withdraw(*, dataset: DataSet, by: User) -> Campaign:
    return _move(_locked(dataset), Publication.CLOSED, by, "withdrew from public challenges")


def _locked(dataset: DataSet) -> Campaign:
    return Campaign.objects.select_for_update().get(pk=campaign_of(dataset).pk)


def _move(campaign: Campaign, to: Publication, by: User, verb: str) -> Campaign:
    campaign.publication = to
    campaign.save(update_fields=["publication"])
    audit(by, verb, campaign.dataset)
    return campaign
