"""How far people agree on a data set, and the votes that stopping in time saves: worked out, kept, shown."""

import json
import re
from collections.abc import Sequence

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import AnswerKind, Campaign, Consensus, ConsensusState, Verdict
from annotations.savings import savings_of
from annotations.services.agreement import agreement_refresh
from annotations.services.consensus import consensus_refit
from annotations.services.review import decision_make
from gallery.models import DataSet, Image, Visibility
from tests.annotations.crowds import accurate, mixed, name_all, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def images(pictures) -> list[Image]:
    return mixed(pictures, 60)


@pytest.fixture
def named(images) -> None:
    """Five people, mostly right, have named all of them."""
    for seed, person in enumerate(people(5)):
        name_all(person, images, accurate(0.9, seed))


def page(client, dataset: DataSet) -> str:
    html = client.get(reverse("dataset_agreement", args=[dataset.pk])).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def settle(images: Sequence[Image], state: ConsensusState, *, votes: int, further: float = 0.0) -> None:
    Consensus.objects.bulk_create(
        Consensus(
            image=image, dataset=image.dataset, posterior=[1, 0, 0], label=0, confidence=1, votes=votes, trusted=2,
            further=further, state=state,
        )
        for image in images
    )  # fmt: skip


def test_people_who_agree_more_than_chance_have_it_in_numbers(dataset, named) -> None:
    (asked,) = agreement_refresh(dataset=dataset)["asked"]
    assert (asked["kind"], asked["questions"], asked["answers"]) == ("choices", 60, 300)
    for name in ("alpha", "fleiss", "cohen"):
        one = asked[name]
        assert 0.55 < one["low"] < one["value"] < one["high"] < 0.95
    assert [row["index"] for row in asked["classes"]] == [0, 1, 2]
    assert all(row["alpha"]["low"] < row["alpha"]["value"] for row in asked["classes"])


def test_it_is_kept_with_the_campaign_and_touches_nothing_else_there(dataset, named) -> None:
    Campaign.objects.update_or_create(dataset=dataset, defaults={"threshold": 0.8})
    found = agreement_refresh(dataset=dataset)
    campaign = Campaign.objects.get(dataset=dataset)
    assert campaign.agreement == found
    assert campaign.threshold == 0.8


def test_what_is_undefined_is_null_and_never_nan(dataset, pictures) -> None:
    images = pictures(10, 1)
    for person in people(3):
        name_all(person, images, lambda at, truth: truth)
    found = agreement_refresh(dataset=dataset)
    (asked,) = found["asked"]
    assert (asked["alpha"], asked["fleiss"], asked["cohen"]) == (None, None, None)
    assert "NaN" not in json.dumps(found)


def test_without_a_picture_that_two_have_answered_there_is_nothing_to_compare(dataset, images) -> None:
    first, second = people(2)
    name_all(first, images[:30], lambda at, truth: truth)
    name_all(second, images[30:], lambda at, truth: truth)
    assert agreement_refresh(dataset=dataset)["asked"] == []


def test_tiles_are_a_question_of_their_own(dataset, images, named) -> None:
    for seed, person in enumerate(people(3)):
        says = accurate(0.9, seed)
        for at, image in enumerate(images):
            yes = says(at, int(image.name)) == 1
            name_all(person, [image], lambda at, truth: 1, AnswerKind.YES if yes else AnswerKind.NO)
    choices, tiles = agreement_refresh(dataset=dataset)["asked"]
    assert (choices["kind"], tiles["kind"]) == ("choices", "tiles")
    assert tiles["answers"] == 180
    assert [row["index"] for row in tiles["classes"]] == [1]
    assert tiles["classes"][0]["alpha"] == tiles["alpha"]


