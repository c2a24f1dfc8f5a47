"""Which version serves. One champion a data set; every other one can be brought back."""

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from annotations.services.opinions import opinions_hear
from learning.models import ModelVersion, VersionState
from learning.services.requests import retag_request


@transaction.atomic
def version_promote(version: ModelVersion) -> None:
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
