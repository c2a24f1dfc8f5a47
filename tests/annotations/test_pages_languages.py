"""What somebody reads who solves, in each language: none of the sentences that are English elsewhere."""

import html
import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from annotations.challenges.registry import OFFERED
from annotations.forms_scoreboard import ListingForm
from annotations.models import Campaign, Challenge, ChallengeState, Unseen, UnseenKind
from annotations.selectors_unseen import questions_of
from annotations.services.annotators import annotator_for
from annotations.services.withholding import Told
from annotations.views.solve import told_words
from gallery.models import DataSet

pytestmark = pytest.mark.django_db
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
every_language = pytest.mark.parametrize("language", LANGUAGES)
HTMX = {"hx-request": "true"}
# Each stands on one of the pages that are opened here in English, as the last test makes sure of.
ENGLISH = (
    *("Skip to the content", "Data sets", "Log in", "Sign up", "people name pictures", "Dark theme", "Turn keys off"),
    *("Say what the pictures show", "Choose what you are asked", "Nobody can tell which", "stay open for", "Submit"),
    *("None of these", "Report", "Skip", "Which picture is not fit", "Scoreboard", "Nobody stands here yet"),
    *("Since the beginning", "There is nothing at this address", "Go to the start", "By ear", "Listen to sounds"),
    *("A few questions", "Which of these", "Send the answers", "Other questions", "Picture", "Does it show", "Yes"),
    *("Answer recorded.", "Undo", "Show how I did", "You have answered"),
    *("Name the ten pictures", "Choose…", "Pick a name", "Find the odd one out", "shows something else", "The example"),
)


@pytest.fixture
def asked(published: DataSet) -> DataSet:
    Campaign.objects.update(kinds=list(OFFERED))
    return published


def client_in(language: str) -> Client:
    return Client(headers={"accept-language": language})


def words_of(page: str) -> str:
    """What can be read or heard of it: text, and the attributes that are spoken."""
    spoken = re.findall(r'(?:aria-label|title|alt|placeholder|data-[\w-]+)="([^"]*)"', page)
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(" ".join([re.sub(r"<[^>]*>", " ", text), *spoken]))


def met(language: str, dataset: DataSet) -> str:
    """All that is read on the way through, one after another."""
    client = client_in(language)
    pages = [client.get(reverse("home")), client.get(reverse("solve_scoreboard")), client.get("/no/such/page/")]
    pages.append(client.get(reverse("solve"), {"kind": "grid"}))
    grid = Challenge.objects.get(state=ChallengeState.OPEN)
    pages.append(client.post(reverse("solve_answer", args=[grid.pk]), {"none": "none"}, headers=HTMX))
    pages.append(client.post(reverse("solve_verdict"), headers=HTMX))
    pages += [client_in(language).get(reverse("solve"), {"kind": kind}) for kind in OFFERED]
    pages += [client.get(reverse("my_reliability")), client.get(reverse("unseen"))]
    pages += [client.post(reverse("unseen_start"), {"kind": kind, "way": "wait"}, follow=True) for kind in UnseenKind]
    dataset.classes.update(key="")
    pages.append(client_in(language).get(reverse("solve"), {"kind": "strip"}))
    return words_of(" ".join(page.content.decode() for page in pages))


@every_language
def test_who_solves_reads_no_english(language: str, asked: DataSet) -> None:
    read = met(language, asked)
    assert [sentence for sentence in ENGLISH if re.search(rf"\b{re.escape(sentence)}", read)] == []


def test_in_english_each_of_those_sentences_is_met(asked: DataSet) -> None:
    read = met("en", asked)
    assert [sentence for sentence in ENGLISH if sentence not in read] == []


@every_language
def test_names_of_classes_are_their_owners_words_in_every_language(language: str, asked: DataSet) -> None:
    page = client_in(language).get(reverse("solve"), {"kind": "choice"}).content.decode()
    assert all(name in page for name in asked.classes.values_list("name", flat=True))


