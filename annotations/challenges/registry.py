"""The kinds of challenge there are: a new one is its file and its line here."""

from annotations.challenges.grid import Grid
from annotations.challenges.strip import Strip
from annotations.challenges.tiles import Keys, Kind

KINDS: dict[str, Kind] = {
    Grid.name: Grid(),
    Strip.name: Strip(),
}
CHOICES = [(name, name) for name in KINDS]


def offered(keys: Keys) -> list[str]:
    """Names of the kinds that a data set with these classes can offer, in the registry's order."""
    return [name for name, kind in KINDS.items() if kind.fits(keys)]
