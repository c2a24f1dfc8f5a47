"""Solving, as a browser does it: with scripts (htmx) and without."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image as Picture

from annotations.challenges.registry import KINDS, OFFERED
from annotations.identity import COOKIE
from annotations.models import (
    Annotator,
    AnswerKind,
    Campaign,
    Challenge,
    ChallengeState,
    ControlAnswer,
    Decision,
    Publication,
    Report,
    Verdict,
    Vote,
)
from annotations.services.answering import composed_of
from annotations.services.review import decision_make
from gallery.models import DataSet, LabelClass, Visibility
from gallery.services.datasets import dataset_create

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TRUE_CLASS = 1  # of every unknown picture of `published`


@pytest.fixture
def all_kinds(published: DataSet) -> None:
    Campaign.objects.update(kinds=list(OFFERED))


def every_kind(test):
    return pytest.mark.usefixtures("all_kinds")(pytest.mark.parametrize("kind", OFFERED)(test))


def ask(client: Client, kind: str) -> Challenge:
    assert client.get(reverse("solve"), {"kind": kind}).status_code == 200
    return Challenge.objects.latest("issued_at")


def right_answer(challenge: Challenge) -> dict[str, object]:
    truths = [TRUE_CLASS if tile.truth is None else tile.truth for tile in challenge.tiles.order_by("position")]
    if KINDS[challenge.kind].form in ("series", "rows"):
        return one_by_one(challenge, truths)
    if challenge.kind != "strip":
        tiles = truths[: KINDS[challenge.kind].size]
        return selecting([str(i) for i, truth in enumerate(tiles) if truth == challenge.target])
    return {"answer": "".join("dml"[truth] for truth in truths)}


def one_by_one(challenge: Challenge, seen: list[int]) -> dict[str, object]:
    said = KINDS[challenge.kind].say(composed_of(challenge), seen)
    return {
        f"tile-{i}": ("dark", "middle", "light")[one] if isinstance(one, int) else one for i, one in enumerate(said)
    }


def selecting(tiles: list[str]) -> dict[str, object]:
    return {"tiles": tiles} if tiles else {"none": "none"}


def wrong_answer(challenge: Challenge) -> dict[str, object]:
    right = right_answer(challenge)
    if KINDS[challenge.kind].form == "rows":
        return {row: "1" if said == "none" else "none" for row, said in right.items()}
    if KINDS[challenge.kind].form == "series":
        truths = [((TRUE_CLASS if t.truth is None else t.truth) + 1) % 3 for t in challenge.tiles.order_by("position")]
        return one_by_one(challenge, truths)
    if challenge.kind != "strip":
        return selecting([str(i) for i in range(KINDS[challenge.kind].size) if str(i) not in right.get("tiles", [])])
    return {"answer": str(right["answer"]).translate(str.maketrans("dml", "mld"))}


def send(client: Client, challenge: Challenge, answer: dict[str, object], *, htmx: bool = True, **query: str):
    url = reverse("solve_answer", args=[challenge.pk])
    return client.post(url, answer, query_params=query, headers=HTMX if htmx else {})


def verdict(client: Client) -> str:
    """The verdict is told to who asks, or with the next answer."""
    return client.post(reverse("solve_verdict"), headers=HTMX).content.decode()


@every_kind
def test_a_visitor_passes_without_an_account_and_gets_the_next_challenge(client, published, kind: str) -> None:
    challenge = ask(client, kind)
    response = send(client, challenge, right_answer(challenge), kind=kind)
    challenge.refresh_from_db()
    html = response.content.decode()
    assert (response.status_code, challenge.state) == (200, ChallengeState.PASSED)
    votes = Vote.objects.count()
    assert votes
    assert "Answer recorded." in html
    assert "Thank you" not in html
    assert 'id="solve-result" role="status" hx-swap-oob="innerHTML"' in html
    assert html.count("data-challenge") == 1
    assert f"{reverse('solve_answer', args=[Challenge.objects.latest('issued_at').pk])}?kind={kind}" in html
    assert f"Thank you. {votes} answer" in verdict(client)


def test_a_visitor_keeps_one_annotator(client, published) -> None:
    ask(client, "grid")
    ask(client, "strip")
    assert client.cookies[COOKIE]["httponly"]
    assert Annotator.objects.count() == 1


@every_kind
def test_a_wrong_control_fails_kindly_and_nothing_tells_which(client, published, kind: str) -> None:
    challenge = ask(client, kind)
    html = send(client, challenge, wrong_answer(challenge)).content.decode()
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.FAILED
    assert "didn&#x27;t quite match" not in html
    assert "didn&#x27;t quite match" in verdict(client)
    assert "wrong" not in html.lower()
    assert html.count("data-challenge") == 1


def test_an_answer_that_cannot_be_read_keeps_the_challenge_open(client, published) -> None:
    challenge = ask(client, "strip")
    response = send(client, challenge, {"answer": "dml"})
    challenge.refresh_from_db()
    assert (response.status_code, response["HX-Reswap"]) == (422, "none")
    assert "Type exactly 10 characters" in response.content.decode()
    assert challenge.state == ChallengeState.OPEN
    assert not ControlAnswer.objects.exists()
    assert "Answer recorded." in send(client, challenge, right_answer(challenge)).content.decode()


def test_without_scripts_an_unreadable_answer_shows_the_same_challenge_and_what_was_typed(client, published) -> None:
    challenge = ask(client, "strip")
    response = send(client, challenge, {"answer": "dmx"}, htmx=False)
    html = response.content.decode()
    assert response.status_code == 422
    assert reverse("solve_answer", args=[challenge.pk]) in html
    assert 'value="dmx"' in html
    assert Challenge.objects.count() == 1


def test_none_of_these_is_a_button_of_its_own(client, published) -> None:
    challenge = ask(client, "grid")
    challenge.tiles.filter(truth=challenge.target).update(truth=(challenge.target + 1) % 3)
    assert "Answer recorded." in send(client, challenge, {"none": "none"}).content.decode()
    votes = Vote.objects.values_list("kind", "answer")
    assert set(votes) == {(AnswerKind.NO, challenge.target)}


@pytest.mark.parametrize(
    ("sent", "says"), [({}, "Choose the pictures"), ({"none": "none", "tiles": ["3"]}, "Some pictures are chosen")]
)
def test_neither_too_early_nor_by_two_buttons_at_once_is_a_grid_answered(client, published, sent, says) -> None:
    challenge = ask(client, "grid")
    html = send(client, challenge, sent, htmx=False).content.decode()
    assert says in html
    assert html.count(" checked") == len(sent.get("tiles", []))
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.OPEN


def test_only_what_data_sets_ask_is_there_to_choose(client, published) -> None:
    assert re.findall(r'<option value="([a-z]\S*)"', client.get(reverse("solve")).content.decode()) == ["grid", "strip"]
    Campaign.objects.update(kinds=["grid-4x4"])
    html = client.get(reverse("solve")).content.decode()
    assert re.findall(r'<option value="([a-z]\S*)"', html) == ["grid-4x4"]
    assert html.count('class="challenge-tile"') == 16
    assert "offers grid-4x4, not" in client.get(reverse("solve"), {"kind": "grid"}).content.decode()


@pytest.mark.usefixtures("all_kinds")
@pytest.mark.parametrize("kind", [name for name, kind in OFFERED.items() if kind.form in ("series", "rows")])
def test_a_series_is_a_form_of_its_own_groups_and_keeps_what_was_picked(client, published, kind: str) -> None:
    challenge = ask(client, kind)
    answer = right_answer(challenge)
    missing = answer.pop("tile-3")
    response = send(client, challenge, answer, htmx=False)
    html = response.content.decode()
    size = KINDS[kind].n_questions
    assert response.status_code == 422
    assert "Answer every question" in html
    assert html.count("<legend ") == size
    assert set(re.findall(r'type="radio" name="tile-(\d)"', html)) == set(map(str, range(size)))
    assert html.count(" checked") == size - 1
    assert "Answer recorded." in send(client, challenge, {**answer, "tile-3": missing}).content.decode()


def test_without_scripts_an_answer_redirects_and_keeps_the_wish(client, published) -> None:
    challenge = ask(client, "grid")
    response = send(client, challenge, right_answer(challenge), htmx=False, dataset=str(published.pk), kind="grid")
    assert response.status_code == 302
    assert response.url == f"{reverse('solve')}?dataset={published.pk}&kind=grid"
    html = client.get(response.url).content.decode()
    assert "Answer recorded." in html
    assert html.count("data-challenge") == 1


def test_a_second_answer_to_the_same_challenge_is_told_that_it_is_gone(client, published) -> None:
    challenge = ask(client, "grid")
    send(client, challenge, right_answer(challenge))
    before = Vote.objects.count()
    assert "answered or replaced already" in send(client, challenge, right_answer(challenge)).content.decode()
    assert Vote.objects.count() == before


def test_an_expired_challenge_takes_no_answer_and_has_no_picture(client, published) -> None:
    challenge = ask(client, "grid")
    sprite = reverse("solve_sprite", args=[challenge.pk])
    assert client.get(sprite).status_code == 200
    Challenge.objects.filter(pk=challenge.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(sprite).status_code == 404
    assert "two minutes were over" in send(client, challenge, right_answer(challenge)).content.decode()
    assert not Vote.objects.exists()


def test_the_picture_is_its_annotators_alone_and_never_kept(client, published, bob) -> None:
    challenge = ask(client, "strip")
    url = reverse("solve_sprite", args=[challenge.pk])
    response = client.get(url)
    assert (response["Content-Type"], response["Cache-Control"]) == ("image/jpeg", "no-store")
    assert Picture.open(BytesIO(response.content)).size == (496, 196)
    assert Client().get(url).status_code == 404
    stranger = Client()
    stranger.force_login(bob)
    assert stranger.get(url).status_code == 404
    send(client, challenge, right_answer(challenge))
    assert client.get(url).status_code == 200  # as long as the answer can be changed
    verdict(client)
    assert client.get(url).status_code == 404


def test_a_stranger_cannot_answer_for_somebody_else(client, published, bob) -> None:
    challenge = ask(client, "grid")
    stranger = Client()
    stranger.force_login(bob)
    assert "answered or replaced" in send(stranger, challenge, right_answer(challenge)).content.decode()
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.OPEN


def test_a_report_hides_the_picture_at_once_and_brings_another_challenge(client, published) -> None:
    challenge = ask(client, "grid")
    image = challenge.tiles.get(position=4).image
    response = client.post(reverse("solve_report", args=[challenge.pk]), {"position": "4"}, headers=HTMX)
    image.refresh_from_db()
    assert image.withdrawn_at
    assert Report.objects.get().image == image
    assert "reviewer has looked" in response.content.decode()
    following = Challenge.objects.latest("issued_at")
    assert following != challenge
    assert image.pk not in following.tiles.values_list("image", flat=True)


@pytest.mark.parametrize("position", ["", "9", "-1", "x"])
def test_a_report_without_a_picture_hides_nothing(client, published, position: str) -> None:
    challenge = ask(client, "grid")
    response = client.post(reverse("solve_report", args=[challenge.pk]), {"position": position}, headers=HTMX)
    assert response.status_code == 422
    assert not Report.objects.exists()


def test_a_stranger_cannot_report_in_somebody_elses_challenge(client, published) -> None:
    challenge = ask(client, "grid")
    assert Client().post(reverse("solve_report", args=[challenge.pk]), {"position": "1"}).status_code == 404
    assert not Report.objects.exists()


def test_nothing_in_the_page_or_the_headers_tells_controls_from_unknowns(client, published) -> None:
    """The same page, whichever tiles are the controls: what differs is the challenge's random name alone."""
    challenge = ask(client, "grid")
    url = reverse("solve")
    images = [tile.image for tile in challenge.tiles.select_related("image")]
    response = client.get(url, {"kind": "grid"})
    other = Challenge.objects.latest("issued_at")
    html = response.content.decode()
    for image in [*images, *(tile.image for tile in other.tiles.select_related("image"))]:
        for telltale in (image.name, image.digest, image.file.name, image.thumbnail.name, f"/images/{image.pk}/"):
            assert telltale not in html
            assert telltale not in str(response.headers)
    assert len(set(re.findall(r'src="(/solve/[^"]+)"', html))) == 1
    faces = re.findall(r"<li>\s*<label class=\"challenge-tile\">.*?</li>", html, re.DOTALL)
    same = {re.sub(r'(at-|value="|</span>)\d', r"\1N", face) for face in faces}
    assert (len(faces), len(same)) == (9, 1)
    assert not re.search(r"control|gold|truth|unknown", html, re.IGNORECASE)


