"""Questions without pictures: how sure their verdict is, and that nothing shown tells which option is right."""

from collections import Counter

import numpy as np
import pytest

from annotations.challenges.share import STRANGER
from annotations.challenges.tiles import AnswerError
from annotations.challenges.unseen import asking, riddles, sounds
from annotations.challenges.unseen.languages import LEXICONS, lexicon_of
from annotations.challenges.unseen.lexicon import Lexicon

COMPOSERS = {"sound": sounds.compose, "riddle": riddles.compose}
every_kind = pytest.mark.parametrize("compose", COMPOSERS.values(), ids=COMPOSERS)
every_language = pytest.mark.parametrize("language", LEXICONS)
every_way = pytest.mark.parametrize("way", ["work", "wait"])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@every_way
def test_hardly_anybody_passes_who_guesses_and_most_do_who_attend(way: asking.Way) -> None:
    n = asking.questions_needed(way)
    assert asking.blind_pass_rate(n) < 1 / STRANGER.odds
    assert asking.honest_pass_rate(n) >= 0.8


def test_who_does_no_work_answers_more() -> None:
    assert (asking.questions_needed("work"), asking.questions_needed("wait")) == (4, 7)


@every_kind
@every_way
def test_a_seed_says_all(compose: asking.Compose, way: asking.Way) -> None:
    n = asking.questions_needed(way)
    assert compose(n, rng(7)) == compose(n, rng(7))
    assert compose(n, rng(7)) != compose(n, rng(8))


@every_kind
def test_each_question_has_four_different_options_and_the_right_one_stands_anywhere(compose: asking.Compose) -> None:
    questions = [question for seed in range(400) for question in compose(4, rng(seed))]
    assert all(len({option.label for option in question.question.options}) == 4 for question in questions)
    assert [option.value for option in questions[0].question.options] == ["0", "1", "2", "3"]
    places = Counter(question.right for question in questions)
    assert all(abs(places[place] / len(questions) - 0.25) < 0.04 for place in range(4))


@every_kind
def test_played_out_a_guesser_passes_as_often_as_was_worked_out(compose: asking.Compose) -> None:
    player = rng(1)
    n = asking.questions_needed("work")
    passed = sum(asking.passed(compose(n, rng(seed)), player.integers(4, size=n).tolist()) for seed in range(3000))
    assert passed / 3000 == pytest.approx(asking.blind_pass_rate(n), abs=0.004)


def test_who_has_a_favourite_sound_is_right_no_more_often() -> None:
    """Also not who prefers a sound that stands alone in its family, or the one that is offered most."""
    rates = {}
    offered = [question for seed in range(1500) for question in sounds.compose(4, rng(seed))]
    for name, sound in sounds.SOUNDS.items():
        with_it = [question for question in offered if sound.words in labels(question)]
        rates[name] = np.mean([labels(question)[question.right] == sound.words for question in with_it])
    assert all(abs(rate - 0.25) < 0.04 for rate in rates.values()), rates


def test_the_number_that_comes_next_is_as_often_the_lowest_as_the_highest() -> None:
    ranks = Counter()
    for seed in range(2000):
        question = riddles.counts_on(rng(seed))
        numbers = sorted(map(int, labels(question)))
        ranks[numbers.index(int(labels(question)[question.right]))] += 1
    assert all(abs(ranks[rank] / 2000 - 0.25) < 0.04 for rank in range(4))


def test_riddles_come_from_a_large_space() -> None:
    """Of 2,000 times four riddles no two are the same four, and most of the riddles are met once."""
    fours = [[(one.question.asks, frozenset(labels(one))) for one in riddles.compose(4, rng(i))] for i in range(2000)]
    assert len({frozenset(four) for four in fours}) == 2000
    assert len({riddle for four in fours for riddle in four}) > 0.6 * 8000


