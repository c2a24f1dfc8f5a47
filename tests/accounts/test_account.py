import re

import pytest
from django.urls import reverse
from knox.models import AuthToken


def test_the_account_is_for_those_who_have_one(client, db):
    assert client.get(reverse("account")).url == "/login/?next=/account/"


def test_alice_sees_her_role_and_changes_her_name(client, alice):
    client.force_login(alice)
    assert "uploader since" in client.get(reverse("account")).content.decode()
    client.post(reverse("account"), {"name": "Alice A.", "role": "administrator", "email": "x@example.org"})
    alice.refresh_from_db()
    assert (alice.name, alice.role, alice.email) == ("Alice A.", "uploader", "alice@example.org")


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_token_is_shown_once_and_works(client, alice, headers):
    client.force_login(alice)
    response = client.post(reverse("token_create"), headers=headers)
    token = re.search(r"<code>(\w{64})</code>", response.content.decode())[1]
    assert "no-store" in response["Cache-Control"]
    assert token not in client.get(reverse("account")).content.decode()
    assert AuthToken.objects.get().token_key == token[: len(AuthToken.objects.get().token_key)]


def test_alice_revokes_her_token(client, alice):
    token, _ = AuthToken.objects.create(alice)
    client.force_login(alice)
    assert client.post(reverse("token_revoke", args=[token.digest])).url == reverse("account")
    assert not AuthToken.objects.exists()


def test_nobody_revokes_the_token_of_somebody_else(client, alice, charlie):
    token, _ = AuthToken.objects.create(alice)
    client.force_login(charlie)
    assert client.post(reverse("token_revoke", args=[token.digest])).status_code == 404
    assert token.digest not in client.get(reverse("account")).content.decode()
    assert AuthToken.objects.count() == 1


def test_a_link_alone_makes_no_token(client, alice):
    client.force_login(alice)
    assert client.get(reverse("token_create")).status_code == 405
    assert not AuthToken.objects.exists()


def test_the_account_costs_the_same_with_many_tokens(client, alice, django_assert_max_num_queries):
    for _ in range(20):
        AuthToken.objects.create(alice)
    client.force_login(alice)
    with django_assert_max_num_queries(5):
        client.get(reverse("account"))
