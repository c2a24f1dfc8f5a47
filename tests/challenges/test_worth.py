"""What a challenge is worth: bits a second, which unknowns it had best be about, which kind comes next."""

import numpy as np
import pytest

from annotations.challenges import share, worth
from annotations.challenges.registry import KINDS, OFFERED
from annotations.challenges.share import STRANGER
from annotations.challenges.tiles import Candidate, Composed

K = 10
KEYS = tuple((str(cls), f"class {cls}") for cls in range(K))
SURE = worth.usual_matrix(0.0, K)
every_kind = pytest.mark.parametrize("kind", OFFERED.values(), ids=OFFERED)


def belief(**shares: float) -> np.ndarray:
    """`belief(c3=0.5)`: the rest is spread over the other classes."""
    row = np.full(K, (1 - sum(shares.values())) / (K - len(shares)))
    for name, part in shares.items():
        row[int(name[1:])] = part
    return row


def composed_of(kind, controls, unknowns, seed=0) -> Composed:
    return kind.compose(controls, unknowns, K, STRANGER, np.random.default_rng(seed))


def unknowns_of(composed: Composed) -> list[Candidate]:
    return [tile for tile in composed.tiles if tile.truth is None]


def test_a_person_takes_as_long_as_was_measured(gold, asked) -> None:
    grid, strip = (composed_of(KINDS[name], gold(K, 8), asked(12)) for name in ("grid", "strip"))
    assert worth.seconds(KINDS["grid"], grid, KEYS) == pytest.approx(10)
    assert worth.seconds(KINDS["strip"], strip, KEYS) == pytest.approx(12)
    choice = composed_of(KINDS["choice"], gold(K, 8), asked(12))
    assert worth.seconds(KINDS["choice"], choice, KEYS) == pytest.approx(worth.START + 8 * 3)


def test_what_has_no_key_to_type_is_picked_from_a_list_and_takes_longer(gold, asked) -> None:
    strip = composed_of(KINDS["strip"], gold(K, 8), asked(12))
    assert worth.seconds(KINDS["strip"], strip, [("", name) for _, name in KEYS]) > 30


@every_kind
def test_nothing_is_told_of_what_is_certain_and_something_of_what_is_not(kind, gold, asked) -> None:
    composed = composed_of(kind, gold(K, 8), asked(12, (3,)))
    certain = {tile.image_id: belief(c3=1.0) for tile in unknowns_of(composed)}
    open_ = {tile.image_id: belief(c3=0.5) for tile in unknowns_of(composed)}
    assert worth.bits(kind, composed, certain, SURE, KEYS) == pytest.approx(0, abs=1e-9)
    assert worth.bits(kind, composed, open_, SURE, KEYS) > 0.1
    assert worth.bits(kind, composed, {}, SURE, KEYS) == 0


def test_a_question_tells_one_bit_at_most_and_a_name_more() -> None:
    controls, even = [Candidate(i, i % K) for i in range(80)], np.full(K, 0.1)
    perfect = np.eye(K)
    unknowns = [Candidate(900 + i, None, 3) for i in range(12)]
    grid, strip = (composed_of(KINDS[name], controls, unknowns) for name in ("grid", "strip"))
    halves = {one.image_id: belief(c3=0.5) for one in unknowns}
    assert worth.bits(KINDS["grid"], grid, halves, perfect, KEYS) == pytest.approx(len(unknowns_of(grid)))
    everything = {one.image_id: even for one in unknowns}
    told = worth.bits(KINDS["strip"], strip, everything, perfect, KEYS)
    assert told == pytest.approx(len(unknowns_of(strip)) * np.log2(K))


def test_none_of_these_is_no_vote_and_tells_nothing() -> None:
    """Two options are as likely as all others together, and half of the answers are votes for one of the two."""
    tiles = (Candidate(1, 0), Candidate(2, None))
    composed = Composed("choice", tiles, None, (0, 1))
    told = worth.bits(KINDS["choice"], composed, {2: belief(c0=0.25, c1=0.25)}, np.eye(K), KEYS)
    assert told == pytest.approx(0.5 * 2)  # where somebody votes, of four even chances one is left


def test_somebody_who_guesses_tells_nothing(gold, asked) -> None:
    strip = composed_of(KINDS["strip"], gold(K, 8), asked(12))
    beliefs = {tile.image_id: belief(c1=0.5) for tile in unknowns_of(strip)}
    assert worth.bits(KINDS["strip"], strip, beliefs, np.full((K, K), 0.1), KEYS) == pytest.approx(0, abs=1e-9)


def test_classes_that_were_removed_are_no_answer(gold, asked) -> None:
    keys = (("", ""), *KEYS[1:])
    controls = [control for control in gold(K, 8) if control.truth]
    strip = composed_of(KINDS["strip"], controls, asked(12))
    beliefs = {tile.image_id: belief(c0=0.0) for tile in unknowns_of(strip)}
    assert worth.bits(KINDS["strip"], strip, beliefs, SURE, keys) > 1


def test_a_thousand_classes_are_weighed_by_those_believed_in() -> None:
    n = 1000
    keys = [("", f"class {cls}") for cls in range(n)]
    controls = [Candidate(i, i % n) for i in range(4 * n)]
    grid = KINDS["grid"]
    composed = Composed("grid", (*controls[:8], Candidate(9000, None)), 700)
    row = np.full(n, 0.0)
    row[[700, 701]] = 0.5
    assert worth.bits(grid, composed, {9000: row}, np.eye(n), keys) == pytest.approx(1, abs=0.01)


