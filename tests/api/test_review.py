import pytest

from annotations.models import Annotator, Decision, Flag, Report
from annotations.services.annotators import annotator_for
from annotations.services.publication import publication_request
from annotations.services.reports import report_make
from gallery.models import DataSet, Visibility
from gallery.services.datasets import dataset_create


@pytest.fixture
def flagged(dataset, bob) -> Annotator:
    annotator = annotator_for(bob)
    Flag.objects.create(annotator=annotator, dataset=dataset, reason="Right in 20%", evidence={"graded": 30})
    return annotator


def test_who_is_flagged_comes_first(flagged, charlie, rita, api):
    annotator_for(charlie)
    rows = api(rita).get("/api/v1/review/annotators/").json()["results"]
    assert [(row["name"], row["open_flags"]) for row in rows] == [("Bob", 1), ("Charlie", 0)]


def test_faces_are_one_person(flagged, rita, api):
    Annotator.objects.create(same_as=flagged)
    assert api(rita).get("/api/v1/review/annotators/").json()["count"] == 1


@pytest.mark.parametrize(("state", "found"), [("open", 1), ("upheld", 0), ("blocked", 0)])
def test_the_list_filters_by_state(flagged, charlie, rita, api, state, found):
    annotator_for(charlie)
    assert api(rita).get(f"/api/v1/review/annotators/?state={state}").json()["count"] == found
    assert api(rita).get("/api/v1/review/annotators/?state=odd").status_code == 400


def test_the_list_takes_as_many_queries_for_six_as_for_one(flagged, rita, api, queries):
    client = api(rita)
    few = queries(client, "/api/v1/review/annotators/")
    Annotator.objects.bulk_create(Annotator() for _ in range(5))
    assert queries(client, "/api/v1/review/annotators/") == few


def test_the_evidence_shows_what_was_answered_for_what_and_how_fast(solver, bob, rita, api):
    person = solver(bob)
    given = person.ask("grid")
    person.answer(given, person.wrong(given))
    person.solve("strip")
    got = api(rita).get(f"/api/v1/review/annotators/{bob.annotator.pk}/").json()
    assert (got["answering"]["answered"], got["answering"]["passed"]) == (2, 1)
    assert got["answering"]["median_seconds"] >= 0
    assert [row["name"] for row in got["reliability"]] == ["Shades"]
    assert {"dataset", "truth", "answered", "count"} == set(got["confusion"][0])
    assert {row["truth"] for row in got["confusion"]} <= {"dark", "middle", "light"}
    assert got["faces"] == 0


def test_who_never_answered_has_no_median(flagged, rita, api):
    got = api(rita).get(f"/api/v1/review/annotators/{flagged.pk}/").json()
    assert got["answering"] == {"answered": 0, "passed": 0, "median_seconds": None, "quickest_seconds": None}
    assert got["flags"][0]["reason"] == "Right in 20%"


def test_a_block_closes_the_flag_and_a_reinstatement_brings_the_person_back(flagged, rita, api):
    address = f"/api/v1/review/annotators/{flagged.pk}/decisions/"
    got = api(rita).post(address, {"verdict": "block", "note": "random answers"})
    assert got.status_code == 201
    assert got.json() == {"images_changed": 0, "state": "done"}
    flagged.refresh_from_db()
    assert flagged.blocked_at
    assert flagged.flags.get().state == "upheld"
    api(rita).post(address, {"verdict": "reinstate"})
    flagged.refresh_from_db()
    assert flagged.blocked_at is None
    shown = api(rita).get(f"/api/v1/review/annotators/{flagged.pk}/").json()["decisions"]
    assert [(row["verdict"], row["decided_by"]) for row in shown] == [("reinstate", "Rita"), ("block", "Rita")]


