"""The way into public challenges: the owner asks, a reviewer decides, the owner may withdraw."""

import pytest

from accounts.models import AuditEntry
from annotations.models import Publication
from annotations.selectors import campaign_of, published
from annotations.services.publication import NotNow, publication_decide, publication_request, publication_withdraw
from gallery.models import DataSet, Visibility

pytestmark = pytest.mark.django_db


def state(dataset: DataSet) -> str:
    return campaign_of(dataset).publication


def test_a_data_set_starts_closed(dataset: DataSet) -> None:
    assert state(dataset) == Publication.CLOSED
    assert not published().exists()


def test_asking_alone_opens_nothing(dataset: DataSet, alice) -> None:
    publication_request(dataset=dataset, by=alice)
    assert state(dataset) == Publication.REQUESTED
    assert not published().exists()


def test_a_reviewers_yes_opens_it(dataset: DataSet, alice, rita) -> None:
    publication_request(dataset=dataset, by=alice)
    publication_decide(dataset=dataset, approve=True, by=rita)
    assert state(dataset) == Publication.APPROVED
    assert list(published()) == [dataset]


def test_a_reviewers_no_does_not_and_the_owner_may_ask_again(dataset: DataSet, alice, rita) -> None:
    publication_request(dataset=dataset, by=alice)
    publication_decide(dataset=dataset, approve=False, by=rita)
    assert state(dataset) == Publication.REFUSED
    assert not published().exists()
    publication_request(dataset=dataset, by=alice)
    assert state(dataset) == Publication.REQUESTED


def test_the_owner_may_withdraw_at_any_time(dataset: DataSet, alice, rita) -> None:
    publication_request(dataset=dataset, by=alice)
    publication_withdraw(dataset=dataset, by=alice)
    assert state(dataset) == Publication.CLOSED
    publication_request(dataset=dataset, by=alice)
    publication_decide(dataset=dataset, approve=True, by=rita)
    publication_withdraw(dataset=dataset, by=alice)
    assert not published().exists()


def test_nobody_decides_what_was_not_asked(dataset: DataSet, alice, rita) -> None:
    with pytest.raises(NotNow, match="has not asked"):
        publication_decide(dataset=dataset, approve=True, by=rita)
    publication_request(dataset=dataset, by=alice)
    publication_decide(dataset=dataset, approve=False, by=rita)
    with pytest.raises(NotNow, match="has not asked"):
        publication_decide(dataset=dataset, approve=True, by=rita)
    assert state(dataset) == Publication.REFUSED


def test_what_is_open_is_not_asked_for_again(dataset: DataSet, alice, rita) -> None:
    publication_request(dataset=dataset, by=alice)
    publication_decide(dataset=dataset, approve=True, by=rita)
    with pytest.raises(NotNow, match="already"):
        publication_request(dataset=dataset, by=alice)
    assert state(dataset) == Publication.APPROVED


def test_a_private_data_set_is_made_public_first(dataset: DataSet, alice, rita) -> None:
    publication_request(dataset=dataset, by=alice)
    publication_decide(dataset=dataset, approve=True, by=rita)
    DataSet.objects.filter(pk=dataset.pk).update(visibility=Visibility.PRIVATE)
    dataset.refresh_from_db()
    assert not published().exists()
    publication_withdraw(dataset=dataset, by=alice)
    with pytest.raises(NotNow, match="public first"):
        publication_request(dataset=dataset, by=alice)


def test_every_step_is_in_the_audit_log(dataset: DataSet, alice, rita) -> None:
    publication_request(dataset=dataset, by=alice)
    publication_decide(dataset=dataset, approve=True, by=rita)
    publication_withdraw(dataset=dataset, by=alice)
    assert list(AuditEntry.objects.order_by("pk").values_list("actor", "verb", "subject")) == [
        (alice.pk, "asked for publication of", "data set Shades"),
        (rita.pk, "approved", "data set Shades"),
        (alice.pk, "withdrew from public challenges", "data set Shades"),
    ]
