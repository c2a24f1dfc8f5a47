import pytest

from accounts.models import AuditEntry
from annotations.models import Publication
from annotations.selectors import campaign_of


def test_its_owner_sets_when_a_picture_has_been_asked_enough(dataset, alice, api):
    address = f"/api/v1/datasets/{dataset.pk}/campaign/"
    got = api(alice).patch(address, {"threshold": 0.9, "cap": 5})
    assert got.json() == {"publication": "closed", "threshold": 0.9, "minimum_trusted": 2, "cap": 5, "use_model": True}
    assert api(alice).get(address).json() == got.json()
    assert AuditEntry.objects.get().detail == {"threshold": 0.9, "cap": 5}


@pytest.mark.parametrize(
    "change",
    [{"threshold": 1.1}, {"threshold": "nan"}, {"threshold": 0.3}, {"cap": 0}, {"cap": 1}, {"minimum_trusted": 8}],
)
def test_rules_that_cannot_be_met_are_refused(dataset, alice, api, change):
    assert api(alice).patch(f"/api/v1/datasets/{dataset.pk}/campaign/", change).status_code == 400
    assert campaign_of(dataset).cap == 7


def test_a_looser_rule_accepts_what_was_open(solver, published, bob, alice):
    solver(bob).solve("strip")
    solver(alice).client.patch(
        f"/api/v1/datasets/{published.pk}/campaign/", {"threshold": 0.5, "minimum_trusted": 1, "cap": 1}
    )
    assert campaign_of(published).cap == 1
    assert not published.images.filter(consensus__state="open", consensus__votes__gt=0).exists()


def test_publication_is_asked_for_and_left_by_its_owner(dataset, alice, api):
    address = f"/api/v1/datasets/{dataset.pk}/publication/"
    assert api(alice).post(address, {"action": "request"}).json()["publication"] == Publication.REQUESTED
    assert api(alice).post(address, {"action": "withdraw"}).json()["publication"] == Publication.CLOSED
    assert api(alice).post(address, {"action": "approve"}).status_code == 400


def test_a_private_data_set_cannot_be_put_before_the_public(secret, alice, api):
    got = api(alice).post(f"/api/v1/datasets/{secret.pk}/publication/", {"action": "request"})
    assert got.status_code == 409
    assert "public first" in got.json()["detail"]
