"""Which version serves, and which one stands beside it. Of either there is one a data set."""

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from annotations.services.opinions import opinions_hear
from annotations.services.publication import NotNow
from learning.models import ModelVersion, VersionState
from learning.selectors import champion_of, policy_locked
from learning.services.requests import retag_request


@transaction.atomic
def version_promote(version: ModelVersion) -> None:
    # Tags that the one before it is writing come first, and all that it writes later are none: see `tagging`.
    policy_locked(version.dataset)
    champion = ModelVersion.objects.filter(dataset=version.dataset, state=VersionState.CHAMPION)
    champion.update(state=VersionState.RETIRED)
    version.state, version.promoted_at = VersionState.CHAMPION, timezone.now()
    version.save(update_fields=["state", "promoted_at"])
    opinions_hear(dataset=version.dataset, version=version.number)
    retag_request(version)


@transaction.atomic
def version_bring_back(*, version: ModelVersion, by: User) -> None:
    """Any version can serve again; a person's word goes before the gate's."""
    version_promote(version)
    audit(by, "brought back", version, number=version.number)


@transaction.atomic
def version_challenge(version: ModelVersion) -> None:
    """It says of new uploads what it would tag; the one that did so before is done with that."""
    ModelVersion.objects.filter(dataset=version.dataset, state=VersionState.CHALLENGER).update(
        state=VersionState.RETIRED
    )
    version.state = VersionState.CHALLENGER
    version.save(update_fields=["state"])


@transaction.atomic
def version_shadow(*, version: ModelVersion, by: User) -> None:
    """Any version can be tried beside the one that serves. Raises NotNow where there is none, or this is the one."""
    champion = champion_of(version.dataset)
    if champion in (None, version):
        raise NotNow("It takes another version that serves, to stand beside.")
    if version.state != VersionState.CHALLENGER:
        version_challenge(version)
        audit(by, "tried beside the champion", version, number=version.number)


@transaction.atomic
def version_shadow_end(*, version: ModelVersion, by: User) -> None:
    """What it has said stays to be read. Of a version that doesn't challenge nothing changes."""
    if ModelVersion.objects.filter(pk=version.pk, state=VersionState.CHALLENGER).update(state=VersionState.RETIRED):
        version.state = VersionState.RETIRED
        audit(by, "no longer tries beside the champion", version, number=version.number)
