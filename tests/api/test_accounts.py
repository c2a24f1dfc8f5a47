import pytest

from accounts.models import Role, User

NEW = {"email": "dora@example.org", "password": "a mosaic of stones", "name": "Dora"}


def test_signing_up_makes_an_uploader_who_can_log_in(db, api):
    got = api().post("/api/v1/accounts/", NEW)
    assert got.status_code == 201
    assert "password" not in got.json()
    assert User.objects.get(email="dora@example.org").role == Role.UPLOADER
    assert api().post("/api/v1/tokens/", NEW).status_code == 201


def test_nobody_signs_up_as_a_reviewer(db, api):
    api().post("/api/v1/accounts/", {**NEW, "role": "administrator", "is_active": False})
    assert User.objects.get(email="dora@example.org").role == Role.UPLOADER


def test_a_password_that_is_easily_guessed_is_refused(db, api):
    got = api().post("/api/v1/accounts/", {**NEW, "password": "password"})
    assert got.status_code == 400
    assert "too common" in got.json()["errors"]["password"][0]


@pytest.mark.parametrize("name", [{}, {"name": ""}, {"name": "   "}])
def test_signing_up_takes_a_name_as_on_the_page(db, api, name):
    got = api().post("/api/v1/accounts/", {"email": NEW["email"], "password": NEW["password"], **name})
    assert got.status_code == 400
    assert "name" in got.json()["errors"]


def test_nobody_takes_their_name_away(bob, api):
    assert api(bob).patch("/api/v1/me/", {"name": ""}).status_code == 400


def test_an_address_has_one_account(bob, api):
    got = api().post("/api/v1/accounts/", {**NEW, "email": "Bob@example.org"})
    assert got.status_code == 400
    assert "email" in got.json()["errors"]


def test_my_name_is_mine_to_change_and_my_role_is_not(bob, api):
    got = api(bob).patch("/api/v1/me/", {"name": "Robert", "role": "reviewer", "email": "x@example.org"})
    assert got.json()["name"] == "Robert"
    bob.refresh_from_db()
    assert (bob.name, bob.role, bob.email) == ("Robert", Role.UPLOADER, "bob@example.org")


def test_a_visitor_is_nobody(db, api):
    got = api().get("/api/v1/me/")
    assert got.status_code == 401
    assert got["Content-Type"] == "application/problem+json"


def test_the_audit_is_for_reviewers(bob, rita, ada, api):
    assert api().get("/api/v1/audit/").status_code == 404
    assert api(bob).get("/api/v1/audit/").status_code == 404
    assert api(rita).get("/api/v1/audit/").status_code == 200
    assert api(ada).get("/api/v1/audit/").status_code == 200


def test_the_audit_tells_who_did_what(dataset, alice, rita, api):
    api(alice).post(f"/api/v1/datasets/{dataset.pk}/publication/", {"action": "request"})
    entry = api(rita).get("/api/v1/audit/").json()["results"][0]
    assert (entry["actor"], entry["verb"]) == ("Alice", "asked for publication of")
