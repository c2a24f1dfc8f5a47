"""The page of a data set's gold: for its owner and reviewers; strangers don't learn that it is there."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Annotator, AnswerKind, Challenge, ControlAnswer, Gold, Reliability
from annotations.services.gold import gold_retire
from gallery.models import DataSet, Image, Source, Split

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def as_alice(client: Client, alice) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def page(dataset: DataSet) -> str:
    return reverse("dataset_gold", args=[dataset.pk])


def doubt(image: Image) -> None:
    """Five trusted people call it light."""
    for _ in range(5):
        person = Annotator.objects.create()
        Reliability.objects.create(annotator=person, dataset=image.dataset, trusted=True)
        ControlAnswer.objects.create(
            dataset=image.dataset, annotator=person, image=image, kind=AnswerKind.CHOICE, answer=2, truth=0,
            correct=False,
        )  # fmt: skip


def addresses(dataset: DataSet, image: Image) -> list[tuple[str, str]]:
    one = [dataset.pk, image.pk]
    return [
        ("get", reverse("dataset_gold", args=[dataset.pk])),
        ("get", reverse("dataset_gold_add", args=[dataset.pk])),
        ("post", reverse("dataset_gold_add", args=[dataset.pk])),
        ("post", reverse("dataset_gold_import", args=[dataset.pk])),
        ("post", reverse("gold_retire", args=one)),
        ("post", reverse("gold_unretire", args=one)),
    ]


def test_for_a_stranger_there_is_no_gold(client, dataset, pictures, bob, charlie) -> None:
    image = pictures(1, 0, label=True)[0]
    for person in (bob, charlie):
        client.force_login(person)
        statuses = {getattr(client, method)(address).status_code for method, address in addresses(dataset, image)}
        assert statuses == {404}
    assert not Gold.objects.exists()


def test_a_visitor_changes_nothing(client, dataset, pictures, page) -> None:
    image = pictures(1, 0, label=True)[0]
    assert client.get(page).status_code == 404
    for method, address in addresses(dataset, image)[1:]:
        assert getattr(client, method)(address).status_code in {302, 404}
    assert not Gold.objects.exists()


def test_a_reviewer_sees_and_retires_but_says_not_what_is_gold(client, dataset, pictures, rita, page) -> None:
    image = pictures(1, 0, label=True)[0]
    client.force_login(rita)
    html = client.get(page).content.decode()
    assert "Retire" in html
    assert "Pick pictures" not in html
    assert client.get(reverse("dataset_gold_add", args=[dataset.pk])).status_code == 404
    assert client.post(reverse("dataset_gold_import", args=[dataset.pk])).status_code == 404
    client.post(reverse("gold_retire", args=[dataset.pk, image.pk]))
    assert Gold.objects.get().retired_by == rita


def test_the_list_shows_how_each_is_answered_the_suspect_first(as_alice, page, pictures) -> None:
    suspect, _ = pictures(1, 0, label=True)[0], pictures(3, 1, label=True)
    doubt(suspect)
    html = as_alice.get(page).content.decode()
    assert html.count('class="gold-item card"') == 4
    assert html.index(f'id="gold-{suspect.pk}"') == min(
        html.index(f'id="gold-{image.pk}"') for image in Image.objects.all()
    )
    assert "In doubt" in html
    assert "5 answers, 5 wrong." in html
    assert "Of 5 by trusted people 5 contradict it." in html
    assert "light <span" in html


@pytest.mark.parametrize(("state", "found"), [("", 3), ("active", 2), ("suspect", 1), ("retired", 1), ("odd", 3)])
def test_the_list_filters(as_alice, page, pictures, alice, state: str, found: int) -> None:
    suspect, _, retired = pictures(3, 0, label=True)
    doubt(suspect)
    gold_retire(image=retired, by=alice)
    html = as_alice.get(page, {"state": state}, headers=HTMX).content.decode()
    assert html.count('class="gold-item card"') == found
    assert "<html" not in html


@pytest.mark.parametrize(
    ("state", "heading"), [("", "No gold yet"), ("suspect", "No gold is in doubt"), ("retired", "Nothing is retired")]
)
def test_an_empty_list_says_what_to_do(as_alice, page, state: str, heading: str) -> None:
    assert heading in as_alice.get(page, {"state": state}).content.decode()


def test_a_page_takes_as_many_queries_for_many_as_for_few(as_alice, page, pictures) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert as_alice.get(page).status_code == 200
        return len(seen)

    doubt(pictures(2, 0, label=True)[0])
    few = queries()
    for image in pictures(30, 1, label=True)[:10]:
        doubt(image)
    assert queries() == few
    html = as_alice.get(page).content.decode()
    assert html.count('class="gold-item card"') == 24
    assert "1–24 of 32" in html
    assert as_alice.get(page, {"page": 2}).content.decode().count('class="gold-item card"') == 8


def test_retiring_swaps_the_row_and_can_be_undone_from_it(as_alice, dataset, pictures) -> None:
    image = pictures(1, 0, label=True)[0]
    html = as_alice.post(reverse("gold_retire", args=[dataset.pk, image.pk]), headers=HTMX).content.decode()
    assert f'id="gold-{image.pk}"' in html
    assert "Bring back" in html
    assert "is retired" in html
    back = reverse("gold_unretire", args=[dataset.pk, image.pk])
    assert f'hx-post="{back}"' in html
    html = as_alice.post(back, headers=HTMX).content.decode()
    assert "is gold again" in html
    assert f'hx-post="{reverse("gold_retire", args=[dataset.pk, image.pk])}"' in html
    image.refresh_from_db()
    assert image.split == Split.GOLD


def test_without_scripts_it_leads_back_to_the_list(as_alice, dataset, pictures, page) -> None:
    image = pictures(1, 0, label=True)[0]
    response = as_alice.post(reverse("gold_retire", args=[dataset.pk, image.pk]), follow=True)
    assert response.redirect_chain == [(page, 302)]
    assert "Bring back" in response.content.decode()
    again = as_alice.post(reverse("gold_retire", args=[dataset.pk, image.pk]), follow=True).content.decode()
    assert "Only a picture that is gold can be retired." in again


def test_the_owner_picks_from_the_pool(as_alice, dataset, pictures) -> None:
    first, second, third = pictures(3, 0)
    kept = pictures(1, 0, split=Split.EVALUATION)[0]
    gold = pictures(1, 0, label=True)[0]
    address = reverse("dataset_gold_add", args=[dataset.pk])
    html = as_alice.get(address).content.decode()
    for image in (first, second, third):
        assert f'value="{image.pk}"' in html
    for image in (kept, gold):
        assert reverse("image_thumbnail", args=[image.pk]) not in html
    response = as_alice.post(address, {"images": [first.pk, second.pk, kept.pk], "label": 0}, follow=True)
    html = response.content.decode()
    assert "2 pictures are gold now, as “dark”." in html
    assert "1 left out. It is kept for evaluation" in html
    assert set(Gold.objects.values_list("image", flat=True)) == {first.pk, second.pk}
    kept.refresh_from_db()
    assert (kept.split, kept.tags.filter(source=Source.OWNER).exists()) == (Split.EVALUATION, False)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"label": 0}, "Pick at least one picture."),
        ({"images": ["x"], "label": 0}, "is not a valid value"),
        ({"images": ["999999"], "label": 0}, "Pick them from the list."),
        ({"images": ["first"]}, "Choose the class that the pictures show."),
        ({"images": ["first"], "label": 9}, "Choose a class."),
    ],
)
def test_a_choice_that_makes_no_sense_adds_nothing_and_keeps_what_was_picked(as_alice, dataset, pictures, data, says):
    first = pictures(2, 0)[0]
    data = {**data, "images": [first.pk if pk == "first" else pk for pk in data.get("images", [])]}
    response = as_alice.post(reverse("dataset_gold_add", args=[dataset.pk]), data)
    html = response.content.decode()
    assert response.status_code == 422
    assert says in html
    assert not Gold.objects.exists()
    if data["images"] == [first.pk]:
        assert f'value="{first.pk}" checked' in html


def test_the_pool_is_paged_and_an_empty_one_says_so(as_alice, dataset, pictures) -> None:
    address = reverse("dataset_gold_add", args=[dataset.pk])
    assert "The pool is empty" in as_alice.get(address).content.decode()
    pictures(50, 0)
    with CaptureQueriesContext(connection) as seen:
        assert as_alice.get(address).content.decode().count('name="images"') == 48
    assert len(seen) < 15
    assert as_alice.get(address, {"page": 2}).content.decode().count('name="images"') == 2


def test_a_file_is_imported_and_its_bad_lines_are_shown(as_alice, dataset, pictures) -> None:
    image = pictures(1, 0)[0]
    file = SimpleUploadedFile("gold.csv", f"id:{image.pk},dark\n<b>no.png</b>,dark\n".encode())
    html = as_alice.post(reverse("dataset_gold_import", args=[dataset.pk]), {"file": file}).content.decode()
    assert "1 picture is gold now. 1 line was left out." in html
    assert "No picture is called “&lt;b&gt;no.png&lt;/b&gt;”." in html
    assert Gold.objects.get().image == image


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read_is_said_to_be_so(as_alice, dataset, content) -> None:
    data = {"file": SimpleUploadedFile("gold.csv", content)} if content else {}
    response = as_alice.post(reverse("dataset_gold_import", args=[dataset.pk]), data)
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()


# ── Nobody can probe it ──────────────────────────────────────────────────────────────────────────────────────────────


def sent(client: Client, challenge: Challenge, right: set[int]):
    said = {"tiles": sorted(right)} if right else {"none": "none"}
    return client.post(reverse("solve_answer", args=[challenge.pk]), said, headers=HTMX)


def targets(challenge: Challenge) -> set[int]:
    tiles = challenge.tiles.order_by("position").values_list("position", "truth")
    return {position for position, truth in tiles if (1 if truth is None else truth) == challenge.target}


def words_after(client: Client, challenge: Challenge, chosen: set[int]) -> str:
    html = sent(client, challenge, chosen).content.decode()
    return html[html.index('id="solve-result"') : html.index("data-challenge")].split("<form")[0]


def test_one_wrong_control_and_all_wrong_are_answered_in_the_same_words(published) -> None:
    """Verdicts are per challenge: nothing tells how many controls were wrong, or which."""
    said = set()
    for flips in (1, 2, 7):
        client = Client()
        client.get(reverse("solve"), {"kind": "grid"})
        challenge = Challenge.objects.latest("issued_at")
        controls = list(challenge.tiles.exclude(truth=None).values_list("position", flat=True))
        said.add(words_after(client, challenge, targets(challenge) ^ set(controls[:flips])))
    assert len(said) == 1


def test_a_wrong_unknown_is_answered_in_the_same_words_as_a_right_one(published) -> None:
    said = set()
    for flip in (False, True):
        client = Client()
        client.get(reverse("solve"), {"kind": "grid"})
        challenge = Challenge.objects.latest("issued_at")
        unknowns = set(challenge.tiles.filter(truth=None).values_list("position", flat=True))
        said.add(words_after(client, challenge, targets(challenge) ^ (unknowns if flip else set())))
    assert len(said) == 1


def test_who_fails_again_and_again_is_told_to_wait_and_how_long(client, published) -> None:
    for _ in range(3):
        client.get(reverse("solve"), {"kind": "grid"})
        challenge = Challenge.objects.latest("issued_at")
        html = sent(client, challenge, set(range(9)) - targets(challenge)).content.decode()
    assert "you can go on in 30 seconds" in html
    assert "data-challenge" not in html
    response = client.get(reverse("solve"), {"dataset": published.pk})
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 30
    assert "A short break" in response.content.decode()
    widget = client.get(reverse("solve_widget"), headers=HTMX)  # htmx would not show an error
    assert (widget.status_code, int(widget["Retry-After"]) > 0) == (200, True)
