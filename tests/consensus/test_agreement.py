from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus.agreement import Agreement, fleiss_kappa, krippendorff_alpha
from annotations.consensus.cohen import cohen_kappa, cohen_pairs
from annotations.consensus.peers import leave_one_out_agreement
from annotations.consensus.ratings import Ratings, choices, pairs_within, thinned, tiles
from annotations.consensus.votes import FloatArray, Kind, Votes

# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), example C: four observers, twelve units.
KRIPPENDORFF = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
# The same, example B: two observers, ten units, two values.
BINARY = """
0 1 0 0 0 0 0 0 1 0
1 1 1 0 0 1 0 0 0 0
"""
# Ten subjects (rows), fourteen raters, five categories: the worked example of Wikipedia's "Fleiss' kappa".
FLEISS = """
0 0 0 0 14
0 2 6 4 2
0 0 3 5 6
0 3 9 2 0
2 2 8 1 1
7 7 0 0 0
3 2 6 3 0
2 5 3 2 2
6 5 2 1 0
0 2 2 3 7
"""
STATISTICS = [krippendorff_alpha, fleiss_kappa, cohen_kappa]


def by_observer(table: str, lowest: int) -> Votes:
    rows = [
        (a, i, int(value) - lowest)
        for a, line in enumerate(table.split("\n")[1:-1])
        for i, value in enumerate(line.split())
        if value != "."
    ]
    return Votes.of(*np.array(rows).T)


def by_count(table: str) -> Votes:
    counts = np.array([line.split() for line in table.split("\n")[1:-1]], dtype=int)
    item, answer = (np.repeat(part.ravel(), counts.ravel()) for part in np.indices(counts.shape))
    annotator = np.concatenate([np.arange(n) for n in counts.sum(axis=1)])
    return Votes.of(annotator, item, answer)


def two_people(*cells: tuple[int, int, int]) -> Votes:
    """Two people's answers: (the first's, the second's, how many items)."""
    first, second, count = np.array(cells).T
    answers = np.stack([np.repeat(first, count), np.repeat(second, count)], axis=1)
    item = np.arange(len(answers)).repeat(2)
    return Votes.of(np.tile([0, 1], len(answers)), item, answers.ravel())


@st.composite
def some_votes(draw: st.DrawFn) -> Votes:
    people, items, classes = draw(st.integers(1, 4)), draw(st.integers(1, 6)), draw(st.integers(1, 4))
    vote = st.tuples(*(st.integers(0, high - 1) for high in (people, items, classes, 3)))
    unique = st.lists(vote, max_size=30, unique_by=lambda row: row[:2])
    rows = np.array(draw(unique), dtype=np.int64).reshape(-1, 4)
    return Votes.of(*rows.T, n_annotators=people, n_items=items, n_classes=classes)


def crowd(n_items: int, n_annotators: int, each: int, accuracy: float = 0.8, n_classes: int = 10) -> Votes:
    rng = np.random.default_rng(0)
    truth = rng.integers(n_classes, size=n_items)
    item = np.repeat(np.arange(n_items), each)
    person = rng.random((n_items, n_annotators)).argsort(axis=1)[:, :each].ravel()
    right = rng.random(len(item)) < accuracy
    answer = np.where(right, truth[item], rng.integers(n_classes, size=len(item)))
    return Votes.of(person, item, answer, n_annotators=n_annotators, n_classes=n_classes)


def test_krippendorffs_own_example_gives_his_alpha():
    alpha = krippendorff_alpha(choices(by_observer(KRIPPENDORFF, 1)), resamples=0)
    assert alpha.value == pytest.approx(0.743, abs=5e-4)
    assert (alpha.n_units, alpha.n_answers) == (11, 40)
    assert np.isnan(alpha.low)


def test_krippendorffs_binary_example_gives_his_alpha():
    alpha = krippendorff_alpha(choices(by_observer(BINARY, 0)), resamples=0)
    assert alpha.value == pytest.approx(0.095, abs=5e-4)
    np.testing.assert_allclose(alpha.by_class, alpha.value)


