from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus import dawid_skene
from annotations.consensus.collusion import Collusion, collusion, groups
from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes


@dataclass(frozen=True)
class Crowd:
    """People of 60 to 95% accuracy who share the confusions of each class, and of each hard picture."""

    n_annotators: int = 60
    n_items: int = 2000
    n_classes: int = 10
    each: int = 5
    pictures: float = 0.0  # how far a picture's wrong answers differ from its class': 0 not at all

    def votes(self, seed: int, ring: int = 0, together: float = 0.0) -> tuple[Votes, IntArray]:
        """With a `ring` of so many who give the same wrong answer on a share `together` of all items."""
        rng = np.random.default_rng(seed)
        truth = rng.integers(self.n_classes, size=self.n_items)
        item = np.repeat(np.arange(self.n_items), self.each)
        person = rng.random((self.n_items, self.n_annotators)).argsort(axis=1)[:, : self.each].ravel()
        accuracy = rng.uniform(0.6, 0.95, self.n_annotators)
        hard = 2 * rng.beta(2, 2, self.n_items)
        slips = rng.random(len(item)) < (1 - accuracy[person]) * hard[item]
        popular = drawn(self._mistakes(truth, rng)[item], rng)
        answer = np.where(slips, popular, truth[item])
        agreed = (truth + rng.integers(1, self.n_classes, size=self.n_items)) % self.n_classes
        follows = (person < ring) & (rng.random(self.n_items) < together)[item]
        answer = np.where(follows, agreed[item], answer)
        return Votes.of(person, item, answer, n_annotators=self.n_annotators, n_classes=self.n_classes), truth

    def _mistakes(self, truth: IntArray, rng: np.random.Generator) -> FloatArray:
        """The share of each wrong answer to each item, (I, K)."""
        K = self.n_classes
        usual = rng.dirichlet(np.full(K, 0.5), size=K) * (1 - np.eye(K))
        usual /= usual.sum(axis=1, keepdims=True)
        if not self.pictures:
            return usual[truth]
        own = rng.gamma(np.maximum(usual[truth], 1e-9) / self.pictures) * (1 - np.eye(K))[truth] + 1e-12
        own[np.arange(len(truth)), truth] = 0
        return own / own.sum(axis=1, keepdims=True)


def drawn(shares: FloatArray, rng: np.random.Generator) -> IntArray:
    return np.minimum((shares.cumsum(axis=1) < rng.random((len(shares), 1))).sum(axis=1), shares.shape[1] - 1)


def flagged(found: Collusion) -> set[int]:
    return {int(a) for group in found.groups for a in group}


def sure(truth: IntArray, n_classes: int) -> FloatArray:
    return np.full((len(truth), n_classes), 0.01 / n_classes) + 0.99 * np.eye(n_classes)[truth]


HONEST = [
    Crowd(),
    Crowd(pictures=1.0),
    Crowd(n_classes=4, pictures=0.5),
    Crowd(n_annotators=20, n_items=1000, each=20),
    Crowd(n_annotators=20, n_items=1000, each=20, pictures=1.0),
    Crowd(n_annotators=20, n_items=1000, each=20, n_classes=3, pictures=0.3),
    Crowd(n_annotators=20, n_items=1000, each=20, n_classes=2),
]


@pytest.mark.parametrize("crowd", HONEST, ids=str)
def test_honest_people_who_share_confusions_are_not_taken_for_a_ring(crowd: Crowd):
    wrongly = 0
    for seed in range(6):
        votes, _ = crowd.votes(seed)
        wrongly += len(flagged(collusion(votes, dawid_skene.fit(votes).posterior)))
    assert wrongly / (6 * crowd.n_annotators) < 0.01


def test_honest_people_with_confusions_of_their_own_are_not_taken_for_a_ring_among_liars():
    rng = np.random.default_rng(0)
    A, K, n_items = 20, 3, 1500
    matrices = np.zeros((A, K, K))
    for a in range(A):
        accuracy = 0.0 if a < 6 else rng.uniform(0.6, 0.95)
        turn = rng.integers(1, K)
        for t in range(K):
            others = np.arange(K) != t
            lies = np.eye(K)[(t + turn) % K][others]
            matrices[a, t, others] = (1 - accuracy) * (lies if a < 6 else rng.dirichlet(np.full(K - 1, 0.5)))
            matrices[a, t, t] = accuracy
    truth = rng.integers(K, size=n_items)
    person, item = np.tile(np.arange(A), n_items), np.repeat(np.arange(n_items), A)
    votes = Votes.of(person, item, drawn(matrices[person, truth[item]], rng))
    found = flagged(collusion(votes, sure(truth, K)))
    # Liars with one and the same map are a ring; people who happen to err alike, or like a liar, are none.
    assert found and max(found) < 6


@pytest.mark.parametrize("together", [0.5, 1.0])
@pytest.mark.parametrize("pictures", [0.0, 0.5])
def test_a_ring_is_found_whole_and_alone(together: float, pictures: float):
    votes, _ = Crowd(each=10, pictures=pictures).votes(1, ring=5, together=together)
    found = collusion(votes, dawid_skene.fit(votes).posterior)
    assert [group.tolist() for group in found.groups] == [[0, 1, 2, 3, 4]]
    assert found.flagged[:10].all()
    assert (found.identical > found.expected)[found.flagged].all()


def test_two_who_copy_from_each_other_now_and_then_are_found():
    votes, truth = Crowd(n_annotators=20, n_items=1000, each=20).votes(3, ring=2, together=0.1)
    found = collusion(votes, sure(truth, 10))
    assert [group.tolist() for group in found.groups] == [[0, 1]]
    assert (found.first[0], found.second[0]) == (0, 1)


