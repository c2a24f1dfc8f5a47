"""What a visitor has to bring, by what is known of where they come from. Pure: no clock, no database.

Two things are weighed: how much work their browser does, which makes many tries dear, and how closely they are checked.
"""

from dataclasses import dataclass

from annotations.challenges.share import KNOWN
from annotations.limits import excess

# Zeros a piece of work, by what a desk computer's browser takes (docs/bots.md): nothing that is noticed, nor on a phone
# that is five times as slow; half a second, while the picture is looked at; two seconds; some ten.
EASY, USUAL, HARD, HARDEST = LEVELS = (12, 16, 18, 20)
BUSY, FLOOD = 30, 300  # visits of a network's strangers in an hour
SOME, MANY = 5, 20  # failures that passes don't make up for
QUICKEST = 1.0  # seconds in which nobody reads, looks and answers
KNOWN_AT_MOST = 0.5  # doubt about somebody known, whatever others do who share their address


@dataclass(frozen=True)
class Signals:
    """`doubt`: what is left of it about the annotator, in [0, 1]. `new`: they bring no key from an earlier visit.

    From their network, in the last hour: `visits` that strangers began; answers that `failed`, or came quicker than
    anybody can look, and those that `passed`.
    """

    doubt: float = 1.0
    new: bool = False
    visits: int = 0
    failed: int = 0
    passed: int = 0


@dataclass(frozen=True)
class Risk:
    """`bits` of work a piece, and the `doubt` at the least with which they are asked."""

    bits: int
    doubt: float


def risk(signals: Signals) -> Risk:
    """Somebody known begins with the least work. Each of these asks for the next level: a network that fails more often
    than it passes, and one that does nothing else; no key where many come from; a flood. Raises ValueError on negative
    counts."""
    if min(signals.visits, signals.failed, signals.passed) < 0:
        raise ValueError("counts must not be negative")
    known, failing = signals.doubt <= KNOWN, _failing(excess(signals.failed, signals.passed))
    crowd = 0 if known else (signals.new and signals.visits >= BUSY) + (signals.visits >= FLOOD)
    level = (0 if known else 1) + failing + crowd
    return Risk(LEVELS[min(level, len(LEVELS) - 1)], min(failing / 2, KNOWN_AT_MOST if known else 1.0))


def _failing(failures: int) -> int:
    return (failures >= SOME) + (failures >= MANY)