def test_no_riddle_is_asked_twice_at_once() -> None:
    for seed in range(300):
        asks = [one.question.asks for one in riddles.compose(7, rng(seed))]
        assert len(set(asks)) == 7


@every_language
def test_no_word_stands_in_two_groups_so_that_one_answer_is_right(language: str) -> None:
    lexicon = lexicon_of(language)
    words = [word for group in lexicon.groups.values() for word in group]
    assert len(set(words)) == len(words)
    assert min(len(group) for group in lexicon.groups.values()) >= asking.OPTIONS - 1
    sides = [word for pair in lexicon.opposites for word in pair]
    assert len(set(sides)) == len(sides)
    ladders = (*lexicon.sizes, *lexicon.spans)
    assert all(len(set(ladder)) == len(ladder) >= asking.OPTIONS for ladder in ladders)


@every_language
def test_a_language_has_as_many_riddles_as_english(language: str) -> None:
    english, lexicon = lexicon_of("en"), lexicon_of(language)
    for part in ("groups", "opposites", "sizes", "spans", "days", "months"):
        assert len(getattr(lexicon, part)) == len(getattr(english, part)), part


def test_a_language_without_words_of_its_own_gets_english_ones() -> None:
    assert lexicon_of("fr") is lexicon_of("en")


@every_language
@pytest.mark.parametrize("maker", riddles.MAKERS, ids=lambda maker: maker.__name__)
def test_a_riddles_answer_can_be_worked_out_from_its_words(maker, language: str) -> None:
    lexicon = lexicon_of(language)
    for seed in range(200):
        question = maker(rng(seed), lexicon)
        assert labels(question)[question.right] == worked_out(question.question.asks, labels(question), lexicon)


def worked_out(asks: str, options: list[str], lexicon: Lexicon) -> str:
    """As somebody does who knows the words and can count, but not how riddles are made."""
    for name, words in lexicon.groups.items():
        if asks == lexicon.which_is.format(name):
            return next(option for option in options if option in words)
        if asks == lexicon.which_is_not.format(name):
            return next(option for option in options if option not in words)
    for pair in lexicon.opposites:
        for word, other in (pair, pair[::-1]):
            if asks == lexicon.opposite_of.format(word):
                return other
    shown = asks.split(":")[0].split(lexicon.comma)
    if asks.endswith(lexicon.counts_on.format("")):
        last, before = int(shown[-1]), int(shown[-2])
        return str(2 * last - before)
    if asks.endswith(lexicon.comes_next.format("")):
        line = lexicon.days if shown[0] in lexicon.days else lexicon.months
        second, third = (line.index(word) for word in shown[1:])
        return line[(2 * third - second) % len(line)]
    ladder = next(one for one in (*lexicon.sizes, *lexicon.spans) if set(options) <= set(one))
    first = asks in {lexicon.smallest, lexicon.shortest}
    return (min if first else max)(options, key=ladder.index)


def labels(question: asking.Asked) -> list[str]:
    return [option.label for option in question.question.options]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (None, "Send a list of 4"),
        ("0123", "Send a list of 4"),
        (["0", "1", "2"], "Send a list of 4"),
        (["0", "", "2", ""], "2, 4 are still open"),
        (["0", "1", "2", None], "4 is still open"),
        (["0", "1", "2", "4"], "none of the options"),
        (["0", "1", "2", "-1"], "none of the options"),
        (["0", "1", "2", ["0"]], "none of the options"),
        (["0", "1", "2", "٣"], "none of the options"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(raw: object, says: str) -> None:
    with pytest.raises(AnswerError, match=says):
        asking.parse(raw, 4)


def test_all_answers_have_to_be_right() -> None:
    questions = riddles.compose(4, rng())
    right = [question.right for question in questions]
    assert asking.passed(questions, asking.parse([str(place) for place in right], 4))
    assert not asking.passed(questions, [(right[0] + 1) % 4, *right[1:]])
    assert not asking.passed(questions, right[:3])
