"""What people see of their own answers, how they object, and what reviewers decide about several at once."""

import pytest
from django.core import signing
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.identity import COOKIE, SALT
from annotations.models import (
    Annotator,
    Appeal,
    AppealState,
    ControlAnswer,
    Decision,
    Flag,
    Gold,
    Reliability,
    Verdict,
)
from annotations.selectors import blocked_people, is_blocked
from annotations.services.annotators import annotator_for
from annotations.services.appeals import appeal_make
from annotations.services.consensus import consensus_refit
from annotations.services.effects import Preview
from annotations.services.review import decision_make
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_rita(client: Client, rita) -> Client:
    client.force_login(rita)
    return client


@pytest.fixture
def as_bob(client: Client, bob) -> Client:
    client.force_login(bob)
    return client


@pytest.fixture
def judged(dataset: DataSet, add_images, bob) -> Annotator:
    """Bob called two dark controls light; the first of them is retired."""
    person = annotator_for(bob)
    for image, at in zip(add_images(2, 0, label=True), ("2025-01-01T00:00Z", None), strict=True):
        answered(image, person)
        Gold.objects.create(image=image, dataset=dataset, retired_at=at)
    consensus_refit(dataset=dataset)
    return person


def answered(image: Image, person: Annotator) -> None:
    ControlAnswer.objects.create(
        dataset=image.dataset, annotator=person, image=image, kind=0, answer=2, truth=0, correct=False
    )


def own(client: Client) -> str:
    return client.get(reverse("my_reliability")).content.decode()


def object_(client: Client, dataset: DataSet, text: str):
    return client.post(reverse("appeal_make", args=[dataset.pk]), {"text": text}, follow=True)


def test_people_see_what_they_got_wrong_once_it_is_retired(as_bob, judged) -> None:
    html = own(as_bob)
    retired, asked = Gold.objects.order_by("pk")
    assert "1 that you got wrong" in html
    assert reverse("image_thumbnail", args=[retired.image_id]) in html
    assert reverse("image_thumbnail", args=[asked.image_id]) not in html
    assert "You said <b>light</b>" in html
    assert "It is dark" in html


def test_somebody_elses_mistakes_are_not_told(client, judged, charlie) -> None:
    client.force_login(charlie)
    assert "got wrong" not in own(client)


def test_a_visitors_old_cookie_opens_nothing_of_the_account(client, judged) -> None:
    face = Annotator.objects.create(same_as=judged)
    client.cookies[COOKIE] = signing.dumps(str(face.key), salt=SALT)
    assert "No challenge answered yet" in own(client)
    assert object_(client, judged.reliabilities.get().dataset, "Hm.").status_code == 404


def test_an_appeal_is_made_once_and_answered(as_bob, judged, dataset, rita) -> None:
    assert "waits for a reviewer" in object_(as_bob, dataset, "It was light!").content.decode()
    again = object_(as_bob, dataset, "Really!").content.decode()
    assert "Your appeal there waits" in again
    assert Appeal.objects.get().text == "It was light!"
    Appeal.objects.update(state=AppealState.DECLINED, answer="It was dark.")
    html = own(as_bob)
    assert "Your appeal was declined" in html
    assert "“It was dark.”" in html
    assert "Judged wrongly?" in html


def test_who_is_blocked_is_told_so(as_bob, judged, rita) -> None:
    decision_make(annotator=judged, verdict=Verdict.BLOCK, by=rita)
    assert "has left your answers out" in own(as_bob)


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001])
def test_an_appeal_without_words_or_with_too_many_is_none(as_bob, judged, dataset, text: str) -> None:
    assert "at most 1,000" in object_(as_bob, dataset, text).content.decode()
    assert not Appeal.objects.exists()


def test_nobody_appeals_where_they_never_answered(client, judged, dataset, charlie) -> None:
    assert object_(client, dataset, "Why?").status_code == 404
    client.force_login(charlie)
    assert object_(client, dataset, "Why?").status_code == 404


def test_only_reviewers_see_and_decide_appeals(client, judged, dataset, alice) -> None:
    appeal = appeal_make(annotator=judged, dataset=dataset, text="It was light!")
    client.force_login(alice)
    assert client.get(reverse("review_appeals")).status_code == 404
    decide = reverse("review_appeal_decide", args=[appeal.pk])
    assert client.post(decide, {"verdict": "yes"}).status_code == 404
    assert Appeal.objects.get().state == AppealState.OPEN


def test_a_reviewer_grants_an_appeal(as_rita, judged, dataset, ada) -> None:
    decision_make(annotator=judged, verdict=Verdict.BLOCK, by=ada)
    appeal = appeal_make(annotator=judged, dataset=dataset, text="It was <light>!")
    html = as_rita.get(reverse("review_appeals")).content.decode()
    assert "It was &lt;light&gt;!" in html
    assert "Grant: reinstate them" in html
    decide = reverse("review_appeal_decide", args=[appeal.pk])
    html = as_rita.post(decide, {"verdict": "yes", "answer": "So it was."}, follow=True).content.decode()
    assert "is granted" in html
    assert "Nobody objects" in html
    assert not is_blocked(judged)
    assert "already" in as_rita.post(decide, {"verdict": "no"}, follow=True).content.decode()
    assert "Nothing was decided" in as_rita.post(decide, {"verdict": "perhaps"}, follow=True).content.decode()


