"""What is asked and why, as the owner sees it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotations.models import QueueItem
from gallery.models import Visibility
from gallery.work import WorkState
from learning.models import Pick, SamplingRound

pytestmark = pytest.mark.django_db


@pytest.fixture
def pool(dataset, squares):
    return squares(4, 0)


@pytest.fixture
def done(dataset, pool) -> SamplingRound:
    current = SamplingRound.objects.create(
        dataset=dataset, strategy="margin", random_share=0.25, size=4, queued=2, state=WorkState.DONE
    )
    Pick.objects.create(round=current, image=pool[0], rank=1, score=0.75, reason="margin")
    Pick.objects.create(round=current, image=pool[1], rank=2, score=0.0, reason="random")
    QueueItem.objects.create(image=pool[0], dataset=dataset)
    return current


@pytest.fixture
def owner(client, alice):
    client.force_login(alice)
    return client


def page(client, dataset, **query):
    return client.get(reverse("dataset_asked", args=[dataset.pk]), query)


def test_each_pick_says_what_chose_it(owner, dataset, done):
    text = page(owner, dataset).content.decode()
    assert f"Round {done.pk}: why these" in text
    assert "0.750" in text and "by chance" in text
    assert text.count("Waits to be asked") == 1


def test_before_the_first_round_the_page_says_so(owner, dataset):
    assert "No round yet" in page(owner, dataset).content.decode()


def test_a_round_under_way_shows_how_far_it_is(owner, dataset, pool):
    SamplingRound.objects.create(
        dataset=dataset, strategy="badge", random_share=0, size=4, state=WorkState.RUNNING,
        phase="looking at the pool", progress=0.25,
    )  # fmt: skip
    text = page(owner, dataset).content.decode()
    assert 'value="0.250"' in text and "Looking at the pool" in text and "every 2s" in text


def test_choosing_anew_asks_for_a_round(owner, dataset, pool, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = owner.post(reverse("dataset_ask_anew", args=[dataset.pk]))
    assert response.status_code == 302
    assert dataset.rounds.get().picks.count() == 4


def test_a_file_of_scores_becomes_the_order(owner, dataset, pool):
    file = SimpleUploadedFile("s.csv", f"image,score\n{pool[2].name},1\n{pool[3].name},2\n".encode())
    response = owner.post(reverse("dataset_scores", args=[dataset.pk]), {"file": file}, follow=True)
    assert "2 pictures are asked in the order of these scores" in response.content.decode()
    assert list(QueueItem.objects.order_by("-score").values_list("image", flat=True)) == [pool[3].pk, pool[2].pk]


@pytest.mark.parametrize(
    ("content", "reason"), [(b"a,b\n1,2\n", "has no column"), (b"image,score\nnobody,1\n", "No line of it")]
)
def test_a_file_that_is_none_says_why(owner, dataset, pool, content, reason):
    file = SimpleUploadedFile("s.csv", content)
    response = owner.post(reverse("dataset_scores", args=[dataset.pk]), {"file": file})
    assert response.status_code == 422
    assert reason in response.content.decode() and "/tmp/" not in response.content.decode()


def test_a_round_can_be_taken_away_as_a_file(owner, dataset, done, pool):
    response = owner.get(reverse("round_scores", args=[dataset.pk, done.pk]))
    lines = response.content.decode().split()
    assert lines == ["image,score,rank,reason", f"id:{pool[0].pk},0.75,1,margin", f"id:{pool[1].pk},0.0,2,random"]


def test_a_round_of_another_data_set_is_not_there(owner, dataset, done):
    assert page(owner, dataset, round=done.pk + 1).status_code == 404
    assert page(owner, dataset, round="x").status_code == 404
    assert owner.get(reverse("round_scores", args=[dataset.pk, done.pk + 1])).status_code == 404


def test_only_the_owner_sees_what_is_asked(client, dataset, done, bob):
    dataset.visibility = Visibility.PUBLIC
    dataset.save()
    client.force_login(bob)
    assert page(client, dataset).status_code in (403, 404)
    assert client.post(reverse("dataset_ask_anew", args=[dataset.pk])).status_code in (403, 404)
    assert client.post(reverse("dataset_scores", args=[dataset.pk])).status_code in (403, 404)