def test_people_who_are_blocked_have_no_part_in_it(dataset, images, named, b, rita) -> None:
    name_all(b, images, lambda at, truth: 2)
    before = agreement_refresh(dataset=dataset)["asked"][0]["alpha"]["value"]
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    after = agreement_refresh(dataset=dataset)["asked"][0]
    assert after["answers"] == 300
    assert after["alpha"]["value"] > before + 0.1


def test_the_page_says_it_in_words_with_the_classes(client, dataset, named) -> None:
    alpha = agreement_refresh(dataset=dataset)["asked"][0]["alpha"]
    text = page(client, dataset)
    assert f"People agree beyond chance: {alpha['value']:.2f} ({alpha['low']:.2f} to {alpha['high']:.2f})" in text
    assert "By 300 answers to 60 questions" in text
    for name in ("All", "dark", "middle", "light"):
        assert f" {name} " in text
    assert "Worked out" in text


def test_a_class_on_which_nothing_can_be_said_is_shown_as_undefined(client, dataset, pictures) -> None:
    images = pictures(6, 0) + pictures(6, 1)
    for person in people(3):
        name_all(person, images, lambda at, truth: truth)
    agreement_refresh(dataset=dataset)
    text = page(client, dataset)
    assert "1.00 (1.00 to 1.00)" in text
    assert "undefined" in text
    assert "nan" not in text


def test_an_empty_data_set_says_what_is_missing(client, dataset) -> None:
    text = page(client, dataset)
    assert "takes pictures that two people or more have answered" in text
    assert "Nobody has answered about these pictures yet" in text
    assert not Campaign.objects.exists()


def test_votes_saved_are_counted_against_five_a_picture(client, dataset, images) -> None:
    settle(images[:20], ConsensusState.ACCEPTED, votes=3)
    settle(images[20:30], ConsensusState.OPEN, votes=1, further=2.25)
    settle(images[30:35], ConsensusState.CONTESTED, votes=7)
    savings = savings_of(dataset)
    assert (savings.accepted, savings.votes, savings.fixed, savings.saved) == (20, 60, 100, 40)
    assert (savings.waiting, savings.further) == (10, 22.5)
    text = page(client, dataset)
    assert "Votes on them 60 5 each would be 100" in text
    assert "Saved 40" in text
    assert "for 10 pictures" in text


def test_it_is_said_as_well_where_it_took_more(client, dataset, images) -> None:
    settle(images[:10], ConsensusState.ACCEPTED, votes=6)
    assert "More than that 10" in page(client, dataset)


def test_savings_are_one_query(dataset, images) -> None:
    settle(images, ConsensusState.ACCEPTED, votes=3)
    with CaptureQueriesContext(connection) as seen:
        savings_of(dataset)
    assert len(seen) == 1


def test_further_votes_come_from_the_consensus(dataset, images) -> None:
    name_all(people(1)[0], images, lambda at, truth: truth)
    consensus_refit(dataset=dataset)
    savings = savings_of(dataset)
    assert savings.waiting == 60
    assert savings.further > 60


def test_whoever_may_see_the_data_set_may_see_how_far_people_agree_on_it(
    client, dataset, named, alice, charlie, rita
) -> None:
    url = reverse("dataset_agreement", args=[dataset.pk])
    assert client.get(url).status_code == 200
    DataSet.objects.filter(pk=dataset.pk).update(visibility=Visibility.PRIVATE)
    assert client.get(url).status_code == 404
    for person, status in ((charlie, 404), (alice, 200), (rita, 200)):
        client.force_login(person)
        assert client.get(url).status_code == status


def test_looking_changes_nothing_and_cannot_be_posted(client, dataset) -> None:
    assert client.post(reverse("dataset_agreement", args=[dataset.pk])).status_code == 405


def test_htmx_gets_the_fragment_alone(client, dataset, named) -> None:
    agreement_refresh(dataset=dataset)
    url = reverse("dataset_agreement", args=[dataset.pk])
    assert "<html" in client.get(url).content.decode()
    assert "<html" not in client.get(url, headers={"HX-Request": "true"}).content.decode()
