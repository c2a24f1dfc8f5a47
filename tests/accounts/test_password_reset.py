import re

from django.core import mail
from django.urls import reverse


def ask(client, email):
    return client.post(reverse("password_reset"), {"email": email}, follow=True)


def without_tokens(response) -> str:
    """A page's words without the CSRF token, which differs each time."""
    return re.sub(r"\w{64}", "", response.content.decode())


def test_a_forgotten_password_is_set_anew_through_the_mail(client, alice):
    ask(client, "alice@example.org")
    [message] = mail.outbox
    assert message.to == ["alice@example.org"]
    link = re.search(r"http://testserver(/password/reset/\S+)", message.body)[1]
    form = client.get(link, follow=True)
    new = {"new_password1": "quite-another-one", "new_password2": "quite-another-one"}
    assert client.post(form.request["PATH_INFO"], new).url == reverse("password_reset_complete")
    alice.refresh_from_db()
    assert alice.check_password("quite-another-one")
    assert "no longer works" in client.get(link, follow=True).content.decode()


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, alice):
    known, unknown = ask(client, "alice@example.org"), ask(client, "nobody@example.org")
    assert known.redirect_chain == unknown.redirect_chain
    assert without_tokens(known) == without_tokens(unknown)
    assert len(mail.outbox) == 1


def test_a_made_up_link_changes_nothing(client, alice):
    page = client.get(reverse("password_reset_confirm", args=["MQ", "set-abc"]))
    assert "no longer works" in page.content.decode()


def test_the_pages_of_the_way_are_ours(client, db):
    for name in ("password_reset", "password_reset_done", "password_reset_complete"):
        assert "tessera/tessera.css" in client.get(reverse(name)).content.decode()
