import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Role, User

PAGES = ["accounts_user", "accounts_auditentry", "gallery_dataset", "gallery_image"]


@pytest.mark.parametrize("page", PAGES)
def test_the_administration_opens_for_administrators_alone(client, ada, alice, rita, page):
    address = reverse(f"admin:{page}_changelist")
    for person in (alice, rita):
        client.force_login(person)
        assert client.get(address).status_code == 302
    client.force_login(ada)
    assert client.get(address).status_code == 200


def test_a_change_of_role_is_audited(client, ada, bob):
    client.force_login(ada)
    fields = {"email": bob.email, "name": "Bob", "role": Role.REVIEWER, "is_active": "on"}
    assert client.post(reverse("admin:accounts_user_change", args=[bob.pk]), fields).status_code == 302
    bob.refresh_from_db()
    assert bob.is_reviewer
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.subject, entry.detail["role"]) == (ada, f"user {bob.pk}", "reviewer")


def test_no_password_can_be_read_or_typed_in_an_account_s_form(client, ada, bob):
    client.force_login(ada)
    page = client.get(reverse("admin:accounts_user_change", args=[bob.pk])).content.decode()
    assert bob.password not in page
    assert 'type="password"' not in page


def test_an_administrator_makes_an_account(client, ada):
    client.force_login(ada)
    fields = {"email": "eve@example.org", "name": "Eve", "role": "uploader", "usable_password": "true"}
    fields |= {"password1": "a-long-and-odd-one", "password2": "a-long-and-odd-one"}
    client.post(reverse("admin:accounts_user_add"), fields)
    assert User.objects.get(email="eve@example.org").check_password("a-long-and-odd-one")


def test_what_is_audited_is_never_edited(client, ada, alice):
    entry = AuditEntry.objects.create(actor=alice, verb="did", subject="something")
    client.force_login(ada)
    assert client.get(reverse("admin:accounts_auditentry_change", args=[entry.pk])).status_code == 200
    assert client.post(reverse("admin:accounts_auditentry_change", args=[entry.pk]), {}).status_code == 403
    assert client.post(reverse("admin:accounts_auditentry_delete", args=[entry.pk]), {}).status_code == 403
