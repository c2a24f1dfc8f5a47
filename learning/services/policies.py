from typing import Any

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from gallery.models import DataSet
from gallery.services.tags import tags_doubt
from learning.models import Policy
from learning.selectors import policy_of


@transaction.atomic
def policy_change(*, dataset: DataSet, by: User, **fields: Any) -> Policy:
    """How a data set learns from now on; runs and rounds that are under way keep the rules that they began with."""
    policy = policy_of(dataset)
    for name, value in fields.items():
        setattr(policy, name, value)
    policy.save(update_fields=list(fields))
    if "sure_from" in fields:
        tags_doubt(dataset=dataset, sure_from=policy.sure_from)
    audit(by, "changed the policy of", dataset, **fields)
    return policy
