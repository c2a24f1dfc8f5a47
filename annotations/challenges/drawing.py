"""Drawing candidates without replacement: the steps that kinds of challenge share."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np

from annotations.challenges.tiles import Candidate, NotEnough

RIVALS = 3  # classes of the first unknown that the model finds most probable


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


def likely_first(
    unknowns: Sequence[Candidate], classes: Collection[int], n: int, rng: np.random.Generator
) -> list[Candidate]:
    """`n` unknowns, those before others that the model takes for one of the `classes`: there an answer tells most."""
    likely = sample([c for c in unknowns if c.guess in classes], n, rng)
    return likely + sample([c for c in unknowns if c.guess not in classes], n - len(likely), rng)


def probable_classes(unknowns: Sequence[Candidate], rich: Sequence[int], n: int, rng: np.random.Generator) -> list[int]:
    """Of the `rich` classes n: what the model takes the first unknown for, and its rivals there, then what it takes the
    others for, then any.

    Shuffled, and for the challenge as a whole: so nothing tells what the model would say of which.
    """
    probable = [cls for unknown in unknowns[:1] for cls in unknown.likely[:RIVALS]]
    probable += [unknown.guess for unknown in unknowns if unknown.guess is not None]
    classes = [cls for cls in dict.fromkeys(probable) if cls in rich][:n]
    others = rng.permutation([cls for cls in rich if cls not in classes]).tolist()
    classes += others[: n - len(classes)]
    return [int(cls) for cls in rng.permutation(classes)]


def fair_classes(controls: Sequence[Candidate], needed: int, aside: int = 0) -> list[int]:
    """The classes that a coin can be fair for, `needed` times over: is a control of this class, or is it not?

    So many controls of the class are laid `aside` for other use. Raises NotEnough where there is none.
    """
    sizes = {cls: len(group) for cls, group in by_class(controls).items()}
    fair = [cls for cls, n in sizes.items() if min(n - aside, len(controls) - n) >= needed]
    if not fair:
        raise NotEnough(f"no class has {needed} controls with {needed} of other classes beside them")
    return fair


def uniform_classes(
    groups: Mapping[int, Sequence[Candidate]], n_classes: int, size: int, controls_needed: Callable[[int], int]
) -> tuple[int, list[int]]:
    """The fewest controls that suffice for a verdict, and the classes rich enough to be drawn that often.

    `controls_needed` says how many a verdict takes where they are drawn from so many classes. Raises NotEnough.
    """
    for needed in range(controls_needed(n_classes), size + 1):
        classes = [cls for cls, group in groups.items() if len(group) >= needed]
        if len(classes) >= 2 and controls_needed(len(classes)) <= needed:
            return needed, classes
    raise NotEnough("too few classes have enough controls for a verdict")


def more_by_class(
    groups: Mapping[int, list[Candidate]], rich: Sequence[int], n: int, rng: np.random.Generator
) -> list[Candidate]:
    """`n` controls beyond those that the verdict needs, class first, from what is left of the `rich` classes, else of
    the others: two controls of a class would else be shown five times as often as ten."""
    more = []
    for _ in range(n):
        left = [cls for cls in rich if groups[cls]] or [cls for cls, group in groups.items() if group]
        more.append(take(groups[int(rng.choice(left))], rng))
    return more
