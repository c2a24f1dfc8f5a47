"""Contested pictures, controls, appeals and decisions about several people, through the API."""

import pytest

from annotations.models import Annotator, Appeal, Campaign, Consensus, ControlAnswer, Decision, Gold, Regrade, Ruling
from annotations.selectors import campaign_of
from annotations.services.annotators import annotator_for
from annotations.services.consensus import consensus_refit
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image


@pytest.fixture
def disputed(dataset: DataSet, add_images) -> list[Image]:
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(cap=2)
    images = add_images(2, 1)
    for image in images:
        for index in (0, 1):
            vote_correct(image=image, label=dataset.classes.get(index=index), annotator=Annotator.objects.create())
    Consensus.objects.filter(image=images[1]).update(value=3.5)
    return images


@pytest.fixture
def wrong(dataset: DataSet, add_images, bob) -> ControlAnswer:
    """Bob called a dark control light."""
    (image,) = add_images(1, 0, label=True)
    fields = {"kind": 0, "answer": 2, "truth": 0, "correct": False}
    answer = ControlAnswer.objects.create(dataset=dataset, annotator=annotator_for(bob), image=image, **fields)
    consensus_refit(dataset=dataset)
    return answer


def test_reviewers_get_the_most_valuable_first(disputed, rita, api):
    rows = api(rita).get("/api/v1/review/contested/").json()["results"]
    assert [row["image"] for row in rows] == [disputed[1].pk, disputed[0].pk]
    assert rows[0]["value"] == 3.5
    assert sum(rows[0]["posterior"]) == pytest.approx(1, abs=1e-5)


def test_owners_get_their_own(dataset, disputed, alice, bob, api):
    address = f"/api/v1/datasets/{dataset.pk}/contested/"
    assert api(alice).get(address).json()["count"] == 2
    assert api(bob).get(address).status_code == 404
    assert api().get(address).status_code == 404
    assert api(alice).get("/api/v1/review/contested/").status_code == 404


def test_the_queue_takes_as_many_queries_for_six_as_for_two(dataset, disputed, add_images, rita, api, queries):
    client = api(rita)
    few = queries(client, "/api/v1/review/contested/")
    for image in add_images(4, 2):
        for index in (0, 1):
            vote_correct(image=image, label=dataset.classes.get(index=index), annotator=Annotator.objects.create())
    assert queries(client, "/api/v1/review/contested/") == few


def test_a_ruling_is_made_and_taken_back(disputed, rita, api):
    address = f"/api/v1/images/{disputed[0].pk}/ruling/"
    assert [row["people"] for row in api(rita).get(address).json()["answers"]] == [1, 1]
    made = api(rita).post(address, {"label": 2})
    assert (made.status_code, made.json()["label"]) == (201, 2)
    assert api(rita).get("/api/v1/review/contested/").json()["count"] == 1
    assert api(rita).delete(address).json()["withdrawn"] is True
    assert api(rita).delete(address).status_code == 409
    assert api(rita).post(address, {"label": None}).status_code == 201
    assert Ruling.objects.count() == 3


@pytest.mark.parametrize("label", [3, -1, 10**20, "dark"])
def test_a_class_that_there_is_not_is_refused(disputed, rita, api, label):
    assert api(rita).post(f"/api/v1/images/{disputed[0].pk}/ruling/", {"label": label}).status_code == 400
    assert not Ruling.objects.exists()


def test_a_stranger_rules_nothing(disputed, charlie, api):
    address = f"/api/v1/images/{disputed[0].pk}/ruling/"
    for method in ("get", "post", "delete"):
        assert getattr(api(charlie), method)(address).status_code == 404
    assert api().post(address, {"label": 1}).status_code == 401


def test_a_control_is_re_graded(wrong, rita, alice, api):
    address = f"/api/v1/images/{wrong.image_id}/control/"
    assert api(alice).get(address).status_code == 404
    assert api(alice).post(address, {"label": 2}).status_code == 404
    made = api(rita).post(address, {"label": 2, "note": "It is light."})
    assert (made.status_code, made.json()["truth"], made.json()["decided_by"]) == (201, 2, "Rita")
    got = api(rita).get(address).json()
    assert [(row["answer"], row["truth"]) for row in got["answers"]] == [(2, 0)]
    assert [row["note"] for row in got["regrades"]] == ["It is light."]
    assert Regrade.objects.count() == 1


def test_mistakes_are_told_once_the_gold_is_retired(wrong, bob, charlie, api):
    address = "/api/v1/reliability/mistakes/"
    Gold.objects.create(image=wrong.image, dataset=wrong.dataset)
    assert api(bob).get(address).json() == []
    Gold.objects.update(retired_at="2025-01-01T00:00Z")
    (row,) = api(bob).get(address).json()
    assert (row["image"], row["kind"], row["answer"], row["truth"]) == (wrong.image_id, "choice", 2, 0)
    assert api(charlie).get(address).json() == []
    assert api().get(address).json() == []


def test_an_appeal_is_made_and_decided(wrong, dataset, bob, charlie, rita, api):
    sent = {"dataset": dataset.pk, "text": "It was light!"}
    assert api(charlie).post("/api/v1/appeals/", sent).status_code == 404
    made = api(bob).post("/api/v1/appeals/", sent)
    assert (made.status_code, made.json()["state"]) == (201, "open")
    assert api(bob).post("/api/v1/appeals/", sent).status_code == 409
    assert api(charlie).get("/api/v1/appeals/").json()["results"] == []
    rows = api(rita).get("/api/v1/review/appeals/").json()["results"]
    assert [row["text"] for row in rows] == ["It was light!"]
    address = f"/api/v1/review/appeals/{rows[0]['id']}/decision/"
    assert api(bob).post(address, {"grant": True}).status_code == 404
    assert api(rita).post(address, {"grant": True, "answer": "So it was."}).json()["state"] == "granted"
    assert api(rita).post(address, {"grant": False}).status_code == 409
    assert api(bob).get("/api/v1/appeals/").json()["results"][0]["answer"] == "So it was."
    assert Appeal.objects.count() == 1


def test_the_effect_of_a_decision_is_told_before_it_is_made(disputed, rita, alice, api):
    person = Annotator.objects.first()
    address = f"/api/v1/review/annotators/{person.pk}/effect/"
    got = api(rita).get(address).json()
    assert (got["votes"], got["images"], got["about"]) == (1, 1, False)
    decided = api(rita).post(f"/api/v1/review/annotators/{person.pk}/decisions/", {"verdict": "block"})
    assert decided.json()["images_changed"] == got["changed"] >= 1
    assert api(rita).get(address, {"verdict": "reinstate"}).json()["changed"] == got["changed"]
    assert api(rita).get(address, {"verdict": "hang"}).status_code == 400
    assert api(alice).get(address).status_code == 404


def test_several_people_are_decided_on_together(disputed, rita, alice, api):
    people = list(Annotator.objects.values_list("pk", flat=True)[:2])
    sent = {"annotators": people, "verdict": "block", "note": "a pair"}
    assert api(alice).post("/api/v1/review/decisions/", sent).status_code == 404
    got = api(rita).post("/api/v1/review/decisions/", sent)
    assert (got.status_code, got.json()["images_changed"]) == (201, 1)
    assert list(Decision.objects.values_list("note", flat=True)) == ["a pair", "a pair"]
    for nobody in ([], [999999], [9**30]):
        assert api(rita).post("/api/v1/review/decisions/", sent | {"annotators": nobody}).status_code == 400