def test_a_reviewer_has_no_say_about_their_own_answers(rita, ada, api):
    address = f"/api/v1/review/annotators/{annotator_for(rita).pk}/decisions/"
    visitor = Annotator.objects.create(same_as=rita.annotator)
    got = api(rita).post(address, {"verdict": "clear"})
    assert got.status_code == 403
    assert got.json()["detail"] == "Another reviewer has to judge your own answers."
    face = f"/api/v1/review/annotators/{visitor.pk}/decisions/"
    assert api(rita).post(face, {"verdict": "clear"}).status_code == 403
    assert not Decision.objects.exists()
    assert api(ada).post(address, {"verdict": "clear"}).status_code == 201


def test_a_verdict_that_there_is_not_is_refused(flagged, rita, api):
    got = api(rita).post(f"/api/v1/review/annotators/{flagged.pk}/decisions/", {"verdict": "banish"})
    assert got.status_code == 400
    assert not Decision.objects.exists()


def test_who_is_blocked_gets_no_challenge(solver, bob, rita, api):
    person = solver(bob)
    person.solve()
    api(rita).post(f"/api/v1/review/annotators/{bob.annotator.pk}/decisions/", {"verdict": "block"})
    assert person.client.post(person.address()).status_code == 409


def test_a_reviewer_sees_a_sample_and_decides(dataset, alice, add_images, rita, api):
    images = add_images(14, 0)
    publication_request(dataset=dataset, by=alice)
    row = api(rita).get("/api/v1/review/datasets/").json()["results"][0]
    assert len(row["sample"]) == 12
    assert set(row["sample"]) <= {image.pk for image in images}
    address = f"/api/v1/review/datasets/{dataset.pk}/decision/"
    assert api(rita).post(address, {"approve": True}).json()["publication"] == "approved"
    assert api(rita).post(address, {"approve": True}).status_code == 409
    assert api(rita).get("/api/v1/review/datasets/").json()["count"] == 0


def test_the_requests_take_as_many_queries_for_four_as_for_one(dataset, alice, rita, api, queries):
    publication_request(dataset=dataset, by=alice)
    client = api(rita)
    few = queries(client, "/api/v1/review/datasets/")
    for n in range(3):
        more = dataset_create(owner=alice, name=f"{n}", classes=[("a", ""), ("b", "")], visibility=Visibility.PUBLIC)
        publication_request(dataset=more, by=alice)
    assert queries(client, "/api/v1/review/datasets/") == few


@pytest.fixture
def report(add_images, bob) -> Report:
    return report_make(image=add_images(1, 0)[0], annotator=annotator_for(bob))


@pytest.mark.parametrize(("uphold", "state", "gone"), [(True, "upheld", True), (False, "dismissed", False)])
def test_a_report_is_decided_once(report, rita, api, uphold, state, gone):
    address = f"/api/v1/review/reports/{report.pk}/decision/"
    assert api(rita).post(address, {"uphold": uphold}).json()["state"] == state
    report.image.refresh_from_db()
    assert bool(report.image.withdrawn_at) is gone
    assert api(rita).post(address, {"uphold": not uphold}).status_code == 409


def test_the_reports_list_shows_the_open_ones(report, rita, api):
    rows = api(rita).get("/api/v1/review/reports/").json()["results"]
    assert [(row["image"], row["by"]) for row in rows] == [(report.image_id, "Bob")]
    assert api(rita).get("/api/v1/review/reports/?state=upheld").json()["results"] == []


def test_the_reports_take_as_many_queries_for_four_as_for_one(report, add_images, rita, api, queries):
    client = api(rita)
    few = queries(client, "/api/v1/review/reports/")
    for image in add_images(3, 1):
        report_make(image=image, annotator=Annotator.objects.create())
    assert queries(client, "/api/v1/review/reports/") == few


def test_a_private_data_set_is_open_to_reviewers(secret, rita, api):
    assert api(rita).get(f"/api/v1/datasets/{secret.pk}/").status_code == 200
    assert api(rita).patch(f"/api/v1/datasets/{secret.pk}/", {"name": "Mine"}).status_code == 404
    assert DataSet.objects.get(pk=secret.pk).name == "Secret"
