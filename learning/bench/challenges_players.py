"""Players of challenges who don't look, or who look and now and then slip: what each takes the tiles for."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from annotations.challenges.registry import KINDS
from annotations.challenges.tiles import Candidate, Composed, Keys

Seen = list[int]
Player = Callable[[Composed, np.random.Generator], Seen]
RATES = (0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)  # of tiles that a blind player selects, or says yes to
PLACES = 5  # in a row, that one may always point at


def asked_about(composed: Composed, position: int) -> tuple[int, ...]:
    """The classes that the question about this tile names; none where it may be any."""
    if composed.target is not None:
        return (composed.target,)
    per = _per_question(composed)
    one_each = len(composed.asked) * per == len(composed.tiles)
    return composed.asked[position // per :][:1] if one_each else composed.asked


def blind(n_classes: int) -> Mapping[str, Player]:
    """By name: one class for all tiles, or for all but one place in a row; any class; what is asked about at a rate."""
    players: dict[str, Player] = {f"always class {cls}": _constant(cls) for cls in range(n_classes)}
    players |= {f"place {place + 1} alone": _place(place) for place in range(PLACES)}
    players |= {f"what is asked about at {rate:.0%}": _at_rate(rate, n_classes) for rate in RATES}
    return players | {"any class": _any(n_classes)}


def human(n_classes: int, truth: Callable[[Candidate], int], per_tile: float = 0.97) -> Player:
    """Right about each tile with this probability, by itself; about each question, where one is of several tiles.

    A slip is a wrong answer: who is asked about one class takes a tile that shows it for another, and others for it.
    """

    def look(composed: Composed, rng: np.random.Generator) -> Seen:
        seen, per = [truth(tile) for tile in composed.tiles], _per_question(composed)
        for start in range(0, len(seen), per):
            if rng.random() >= per_tile:
                at = start + int(rng.integers(per))
                seen[at] = _slip(seen[at], asked_about(composed, at), n_classes, rng)
        return seen

    return look


def play(composed: Composed, seen: Sequence[int], keys: Keys) -> tuple[bool, int]:
    """Through the kind's own reading and grading: whether it passed, and how many unknowns got a verdict."""
    kind = KINDS[composed.kind]
    graded = kind.grade(composed, kind.parse(kind.say(composed, seen), composed, keys))
    return graded.passed, len(graded.votes)


def _constant(cls: int) -> Player:
    return lambda composed, rng: [cls] * len(composed.tiles)


def _place(place: int) -> Player:
    """Takes this place in each row for another class than the others."""
    return lambda composed, rng: [int(at % KINDS[composed.kind].columns == place) for at in range(len(composed.tiles))]


def _per_question(composed: Composed) -> int:
    per: int = getattr(KINDS[composed.kind], "per_question", 1)
    return per


def _any(n_classes: int) -> Player:
    return lambda composed, rng: rng.integers(n_classes, size=len(composed.tiles)).tolist()


def _at_rate(rate: float, n_classes: int) -> Player:
    def guess(composed: Composed, rng: np.random.Generator) -> Seen:
        return [
            _one_of(about, rng)
            if (about := asked_about(composed, at)) and rng.random() < rate
            else _other(about, n_classes, rng)
            for at in range(len(composed.tiles))
        ]

    return guess


def _slip(truth: int, about: Sequence[int], n_classes: int, rng: np.random.Generator) -> int:
    others = [cls for cls in about if cls != truth]
    return _one_of(others, rng) if others else _other([truth], n_classes, rng)


def _one_of(classes: Sequence[int], rng: np.random.Generator) -> int:
    return int(classes[int(rng.integers(len(classes)))])


def _other(classes: Sequence[int], n_classes: int, rng: np.random.Generator) -> int:
    others = [cls for cls in range(n_classes) if cls not in classes]
    return _one_of(others or list(classes), rng)