@every_kind
def test_the_same_challenge_looks_the_same_whichever_tiles_are_controls(client, published, kind: str) -> None:
    challenge = ask(client, kind)

    def seen() -> tuple[bytes, str, str]:
        sprite = client.get(reverse("solve_sprite", args=[challenge.pk]))
        page = client.post(reverse("solve_report", args=[challenge.pk]), {})  # without scripts: the page once more
        html = re.sub(
            r'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"|(in|max|value)="1[12]\d"', "", page.content.decode()
        )
        return sprite.content, re.sub(r"for 1[12]\d seconds", "", html), str(sorted(sprite.headers.items()))

    before = seen()
    challenge.tiles.update(truth=None)
    assert seen() == before
    challenge.tiles.update(truth=0)
    assert seen() == before


def test_a_withdrawn_or_private_data_set_is_never_asked_about(client, published, alice) -> None:
    Campaign.objects.filter(dataset=published).update(publication=Publication.CLOSED)
    html = client.get(reverse("solve")).content.decode()
    assert "Nothing to ask right now" in html
    assert not Annotator.objects.exists()
    assert client.get(reverse("solve"), {"dataset": published.pk}).status_code == 404
    Campaign.objects.filter(dataset=published).update(publication=Publication.APPROVED)
    DataSet.objects.filter(pk=published.pk).update(visibility=Visibility.PRIVATE)
    assert client.get(reverse("solve"), {"dataset": published.pk}).status_code == 404


