"""The large grid: four by four tiles, "select every c", so that a verdict comes with more unknowns."""

from annotations.challenges.grid import Grid
from annotations.challenges.kind import Kind
from annotations.challenges.words import phrase


class Grid4x4(Grid):
    """A grid's verdict takes as many controls whatever its size: nine of its tiles teach, of a stranger's, not two."""

    name = "grid-4x4"
    title = phrase("Choose among sixteen pictures")
    size = 16
    columns = 4
    places = 16


KIND: Kind = Grid4x4()
