"""The words of the pure library in the language of whoever reads them."""

from collections.abc import Iterable
from dataclasses import replace

from django.utils.translation import gettext, ngettext

from annotations.challenges.tiles import Option
from annotations.challenges.words import Words


def spoken(said: object) -> str:
    """In the active language. What isn't made of words, such as the name of a class, stays as it is."""
    if isinstance(said, tuple):
        return gettext(", ").join(map(spoken, said))
    if not isinstance(said, Words):
        return str(said)
    text = gettext(said.msgid) if said.n is None else ngettext(said.msgid, said.plural, said.n)
    return text % {name: spoken(value) for name, value in said.values.items()} if said.values else text


def told(error: Exception) -> str:
    """The message of an error for the person who gets it."""
    return spoken(error.args[0]) if error.args else str(error)


def options_spoken(options: Iterable[Option]) -> list[Option]:
    return [replace(option, label=spoken(option.label)) for option in options]