def test_fleiss_kappa_of_the_worked_example_is_0_210():
    kappa = fleiss_kappa(choices(by_count(FLEISS)), resamples=0)
    assert kappa.value == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_of_a_category_follows_his_formula():
    counts = np.array([line.split() for line in FLEISS.split("\n")[1:-1]], dtype=int)
    n, p = 14, counts.mean(axis=0) / 14
    expected = 1 - (counts * (n - counts)).sum(axis=0) / (len(counts) * n * (n - 1) * p * (1 - p))
    np.testing.assert_allclose(fleiss_kappa(choices(by_count(FLEISS)), resamples=0).by_class, expected)


def test_with_unequal_numbers_of_answers_every_unit_weighs_alike():
    votes = Votes.of([0, 1, 0, 1, 2, 3], [0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1])
    # Agreement (1 + 1/2) / 2, shares (1 + 1/4) / 2 and 3/8.
    chance = 0.625**2 + 0.375**2
    assert fleiss_kappa(choices(votes), resamples=0).value == pytest.approx((0.75 - chance) / (1 - chance))


def test_cohens_kappa_of_the_classic_table_is_0_4():
    votes = two_people((0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15))
    assert cohen_kappa(choices(votes), resamples=0).value == pytest.approx(0.4)
    pairs = cohen_pairs(choices(votes))
    assert (pairs.first.tolist(), pairs.second.tolist(), pairs.shared.tolist()) == ([0], [1], [50])


def test_cohens_kappa_tells_equal_agreement_with_unequal_margins_apart():
    assert cohen_pairs(choices(two_people((0, 0, 45), (0, 1, 15), (1, 0, 25), (1, 1, 15)))).kappa[0] == pytest.approx(
        0.1304, abs=5e-5
    )
    assert cohen_pairs(choices(two_people((0, 0, 25), (0, 1, 35), (1, 0, 5), (1, 1, 35)))).kappa[0] == pytest.approx(
        0.2593, abs=5e-5
    )


def test_the_mean_of_cohens_kappa_weighs_pairs_by_what_they_share():
    rng = np.random.default_rng(1)
    answers = rng.integers(3, size=(3, 40))
    seen = np.ones((3, 40), dtype=bool)
    seen[2, 10:] = False
    person, item = np.nonzero(seen)
    ratings = choices(Votes.of(person, item, answers[person, item]))
    pairs = cohen_pairs(ratings)
    assert pairs.shared.tolist() == [40, 10, 10]
    expected = (pairs.kappa * pairs.shared).sum() / 60
    assert cohen_kappa(ratings, resamples=0).value == pytest.approx(expected)


def test_a_class_against_the_rest_is_the_kappa_of_two_classes():
    votes = crowd(200, 4, 3, n_classes=4)
    for c in range(4):
        merged = Votes.of(votes.annotator, votes.item, (votes.answer == c).astype(int))
        for statistic in STATISTICS:
            whole = statistic(choices(votes), resamples=0).by_class[c]
            assert whole == pytest.approx(statistic(choices(merged), resamples=0).value)


def test_pairs_who_share_too_little_do_not_count():
    votes = two_people((0, 0, 2), (1, 1, 2))
    assert np.isnan(cohen_kappa(choices(votes), minimum=5).value)
    assert cohen_kappa(choices(votes), minimum=4).value == pytest.approx(1)


def test_alpha_is_not_defined_for_one_person_one_class_or_nothing_shared():
    alone = Votes.of([0, 0], [0, 1], [0, 1])
    one_class = Votes.of([0, 1], [0, 0], [0, 0])
    apart = Votes.of([0, 1], [0, 1], [0, 1])
    for votes in (alone, one_class, apart, Votes.of([], [], [])):
        for statistic in STATISTICS:
            agreement = statistic(choices(votes), resamples=20)
            assert np.isnan([agreement.value, agreement.low, agreement.high, *agreement.by_class]).all()


def test_a_class_that_nobody_named_has_no_agreement():
    votes = Votes.of([0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 1, 1], n_classes=3)
    by_class = krippendorff_alpha(choices(votes)).by_class
    assert by_class[:2].tolist() == [1, 1]
    assert np.isnan(by_class[2])