@every_language
def test_an_answer_that_cannot_be_read_is_told_in_that_language(language: str, asked: DataSet) -> None:
    client = client_in(language)
    client.get(reverse("solve"), {"kind": "grid"})
    challenge = Challenge.objects.latest("issued_at")
    said = client.post(reverse("solve_answer", args=[challenge.pk]), headers=HTMX)
    assert said.status_code == 422
    with translation.override(language):
        expected = translation.gettext("Choose the pictures that show it, or say that it is none of these.")
    assert expected in html.unescape(said.content.decode())
    assert "Choose the pictures" not in expected


@every_language
def test_a_verdict_counts_in_the_language(language: str, asked: DataSet) -> None:
    with translation.override(language):
        said = [told_words([Told(ChallengeState.PASSED, n)]) for n in (1, 3)]
        one, few = (str(outcome.text) for outcome in said if outcome)
    assert "1" in one and "3" in few
    assert one.replace("1", "") != few.replace("3", "")
    assert "Thank you" not in one + few


@every_language
def test_the_api_answers_in_the_language_that_is_asked_for(language: str, asked: DataSet) -> None:
    client = client_in(language)
    address = reverse("api-challenges", args=[asked.pk])
    given = client.post(address, {"kind": "yes-no"}, content_type="application/json").json()
    prompt, asks = given["prompt"], given["questions"][0]["asks"]
    assert not prompt.startswith("Say yes")
    assert not asks.startswith("Does it show")
    answer = reverse("api-challenge-answer", args=[asked.pk, given["id"]])
    refused = client.post(answer, {"answer": ["yes"]}, content_type="application/json")
    assert refused.status_code == 400
    assert "Send a list" not in refused.json()["detail"]


@every_language
def test_riddles_stay_in_the_language_in_which_they_were_asked(language: str) -> None:
    client = client_in(language)
    client.post(reverse("unseen_start"), {"kind": "riddle", "way": "wait"})
    unseen = Unseen.objects.get()
    assert unseen.language == language
    asks = [one.question.asks for one in questions_of(unseen)]
    page = html.unescape(
        client.get(reverse("unseen_one", args=[unseen.pk]), headers={"accept-language": "en"}).content.decode()
    )
    assert all(one in page for one in asks)
    assert not any(one.startswith("Which") for one in asks)


@every_language
def test_a_language_that_is_chosen_goes_before_the_browsers(language: str) -> None:
    client = client_in("en")
    here = reverse("solve_scoreboard")
    assert f'value="{here}"' in client.get(here).content.decode()
    chosen = client.post(reverse("set_language"), {"language": language, "next": here}, follow=True)
    page = chosen.content.decode()
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert f'value="{language}" lang="{language}" aria-current="true"' in page


def test_the_choice_of_a_language_leads_to_no_other_site() -> None:
    chosen = Client().post(reverse("set_language"), {"language": "de", "next": "https://elsewhere.example/"})
    assert chosen["Location"] == "/"


def test_a_page_that_came_of_a_form_leads_to_the_start_in_another_language(client: Client) -> None:
    page = client.post(reverse("unseen_start"), {"kind": "nothing"}).content.decode()
    assert '<input type="hidden" name="next" value="/">' in page


@pytest.mark.parametrize("name", ["Besucherin", "Gast 12", "Mithilfe 3", "visitante", "Visitor X", "زائر 7"])
def test_names_that_are_given_are_nobodys_to_choose_in_any_language(client: Client, bob: User, asked, name) -> None:
    form = ListingForm({"listed": "on", "public_name": name}, annotator=annotator_for(bob))
    assert form.is_valid() == (name == "Besucherin")


@every_language
def test_forms_of_accounts_and_their_errors_speak_the_language(language: str, bob: User) -> None:
    client = client_in(language)
    page = client.post(reverse("login"), {"username": bob.email, "password": "wrong"})
    read = words_of(page.content.decode()) + words_of(client.get(reverse("signup")).content.decode())
    english = ("Log in", "belong together", "Password", "E-mail address", "Shown beside", "Make my account")
    assert [sentence for sentence in english if sentence in read] == []
    client.force_login(bob)
    read = words_of(client.get(reverse("account")).content.decode())
    english = ("Your account", "since", "API tokens", "Save the name", "name shown to others", "Your data sets")
    assert [sentence for sentence in english if sentence in read] == []