def test_the_appeals_need_no_more_queries_for_more_of_them(as_rita, dataset, add_images) -> None:
    def grow() -> None:
        person = Annotator.objects.create()
        answered(dataset.images.first(), person)
        Reliability.objects.create(annotator=person, dataset=dataset, evidence=20, accuracy=0.3, low=0.1, high=0.5)
        appeal_make(annotator=person, dataset=dataset, text="No.")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_rita.get(reverse("review_appeals"))
        return len(captured)

    add_images(1, 0)
    grow()
    few = queries()
    for _ in range(4):
        grow()
    assert queries() == few


# ── The effect of a decision, and several people at once ─────────────────────────────────────────────────────────────


@pytest.fixture
def two(dataset: DataSet, add_images) -> list[Annotator]:
    """Two flagged people who agree on one picture that is theirs alone."""
    (image,) = add_images(1, 1)
    people = [Annotator.objects.create() for _ in range(2)]
    for person in people:
        vote_correct(image=image, label=dataset.classes.get(index=1), annotator=person)
        Flag.objects.create(annotator=person, dataset=dataset, reason="Right in 30% of 20 graded answers")
    return people


def named(people: list[Annotator]) -> dict[str, list[int]]:
    return {"person": [person.pk for person in people]}


def test_the_page_of_a_person_asks_for_the_effect(as_rita, two) -> None:
    html = as_rita.get(reverse("review_annotator", args=[two[0].pk])).content.decode()
    assert f'hx-get="{reverse("review_effect")}?person={two[0].pk}&amp;verdict=block"' in html
    assert reverse("person_models", args=[two[0].pk]) in html


def test_the_effect_is_told_for_one_and_for_both(as_rita, two) -> None:
    def effect(people: list[Annotator], verdict: str = "block") -> str:
        address = reverse("review_effect")
        response = as_rita.get(address, named(people) | {"verdict": verdict}, headers={"HX-Request": "true"})
        assert "<html" not in response.content.decode()
        return " ".join(response.content.decode().split())

    assert "Blocking would change no picture" in effect(two[:1])
    assert "Blocking: 1 changes. They gave 2 answers on 1 picture." in effect(two)
    assert "Reinstating would change no picture" in effect(two, "reinstate")


def test_an_effect_reads_as_a_sentence() -> None:
    preview = Preview(lost=3, changed=41, images=50, votes=60, about=True)
    html = render_to_string("annotations/effect.html", {"verdict": "block", "preview": preview})
    words = "Blocking: about <b>3 pictures lose their consensus</b>, 41 change. They gave 60 answers on 50 pictures."
    assert words in " ".join(html.split())


def test_several_are_shown_before_anything_is_decided(as_rita, two) -> None:
    assert as_rita.get(reverse("review")).content.decode().count('type="checkbox" name="person"') == 2
    html = as_rita.get(reverse("review_bulk"), named(two)).content.decode()
    assert "Decide about 2 people" in html
    assert html.count("Right in 30%") == 2
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("verdict", "blocked"), [("block", 2), ("clear", 0)])
def test_several_are_decided_on_in_one_go(as_rita, two, verdict: str, blocked: int) -> None:
    data = named(two) | {"verdict": verdict, "note": "a pair"}
    html = as_rita.post(reverse("review_bulk_decide"), data, follow=True).content.decode()
    assert "2 people." in html
    assert len(blocked_people()) == blocked
    assert list(Decision.objects.values_list("verdict", "note")) == [(verdict, "a pair")] * 2
    assert "Nobody is flagged" in html


@pytest.mark.parametrize("data", [{}, {"person": ["x"]}, {"person": [str(9**30)]}, {"person": ["999999"]}])
def test_without_people_nothing_is_decided(as_rita, two, data) -> None:
    assert "Choose the people first" in as_rita.get(reverse("review_bulk"), data, follow=True).content.decode()
    html = as_rita.post(reverse("review_bulk_decide"), data | {"verdict": "block"}, follow=True).content.decode()
    assert "Nothing was decided" in html
    assert not Decision.objects.exists()


def test_nobody_is_among_those_they_judge(as_rita, two, rita) -> None:
    people = [*two, Annotator.objects.create(user=rita)]
    data = named(people) | {"verdict": "block"}
    assert "another reviewer" in as_rita.post(reverse("review_bulk_decide"), data, follow=True).content.decode()
    assert not blocked_people()


def test_only_reviewers_decide_about_several(client, two, alice) -> None:
    client.force_login(alice)
    for name in ("review_effect", "review_bulk"):
        assert client.get(reverse(name), named(two)).status_code == 404
    assert client.post(reverse("review_bulk_decide"), named(two) | {"verdict": "block"}).status_code == 404
    assert not blocked_people()
