"""What is shown as an example of what is asked for: never asked about, and as fit to show as any tile."""

from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image as Picture

from annotations.challenges.registry import KINDS
from annotations.challenges.sprite import measure
from annotations.models import Campaign, Challenge, ChallengeState, Contradiction, ControlAnswer, Report, Tile, Vote
from annotations.selectors import campaign_of
from annotations.services.answering import challenge_answer, composed_of
from annotations.services.issuing import challenge_issue
from annotations.services.refusals import ChallengeGone
from annotations.services.reports import report_tile
from gallery.models import DataSet, Image

pytestmark = pytest.mark.django_db
KIND = "more-like-this"
AFTER_THE_TILES = KINDS[KIND].size


@pytest.fixture
def alike(shades: DataSet) -> DataSet:
    Campaign.objects.filter(pk=campaign_of(shades).pk).update(kinds=[KIND])
    return shades


@pytest.fixture
def challenge(alike: DataSet, b) -> Challenge:
    return challenge_issue(dataset=alike, annotator=b)


def example(challenge: Challenge) -> Tile:
    return challenge.tiles.select_related("image").get(position=AFTER_THE_TILES)


def test_it_is_of_the_class_that_is_asked_for_and_told_apart_from_the_tiles(challenge: Challenge) -> None:
    composed = composed_of(challenge)
    assert composed.reference is not None
    assert (composed.reference.image_id, composed.reference.truth) == (example(challenge).image_id, challenge.target)
    assert len(composed.tiles) == AFTER_THE_TILES


def test_nobody_votes_on_it_nor_is_graded_by_it(alike: DataSet, solve, b) -> None:
    image = example(solve(b, kind=KIND)).image
    assert Vote.objects.exists() and ControlAnswer.objects.exists()
    assert not image.votes.exists()
    assert not image.controlanswers.exists()


def test_people_are_shown_different_examples_and_nobody_one_of_them_again(alike: DataSet, solve, b, c) -> None:
    images = [example(solve(person, kind=KIND)).image_id for person in (b, c, b, c)]
    assert len(set(images)) == 4
    seen = Tile.objects.filter(challenge__annotator=b).values_list("image", flat=True)
    assert len(seen) == len(set(seen)) == 2 * (AFTER_THE_TILES + 1)


def test_it_is_reported_as_a_tile_is(challenge: Challenge, b) -> None:
    image = example(challenge).image
    report_tile(challenge=challenge, position=AFTER_THE_TILES, annotator=b)
    assert not Image.objects.shown().filter(pk=image.pk).exists()
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.REPLACED


@pytest.mark.parametrize("gone", ["withdrawn_at", "deleted_at"])
def test_nobody_is_judged_once_it_was_taken_out(challenge: Challenge, b, gone: str) -> None:
    Image.objects.filter(pk=example(challenge).image_id).update(**{gone: timezone.now()})
    with pytest.raises(ChallengeGone, match="taken out"):
        challenge_answer(challenge=challenge, annotator=b, raw="none")
    assert not Vote.objects.exists()


def test_nobody_is_judged_once_its_class_came_into_doubt(challenge: Challenge, b) -> None:
    Contradiction.objects.create(
        dataset=challenge.dataset, image=example(challenge).image, truth=challenge.target, answers=[]
    )
    with pytest.raises(ChallengeGone, match="came into doubt"):
        challenge_answer(challenge=challenge, annotator=b, raw="none")


def test_nobody_is_judged_once_its_class_was_removed(challenge: Challenge, b) -> None:
    challenge.dataset.classes.filter(index=challenge.target).update(removed_at=timezone.now())
    with pytest.raises(ChallengeGone, match="classes was removed"):
        challenge_answer(challenge=Challenge.objects.get(pk=challenge.pk), annotator=b, raw="none")


@pytest.fixture
def given(client: Client, published: DataSet) -> Challenge:
    """To a visitor, with pictures that there are files of."""
    Campaign.objects.update(kinds=[KIND])
    client.get(reverse("solve"))
    return Challenge.objects.get()


def test_it_has_no_address_of_its_own_but_stands_last_in_the_sprite(client: Client, given: Challenge) -> None:
    page = client.post(reverse("solve_report", args=[given.pk]), {}).content.decode()
    assert page.count(f'src="{reverse("solve_sprite", args=[given.pk])}"') == AFTER_THE_TILES + 1
    assert f"at-{AFTER_THE_TILES}" in page
    assert (
        given.dataset.classes.get(index=given.target).name
        not in page[page.index("<fieldset") : page.index("data-timer")]
    )
    picture = Picture.open(BytesIO(client.get(reverse("solve_sprite", args=[given.pk])).content))
    assert picture.size == measure(AFTER_THE_TILES + 1, columns=3)


def test_the_page_reports_it_and_refuses_what_stands_after_it(client: Client, given: Challenge) -> None:
    url = reverse("solve_report", args=[given.pk])
    assert client.post(url, {"position": AFTER_THE_TILES + 1}).status_code == 422
    client.post(url, {"position": AFTER_THE_TILES})
    assert Report.objects.get().image == example(given).image


def test_a_client_is_told_where_it_is_and_not_its_class(client: Client, given: Challenge) -> None:
    address = f"/api/v1/datasets/{given.dataset_id}/challenges/{given.pk}/"
    told = client.get(address).json()
    assert (told["tiles"], told["example"], told["target"]) == (AFTER_THE_TILES, AFTER_THE_TILES, None)
    assert client.post(f"{address}report/", {"position": AFTER_THE_TILES}).status_code == 201
    assert Report.objects.get().image == example(given).image


def test_its_place_cannot_be_selected(client: Client, given: Challenge) -> None:
    address = f"/api/v1/datasets/{given.dataset_id}/challenges/{given.pk}/answer/"
    sent = client.post(address, {"answer": [AFTER_THE_TILES]}, content_type="application/json")
    assert (sent.status_code, "isn't on the grid" in str(sent.json())) == (400, True)
