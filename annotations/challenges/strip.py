"""The strip: ten tiles, the class of each to be typed with one character or named from a short list."""

import unicodedata
from collections.abc import Sequence

import numpy as np

from annotations.challenges import drawing, grading
from annotations.challenges.share import Check
from annotations.challenges.tiles import (
    Answered,
    AnswerError,
    Candidate,
    Composed,
    Graded,
    Keys,
    NotEnough,
    offered_keys,
)

CANT_TELL = "?"
SHORT_LIST = 40  # more names than this can't be picked from with ease
LONGEST_RAW = 200  # characters read at all


class Strip:
    """Each control's class is uniform over the classes, independently, so who doesn't look passes with K^-n.

    `compose` draws the class first and then the image, over the classes that have as many controls as the
    verdict needs; where those are fewer than all K, the verdict needs more controls.
    """

    name = "strip"
    size = 10
    columns = 5

    def fits(self, keys: Keys) -> bool:
        n = len(offered_keys(keys))
        return n >= 2 and (is_typed(keys) or n <= SHORT_LIST)

    def controls_needed(self, n_classes: int, check: Check) -> int:
        if n_classes < 2:
            raise NotEnough("a strip needs at least two classes")
        return check.controls_needed(1 / n_classes)

    def compose(
        self,
        controls: Sequence[Candidate],
        unknowns: Sequence[Candidate],
        n_classes: int,
        check: Check,
        rng: np.random.Generator,
    ) -> Composed:
        firm, open_ = drawing.distinct(controls, unknowns, n_classes)
        firm = drawing.foremost(firm, self.size)
        groups = drawing.by_class(firm)
        needed, classes = self._uniform_classes(groups, n_classes, check)
        wanted = check.controls_wanted(needed, self.size)
        n_controls, n_unknowns = drawing.split(self.size, needed, wanted, len(firm), len(open_))
        tiles = [drawing.take(groups[cls], rng) for cls in rng.choice(classes, size=needed).tolist()]
        tiles += _more_controls(groups, classes, n_controls - needed, rng)
        tiles += drawing.sample(open_, n_unknowns, rng)
        return Composed(self.name, tuple(drawing.sample(tiles, self.size, rng)), None)

    def _uniform_classes(
        self, groups: dict[int, list[Candidate]], n_classes: int, check: Check
    ) -> tuple[int, list[int]]:
        """The fewest controls that suffice, and the classes rich enough to be drawn that often."""
        for needed in range(self.controls_needed(n_classes, check), self.size + 1):
            classes = [cls for cls, group in groups.items() if len(group) >= needed]
            if len(classes) >= 2 and self.controls_needed(len(classes), check) <= needed:
                return needed, classes
        raise NotEnough("too few classes have enough controls for a strip")

    def parse(self, raw: object, composed: Composed, keys: Keys) -> tuple[Answered, ...]:
        """`raw` is a string with a key a tile, or a list with a name or index a tile; "?" answers nothing.

        Spaces and case don't matter. In a list a string that is a class's name is that class; else it is an
        index.
        """
        if isinstance(raw, str):
            classes = _read_typed(raw, len(composed.tiles), keys)
        elif isinstance(raw, list | tuple):
            classes = _read_named(raw, len(composed.tiles), keys)
        else:
            raise AnswerError("Type one character a tile, or send a list with one class a tile.")
        return tuple(Answered(i, "choice", cls) for i, cls in enumerate(classes) if cls is not None)

    def grade(self, composed: Composed, answers: Sequence[Answered]) -> Graded:
        return grading.grade(composed, answers)

    def blind_pass_rate(self, n_controls: int, n_classes: int) -> float:
        """A constant class, a random one and any mixture are each right with 1/K a control; "?" never is."""
        return float(n_classes) ** -n_controls

    def honest_pass_rate(self, n_controls: int, per_tile: float = 0.97) -> float:
        return per_tile**n_controls


def is_typed(keys: Keys) -> bool:
    """Whether every class has a key of its own, so that a strip is typed rather than named from a list."""
    return len(_class_of_key(keys)) == len(offered_keys(keys))


def _more_controls(
    groups: dict[int, list[Candidate]], rich: list[int], n: int, rng: np.random.Generator
) -> list[Candidate]:
    """`n` controls beyond those that the verdict needs, class first, from what is left of the `rich` classes, else of
    the others: two controls of a class would else be shown five times as often as ten."""
    more = []
    for _ in range(n):
        left = [cls for cls in rich if groups[cls]] or [cls for cls, group in groups.items() if group]
        more.append(drawing.take(groups[int(rng.choice(left))], rng))
    return more


def _fold(text: str) -> str:
    """Without spaces and case; wide forms, as a Japanese keyboard types them, become the plain ones."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _class_of_key(keys: Keys) -> dict[str, int]:
    folded = [(_fold(key), cls) for cls, (key, _) in enumerate(keys)]
    return {key: cls for key, cls in folded if len(key) == 1 and key != CANT_TELL}


def _read_typed(raw: str, size: int, keys: Keys) -> list[int | None]:
    if not is_typed(keys):
        raise AnswerError("These classes have no keys to type: send a list with one class name a tile.")
    typed, class_of = _fold(raw[:LONGEST_RAW]), _class_of_key(keys)
    if len(typed) != size or len(raw) > LONGEST_RAW:
        raise AnswerError(f"Type exactly {size} characters, one a tile; there are {len(typed)}.")
    for character in typed:
        if character != CANT_TELL and character not in class_of:
            raise AnswerError(f"“{character}” isn't one of the keys: {' '.join(class_of)}, or ? for “can't tell”.")
    return [class_of.get(character) for character in typed]


def _read_named(raw: Sequence[object], size: int, keys: Keys) -> list[int | None]:
    if len(raw) != size:
        raise AnswerError(f"Name exactly {size} tiles, one class each; there are {len(raw)}.")
    return [_read_name(item, keys) for item in raw]


def _read_name(item: object, keys: Keys) -> int | None:
    if isinstance(item, int) and not isinstance(item, bool) and 0 <= item < len(keys) and keys[item][1]:
        return item
    if item is None or item == CANT_TELL:
        return None
    if not isinstance(item, str):
        raise AnswerError("Name each tile by its class's name or index, or ? for “can't tell”.")
    cls = _class_named(item[:LONGEST_RAW], keys)
    if cls is None or not keys[cls][1]:
        raise AnswerError(f"“{item[:40]}” isn't one of the classes: pick one from the list, or ?.")
    return cls


def _class_named(text: str, keys: Keys) -> int | None:
    """An exact name first, then one but for case and spaces, then an index: a class may be called "3"."""
    names = [name for _, name in keys]
    if text in names:
        return names.index(text)
    folded = [_fold(name) for name in names]
    if _fold(text) in folded:
        return folded.index(_fold(text))
    return next((cls for cls in range(len(names)) if text == str(cls)), None)
