"""What people say of a picture, and what they are told of their own answers."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from annotations.models import Annotator, Consensus, Reliability, Report, Vote
from annotations.services.annotators import annotator_for
from annotations.services.answering import challenge_answer
from annotations.services.issuing import challenge_issue
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Source, Visibility

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(add_images) -> Image:
    return add_images(1, 0)[0]


def correct(client: Client, image: Image, label: str, **more: str):
    return client.post(reverse("image_correct", args=[image.pk]), {"label": label, **more})


def test_a_stranger_without_an_account_is_asked_to_log_in(client, image) -> None:
    for name in ("image_correct", "image_report"):
        response = client.post(reverse(name, args=[image.pk]), {"label": "1"})
        assert response.url.startswith(reverse("login"))
    assert not Vote.objects.exists()
    assert not Report.objects.exists()


def test_the_owners_correction_holds(client, image, alice) -> None:
    client.force_login(alice)
    assert correct(client, image, "2").url == reverse("image", args=[image.pk])
    assert image.tags.get(source=Source.OWNER).label.name == "light"
    assert not Vote.objects.exists()


def test_anybody_elses_correction_is_a_vote(client, image, bob) -> None:
    client.force_login(bob)
    target = reverse("dataset", args=[image.dataset_id])
    assert correct(client, image, "2", next=target).url == target
    vote = Vote.objects.get()
    assert (vote.annotator.user, vote.answer, vote.image) == (bob, 2, image)
    assert not image.tags.filter(source=Source.OWNER).exists()


@pytest.mark.parametrize("label", ["", "3", "dark", "-1"])
def test_a_class_that_there_is_not_changes_nothing(client, image, alice, label: str) -> None:
    client.force_login(alice)
    correct(client, image, label)
    assert not image.tags.exists()


def test_the_way_back_never_leads_to_another_site(client, image, alice) -> None:
    client.force_login(alice)
    assert correct(client, image, "1", next="https://example.com/").url == reverse("image", args=[image.pk])


def test_a_private_picture_does_not_exist_for_charlie(client, image, charlie) -> None:
    DataSet.objects.update(visibility=Visibility.PRIVATE)
    client.force_login(charlie)
    assert correct(client, image, "1").status_code == 404
    assert client.post(reverse("image_report", args=[image.pk])).status_code == 404
    assert client.get(reverse("image_votes", args=[image.pk])).status_code == 404


def test_a_report_hides_the_picture_and_leads_to_the_data_set(client, image, bob) -> None:
    client.force_login(bob)
    response = client.post(reverse("image_report", args=[image.pk]))
    assert response.url == reverse("dataset", args=[image.dataset_id])
    image.refresh_from_db()
    assert image.withdrawn_at
    assert Report.objects.get().annotator.user == bob


@pytest.fixture
def voted(image, bob) -> Image:
    vote_correct(image=image, label=image.dataset.classes.get(index=1), annotator=annotator_for(bob))
    return image


def votes_html(client: Client, image: Image, user: User | None) -> str:
    if user:
        client.force_login(user)
    response = client.get(reverse("image_votes", args=[image.pk]), headers={"HX-Request": "true"})
    assert "<html" not in response.content.decode()
    return response.content.decode()


def test_everybody_sees_what_it_comes_to_and_nobody_who_said_it(client, voted, charlie) -> None:
    for user in (None, charlie):
        html = votes_html(client, voted, user)
        assert "1 answer, 0 of them" in html
        assert "Still being asked" in html
        assert Consensus.objects.get().posterior[1] > 0.34
        assert "middle" in html
        assert "Bob" not in html
        assert "Annotator " not in html


def test_the_owner_sees_that_answers_are_of_somebody_without_a_name(client, voted, alice) -> None:
    html = votes_html(client, voted, alice)
    assert "Annotator " in html
    assert "Bob" not in html
    assert Annotator.objects.get(user__name="Bob").key.hex[:6] not in html


def test_a_reviewer_sees_who_said_what(client, voted, rita) -> None:
    html = votes_html(client, voted, rita)
    assert "Bob" in html
    assert reverse("review_annotator", args=[Vote.objects.get().annotator_id]) in html


def test_a_picture_that_nobody_was_asked_about_says_so(client, image) -> None:
    assert "Nobody has been asked" in votes_html(client, image, None)


def test_opened_by_itself_the_fragment_is_a_page(client, voted) -> None:
    html = client.get(reverse("image_votes", args=[voted.pk])).content.decode()
    assert html.count("<h1>") == 1
    assert "1 answer" in html


def test_who_has_answered_nothing_is_told_so_and_leaves_no_row(client) -> None:
    assert "No challenge answered yet" in client.get(reverse("my_reliability")).content.decode()
    assert not Annotator.objects.exists()


def test_people_read_of_their_own_reliability_in_plain_words(client, published, bob, charlie) -> None:
    annotator = annotator_for(bob)
    challenge = challenge_issue(dataset=published, annotator=annotator, kind="strip")
    challenge_answer(challenge=challenge, annotator=annotator, raw="d" * 10)
    Reliability.objects.update(accuracy=0.9, low=0.8, high=0.97, trusted=True, evidence=30)
    client.force_login(bob)
    html = client.get(reverse("my_reliability")).content.decode()
    assert "1 challenge." in html
    assert "Right about 90 times of 100" in html
    assert "between 80 and 97" in html
    assert "count in full" in html
    client.force_login(charlie)
    assert "Right about" not in client.get(reverse("my_reliability")).content.decode()
