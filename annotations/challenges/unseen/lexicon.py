"""The words of riddles in one language, and the sentences that they stand in.

Riddles aren't translated word by word: what is opposite, and which article a word takes, is each language's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Lexicon:
    """Sentences take their word at {}. `groups`: words, by what they are; no word stands in two of them. `sizes` and
    `spans` go from small to large. Nothing here has a second right answer."""

    groups: Mapping[str, tuple[str, ...]]
    opposites: tuple[tuple[str, str], ...]
    sizes: tuple[tuple[str, ...], ...]
    spans: tuple[tuple[str, ...], ...]
    days: tuple[str, ...]
    months: tuple[str, ...]
    which_is: str
    which_is_not: str
    opposite_of: str
    smallest: str
    largest: str
    shortest: str
    longest: str
    comes_next: str
    counts_on: str
    comma: str = ", "
