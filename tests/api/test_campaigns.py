import pytest

from accounts.models import AuditEntry
from annotations.models import Publication
from annotations.selectors import campaign_of
from annotations.services.campaigns import campaign_end
from gallery.services.datasets import dataset_create
from learning.selectors import policy_of


def test_its_owner_sets_when_a_picture_has_been_asked_enough(dataset, alice, api):
    address = f"/api/v1/datasets/{dataset.pk}/campaign/"
    got = api(alice).patch(address, {"threshold": 0.9, "cap": 5})
    assert got.json() == {
        "publication": "closed", "threshold": 0.9, "minimum_trusted": 2, "cap": 5, "use_model": True,
        "kinds": ["grid", "strip"], "flips": False,
        "ended_at": None, "ended_because": "",
    }  # fmt: skip
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


def test_an_ended_campaign_says_why_and_its_owner_goes_on(dataset, add_images, alice, bob, api):
    add_images(3, 0)
    campaign_end(dataset=dataset, reason="The budget of 500 answers is spent.")
    address = f"/api/v1/datasets/{dataset.pk}/campaign/"
    got = api(alice).get(address).json()
    assert got["ended_at"] is not None and got["ended_because"] == "The budget of 500 answers is spent."
    assert api(bob).post(f"{address}resume/").status_code == 404
    resumed = api(alice).post(f"{address}resume/")
    assert (resumed.status_code, resumed.json()["ended_at"], resumed.json()["ended_because"]) == (200, None, "")
    assert dataset.rounds.count() == 1
    again = api(alice).post(f"{address}resume/")
    assert (again.status_code, "has not ended" in again.json()["detail"]) == (409, True)


def test_nobody_ends_a_campaign_by_writing_that_it_has(dataset, alice, api):
    api(alice).patch(f"/api/v1/datasets/{dataset.pk}/campaign/", {"cap": 5, "ended_because": "I say so"})
    assert campaign_of(dataset).ended_because == ""


def test_a_spent_budget_is_raised_before_going_on(solver, published, bob, alice, api):
    solver(bob).solve("strip")
    policy = policy_of(published)
    policy.budget = 1
    policy.save()
    campaign_end(dataset=published, reason="The budget of 1 answer is spent.")
    got = api(alice).post(f"/api/v1/datasets/{published.pk}/campaign/resume/")
    assert (got.status_code, "is spent. Raise it first" in got.json()["detail"]) == (409, True)
    assert campaign_of(published).ended_at is not None


def test_an_ended_campaign_chooses_no_round(dataset, alice, api):
    campaign_end(dataset=dataset, reason="A test.")
    got = api(alice).post(f"/api/v1/datasets/{dataset.pk}/rounds/")
    assert (got.status_code, "has ended" in got.json()["detail"]) == (409, True)
    assert got["Content-Type"] == "application/problem+json"


def test_an_ended_campaign_grades_what_is_open_and_issues_nothing_new(solver, published, bob):
    person = solver(bob)
    challenge = person.ask("strip")
    campaign_end(dataset=published, reason="A test.")
    assert person.client.get(person.address(challenge, "sprite/")).status_code == 200
    answered = person.answer(challenge, person.right(challenge))
    assert (answered.status_code, answered.json()["passed"]) == (200, True)
    refused = person.client.post(person.address(), {})
    assert (refused.status_code, "has ended" in refused.json()["detail"]) == (409, True)


def test_its_owner_too_is_told_that_it_has_ended(secret, alice, bob, api):
    campaign_end(dataset=secret, reason="A test.")
    address = f"/api/v1/datasets/{secret.pk}/challenges/"
    got = api(alice).post(address)
    assert (got.status_code, "has ended" in got.json()["detail"]) == (409, True)
    assert api(bob).post(address).status_code == 404


def test_its_owner_chooses_the_kinds_of_challenge(solver, published, alice, api):
    address = f"/api/v1/datasets/{published.pk}/campaign/"
    assert api(alice).patch(address, {"kinds": ["grid-4x4", "grid-4x4"]}).json()["kinds"] == ["grid-4x4"]
    assert solver().ask()["kind"] == "grid-4x4"
    for nothing in ([], ["maze"], "grid"):
        assert api(alice).patch(address, {"kinds": nothing}).status_code == 400


def test_kinds_that_cannot_be_asked_of_the_classes_are_refused_with_the_reason(alice, api):
    many = dataset_create(owner=alice, name="Many", classes=[(f"class {i}", "") for i in range(41)])
    address = f"/api/v1/datasets/{many.pk}/campaign/"
    got = api(alice).patch(address, {"kinds": ["strip"]})
    assert got.status_code == 400
    assert "no more than 40 classes" in str(got.json())
    assert api(alice).get(address).json()["kinds"] == ["grid", "strip"]
    assert api(alice).patch(address, {"kinds": ["strip", "odd-one-out"]}).json()["kinds"] == ["odd-one-out", "strip"]