def test_agreeing_on_right_answers_is_no_collusion():
    truth = np.arange(100) % 4
    person, item = np.tile(np.arange(6), 100), np.repeat(np.arange(100), 6)
    found = collusion(Votes.of(person, item, truth[item]), sure(truth, 4))
    assert len(found.first) == 0
    assert found.groups == ()


def test_where_only_one_wrong_answer_exists_nobody_is_suspect_for_giving_it():
    votes, truth = Crowd(n_annotators=10, n_items=400, n_classes=2, each=10).votes(0)
    found = collusion(votes, sure(truth, 2))
    assert len(found.first) > 0
    np.testing.assert_allclose(found.expected, found.identical)
    assert not found.flagged.any()


def test_the_numbers_of_a_pair_are_those_of_the_votes():
    # On 20 items of class 0 the pair is wrong: 12 alike, 8 apart; on 10 only one of them is.
    first = np.r_[np.full(12, 1), np.full(8, 1), np.full(10, 1)]
    second = np.r_[np.full(12, 1), np.full(8, 2), np.full(10, 0)]
    votes = Votes.of(np.tile([0, 1], 30), np.arange(30).repeat(2), np.stack([first, second], axis=1).ravel())
    found = collusion(votes, np.tile([1.0, 0.0, 0.0], (30, 1)))
    assert (found.shared.tolist(), found.identical.tolist()) == ([20.0], [12.0])


def test_an_uncertain_truth_counts_by_half():
    votes = Votes.of(np.tile([0, 1], 8), np.arange(8).repeat(2), np.full(16, 1), n_classes=3)
    found = collusion(votes, np.tile([0.5, 0.3, 0.2], (8, 1)))
    np.testing.assert_allclose(found.identical, 8 * 0.7)


def test_a_pair_needs_three_identical_wrong_answers():
    for coincidences, pairs in ((2, 0), (3, 1)):
        votes = Votes.of(np.tile([0, 1], coincidences), np.arange(coincidences).repeat(2), np.full(2 * coincidences, 1))
        found = collusion(votes, np.tile([1.0, 0.0], (coincidences, 1)))
        assert len(found.first) == pairs


def test_tiles_are_not_looked_at():
    votes = Votes.of(np.tile([0, 1], 50), np.arange(50).repeat(2), np.full(100, 1), Kind.YES, n_classes=3)
    assert len(collusion(votes, np.tile([1.0, 0.0, 0.0], (50, 1))).first) == 0


def test_without_votes_nobody_colludes():
    found = collusion(Votes.of([], [], [], n_classes=3), np.zeros((0, 3)))
    assert found.groups == () and len(found.first) == 0


def test_groups_are_what_flagged_pairs_connect():
    found = groups(np.array([7, 1, 2, 9]), np.array([3, 2, 5, 8]))
    assert [group.tolist() for group in found] == [[1, 2, 5], [3, 7], [8, 9]]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100), st.randoms(use_true_random=False))
def test_other_names_for_people_items_and_classes_change_nothing(seed: int, random: Any):
    votes, truth = Crowd(n_annotators=12, n_items=120, n_classes=4, each=8).votes(seed, ring=3, together=0.5)
    people, items, classes = (np.array(random.sample(range(n), n)) for n in (12, 120, 4))
    renamed = Votes.of(people[votes.annotator], items[votes.item], classes[votes.answer])
    other = np.empty_like(truth)
    other[items] = classes[truth]
    before, after = collusion(votes, sure(truth, 4)), collusion(renamed, sure(other, 4))

    def table(found: Collusion, names: IntArray) -> dict[frozenset[int], tuple[float, ...]]:
        rows = zip(names[found.first], names[found.second], found.identical, found.expected, found.q_value, strict=True)
        return {frozenset((int(a), int(b))): tuple(float(x) for x in rest) for a, b, *rest in rows}

    mine, yours = table(before, people), table(after, np.arange(12))
    assert mine.keys() == yours.keys()
    for pair, numbers in mine.items():
        np.testing.assert_allclose(yours[pair], numbers)


def test_a_million_votes_of_five_thousand_people_take_seconds():
    rng = np.random.default_rng(0)
    A, K, n_items, n = 5000, 10, 200_000, 1_000_000
    truth = rng.integers(K, size=n_items)
    # A twentieth of the votes falls on five hundred controls that everybody meets; the ring works on one batch.
    item = np.where(rng.random(n) < 0.05, rng.integers(500, size=n), rng.integers(n_items, size=n))
    person = rng.integers(8, A, size=n)
    item[:1600], person[:1600] = np.repeat(np.arange(1000, 1200), 8), np.tile(np.arange(8), 200)
    right = rng.random(n) < np.where(person < 1500, 0.1, 0.85)
    answer = np.where(right, truth[item], rng.integers(K, size=n))
    agreed = (truth + rng.integers(1, K, size=n_items)) % K
    answer[:1600] = np.where(rng.random(1600) < 0.5, agreed[item[:1600]], answer[:1600])
    votes = Votes.of(person, item, answer, n_annotators=A, n_items=n_items, n_classes=K)
    start = time.process_time()
    found = collusion(votes, sure(truth, K))
    assert time.process_time() - start < 15  # about 1 where nothing else runs
    assert [group.tolist() for group in found.groups] == [list(range(8))]


@pytest.mark.parametrize("wrong", [{"level": 0.0}, {"minimum": 0}, {"fan_out": 1}, {"weights": [2.0, 1.0]}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]):
    votes = Votes.of([0, 1], [0, 0], [0, 1])
    with pytest.raises(ValueError, match=r"level|weights"):
        collusion(votes, np.array([[0.5, 0.5]]), **wrong)
    with pytest.raises(ValueError, match="posterior"):
        collusion(votes, np.array([[1.0]]))