def chosen_for(name: str, beliefs: dict[int, np.ndarray], controls) -> tuple[Composed, list[Candidate]]:
    unknowns = [Candidate(image, None) for image in beliefs]
    trial = composed_of(KINDS[name], controls, unknowns)
    return trial, worth.pointed(KINDS[name], trial, controls, unknowns, beliefs, SURE)


def test_a_grid_chooses_by_itself_among_the_whole_front(gold) -> None:
    beliefs = {900 + i: belief(c4=0.98) for i in range(20)}
    assert [one.image_id for one in chosen_for("grid", beliefs, gold(K, 8))[1]] == list(beliefs)


@pytest.mark.parametrize("name", ["yes-no", "choice", "strip"])
def test_where_any_class_is_as_likely_none_is_guessed(name, gold) -> None:
    _, chosen = chosen_for(name, {900 + i: np.full(K, 0.1) for i in range(20)}, gold(K, 8))
    assert {(one.guess, one.likely) for one in chosen} == {(None, ())}


def test_yes_or_no_asks_of_each_the_class_that_it_may_well_be(gold) -> None:
    beliefs = {900 + i: belief(c4=0.98) for i in range(20)} | {950 + i: belief(**{f"c{i}": 0.5}) for i in range(3)}
    _, chosen = chosen_for("yes-no", beliefs, gold(K, 8))
    assert {(one.image_id, one.guess) for one in chosen} == {(950, 0), (951, 1), (952, 2)}


def test_a_strip_is_of_those_of_which_least_is_known(gold) -> None:
    beliefs = {900 + i: belief(c4=0.98) for i in range(20)} | {950 + i: np.full(K, 0.1) for i in range(6)}
    _, chosen = chosen_for("strip", beliefs, gold(K, 8))
    assert {one.image_id for one in chosen} == set(range(950, 956))


def test_a_choice_offers_what_the_first_may_be(gold) -> None:
    beliefs = {900 + i: belief(c4=0.98) for i in range(20)} | {950: belief(c1=0.34, c2=0.33, c8=0.32)}
    _, chosen = chosen_for("choice", beliefs, gold(K, 8))
    assert (chosen[0].image_id, chosen[0].likely[:3]) == (950, (1, 2, 8))
    assert {1, 2, 8} <= set(composed_of(KINDS["choice"], gold(K, 8), chosen).asked)


def test_no_class_is_asked_about_that_the_coin_cannot_be_fair_for(gold) -> None:
    controls = [control for control in gold(K, 8) if control.truth != 7]
    beliefs = {900 + i: belief(c7=0.5, c2=0.2) for i in range(20)}
    assert {one.guess for one in chosen_for("yes-no", beliefs, controls)[1]} == {2}


@every_kind
def test_where_nothing_is_believed_the_unknowns_stay_as_they_are(kind, gold, asked) -> None:
    trial = composed_of(kind, gold(K, 8), asked(12))
    assert worth.pointed(kind, trial, gold(K, 8), asked(12), {}, SURE) == asked(12)


@every_kind
def test_chosen_unknowns_leave_the_controls_to_the_same_chances(kind, gold) -> None:
    """A player who doesn't look passes as seldom as before."""
    beliefs = {900 + i: belief(**{f"c{i % 3}": 0.5}) for i in range(40)}
    unknowns, controls, rng = [Candidate(image, None) for image in beliefs], gold(K, 8), np.random.default_rng(5)
    passed, rounds, n_controls = 0, 3000, 0
    for _ in range(rounds):
        trial = kind.compose(controls, unknowns, K, STRANGER, rng)
        chosen = worth.pointed(kind, trial, controls, unknowns, beliefs, SURE)
        composed = kind.compose(controls, chosen, K, STRANGER, rng)
        n_controls = kind.checked(composed)
        seen = [0] * len(composed.tiles)
        passed += kind.grade(composed, kind.parse(kind.say(composed, seen), composed, KEYS)).passed
    stated = kind.blind_pass_rate(n_controls, K)
    assert passed / rounds < stated + 4 * np.sqrt(stated / rounds)


def test_the_kind_that_is_worth_most_comes_first_most_often_and_none_never() -> None:
    rng = np.random.default_rng(0)
    rates = {"a": 2.0, "b": 1.0, "c": 0.0}
    first = [worth.in_order(rates, ["a", "b", "c"], rng)[0] for _ in range(4000)]
    share = {kind: first.count(kind) / 4000 for kind in rates}
    assert share["a"] > 0.8 > 0.2 > share["b"] > share["c"] > 0.02


def test_a_kind_of_which_nothing_is_known_yet_counts_as_the_best() -> None:
    rng = np.random.default_rng(0)
    first = [worth.in_order({"a": 1.0, "b": 0.1}, ["a", "b", "new"], rng)[0] for _ in range(2000)]
    assert first.count("new") / 2000 == pytest.approx(first.count("a") / 2000, abs=0.05)


def test_the_order_holds_each_kind_once_also_where_nothing_is_worth_anything() -> None:
    rng = np.random.default_rng(0)
    assert sorted(worth.in_order({"a": 0.0, "b": 0.0}, ["a", "b"], rng)) == ["a", "b"]
    assert worth.in_order({}, [], rng) == []


def test_what_is_remembered_follows_the_latest_slowly() -> None:
    assert worth.remembered(None, 2.0) == 2.0
    assert worth.remembered(1.0, 2.0) == pytest.approx(1.1)


def test_less_doubt_is_a_better_matrix() -> None:
    assert worth.usual_matrix(1.0, K)[0, 0] < worth.usual_matrix(0.5, K)[0, 0] < worth.usual_matrix(0.0, K)[0, 0]
    assert [share.level(doubt) for doubt in (0, 0.1, 0.25, 0.6, 1)] == [0, 0.25, 0.25, 0.75, 1]
