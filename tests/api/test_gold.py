import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEntry
from annotations.models import Annotator, AnswerKind, Challenge, ControlAnswer, Gold, Reliability
from gallery.models import Split


@pytest.fixture
def address(dataset) -> str:
    return f"/api/v1/datasets/{dataset.pk}/gold/"


def test_the_owner_makes_gold_and_sees_it(dataset, alice, add_images, api, address):
    image, other = add_images(2, 0)
    got = api(alice).post(address, {"gold": [{"image": image.pk, "label": "Dark"}]}, format="json")
    assert (got.status_code, got.json()) == (201, {"added": [image.pk], "refused": []})
    rows = api(alice).get(address).json()["results"]
    assert [(row["image"], row["label"], row["added_by"], row["retired"]) for row in rows] == [
        (image.pk, "dark", "Alice", False)
    ]
    assert (rows[0]["answered"], rows[0]["given"], rows[0]["suspect"]) == (0, [], False)
    other.refresh_from_db()
    assert other.split == Split.POOL


def test_an_evaluation_image_is_refused(alice, add_images, api, address):
    image = add_images(1, 0, split="evaluation")[0]
    got = api(alice).post(address, {"gold": [{"image": image.pk, "label": "dark"}]}, format="json")
    assert (got.status_code, got.json()["added"]) == (200, [])
    assert "evaluation" in got.json()["refused"][0]["reason"]
    assert not Gold.objects.exists()


@pytest.mark.parametrize(
    "gold", [[], [{"image": 999999, "label": "dark"}], [{"image": "first", "label": "purple"}], [{"label": "dark"}]]
)
def test_what_makes_no_sense_is_a_bad_request(alice, add_images, api, address, gold):
    first = add_images(1, 0)[0]
    rows = [{**row, **({"image": first.pk} if row.get("image") == "first" else {})} for row in gold]
    got = api(alice).post(address, {"gold": rows}, format="json")
    assert got.status_code == 400
    assert "gold" in got.json()["errors"]
    assert not Gold.objects.exists()


def test_retiring_and_bringing_back(alice, rita, add_images, api, address):
    image = add_images(1, 0, label=True)[0]
    got = api(rita).post(f"{address}{image.pk}/retire/")
    assert (got.status_code, got.json()["retired"]) == (200, True)
    assert api(rita).post(f"{address}{image.pk}/retire/").status_code == 400
    image.refresh_from_db()
    assert image.split == Split.TRAINING
    assert api(alice).post(f"{address}{image.pk}/bring-back/").json()["retired"] is False
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", "actor")) == [
        ("retired gold", rita.pk),
        ("brought back gold", alice.pk),
    ]


def test_the_list_filters_and_shows_what_is_in_doubt_first(dataset, alice, add_images, api, address):
    suspect, *_ = add_images(3, 0, label=True)
    for _ in range(5):
        person = Annotator.objects.create()
        Reliability.objects.create(annotator=person, dataset=dataset, trusted=True)
        ControlAnswer.objects.create(
            dataset=dataset, annotator=person, image=suspect, kind=AnswerKind.CHOICE, answer=1, truth=0, correct=False
        )
    rows = api(alice).get(address).json()["results"]
    assert [row["suspect"] for row in rows] == [True, False, False]
    assert rows[0]["given"] == [{"said": "middle", "times": 5}]
    assert (rows[0]["trusted"], rows[0]["trusted_wrong"]) == (5, 5)
    assert api(alice).get(f"{address}?state=suspect").json()["count"] == 1
    assert api(alice).get(f"{address}?state=retired").json()["count"] == 0
    assert api(alice).get(f"{address}?state=odd").status_code == 400


def test_the_list_takes_as_many_queries_for_six_as_for_one(alice, add_images, api, address, queries):
    add_images(1, 0, label=True)
    client = api(alice)
    few = queries(client, address)
    add_images(5, 1, label=True)
    assert queries(client, address) == few


def test_a_file_is_imported_line_by_line(alice, add_images, api, address):
    image = add_images(1, 0)[0]
    file = SimpleUploadedFile("gold.csv", f"image,class\n{image.name},d\nnobody.png,d\n".encode())
    got = api(alice).post(f"{address}import/", {"file": file}, format="multipart")
    assert got.status_code == 200
    assert got.json() == {"added": 1, "refused": [{"line": 3, "reason": "No picture is called “nobody.png”."}]}
    bad = SimpleUploadedFile("gold.csv", b"\xff\xfe\x00")
    assert api(alice).post(f"{address}import/", {"file": bad}, format="multipart").status_code == 400


@pytest.mark.parametrize(("method", "then"), [("get", ""), ("post", ""), ("post", "import/")])
def test_for_a_stranger_there_is_no_gold(dataset, bob, charlie, api, address, method, then):
    for person in (bob, charlie):
        assert getattr(api(person), method)(address + then).status_code == 404
    assert getattr(api(), method)(address + then).status_code in {401, 404}


def test_a_stranger_retires_nothing_and_a_reviewer_says_not_what_is_gold(add_images, charlie, rita, api, address):
    image = add_images(1, 0, label=True)[0]
    for then in ("retire/", "bring-back/"):
        assert api(charlie).post(f"{address}{image.pk}/{then}").status_code == 404
        assert api().post(f"{address}{image.pk}/{then}").status_code == 401
    gold = {"gold": [{"image": image.pk, "label": "light"}]}
    assert api(rita).get(address).status_code == 200
    assert api(rita).post(address, gold, format="json").status_code == 404
    assert not Gold.objects.exists()


def test_a_picture_that_was_never_gold_is_not_found(alice, add_images, api, address):
    assert api(alice).post(f"{address}{add_images(1, 0)[0].pk}/retire/").status_code == 404


# ── Nobody can probe it ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_verdict_is_about_the_challenge_and_says_nothing_of_a_tile(solver):
    for flips in (1, 2, 7):
        visitor = solver()
        given = visitor.ask("grid")
        tiles = Challenge.objects.get(pk=given["id"]).tiles.exclude(truth=None)
        controls = set(tiles.order_by("position").values_list("position", flat=True)[:flips])
        got = visitor.answer(given, sorted(set(visitor.right(given)) ^ controls)).json()
        assert got == {"passed": False, "votes": 9 - tiles.count()}
        shown = visitor.client.get(visitor.address(given, "answer/")).json()
        assert [set(tile) for tile in shown] == [{"position", "said", "label"}] * 9


def test_an_answer_says_nothing_before_it_is_given_and_nothing_twice(solver):
    """No verdict before the whole challenge is answered, and no second try at the same pictures."""
    visitor = solver()
    given = visitor.ask("grid")
    assert visitor.client.get(visitor.address(given, "answer/")).status_code == 404
    assert visitor.answer(given, visitor.wrong(given)).json()["passed"] is False
    assert visitor.answer(given, visitor.right(given)).status_code == 409


def test_who_fails_again_and_again_waits_and_is_told_how_long(solver):
    visitor = solver()
    for _ in range(3):
        given = visitor.ask("grid")
        visitor.answer(given, visitor.wrong(given))
    got = visitor.client.post(visitor.address(), {})
    assert got.status_code == 429
    assert 0 < int(got["Retry-After"]) <= 30
    assert "you can go on in 30 seconds" in got.json()["detail"]
    assert solver().ask("grid")
