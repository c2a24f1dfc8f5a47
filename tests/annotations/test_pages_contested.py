"""The contested queue: one picture at a time, for reviewers everywhere and for owners in their own data sets."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Annotator, Campaign, Consensus, ConsensusState, ControlAnswer, Regrade, Ruling
from annotations.selectors import campaign_of
from annotations.services.votes import vote_correct
from annotations.views.contested import nobody_key, with_keys
from gallery.models import DataSet, Image, LabelClass, Visibility

pytestmark = pytest.mark.django_db
QUEUE = "/review/contested/"


@pytest.fixture
def disputed(dataset: DataSet, add_images) -> list[Image]:
    """Two pictures about which strangers disagree; the first is worth more."""
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(cap=2)
    images = add_images(2, 1)
    for image in images:
        for index in (0, 1):
            vote_correct(image=image, label=dataset.classes.get(index=index), annotator=Annotator.objects.create())
    for image, value in zip(images, (3.5, 1.25), strict=True):
        Consensus.objects.filter(image=image).update(value=value)
    return images


@pytest.fixture
def as_rita(client: Client, rita) -> Client:
    client.force_login(rita)
    return client


def shows(html: str, image: Image) -> bool:
    return reverse("image_file", args=[image.pk]) in html


def rule(client: Client, image: Image, label: str, **more: str):
    return client.post(reverse("image_rule", args=[image.pk]), {"label": label, **more}, follow=True)


def test_only_reviewers_see_the_queue_of_all(client, alice, rita, ada) -> None:
    assert client.get(QUEUE).status_code == 404
    client.force_login(alice)
    assert client.get(QUEUE).status_code == 404
    for person in (rita, ada):
        client.force_login(person)
        assert client.get(QUEUE).status_code == 200


def test_an_owner_sees_their_own_and_a_stranger_none(client, dataset, disputed, alice, charlie) -> None:
    address = reverse("dataset_contested", args=[dataset.pk])
    for person, status in ((None, 404), (charlie, 404), (alice, 200)):
        if person:
            client.force_login(person)
        assert client.get(address).status_code == status


def test_who_may_not_rule_changes_nothing(client, disputed, charlie) -> None:
    client.force_login(charlie)
    for name in ("image_rule", "image_rule_withdraw"):
        assert client.post(reverse(name, args=[disputed[0].pk]), {"label": "1"}).status_code == 404
    assert not Ruling.objects.exists()


def test_the_most_valuable_is_shown_with_what_people_said_and_a_key_for_each_class(as_rita, disputed) -> None:
    html = as_rita.get(QUEUE).content.decode()
    assert shows(html, disputed[0])
    assert not shows(html, disputed[1])
    assert "2 pictures wait," in html
    assert "How many people said so" in html
    assert html.count('<td class="num">1</td>') == 2
    for key in ("d", "m", "l", "0", "ArrowRight"):
        assert f'data-key="{key}"' in html
    assert 'data-key="Backspace"' not in html


def test_a_ruling_settles_it_and_leads_to_the_next(as_rita, disputed) -> None:
    html = rule(as_rita, disputed[0], "2", next=QUEUE).content.decode()
    assert shows(html, disputed[1])
    assert "“light”" in html
    assert 'data-key="Backspace"' in html
    assert Consensus.objects.get(image=disputed[0]).state == ConsensusState.ACCEPTED


def test_nobody_can_tell(as_rita, disputed) -> None:
    html = rule(as_rita, disputed[0], "nobody", next=QUEUE).content.decode()
    assert "“nobody can tell”" in html
    assert Consensus.objects.get(image=disputed[0]).state == ConsensusState.SET_ASIDE


def test_an_undo_brings_the_picture_back_before_the_eyes(as_rita, disputed) -> None:
    rule(as_rita, disputed[1], "2", next=QUEUE)
    address = reverse("image_rule_withdraw", args=[disputed[1].pk])
    html = as_rita.post(address, {"next": f"{QUEUE}?image={disputed[1].pk}"}, follow=True).content.decode()
    assert shows(html, disputed[1])
    assert 'data-key="Backspace"' not in html
    assert Consensus.objects.get(image=disputed[1]).state == ConsensusState.CONTESTED
    assert "no ruling" in as_rita.post(address, {"next": QUEUE}, follow=True).content.decode()


def test_what_is_skipped_waits_until_the_end(as_rita, disputed) -> None:
    html = as_rita.get(QUEUE, {"after": f"3.5-{disputed[0].pk}"}).content.decode()
    assert shows(html, disputed[1])
    html = as_rita.get(QUEUE, {"after": f"1.25-{disputed[1].pk}"}).content.decode()
    assert "That was the last one" in html
    assert f'href="{QUEUE}"' in html


@pytest.mark.parametrize("after", ["", "x", "nan-1", "1.0", "1.0--3", f"1-{9**30}", "inf-1x"])
def test_a_place_that_makes_no_sense_is_the_beginning(as_rita, disputed, after: str) -> None:
    assert shows(as_rita.get(QUEUE, {"after": after}).content.decode(), disputed[0])


@pytest.mark.parametrize("label", ["", "3", "dark", "-1"])
def test_a_class_that_there_is_not_rules_nothing(as_rita, disputed, label: str) -> None:
    assert "one of the classes" in rule(as_rita, disputed[0], label, next=QUEUE).content.decode()
    assert not Ruling.objects.exists()


def test_an_owner_rules_in_their_private_data_set(client, dataset, disputed, alice, charlie) -> None:
    DataSet.objects.update(visibility=Visibility.PRIVATE)
    client.force_login(charlie)
    assert rule(client, disputed[0], "1").status_code == 404
    client.force_login(alice)
    address = reverse("dataset_contested", args=[dataset.pk])
    assert "“middle”" in rule(client, disputed[0], "1", next=address).content.decode()


def test_the_way_back_never_leads_to_another_site(as_rita, disputed) -> None:
    response = as_rita.post(
        reverse("image_rule", args=[disputed[0].pk]), {"label": "1", "next": "https://example.com/"}
    )
    assert response.url == reverse("image", args=[disputed[0].pk])


def test_an_empty_queue_says_what_comes_here(as_rita, dataset, client, alice) -> None:
    assert "Nothing is contested" in as_rita.get(QUEUE).content.decode()
    client.force_login(alice)
    assert "Nothing is contested" in client.get(reverse("dataset_contested", args=[dataset.pk])).content.decode()


def test_keys_never_clash() -> None:
    digits = [LabelClass(name=str(n), key=str(n), index=n) for n in range(3)]
    assert nobody_key(digits) == "?"
    assert nobody_key([*digits, LabelClass(name="what", key="?", index=3)]) == ""
    plain = [LabelClass(name="cat", index=0), LabelClass(name="dog", key="1", index=1)]
    assert [key for _, key in with_keys(plain)] == ["", "1"]


# ── Controls ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def control(dataset: DataSet, add_images) -> Image:
    (image,) = add_images(1, 0, label=True)
    ControlAnswer.objects.create(
        dataset=dataset, annotator=Annotator.objects.create(), image=image, kind=0, answer=2, truth=0, correct=False
    )
    return image


def test_what_is_a_control_is_told_to_reviewers_alone(client, control, alice, charlie) -> None:
    for person in (None, charlie, alice):
        if person:
            client.force_login(person)
        assert client.get(reverse("image_control", args=[control.pk])).status_code == 404
        assert client.post(reverse("image_regrade", args=[control.pk]), {"label": "2"}).status_code == 404
    assert not Regrade.objects.exists()


def test_a_reviewer_re_grades_a_control_from_its_page(as_rita, control) -> None:
    address = reverse("image_control", args=[control.pk])
    html = as_rita.get(address).content.decode()
    assert "answered 1 time, 0 of them right. It counts as <b>dark</b>" in html
    regrade = reverse("image_regrade", args=[control.pk])
    html = as_rita.post(regrade, {"label": "2", "note": "look again"}, follow=True).content.decode()
    assert "1 of them right. It counts as <b>light</b>" in html
    assert "“look again”" in html
    html = as_rita.post(regrade, {"label": "nobody"}, follow=True).content.decode()
    assert "count for nobody" in html
    assert Regrade.objects.count() == 2


def test_the_evidence_leads_to_the_control(as_rita, control) -> None:
    person = ControlAnswer.objects.get().annotator
    html = as_rita.get(reverse("review_annotator", args=[person.pk])).content.decode()
    assert reverse("image_control", args=[control.pk]) in html


def test_a_picture_that_was_never_a_control_says_so(as_rita, add_images) -> None:
    (image,) = add_images(1, 0)
    assert "Nobody has answered" in as_rita.get(reverse("image_control", args=[image.pk])).content.decode()
    html = as_rita.post(reverse("image_regrade", args=[image.pk]), {"label": "2"}, follow=True).content.decode()
    assert "Nobody has answered this picture" in html
    html = as_rita.post(reverse("image_regrade", args=[image.pk]), {"label": "9"}, follow=True).content.decode()
    assert "Nothing was re-graded" in html
