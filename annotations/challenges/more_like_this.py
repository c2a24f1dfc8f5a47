"""More like this: an example beside three by three tiles, "select every picture of the same", for classes without a
good name."""

import numpy as np

from annotations.challenges import drawing
from annotations.challenges.grid import Grid
from annotations.challenges.kind import Kind
from annotations.challenges.tiles import Candidate, Composed, Keys
from annotations.challenges.words import phrase


class MoreLikeThis(Grid):
    """A grid that shows what it asks for rather than naming it: its coins are a grid's, whatever the example shows.

    The example is any control of the class, laid aside before the coins are tossed, so that it tells nothing of them.
    """

    name = "more-like-this"
    title = phrase("Find more like an example")
    references = 1

    def prompt(self, composed: Composed, keys: Keys) -> str:
        return phrase("Select every picture that shows the same as the example")

    def _refer(self, controls: list[Candidate], target: int, rng: np.random.Generator) -> Candidate | None:
        example = drawing.take([control for control in controls if control.truth == target], rng)
        controls.remove(example)
        return example


KIND: Kind = MoreLikeThis()
