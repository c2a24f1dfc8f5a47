"""One rule for every kind of challenge: all controls right passes, and unknowns have no say in it."""

from collections.abc import Sequence

from annotations.challenges.tiles import Answered, Candidate, Composed, Graded


def is_right(tile: Candidate, answer: Answered) -> bool:
    """Whether `answer` agrees with the truth of the control `tile`."""
    return (tile.truth == answer.cls) != (answer.kind == "no")


def grade(composed: Composed, answers: Sequence[Answered]) -> Graded:
    """Split `answers` into controls (with whether each is right) and votes; all controls must be right.

    A control without an answer lets nobody pass, and isn't listed: nothing was said that could be
    recorded. Raises ValueError where a position is answered twice or isn't on the challenge.
    """
    _check_positions(composed, answers)
    tiles = composed.tiles
    controls = tuple((a, is_right(tiles[a.position], a)) for a in answers if tiles[a.position].truth is not None)
    votes = tuple(a for a in answers if tiles[a.position].truth is None)
    n_controls = sum(tile.truth is not None for tile in tiles)
    # No control, no verdict: otherwise a challenge of unknowns alone would let everybody through.
    passed = n_controls > 0 and sum(right for _, right in controls) == n_controls
    return Graded(passed, controls, votes)


def is_unsure(composed: Composed, graded: Graded) -> bool:
    """Nothing that was said of a control is wrong, but not all of them could be told: no pass, and no failure either.

    Who doesn't look gains nothing by it: it passes nobody.
    """
    has_controls = any(tile.truth is not None for tile in composed.tiles)
    return has_controls and not graded.passed and all(right for _, right in graded.controls)


def _check_positions(composed: Composed, answers: Sequence[Answered]) -> None:
    positions = [answer.position for answer in answers]
    if len(set(positions)) != len(positions):
        raise ValueError("a tile is answered twice")
    if any(not 0 <= position < len(composed.tiles) for position in positions):
        raise ValueError("an answer is about a tile that the challenge doesn't have")
