import pytest
from django.urls import reverse

from accounts.models import User

GOOD = {"email": "Dora@Example.org", "name": "Dora", "password": "a-long-and-odd-one"}


def test_signing_up_logs_in_and_leads_to_the_data_sets(client, db):
    response = client.post(reverse("signup"), GOOD)
    assert response.url == reverse("datasets")
    dora = User.objects.get(email="dora@example.org")
    assert client.session["_auth_user_id"] == str(dora.pk)
    assert dora.check_password(GOOD["password"])


def test_one_comes_back_to_where_one_wanted_to_go(client, db):
    assert client.post(reverse("signup"), GOOD | {"next": "/upload/"}).url == "/upload/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_next_never_leads_to_another_site(client, alice, elsewhere):
    assert client.post(reverse("signup"), GOOD | {"next": elsewhere}).url == reverse("datasets")
    client.logout()
    login = {"username": "alice@example.org", "password": "tessera-alice", "next": elsewhere}
    assert client.post(reverse("login"), login).url == reverse("datasets")


def test_an_address_has_one_account_whatever_its_capitals(client, alice):
    response = client.post(reverse("signup"), GOOD | {"email": "ALICE@example.org"})
    assert "There is an account with this address already" in response.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["", "short", "password", "12345678901", "dora@example.org"])
def test_a_weak_password_makes_no_account(client, db, password):
    response = client.post(reverse("signup"), GOOD | {"password": password})
    assert response.status_code == 200
    assert response.context["form"].errors["password"]
    assert not User.objects.exists()


def test_nobody_signs_up_as_an_administrator(client, db):
    client.post(reverse("signup"), GOOD | {"role": "administrator", "is_active": "1"})
    assert User.objects.get().role == "uploader"
