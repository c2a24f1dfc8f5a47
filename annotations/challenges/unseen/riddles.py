"""Riddles in plain words, which a screen reader reads and a braille line shows."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from annotations.challenges.unseen.asking import OPTIONS, Asked, asked
from annotations.challenges.unseen.lexicon import Lexicon
from annotations.challenges.unseen.words import LEXICON as ENGLISH

T = TypeVar("T")
OTHERS = OPTIONS - 1
STEPS = (1, 2, 3, 4, 5, 10, 20)
HIGHEST_START = 60


def compose(n: int, rng: np.random.Generator, words: Lexicon = ENGLISH) -> list[Asked]:
    """n riddles, none twice. They take turns, so that nobody meets one way of asking only."""
    order = rng.permutation(len(MAKERS))
    found: dict[str, Asked] = {}
    turn = 0
    while len(found) < n:
        riddle = MAKERS[order[turn % len(order)]](rng, words)
        found.setdefault(riddle.question.asks, riddle)
        turn += 1
    return list(found.values())


def not_one_of(rng: np.random.Generator, words: Lexicon = ENGLISH) -> Asked:
    most, other = _draw(list(words.groups), 2, rng)
    asks, right = words.which_is_not.format(most), _one(words.groups[other], rng)
    return asked(asks, right, _draw(words.groups[most], OTHERS, rng), rng)


def one_of(rng: np.random.Generator, words: Lexicon = ENGLISH) -> Asked:
    group, *rest = _draw(list(words.groups), OPTIONS, rng)
    asks, right = words.which_is.format(group), _one(words.groups[group], rng)
    return asked(asks, right, [_one(words.groups[name], rng) for name in rest], rng)


def opposite(rng: np.random.Generator, words: Lexicon = ENGLISH) -> Asked:
    pair, *rest = (words.opposites[i] for i in rng.permutation(len(words.opposites))[:OPTIONS])
    side = int(rng.integers(2))
    others = [other[int(rng.integers(2))] for other in rest]
    return asked(words.opposite_of.format(pair[side]), pair[1 - side], others, rng)


def extreme(rng: np.random.Generator, words: Lexicon = ENGLISH) -> Asked:
    """The largest or smallest of things, the longest or shortest of times."""
    ladders = [*words.sizes, *words.spans]
    which = int(rng.integers(len(ladders)))
    ladder, is_size = ladders[which], which < len(words.sizes)
    drawn = [ladder[i] for i in sorted(rng.permutation(len(ladder))[:OPTIONS])]
    upwards = bool(rng.integers(2))
    right, others = (drawn[-1], drawn[:-1]) if upwards else (drawn[0], drawn[1:])
    ends = (words.smallest, words.largest) if is_size else (words.shortest, words.longest)
    return asked(ends[upwards], right, others, rng)


def comes_next(rng: np.random.Generator, words: Lexicon = ENGLISH) -> Asked:
    """Days and months, forwards or backwards, each or every other."""
    line = (words.days, words.months)[int(rng.integers(2))]
    start, step = int(rng.integers(len(line))), _one((1, -1, 2), rng)
    *shown, right = [line[(start + i * step) % len(line)] for i in range(4)]
    others = [word for word in line if word != right and word not in shown]
    return asked(words.comes_next.format(words.comma.join(shown)), right, _draw(others, OTHERS, rng), rng)


def counts_on(rng: np.random.Generator, words: Lexicon = ENGLISH) -> Asked:
    """The right number is as often the lowest of the options as any other, so its size tells nothing."""
    step = _one(STEPS, rng)
    first = int(rng.integers(1, HIGHEST_START))
    shown = [first + step * i for i in range(4)]
    right = first + step * 4
    rank = int(rng.integers(OPTIONS))
    others = [right + step * (i - rank) for i in range(OPTIONS) if i != rank]
    said = words.comma.join(map(str, shown))
    return asked(words.counts_on.format(said), str(right), list(map(str, others)), rng)


def _draw(items: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    return [items[i] for i in rng.permutation(len(items))[:n]]


def _one(items: Sequence[T], rng: np.random.Generator) -> T:
    return items[int(rng.integers(len(items)))]


MAKERS: tuple[Callable[[np.random.Generator, Lexicon], Asked], ...] = (
    not_one_of,
    one_of,
    opposite,
    extreme,
    comes_next,
    counts_on,
)
