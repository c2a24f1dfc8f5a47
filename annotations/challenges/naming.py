"""Reading names: which class somebody means who writes its name, its index, or that they can't tell."""

import unicodedata
from collections.abc import Sequence

from annotations.challenges.tiles import AnswerError, Keys
from annotations.challenges.words import phrase

CANT_TELL = "?"
LONGEST_RAW = 200  # characters read at all


def read_named(raw: Sequence[object], size: int, keys: Keys) -> list[int | None]:
    """The class that each item of `raw` names, None for "?" and for nothing. Raises AnswerError."""
    if len(raw) != size:
        raise AnswerError(
            phrase("Name exactly %(size)s tiles, one class each; there are %(found)s.", size=size, found=len(raw))
        )
    return [_read_name(item, keys) for item in raw]


def _read_name(item: object, keys: Keys) -> int | None:
    if isinstance(item, int) and not isinstance(item, bool) and 0 <= item < len(keys) and keys[item][1]:
        return item
    if item is None or item == CANT_TELL:
        return None
    if not isinstance(item, str):
        raise AnswerError(phrase("Name each tile by its class's name or index, or ? for “can't tell”."))
    cls = _class_named(item[:LONGEST_RAW], keys)
    if cls is None or not keys[cls][1]:
        raise AnswerError(phrase("“%(said)s” isn't one of the classes: pick one from the list, or ?.", said=item[:40]))
    return cls


def _class_named(text: str, keys: Keys) -> int | None:
    """An exact name first, then one but for case and spaces, then an index: a class may be called "3"."""
    names = [name for _, name in keys]
    if text in names:
        return names.index(text)
    folded = [fold(name) for name in names]
    if fold(text) in folded:
        return folded.index(fold(text))
    return next((cls for cls in range(len(names)) if text == str(cls)), None)


def fold(text: str) -> str:
    """Without spaces and case; wide forms, as a Japanese keyboard types them, become the plain ones."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
