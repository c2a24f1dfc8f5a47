"""The strip: ten tiles, the class of each to be typed with one character or named from a short list."""

from collections.abc import Sequence

import numpy as np

from annotations.challenges import drawing
from annotations.challenges.kind import Kind
from annotations.challenges.naming import CANT_TELL, LONGEST_RAW, fold, read_named
from annotations.challenges.share import Check
from annotations.challenges.tiles import Answered, AnswerError, Candidate, Composed, Keys, offered_keys
from annotations.challenges.words import phrase

SHORT_LIST = 40  # more names than this can't be picked from with ease


class Strip(Kind):
    """Each control's class is uniform over the classes, independently, so who doesn't look passes with K^-n.

    `compose` draws the class first and then the image, over the classes that have as many controls as the
    verdict needs; where those are fewer than all K, the verdict needs more controls.
    """

    name = "strip"
    title = phrase("Read ten pictures in a row")
    form = "name"
    size = 10
    columns = 5

    def misfit(self, keys: Keys) -> str:
        if is_typed(keys) or len(offered_keys(keys)) <= SHORT_LIST:
            return super().misfit(keys)
        return phrase("A strip takes a key of its own for each class, or no more than %(n)s classes.", n=SHORT_LIST)

    def chance(self, n_classes: int) -> float:
        """A constant class, a random one and any mixture are each right with 1/K; "?" never is."""
        return 1 / n_classes

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
        needed, classes = drawing.uniform_classes(
            groups, n_classes, self.size, lambda n: self.controls_needed(n, check)
        )
        wanted = check.controls_wanted(needed, self.size)
        n_controls, n_unknowns = drawing.split(self.size, needed, wanted, len(firm), len(open_))
        tiles = [drawing.take(groups[cls], rng) for cls in rng.choice(classes, size=needed).tolist()]
        tiles += drawing.more_by_class(groups, classes, n_controls - needed, rng)
        tiles += drawing.sample(open_, n_unknowns, rng)
        return Composed(self.name, tuple(drawing.sample(tiles, self.size, rng)), None)

    def prompt(self, composed: Composed, keys: Keys) -> str:
        offered, size = offered_keys(keys), len(composed.tiles)
        if not is_typed(offered):
            names = ", ".join(name for _, name in offered)
            return phrase("Name each of the %(size)s pictures: %(names)s", size=size, names=names)
        if all(key == name for key, name in offered):
            return phrase("Type the %(size)s characters you see", size=size)
        listed = tuple(phrase("%(key)s for %(name)s", key=key, name=name) for key, name in offered)
        return phrase("Type one key a picture, %(size)s in all: %(keys)s", size=size, keys=listed)

    def say(self, composed: Composed, seen: Sequence[int]) -> object:
        return list(seen)

    def parse(self, raw: object, composed: Composed, keys: Keys) -> tuple[Answered, ...]:
        """`raw` is a string with a key a tile, or a list with a name or index a tile; "?" answers nothing.

        Spaces and case don't matter. In a list a string that is a class's name is that class; else it is an
        index.
        """
        if isinstance(raw, str):
            classes = _read_typed(raw, len(composed.tiles), keys)
        elif isinstance(raw, list | tuple):
            classes = read_named(raw, len(composed.tiles), keys)
        else:
            raise AnswerError(phrase("Type one character a tile, or send a list with one class a tile."))
        return tuple(Answered(i, "choice", cls) for i, cls in enumerate(classes) if cls is not None)


def is_typed(keys: Keys) -> bool:
    """Whether every class has a key of its own, so that a strip is typed rather than named from a list."""
    return len(_class_of_key(keys)) == len(offered_keys(keys))


def _class_of_key(keys: Keys) -> dict[str, int]:
    folded = [(fold(key), cls) for cls, (key, _) in enumerate(keys)]
    return {key: cls for key, cls in folded if len(key) == 1 and key != CANT_TELL}


def _read_typed(raw: str, size: int, keys: Keys) -> list[int | None]:
    if not is_typed(keys):
        raise AnswerError(phrase("These classes have no keys to type: send a list with one class name a tile."))
    typed, class_of = fold(raw[:LONGEST_RAW]), _class_of_key(keys)
    if len(typed) != size or len(raw) > LONGEST_RAW:
        raise AnswerError(
            phrase("Type exactly %(size)s characters, one a tile; there are %(found)s.", size=size, found=len(typed))
        )
    for character in typed:
        if character != CANT_TELL and character not in class_of:
            raise AnswerError(
                phrase(
                    "“%(said)s” isn't one of the keys: %(keys)s, or ? for “can't tell”.",
                    said=character,
                    keys=" ".join(class_of),
                )
            )
    return [class_of.get(character) for character in typed]


KIND: Kind = Strip()
