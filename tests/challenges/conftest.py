"""Pools of candidates that the tests of this folder draw from."""

from collections.abc import Callable, Sequence

import pytest

from annotations.challenges.tiles import Candidate

Gold = Callable[[int, int], list[Candidate]]
Asked = Callable[..., list[Candidate]]


@pytest.fixture(scope="session")
def gold() -> Gold:
    """Controls: `gold(n_classes, each)`."""
    return lambda n_classes, each: [Candidate(1000 + i, truth=i % n_classes) for i in range(n_classes * each)]


@pytest.fixture(scope="session")
def asked() -> Asked:
    """Unknowns: `asked(n)`, or `asked(n, guesses)` with the guesses taken in turn."""

    def make(n: int, guesses: Sequence[int | None] = (None,)) -> list[Candidate]:
        return [Candidate(9000 + i, truth=None, guess=guesses[i % len(guesses)]) for i in range(n)]

    return make
