"""What is worth asking: what is believed of the front of the queue, and the kinds by what they were worth."""

import numpy as np
import pytest
from django.core.cache import cache

from annotations.challenges.tiles import Candidate
from annotations.models import Consensus, QueueItem
from annotations.selectors import keys_of
from annotations.services import asking, candidates
from annotations.services.assembly import assemble
from annotations.services.issuing import challenge_issue
from gallery.models import DataSet

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def answered(image, posterior: list[float]) -> None:
    Consensus.objects.create(
        image=image, dataset=image.dataset, posterior=posterior, label=0, confidence=max(posterior), votes=1, trusted=0
    )


def test_what_the_crowd_believes_goes_before_what_the_model_does(dataset: DataSet, pictures, b) -> None:
    voted, guessed, plain = (pictures(1, shade)[0].pk for shade in range(3))
    answered(dataset.images.get(pk=voted), [0.2, 0.5, 0.3])
    unknowns = [
        Candidate(voted, None, 2, confidence=0.9),
        Candidate(guessed, None, 2, confidence=0.9),
        Candidate(plain, None),
    ]
    beliefs = asking.beliefs_of(unknowns, keys_of(dataset))
    assert beliefs[voted] == pytest.approx([0.2, 0.5, 0.3])
    assert beliefs[guessed].argmax() == 2 and 0.5 < beliefs[guessed][2] < 0.9
    assert beliefs[plain] == pytest.approx(np.full(3, 1 / 3))
    assert all(belief.sum() == pytest.approx(1) for belief in beliefs.values())


def test_a_posterior_from_before_a_class_was_added_is_widened(dataset, pictures) -> None:
    image = pictures(1, 0)[0]
    answered(image, [0.7, 0.3])
    assert asking.beliefs_of([Candidate(image.pk, None)], keys_of(dataset))[image.pk] == pytest.approx([0.7, 0.3, 0])


def test_a_strip_is_about_those_of_the_queues_front_of_which_least_is_known(shades: DataSet, b) -> None:
    controls = candidates.controls(shades, b)
    unknowns = candidates.unknowns(shades, b, 30)
    for one in unknowns[:-6]:
        answered(shades.images.get(pk=one.image_id), [0.96, 0.02, 0.02])
    composed = assemble(asking.Asking(shades, "strip", unknowns, 1.0), controls, unknowns).composed
    told = {tile.image_id for tile in composed.tiles if tile.truth is None}
    assert told <= {one.image_id for one in unknowns[-6:]}


def test_the_kind_whose_challenges_were_worth_most_is_asked_for_most_often(shades: DataSet, b) -> None:
    controls = candidates.controls(shades, b)
    for kind in ("strip", "grid") * 3:
        unknowns = candidates.unknowns(shades, b, 30)
        asked = asking.Asking(shades, kind, unknowns, 1.0)
        asked.remember([assemble(asked, controls, unknowns).composed])
    rng = np.random.default_rng(0)
    first = [asking.kinds_in_order(shades, ["grid", "strip"], 1.0, rng)[0] for _ in range(300)]
    assert 0.02 < first.count("grid") / 300 < 0.3


def test_before_anything_is_known_every_kind_is_as_likely(shades: DataSet) -> None:
    rng = np.random.default_rng(0)
    first = [asking.kinds_in_order(shades, ["grid", "strip"], 1.0, rng)[0] for _ in range(600)]
    assert first.count("grid") / 600 == pytest.approx(0.5, abs=0.08)


def test_what_was_looked_at_and_not_chosen_stays_free_for_others(shades: DataSet, b, c) -> None:
    for person in (b, c):
        challenge_issue(dataset=shades, annotator=person, kind="strip")
    leased = QueueItem.objects.filter(dataset=shades).exclude(leased_until=None)
    asked = [tile.image_id for challenge in shades.challenges.all() for tile in challenge.tiles.filter(truth=None)]
    assert sorted(leased.values_list("image", flat=True)) == sorted(asked)
    assert len(set(asked)) == len(asked)