def test_an_empty_data_set_says_so_and_offers_others(client, published, alice) -> None:
    empty = dataset_create(owner=alice, name="Empty", classes=[("a", "a"), ("b", "b")], visibility=Visibility.PUBLIC)
    Campaign.objects.create(dataset=empty, publication=Publication.APPROVED)
    html = client.get(reverse("solve"), {"dataset": empty.pk}).content.decode()
    assert "too few pictures have a known answer" in html
    assert "Some of these pictures are checks" not in html, "there are none"
    assert f'href="{reverse("solve")}?dataset={published.pk}"' in html
    assert "data-challenge" in client.get(reverse("solve")).content.decode()


def test_a_blocked_person_is_told_and_asked_nothing(client, published, rita) -> None:
    ask(client, "grid")
    decision_make(annotator=Annotator.objects.get(), verdict=Verdict.BLOCK, by=rita)
    html = client.get(reverse("solve_widget"), headers=HTMX).content.decode()
    assert "Your answers are paused" in html
    assert "data-challenge" not in html
    assert Decision.objects.count() == 1


def test_classes_without_keys_are_named_from_lists(client, published) -> None:
    LabelClass.objects.update(key="")
    html = client.get(reverse("solve"), {"kind": "strip"}).content.decode()
    challenge = Challenge.objects.latest("issued_at")
    assert html.count('name="choice"') == 10
    truths = [TRUE_CLASS if t.truth is None else t.truth for t in challenge.tiles.order_by("position")]
    names = [["dark", "middle", "light"][truth] for truth in truths]
    assert "Name every picture" in send(client, challenge, {"choice": ["", *names[1:]]}).content.decode()
    assert "Answer recorded." in send(client, challenge, {"choice": names}).content.decode()


def test_a_point_stands_for_the_question_mark_where_keys_are_digits(client, published) -> None:
    for cls in LabelClass.objects.all():
        LabelClass.objects.filter(pk=cls.pk).update(key=str(cls.index))
    challenge = ask(client, "strip")
    tiles = list(challenge.tiles.order_by("position"))
    typed = "".join("." if tile.truth is None else str(tile.truth) for tile in tiles)
    send(client, challenge, {"answer": typed})
    assert "Thank you, that was right." in verdict(client)
    assert not Vote.objects.exists()


def test_an_answer_needs_the_token_of_its_page(published) -> None:
    strict = Client(enforce_csrf_checks=True)
    challenge = ask(strict, "grid")
    assert send(strict, challenge, {}).status_code == 403


def test_only_the_right_method_reaches_a_view(client, published) -> None:
    challenge = ask(client, "grid")
    assert client.get(reverse("solve_answer", args=[challenge.pk])).status_code == 405
    assert client.get(reverse("solve_report", args=[challenge.pk])).status_code == 405
    assert client.post(reverse("solve")).status_code == 405
    assert client.get(reverse("solve"), {"kind": "riddle"}).status_code == 404
    assert client.get(reverse("solve"), {"dataset": "x"}).status_code == 404
