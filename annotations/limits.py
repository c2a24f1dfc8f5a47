"""How much may be asked in how long, and what counts as too much: all the numbers, with their reasons.

What a limit is for is to make many tries slow, not to keep a person out. So each is several times what people do who
share an address, and who is signed in or has shown to be reliable isn't counted with their network.
"""

from dataclasses import dataclass

MINUTE, HOUR = 60, 3600  # seconds


@dataclass(frozen=True)
class Window:
    """At most `most` in any `seconds` that follow each other. `name`: what is counted."""

    name: str
    most: int
    seconds: int


@dataclass(frozen=True)
class Door:
    """What somebody may ask for, and how often: one network, one annotator, all the pages of one site."""

    network: tuple[Window, ...] = ()
    annotator: tuple[Window, ...] = ()
    site: tuple[Window, ...] = ()


# Strangers of a network that begin a visit. A lecture hall signs up at once; a mobile carrier has thousands behind one
# address, of whom few fill in a form in the same hour. With a glance at this window is seen how busy a network is.
VISITS = Window("visits", 1200, HOUR)
BEGIN = Door(
    network=(Window("begin", 120, MINUTE), VISITS),
    # A person sends a form every few seconds at the most, also one that they fill in wrongly again and again.
    annotator=(Window("begin", 20, MINUTE), Window("begin", 200, HOUR)),
    # Two cores serve some 1,600 challenges a minute (docs/challenges.md). No one site is to take them all.
    site=(Window("begin", 1200, MINUTE),),
)
# People who pass over a picture or fail take two or three challenges a visit.
ASK = Door(
    network=(Window("ask", 240, MINUTE), Window("ask", 3000, HOUR)),
    annotator=(Window("ask", 30, MINUTE), Window("ask", 400, HOUR)),
    site=(Window("ask", 2400, MINUTE),),
)
# An answer that can't be read, or comes before the work is done, leaves the challenge open and is sent again.
ANSWER = Door(
    network=(Window("answer", 480, MINUTE),),
    annotator=(Window("answer", 60, MINUTE),),
    site=(Window("answer", 4800, MINUTE),),
)

# What became of the answers of a network's strangers in the last hour. Who looks passes four times in five, so passes
# outweigh failures wherever people are; who doesn't look passes once in a hundred.
FAILED = Window("failed", 300, HOUR)
PASSED = Window("passed", 300, HOUR)
PEOPLE = 5  # where no work is done, a network waits as one person would who had failed a fifth as often


def excess(failed: int, passed: int) -> int:
    """Failures of a network that its passes don't make up for."""
    return max(failed - passed, 0)
