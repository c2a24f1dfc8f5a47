"""«Why this tag?» on a picture's page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gallery.models import DataSet, Image, Source, Tag, Visibility
from gallery.work import WorkState
from learning.explanation_words import words_of
from learning.models import Explanation, ExplanationKind, ModelVersion, TrainingRun, VersionState
from learning.services.explaining import explanation_execute
from learning.services.explanations import MOST_WAITING

pytestmark = pytest.mark.django_db

GUESSES = [{"label": "light", "probability": 0.88}, {"label": "dark", "probability": 0.115}]
LIME = {
    "guesses": GUESSES, "probability": 0.88, "side": 32, "parts": 36, "samples": 500, "fit": 0.91,
    "for": {"place": "top left", "by": 0.32}, "against": {"place": "middle", "by": 0.01},
}  # fmt: skip


@pytest.fixture
def image(add_images) -> Image:
    return add_images(1, 2)[0]


@pytest.fixture
def version(dataset: DataSet, image: Image) -> ModelVersion:
    """It serves, and says that the picture is light."""
    run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="a test", state=WorkState.DONE)
    Tag.objects.create(
        image=image, source=Source.MODEL, label=dataset.classes.get(name="light"), confidence=0.88, version=1
    )
    return ModelVersion.objects.create(
        dataset=dataset, number=1, run=run, state=VersionState.CHAMPION, reason="first", backbone="small_cnn",
        configuration={}, metrics={"accuracy": 0.9}, labels=10, weights="models/never-stored.safetensors",
    )  # fmt: skip


@pytest.fixture
def done(image, version, dataset):
    """What has been worked out already."""

    def make(kind: str = "lime", facts: dict | None = None, **more) -> Explanation:
        label = None if kind == "similar" else dataset.classes.get(name="light")
        row = Explanation(
            image=image, version=version, kind=kind, label=label,
            **{"state": WorkState.DONE, "facts": facts or LIME, **more},
        )  # fmt: skip
        row.save()
        return row

    return make


@pytest.fixture
def owner(client, alice):
    client.force_login(alice)
    return client


def html(client: Client, image: Image, **query: object) -> str:
    response = client.get(reverse("image_explanations", args=[image.pk]), query, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.content.decode()


def ask(client: Client, image: Image, kind: str = "lime", *, htmx: bool = False, **more: object):
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(reverse("image_explain", args=[image.pk]), {"kind": kind, **more}, headers=headers)


def test_the_page_of_a_picture_takes_it_as_a_fragment(client, image):
    page = client.get(reverse("image", args=[image.pk])).content.decode()
    address = reverse("image_explanations", args=[image.pk])
    assert "Why this tag?" in page and f'hx-get="{address}"' in page and f'href="{address}"' in page


def test_before_there_is_a_model_it_says_so_and_offers_nothing(owner, image):
    text = html(owner, image)
    assert "No model tags these pictures yet" in text and "<form" not in text


def test_who_is_signed_in_may_ask_and_the_models_word_stands_first(client, image, version, bob):
    client.force_login(bob)
    text = html(client, image)
    assert text.index("light – what the model says") < text.index(">dark<") < text.index(">middle<")
    for kind, name in ExplanationKind.choices:
        assert f'value="{kind}"' in text and name in text
    assert "Nobody has asked yet" in text


def test_once_they_are_known_the_second_guess_stands_second(owner, image, done):
    done()
    text = html(owner, image)
    assert text.index("light – what the model says, 88%") < text.index("dark – its second guess, 11%")
    assert text.index("its second guess") < text.index(">middle<")


def test_a_chosen_class_stays_chosen(owner, image, version):
    assert '<option value="1" selected>middle' in html(owner, image, label=1)
    for nonsense in ("x", "-1", "99999999999", "²"):
        assert "selected" not in html(owner, image, label=nonsense)


def test_asking_without_scripts_leads_to_a_page_that_waits(owner, image, version):
    response = ask(owner, image, label=0)
    assert response.status_code == 302
    page = owner.get(response.url).content.decode()
    row = Explanation.objects.get()
    assert (row.kind, row.label.name, row.asked_by.name) == ("lime", "dark", "Alice")
    assert page.count("<h1>") == 1 and "Waits for a worker" in page and "Look again" in page
    assert f'href="{reverse("image", args=[image.pk])}"' in page


def test_asking_with_scripts_gives_the_fragment_which_looks_again_by_itself(owner, image, version):
    text = ask(owner, image, htmx=True).content.decode()
    assert "<html" not in text and "Look again" not in text
    assert 'hx-trigger="every 2s"' in text and "1 explanation to come" in text
    Explanation.objects.update(state=WorkState.RUNNING, attempt=1, heartbeat_at=timezone.now())
    assert "500 times other ones" in html(owner, image)


def test_what_waits_says_when_no_worker_comes_and_when_one_was_lost(owner, image, done):
    row = done(state=WorkState.WAITING)
    Explanation.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert "No worker has taken it yet" in html(owner, image)
    Explanation.objects.filter(pk=row.pk).update(attempt=1)
    assert "tried again" in html(owner, image)


def test_what_is_done_is_a_picture_with_a_legend_and_sentences(owner, image, done):
    row = done(picture="explanations/x.png")
    text = html(owner, image)
    assert f'src="{reverse("image_explanation", args=[image.pk, row.pk])}"' in text
    assert (
        'alt="The picture in grey, with orange over what speaks for “light” and blue over what speaks against. ' in text
    )
    assert "The part at the top left speaks for “light” most: 32 percentage points." in text
    assert "The part in the middle speaks against it most: 1 percentage point." in text
    assert "most at +" in text and "most at −" in text
    assert "Adding up parts explains 91%" in text and "cut into 36 parts" in text
    assert "every 2s" not in text


def test_what_failed_says_why_and_can_be_asked_again(owner, client, image, done):
    done(state=WorkState.FAILED, error="The weights of version 1 can't be read.", facts={})
    text = html(owner, image)
    assert "The weights of version 1 can&#x27;t be read." in text and "tried once more" in text
    assert "Did not work out" in text
    client.logout()
    assert "tried once more" not in html(client, image)


def test_a_stranger_sees_what_is_there_and_asks_for_nothing(client, image, done):
    done(picture="explanations/x.png")
    text = html(client, image)
    assert "speaks for “light” most" in text and "<form" not in text
    assert f"/login/?next={reverse('image', args=[image.pk])}" in text
    assert ask(client, image, "occlusion").url.startswith(reverse("login"))
    assert Explanation.objects.count() == 1


def test_a_private_picture_s_explanations_do_not_exist_for_charlie(client, image, done, alice, charlie):
    row = done(picture="explanations/x.png")
    row.picture.storage.save("explanations/x.png", image.file)
    DataSet.objects.update(visibility=Visibility.PRIVATE)
    addresses = [
        reverse("image_explanations", args=[image.pk]),
        reverse("image_explanation", args=[image.pk, row.pk]),
    ]
    for _ in range(2):
        assert [client.get(address).status_code for address in addresses] == [404, 404]
        client.force_login(charlie)
    assert ask(client, image).status_code == 404
    client.force_login(alice)
    assert [client.get(address).status_code for address in addresses] == [200, 200]
    assert Explanation.objects.count() == 1


def test_a_file_comes_with_safe_headers_and_only_under_its_own_picture(owner, image, done, add_images):
    row, other = done(), add_images(1, 0)[0]
    address = reverse("image_explanation", args=[image.pk, row.pk])
    assert owner.get(address).status_code == 404  # it has no picture
    name = row.picture.storage.save("explanations/x.png", image.file)
    Explanation.objects.update(picture=name)
    response = owner.get(address)
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert response["Cache-Control"].startswith("private")
    assert owner.get(reverse("image_explanation", args=[other.pk, row.pk])).status_code == 404
    row.picture.storage.delete(name)
    assert owner.get(address).status_code == 404


@pytest.mark.parametrize("sent", [{"kind": "magic"}, {"kind": ""}, {"kind": "lime", "label": "9"}])
def test_nonsense_is_answered_in_words(owner, image, version, sent):
    text = ask(owner, image, **sent, htmx=True).content.decode()
    assert "Ask by one of the buttons" in text
    assert not Explanation.objects.exists()


def test_a_class_that_was_removed_is_not_offered(owner, image, version, dataset):
    dataset.classes.filter(name="dark").update(removed_at=timezone.now())
    assert ">dark<" not in html(owner, image)
    assert "Ask by one of the buttons" in ask(owner, image, label=0, htmx=True).content.decode()


def test_who_has_twenty_under_way_is_told_so(owner, image, version, alice, add_images):
    for other in add_images(MOST_WAITING, 0):
        Explanation.objects.create(image=other, version=version, kind="similar", asked_by=alice)
    assert "20 explanations that you asked for" in ask(owner, image, htmx=True).content.decode()
    page = owner.get(ask(owner, image).url)
    assert "20 explanations that you asked for" in page.content.decode()
    assert not Explanation.objects.filter(image=image).exists()


def similar(*images: Image) -> dict[str, object]:
    pictures = [{"image": one.pk, "cosine": 0.98, "taught": "light"} for one in images]
    return {"guesses": GUESSES, "learned_from_it": True, "compared": 1200, "pictures": pictures}


def test_the_most_alike_are_linked_with_what_they_taught(owner, image, done, add_images):
    near = add_images(2, 1)
    done("similar", similar(*near))
    text = html(owner, image)
    for one in near:
        assert f'href="{reverse("image", args=[one.pk])}"' in text
        assert f'src="{reverse("image_thumbnail", args=[one.pk])}"' in text
    assert "1,200 pictures" in text and "this very picture" in text and "alike 0.98" in text


def test_of_the_most_alike_each_sees_what_they_may_see(client, image, done, add_images, alice, bob):
    hidden, gone, shown = add_images(3, 1)
    done("similar", similar(hidden, gone, shown))
    Image.objects.filter(pk=hidden.pk).update(withdrawn_at=timezone.now())
    Image.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    for person, seen in ((bob, [shown]), (alice, [hidden, shown])):
        client.force_login(person)
        text = html(client, image)
        linked = [one for one in (hidden, gone, shown) if reverse("image", args=[one.pk]) in text]
        assert linked == seen


def test_what_an_older_version_looked_at_is_no_explanation_of_todays_tag(owner, image, done, version):
    done()
    ModelVersion.objects.update(state=VersionState.RETIRED)
    run = TrainingRun.objects.create(dataset=version.dataset, epochs=1, trigger="b", state=WorkState.DONE)
    ModelVersion.objects.create(
        dataset=version.dataset, number=2, run=run, state=VersionState.CHAMPION, reason="better", backbone="small_cnn",
        configuration={}, metrics={"accuracy": 0.95}, labels=20,
    )  # fmt: skip
    assert "Nobody has asked yet" in html(owner, image)


def test_it_takes_as_many_queries_for_eight_explanations_as_for_two(
    owner, image, done, dataset, version, django_assert_max_num_queries, add_images
):
    near = add_images(3, 1)
    done("similar", similar(*near))
    for cls in dataset.classes.all():
        for kind in ("lime", "occlusion"):
            facts = LIME | {"patch": 8}
            Explanation.objects.create(
                image=image, version=version, kind=kind, label=cls, state=WorkState.DONE, facts=facts
            )
    with django_assert_max_num_queries(12):
        html(owner, image)


def test_without_any_effect_the_words_say_so():
    nothing = LIME | {"for": None, "against": None, "fit": 0.2}
    found = " ".join(words_of("lime", nothing, "light").found)
    assert "No part by itself changes the answer" in found and "don't rely on this" in found
    grad_cam = words_of("grad_cam", {"grid": [4, 4], "for": None}, "light")
    assert grad_cam.found == ["Nothing in the picture speaks for “light”."] and "grid of 4 × 4" in grad_cam.how


def test_from_the_button_to_the_reason(client, image, version, bob, django_capture_on_commit_callbacks):
    """The whole way, with a model that a worker can't read."""
    client.force_login(bob)
    with django_capture_on_commit_callbacks(execute=True):
        ask(client, image)
    assert explanation_execute(Explanation.objects.get().pk) is None  # the worker has been there
    assert "The weights of version 1 can&#x27;t be read." in html(client, image)