@settings(max_examples=60, deadline=None)
@given(some_votes(), st.randoms(use_true_random=False))
def test_other_names_for_people_items_and_classes_change_nothing(votes: Votes, random: Any):
    people, items, classes = (
        np.array(random.sample(range(n), n)) for n in (votes.n_annotators, votes.n_items, votes.n_classes)
    )
    sizes = {"n_annotators": votes.n_annotators, "n_items": votes.n_items, "n_classes": votes.n_classes}
    renamed = Votes.of(people[votes.annotator], items[votes.item], classes[votes.answer], votes.kind, **sizes)
    for statistic in (krippendorff_alpha, fleiss_kappa, lambda *a, **k: cohen_kappa(*a, minimum=1, **k)):
        before, after = (statistic(choices(v), resamples=0) for v in (votes, renamed))
        np.testing.assert_allclose(after.value, before.value)
        np.testing.assert_allclose(after.by_class[classes], before.by_class)
        told = [statistic(tiles(v), resamples=0).value for v in (votes, renamed)]
        np.testing.assert_allclose(*told)
    before_peers, after_peers = leave_one_out_agreement(votes), leave_one_out_agreement(renamed)
    np.testing.assert_allclose(after_peers.share[people], before_peers.share)
    np.testing.assert_array_equal(after_peers.n[people], before_peers.n)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=12).filter(lambda t: len(set(t)) > 1), st.integers(2, 5))
def test_perfect_agreement_is_one(truth: list[int], people: int):
    item = np.repeat(np.arange(len(truth)), people)
    ratings = choices(Votes.of(np.tile(np.arange(people), len(truth)), item, np.array(truth)[item]))
    assert krippendorff_alpha(ratings, resamples=0).value == pytest.approx(1)
    assert fleiss_kappa(ratings, resamples=0).value == pytest.approx(1)
    assert cohen_kappa(ratings, minimum=1, resamples=0).value == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(some_votes())
def test_no_coefficient_exceeds_one_and_bounds_are_in_order(votes: Votes):
    for statistic in STATISTICS:
        agreement = statistic(choices(votes), resamples=20)
        for value in (agreement.value, *agreement.by_class):
            assert np.isnan(value) or value <= 1 + 1e-9
        assert not agreement.low > agreement.high


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_crowd_that_guesses_agrees_by_chance(statistic: Any):
    assert statistic(choices(crowd(3000, 10, 5, accuracy=0.0)), resamples=0).value == pytest.approx(0, abs=0.02)


def spread_of(statistic: Any, n_items: int) -> FloatArray:
    return np.array([statistic(choices(sample(n_items, seed)), resamples=0).value for seed in range(60)])


def sample(n_items: int, seed: int) -> Votes:
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=n_items)
    item = np.repeat(np.arange(n_items), 4)
    answer = np.where(rng.random(len(item)) < 0.7, truth[item], rng.integers(3, size=len(item)))
    return Votes.of(np.tile(np.arange(4), n_items), item, answer)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_interval_is_as_wide_as_other_data_sets_would_differ(statistic: Any):
    values = spread_of(statistic, 200)
    agreement = statistic(choices(sample(200, 99)), resamples=400)
    assert agreement.low < agreement.value < agreement.high
    assert (agreement.high - agreement.low) / 3.92 == pytest.approx(values.std(), rel=0.3)


def test_the_interval_is_the_same_for_the_same_seed_only():
    ratings = choices(sample(50, 0))
    first, again, other = (krippendorff_alpha(ratings, resamples=50, seed=s) for s in (1, 1, 2))
    assert (first.low, first.high) == (again.low, again.high)
    assert (first.low, first.high) != (other.low, other.high)


@pytest.mark.parametrize("wrong", [{"level": 1.0}, {"resamples": -1}])
def test_an_interval_that_makes_no_sense_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match="level"):
        krippendorff_alpha(choices(sample(5, 0)), **wrong)


def test_a_thousand_resamples_of_ten_thousand_items_take_seconds():
    ratings = choices(crowd(10_000, 60, 5))
    for statistic in STATISTICS:
        start = time.process_time()
        agreement = statistic(ratings)
        assert time.process_time() - start < 8  # about 1 where nothing else runs
        assert isinstance(agreement, Agreement)
        assert agreement.low < agreement.value < agreement.high


