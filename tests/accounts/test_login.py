from django.urls import reverse


def log_in(client, **fields):
    return client.post(reverse("login"), {"username": "alice@example.org", "password": "tessera-alice", **fields})


def test_alice_logs_in_whatever_the_capitals_of_her_address(client, alice):
    assert log_in(client, username="Alice@Example.ORG").url == reverse("datasets")
    assert "_auth_user_id" in client.session


def test_a_wrong_password_and_an_unknown_address_sound_the_same(client, alice):
    wrong = log_in(client, password="no").context["form"].non_field_errors()
    unknown = log_in(client, username="nobody@example.org").context["form"].non_field_errors()
    assert wrong == unknown
    assert wrong


def test_a_closed_account_stays_out(client, alice):
    alice.is_active = False
    alice.save()
    assert log_in(client).status_code == 200
    assert "_auth_user_id" not in client.session


def test_logging_out_needs_a_post(client, alice):
    client.force_login(alice)
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).url == reverse("home")
    assert "_auth_user_id" not in client.session
