"""Solving as volunteers do: the verdict one step later, undo, can't tell, skip; with scripts and without."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.challenges import skipping
from annotations.challenges.registry import KINDS, OFFERED
from annotations.identity import COOKIE
from annotations.models import (
    Annotator,
    Campaign,
    Challenge,
    ChallengeState,
    SecondThought,
    Vote,
    WithheldVerdict,
)
from annotations.services.annotators import annotator_for, annotator_join
from annotations.services.answering import composed_of
from gallery.models import DataSet, LabelClass

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
NAMES = ("dark", "middle", "light")
MISMATCH = "didn&#x27;t quite match"


@pytest.fixture(autouse=True)
def all_kinds(published: DataSet) -> None:
    Campaign.objects.update(kinds=list(OFFERED))


def ask(client: Client, kind: str = "strip") -> Challenge:
    client.get(reverse("solve"), {"kind": kind})
    return Challenge.objects.filter(state=ChallengeState.OPEN).latest("issued_at")


def form_of(challenge: Challenge, shift: int = 0) -> dict[str, object]:
    """As a form sends it: what is true where `shift` is 0. Unknown pictures are all of class 1."""
    seen = [((1 if t.truth is None else t.truth) + shift) % 3 for t in challenge.tiles.order_by("position")]
    said = KINDS[challenge.kind].say(composed_of(challenge), seen)
    if KINDS[challenge.kind].form == "select":
        tiles = [] if said == "none" else [str(place) for place in said]
        return {"tiles": tiles} if tiles else {"none": "none"}
    if KINDS[challenge.kind].form == "name":
        return {"answer": "".join("dml"[cls] for cls in seen)}
    return {f"tile-{i}": NAMES[one] if isinstance(one, int) else one for i, one in enumerate(said)}


def turned(challenge: Challenge) -> dict[str, object]:
    """Something else of every tile."""
    if challenge.kind == "yes-no":
        return {tile: {"yes": "no", "no": "yes"}[str(said)] for tile, said in form_of(challenge).items()}
    if KINDS[challenge.kind].form == "rows":
        return {row: "1" if said == "none" else "none" for row, said in form_of(challenge).items()}
    if KINDS[challenge.kind].form != "select":
        return form_of(challenge, 1)
    chosen = form_of(challenge).get("tiles", [])
    return {"tiles": [str(i) for i in range(KINDS[challenge.kind].size) if str(i) not in chosen]}


def post(client: Client, name: str, *args: object, htmx: bool = True, **data: object) -> str:
    response = client.post(reverse(name, args=args), data, headers=HTMX if htmx else {}, follow=not htmx)
    return response.content.decode()


def answer(client: Client, challenge: Challenge, shift: int = 0, *, htmx: bool = True) -> str:
    return post(client, "solve_answer", challenge.pk, htmx=htmx, **form_of(challenge, shift))


# ── The verdict, one step later ──────────────────────────────────────────────────────────────────────────────────────


def test_the_verdict_comes_with_the_next_answer(client) -> None:
    html = answer(client, ask(client), shift=1)
    assert "Answer recorded." in html
    assert MISMATCH not in html
    html = answer(client, ask(client))
    assert "Answer recorded. The one before: " in html
    assert MISMATCH in html
    assert "Thank you" not in html


def test_or_when_they_ask_and_then_there_is_no_undo(client) -> None:
    challenge = ask(client)
    assert "data-undo" in answer(client, challenge)
    following = Challenge.objects.get(state=ChallengeState.OPEN)
    html = post(client, "solve_verdict")
    assert "Thank you." in html
    assert "data-undo" not in html
    assert "1</b> passed in a row" in html
    following.refresh_from_db()
    assert following.state == ChallengeState.OPEN
    assert "That answer stands" in client.get(reverse("solve_undo", args=[challenge.pk]), headers=HTMX).content.decode()
    assert "no answer whose verdict" in post(client, "solve_verdict")


def test_without_scripts_the_other_challenge_stays_and_the_verdict_is_said(client) -> None:
    html = answer(client, ask(client), htmx=False)
    assert "Answer recorded." in html
    assert "data-undo" in html
    following = Challenge.objects.get(state=ChallengeState.OPEN)
    html = post(client, "solve_verdict", htmx=False)
    assert "Thank you." in html
    assert reverse("solve_answer", args=[following.pk]) in html


def test_a_streak_is_shown_with_the_verdict_and_not_before(client) -> None:
    assert "passed in a row" not in answer(client, ask(client))
    assert "<b>1</b> passed in a row" in answer(client, ask(client))
    answer(client, ask(client), shift=1)
    html = post(client, "solve_verdict")
    assert "<b>0</b> passed in a row, <b>2</b> at best" in html


def test_after_two_minutes_the_verdict_is_told_to_whoever_looks(client) -> None:
    answer(client, ask(client))
    Challenge.objects.exclude(answered_at=None).update(answered_at=timezone.now() - timedelta(seconds=121))
    html = client.get(reverse("solve")).content.decode()
    assert "Your last answer: Thank you." in html
    assert "data-undo" not in html


def test_who_looks_at_their_figures_knows_how_they_did_and_the_answer_stands(client) -> None:
    challenge = ask(client)
    answer(client, challenge)
    html = client.get(reverse("solve")).content.decode()
    assert f'hx-get="{reverse("my_reliability")}"' not in html
    assert "data-undo" in html
    client.get(reverse("my_reliability"), headers=HTMX)
    assert not WithheldVerdict.objects.exists()
    html = client.get(reverse("solve")).content.decode()
    assert f'hx-get="{reverse("my_reliability")}"' in html
    assert "data-undo" not in html


def test_who_has_to_wait_is_told_why(client) -> None:
    for _ in range(2):
        answer(client, ask(client), shift=1)
    html = answer(client, ask(client), shift=1)
    assert "Take a break" in html
    assert MISMATCH in html
    assert "data-undo" not in html


# ── Undo ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", OFFERED)
@pytest.mark.parametrize("htmx", [True, False])
def test_undo_shows_what_was_answered_with_its_picture_and_takes_a_change(client, kind: str, htmx: bool) -> None:
    challenge = ask(client, kind)
    answer(client, challenge)
    following = Challenge.objects.get(state=ChallengeState.OPEN)
    before = set(challenge.votes.values_list("pk", flat=True))
    undo = reverse("solve_undo", args=[challenge.pk])
    html = client.get(undo, headers=HTMX if htmx else {}).content.decode()
    assert reverse("solve_sprite", args=[challenge.pk]) in html
    assert client.get(reverse("solve_sprite", args=[challenge.pk])).status_code == 200
    shown = form_of(challenge)
    if KINDS[kind].form == "name":
        assert f'value="{shown["answer"]}"' in html
    else:
        series = KINDS[kind].form in {"series", "rows"}
        assert html.count(" checked") == (len(shown) if series else len(shown.get("tiles", [])))
    html = post(client, "solve_undo", challenge.pk, htmx=htmx, **turned(challenge))
    assert "Your change is recorded." in html
    assert reverse("solve_answer", args=[following.pk]) in html
    assert Vote.objects.exclude(pk__in=before).exists()
    assert not Vote.objects.filter(image__in=challenge.tiles.exclude(truth=None).values("image")).exists()
    assert SecondThought.objects.count() == 1


def test_names_from_a_list_are_chosen_again(client) -> None:
    LabelClass.objects.update(key="")
    challenge = ask(client)
    names = [NAMES[1 if t.truth is None else t.truth] for t in challenge.tiles.order_by("position")]
    post(client, "solve_answer", challenge.pk, choice=["?", *names[1:]])
    html = client.get(reverse("solve_undo", args=[challenge.pk])).content.decode()
    assert re.findall(r"<option(?: value=\"\?\")? selected>([^<]+)", html) == ["Can’t tell", *names[1:]]


def test_the_reply_is_the_same_whichever_tiles_were_changed(client) -> None:
    replies = []
    for unknown in (True, False):
        challenge = ask(client)
        answer(client, challenge)
        raw = list(form_of(challenge)["answer"])
        for tile in challenge.tiles.filter(truth__isnull=unknown):
            raw[tile.position] = "?"
        html = post(client, "solve_undo", challenge.pk, answer="".join(raw))
        replies.append(re.search(r'id="solve-result".*?</div>\s*</div>', html, re.DOTALL).group())
    assert replies[0] == replies[1]
    assert WithheldVerdict.objects.count() == 0


def test_an_unreadable_change_is_told_and_nothing_is_lost(client) -> None:
    challenge = ask(client)
    answer(client, challenge)
    response = client.post(reverse("solve_undo", args=[challenge.pk]), {"answer": "dm"}, headers=HTMX)
    assert (response.status_code, response["HX-Reswap"]) == (422, "none")
    response = client.post(reverse("solve_undo", args=[challenge.pk]), {"answer": "dm"})
    assert response.status_code == 422
    assert 'value="dm"' in response.content.decode()
    assert not SecondThought.objects.exists()
    assert "Your change is recorded." in post(client, "solve_undo", challenge.pk, **form_of(challenge, 1))


def test_nobody_undoes_for_somebody_else(client, bob) -> None:
    challenge = ask(client)
    answer(client, challenge)
    stranger = Client()
    stranger.force_login(bob)
    assert "That answer stands" in post(stranger, "solve_undo", challenge.pk, **form_of(challenge, 1))
    assert not SecondThought.objects.exists()


def test_an_old_cookie_is_told_nothing_of_the_account_that_it_joined(client, bob) -> None:
    ask(client)
    visitor, old = Annotator.objects.get(), Client()
    old.cookies[COOKIE] = client.cookies[COOKIE].value
    annotator_join(visitor=visitor, account=annotator_for(bob))
    client.force_login(bob)
    answer(client, ask(client))
    html = old.get(reverse("solve")).content.decode()
    assert "data-undo" not in html
    assert "no answer whose verdict" in post(old, "solve_verdict")
    assert WithheldVerdict.objects.count() == 1
    post(client, "solve_verdict")
    assert "passed in a row" not in old.get(reverse("solve")).content.decode()


def test_to_leave_it_brings_the_challenge_back_that_waited(client) -> None:
    challenge = ask(client)
    answer(client, challenge)
    following = Challenge.objects.get(state=ChallengeState.OPEN)
    html = client.get(reverse("solve_undo", args=[challenge.pk]), headers=HTMX).content.decode()
    back = re.search(r'hx-get="(/solve/widget/[^"]*resume[^"]*)"', html).group(1).replace("&amp;", "&")
    assert reverse("solve_answer", args=[following.pk]) in client.get(back, headers=HTMX).content.decode()


# ── Can't tell, and skip ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("htmx", [True, False])
def test_can_not_tell_is_a_button_of_a_grid_and_an_answer(client, htmx: bool) -> None:
    challenge = ask(client, "grid")
    html = post(client, "solve_answer", challenge.pk, htmx=htmx, unsure="unsure")
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.UNSURE
    assert "is an answer too" in html
    assert MISMATCH not in html
    assert not Vote.objects.exists()


def test_the_page_lists_its_keys_and_calls_a_skip_a_skip(client) -> None:
    html = client.get(reverse("solve"), {"kind": "grid"}).content.decode()
    for key in ("<kbd>S</kbd> or <kbd>R</kbd> skips", "<kbd>U</kbd> undoes", "<kbd>?</kbd> can’t tell"):
        assert key in html
    assert re.search(r"data-another>Skip</a>", html)


def test_at_the_end_of_skipping_the_last_one_stays_and_the_page_says_why(client) -> None:
    challenge = ask(client)
    now = timezone.now()
    Challenge.objects.bulk_create(
        Challenge(
            dataset=challenge.dataset,
            annotator=Annotator.objects.get(),
            kind="strip",
            seed=1,
            state=ChallengeState.REPLACED,
            issued_at=now - timedelta(minutes=1),
            expires_at=now,
        )
        for _ in range(skipping.MOST)
    )
    html = client.get(reverse("solve_widget"), headers=HTMX).content.decode()
    assert "You have passed over 20 in ten minutes." in html
    assert reverse("solve_answer", args=[challenge.pk]) in html
    assert "Answer recorded." in answer(client, challenge)