def test_a_tile_is_a_question_about_one_class():
    votes = Votes.of([0, 1, 0, 1, 0], [0, 0, 0, 1, 1], [2, 2, 1, 2, 2], [1, 2, 1, 1, 0])
    ratings = tiles(votes)
    # (item 0, class 1), (item 0, class 2) twice, (item 1, class 2); the choice is none of them.
    assert ratings.unit.tolist() == [0, 1, 1, 2]
    assert ratings.value.tolist() == [1, 1, 0, 1]
    assert ratings.item.tolist() == [0, 0, 1]
    assert len(tiles(votes, asked=1)) == 1
    with pytest.raises(ValueError, match="asked"):
        tiles(votes, asked=3)


def test_tiles_have_the_agreement_of_their_yes_and_no():
    table = two_people((0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15))
    told = Votes.of(table.annotator, table.item, np.full(len(table), 4), np.where(table.answer == 1, Kind.YES, Kind.NO))
    assert cohen_kappa(tiles(told), resamples=0).value == pytest.approx(0.4)
    assert cohen_kappa(tiles(told, asked=4), resamples=0).value == pytest.approx(0.4)
    assert np.isnan(cohen_kappa(tiles(told, asked=0), resamples=0).value)


def test_of_two_votes_on_one_item_the_later_counts():
    ratings = choices(Votes.of([0, 1, 0], [0, 0, 0], [0, 1, 1]))
    assert ratings.value.tolist() == [1, 1]


def test_nobody_agrees_with_themselves():
    votes = Votes.of([0, 1, 2, 0, 0], [0, 0, 0, 1, 2], [0, 1, 1, 0, 0])
    peers = leave_one_out_agreement(votes)
    # Without their own vote, 1 and 2 face a tie between the other two: half of the tie is theirs.
    np.testing.assert_allclose(peers.share, [0, 0.5, 0.5])
    assert peers.n.tolist() == [1, 1, 1]


def test_whoever_shares_nothing_has_no_agreement():
    peers = leave_one_out_agreement(Votes.of([0, 1], [0, 1], [0, 0], n_annotators=3))
    assert np.isnan(peers.share).all()
    assert peers.n.tolist() == [0, 0, 0]


@settings(max_examples=80, deadline=None)
@given(some_votes())
def test_leave_one_out_agreement_is_what_counting_by_hand_gives(votes: Votes):
    credit, n = np.zeros(votes.n_annotators), np.zeros(votes.n_annotators)
    for ratings in (choices(votes), tiles(votes)):
        for k in range(len(ratings)):
            others = (ratings.unit == ratings.unit[k]) & (np.arange(len(ratings)) != k)
            if others.any():
                tally = np.bincount(ratings.value[others], minlength=ratings.n_values)
                top = tally == tally.max()
                credit[ratings.annotator[k]] += top[ratings.value[k]] / top.sum()
                n[ratings.annotator[k]] += 1
    peers = leave_one_out_agreement(votes)
    np.testing.assert_array_equal(peers.n, n)
    np.testing.assert_allclose(peers.share[n > 0], credit[n > 0] / n[n > 0])


@given(st.lists(st.integers(0, 4), max_size=20), st.integers(1, 30))
def test_every_pair_within_a_group_is_found_once(group: list[int], rows: int):
    group = sorted(group)
    found = [
        pair
        for left, right in pairs_within(np.array(group, dtype=np.int64), rows)
        for pair in zip(left, right, strict=True)
    ]
    expected = [(i, j) for i in range(len(group)) for j in range(i + 1, len(group)) if group[i] == group[j]]
    assert sorted((int(i), int(j)) for i, j in found) == expected


def test_of_a_large_group_no_more_than_the_cap_is_kept():
    group = np.repeat([0, 1, 2], [3, 50, 10])
    kept = thinned(group, 10, np.random.default_rng(0))
    assert np.bincount(group[kept]).tolist() == [3, 10, 10]
    assert (np.diff(kept) > 0).all()


def test_the_cap_leaves_kappa_where_it_was():
    votes = crowd(300, 30, 30)
    whole, capped = (cohen_kappa(choices(votes), fan_out=cap, resamples=0) for cap in (200, 15))
    assert capped.value == pytest.approx(whole.value, abs=0.02)


def test_ratings_know_their_size():
    ratings = choices(Votes.of([0], [0], [0], n_items=3))
    assert isinstance(ratings, Ratings)
    assert (len(ratings), ratings.n_units) == (1, 3)
