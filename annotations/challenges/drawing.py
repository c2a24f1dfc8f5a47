"""Drawing candidates without replacement: the steps that kinds of challenge share."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from annotations.challenges.tiles import Candidate, NotEnough


def distinct(
    controls: Iterable[Candidate], unknowns: Iterable[Candidate], n_classes: int
) -> tuple[list[Candidate], list[Candidate]]:
    """Each image once, in the given order; one that is both a control and an unknown stays a control.

    Raises ValueError for a control without a truth below `n_classes`, and for an unknown that has a truth.
    """
    firm = {candidate.image_id: candidate for candidate in controls}
    open_ = {c.image_id: c for c in unknowns if c.image_id not in firm}
    if any(c.truth is None or not 0 <= c.truth < n_classes for c in firm.values()):
        raise ValueError("a control's truth must be one of the classes")
    if any(c.truth is not None for c in open_.values()):
        raise ValueError("an unknown can't have a truth")
    return list(firm.values()), list(open_.values())


def by_class(controls: Iterable[Candidate]) -> dict[int, list[Candidate]]:
    """Controls by truth, classes in ascending order so that a draw depends on the generator alone."""
    groups: dict[int, list[Candidate]] = defaultdict(list)
    for control in controls:
        if control.truth is not None:
            groups[control.truth].append(control)
    return dict(sorted(groups.items()))


def foremost(controls: Iterable[Candidate], n: int) -> list[Candidate]:
    """Of each class the first `n`: those that the caller, who knows what was shown lately, would rather show."""
    return [control for group in by_class(controls).values() for control in group[:n]]


def split(size: int, needed: int, wanted: int, n_controls: int, n_unknowns: int) -> tuple[int, int]:
    """How many controls and unknowns make up `size` tiles: `wanted` controls as far as there are as many, `needed`
    in any case; missing unknowns become more controls.

    Raises NotEnough where the controls at hand don't fill the rest.
    """
    take_unknowns = min(size - max(needed, min(wanted, n_controls)), n_unknowns)
    take_controls = size - take_unknowns
    if n_controls < take_controls:
        raise NotEnough(
            f"{take_unknowns} unknowns leave {take_controls} tiles to controls; there are only {n_controls}"
        )
    return take_controls, take_unknowns


def take(pool: list[Candidate], rng: np.random.Generator) -> Candidate:
    """Remove one candidate from `pool`, each with the same probability."""
    return pool.pop(int(rng.integers(len(pool))))


def sample(pool: Sequence[Candidate], n: int, rng: np.random.Generator) -> list[Candidate]:
    """`n` candidates of `pool` in random order (all of them where it has fewer)."""
    return [pool[i] for i in rng.permutation(len(pool))[:n]]
