"""Words for people: written here in English, and put into their language by whoever shows them."""

from collections.abc import Mapping


class Words(str):
    """A sentence in English that remembers what it is made of, so that this library needs no catalogue.

    `plural` and `n` are there where its form depends on a number. A value may be made of words itself, or
    a tuple of such, which are enumerated.
    """

    msgid: str
    values: Mapping[str, object]
    plural: str
    n: int | None


def phrase(msgid: str, /, **values: object) -> Words:
    """`msgid` names its values as %(name)s. `make messages` finds it by the name of this function."""
    return _made(msgid, values)


def counted(one: str, many: str, n: int, /, **values: object) -> Words:
    """`one` where n is 1, else `many`; both may name it as %(n)s."""
    said = _made(one if n == 1 else many, {"n": n, **values})
    said.msgid, said.plural, said.n = one, many, n
    return said


def _made(msgid: str, values: Mapping[str, object]) -> Words:
    said = Words(msgid % {name: _joined(value) for name, value in values.items()} if values else msgid)
    said.msgid, said.values, said.plural, said.n = msgid, values, "", None
    return said


def _joined(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value
