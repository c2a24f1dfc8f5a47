import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.challenges.share import RELIABLE, STRANGER
from annotations.challenges.tiles import Answered, AnswerError, Candidate, Composed, NotEnough
from annotations.challenges.yes_no import YesNo

YES_NO = YesNo()
KEYS = (("", "ant"), ("", "bee"), ("", "cat"))
COMPOSED = Composed("yes-no", tuple(Candidate(i, 2 if i < 4 else None) for i in range(10)), None, (2, 0) * 5)
K = 10


def compose(controls, unknowns, *, check=STRANGER, seed=0) -> Composed:
    return YES_NO.compose(controls, unknowns, K, check, np.random.default_rng(seed))


def played(controls, unknowns, rounds: int = 8000) -> tuple[np.ndarray, np.ndarray]:
    """The truths, -1 for unknowns, and the classes asked about: two arrays (rounds, 10)."""
    rng = np.random.default_rng(2024)
    all_composed = [YES_NO.compose(controls, unknowns, K, STRANGER, rng) for _ in range(rounds)]
    truths = [[-1 if tile.truth is None else tile.truth for tile in c.tiles] for c in all_composed]
    return np.array(truths), np.array([c.asked for c in all_composed])


@pytest.fixture(scope="module")
def games(gold, asked):
    return played(gold(K, 8), asked(12, (2, 5, None)))


def test_a_stranger_answers_seven_controls_and_three_unknowns_somebody_known_two_and_eight(gold, asked) -> None:
    for check, n in ((STRANGER, 3), (RELIABLE, 8)):
        composed = compose(gold(K, 8), asked(12), check=check)
        assert sum(tile.truth is None for tile in composed.tiles) == n
        assert len(composed.asked) == 10


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.5, 0.8, 1.0], ids=lambda p: f"says yes to {p:.0%}")
def test_a_blind_stranger_passes_less_than_one_in_a_hundred(games, rate) -> None:
    truths, about = games
    said = np.random.default_rng(1).random(truths.shape) < rate
    assert ((said == (truths == about)) | (truths == -1)).all(axis=1).mean() < 0.012  # 2^-7 and its spread


def test_the_controls_are_independent_coins_whatever_they_are_asked_about(games) -> None:
    truths, about = games
    control, yes = truths != -1, (truths == about) & (truths != -1)
    assert control.sum() == 8000 * 7
    for cls in (2, 5):
        share = yes[control & (about == cls)].mean()
        assert abs(share - 0.5) < 4 * 0.5 / np.sqrt((control & (about == cls)).sum())
    assert yes.sum(axis=1).var() == pytest.approx(7 / 4, rel=0.06)


def test_somebody_who_is_right_in_97_of_100_passes_four_times_in_five(games) -> None:
    truths, _ = games
    right = np.random.default_rng(4).random(truths.shape) < 0.97
    assert (right | (truths == -1)).all(axis=1).mean() >= 0.80


def test_what_a_tile_is_asked_about_does_not_tell_what_it_is_for(games) -> None:
    """Controls are asked about the model's guesses, as often as unknowns are."""
    truths, about = games
    assert set(np.unique(about)) == {2, 5}
    of_controls, of_unknowns = (about[truths != -1] == 2).mean(), (about[truths == -1] == 2).mean()
    assert abs(of_controls - of_unknowns) < 0.03


def test_an_unknown_is_asked_about_what_the_model_takes_it_for(gold, asked) -> None:
    composed = compose(gold(K, 8), asked(20, (4, 6)))
    unknowns = [(tile.guess, cls) for tile, cls in zip(composed.tiles, composed.asked, strict=True) if not tile.truth]
    assert all(guess == cls for guess, cls in unknowns if guess is not None)


def test_a_class_that_has_too_few_controls_is_asked_about_nowhere(gold, asked) -> None:
    controls = [c for c in gold(K, 8) if c.truth != 4] + [Candidate(1, 4)]
    for seed in range(30):
        assert 4 not in compose(controls, asked(12, (4,)), seed=seed).asked


def test_too_few_controls_for_a_fair_coin_are_not_enough(asked) -> None:
    controls = [Candidate(i, truth=i % 2) for i in range(13)]  # seven of one, six of the other
    with pytest.raises(NotEnough, match="7 controls"):
        compose(controls, asked(9))


def test_yes_and_no_are_about_the_class_that_each_tile_is_asked_about() -> None:
    raw = ["yes", "no", " Yes", "NO", "?", None, "yes", "no", "no", "no"]
    said = YES_NO.parse(raw, COMPOSED, KEYS)
    assert said[:4] == (Answered(0, "yes", 2), Answered(1, "no", 0), Answered(2, "yes", 2), Answered(3, "no", 0))
    assert [answer.position for answer in said] == [0, 1, 2, 3, 6, 7, 8, 9]
    graded = YES_NO.grade(COMPOSED, said)
    assert graded.passed
    assert graded.votes == said[4:]


def test_who_can_not_tell_a_control_does_not_pass() -> None:
    assert not YES_NO.grade(COMPOSED, YES_NO.parse(["?", *["no"] * 9], COMPOSED, KEYS)).passed


@pytest.mark.parametrize("raw", [None, "yes", ["yes"] * 9, ["yes"] * 11, ["maybe"] * 10, [1] * 10, [[]] * 10], ids=repr)
def test_what_is_neither_yes_nor_no_is_refused_in_plain_words(raw) -> None:
    with pytest.raises(AnswerError, match="yes"):
        YES_NO.parse(raw, COMPOSED, KEYS)


def test_each_tile_has_a_question_of_its_own() -> None:
    questions = YES_NO.questions(COMPOSED, KEYS)
    assert [question.asks for question in questions[:2]] == ["Does it show cat?", "Does it show ant?"]
    assert [(o.value, o.key) for o in questions[0].options] == [("yes", "y"), ("no", "n"), ("?", "0")]


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 2**32 - 1), seen=st.lists(st.integers(0, K - 1), min_size=10, max_size=10))
def test_what_somebody_sees_is_what_is_read(seed: int, seen: list[int]) -> None:
    controls = [Candidate(100 + i, i % K) for i in range(90)]
    composed = compose(controls, [Candidate(i, None, i % 4) for i in range(9)], seed=seed)
    read = YES_NO.parse(YES_NO.say(composed, seen), composed, KEYS)
    assert [(a.kind == "yes", a.cls) for a in read] == [
        (cls == about, about) for cls, about in zip(seen, composed.asked, strict=True)
    ]
