"""How closely somebody is checked: the doubt that is left about them, and the controls that follow from it.

The verdict is a posterior, of two players: one who looks, and one who doesn't.

    odds of who looks = odds before · Π over controls P(right | looks) / P(right | doesn't look)

A control that is right multiplies the odds by 1 / `chance` of its kind, and `ENOUGH` odds pass. A stranger comes with
even odds, so the controls bring all of them, and a blind player passes less often than once in `ENOUGH`; somebody
known comes with what their history speaks for, and one or two controls are enough. Any control that is wrong fails:
the odds (0.03 against 1 - `chance`) would forgive one only where several guesses among many classes were right.
"""

import math
from dataclasses import dataclass

FIRST = 20  # answered tiles before anything is believed of a person
SETTLED = 40  # answered tiles from which on what they have shown counts in full
DOUBTED, RELIED_ON = 0.5, 0.8  # lower bounds of an accuracy: up to the one nothing is believed, from the other all
KNOWN = 0.25  # doubt up to which somebody counts as known
MOST, LEAST = 0.4, 0.1  # share of tiles that are controls
ENOUGH = 100.0  # to one that somebody looks: then they pass
KNOWN_ODDS = 50.0  # to one, before they answer, of somebody to be relied on: history doesn't tell who sits there now
STRANGER_FLOOR, KNOWN_FLOOR = 3, 1  # controls, however many classes a blind player would have to guess among


@dataclass(frozen=True)
class Check:
    """What a challenge for one person must hold.

    `odds`: by so much the controls must raise those of who looks, so that a player who doesn't passes less often than
    once in so many. `floor`: controls at least.
    `share` of the tiles, in [0, 1], that are controls where there are enough, if the verdict doesn't take more.
    """

    odds: float
    floor: int
    share: float

    def controls_needed(self, blind: float) -> int:
        """Fewest controls for a verdict, where a blind player gets each right with probability `blind`.

        Raises ValueError unless 0 < blind < 1.
        """
        if not 0 < blind < 1:
            raise ValueError("a blind player must be right sometimes, and not always")
        n = self.floor
        while blind**-n <= self.odds:
            n += 1
        return n

    def controls_wanted(self, needed: int, size: int) -> int:
        """Of `size` tiles: what the verdict needs, or the share where that is more."""
        return max(needed, round(self.share * size))


def doubt(*, answered: int, low: float, failed: int = 0) -> float:
    """What is left of the doubt about a person, in [0, 1]: 1 for a stranger, 0 for somebody to be relied on.

        doubt = 1 - shown · settled · 2^-failed
        shown   = (low - 0.5) / (0.8 - 0.5)      within [0, 1]
        settled = (answered - 20) / (40 - 20)    within [0, 1]

    `answered`: tiles they have answered on this data set; `low`: the lower end of the 95% interval of their
    accuracy, which climbs with evidence and with being right; `failed`: challenges that they failed in a row just
    now. It is continuous in what they have shown, and a failure doubles at once what has to be shown again.
    Raises ValueError on negative counts.
    """
    if answered < 0 or failed < 0:
        raise ValueError("answered and failed must not be negative")
    shown = _within((low - DOUBTED) / (RELIED_ON - DOUBTED))
    settled = _within((answered - FIRST) / (SETTLED - FIRST))
    return float(1 - shown * settled * 0.5**failed)


def level(doubt: float) -> float:
    """The lowest of five levels from 0 to 1 that is as strict: for what is kept for people who are doubted about as
    much."""
    return math.ceil(4 * doubt) / 4


def check(doubt: float) -> Check:
    """From 40% of the tiles at full doubt to 10% at none, and a verdict as strict as the doubt asks for.

    The odds before are interpolated geometrically, since each control multiplies them.
    Raises ValueError outside [0, 1].
    """
    if not 0 <= doubt <= 1:
        raise ValueError("doubt must lie in [0, 1]")
    odds = ENOUGH / KNOWN_ODDS ** (1 - doubt)
    floor = round(KNOWN_FLOOR + (STRANGER_FLOOR - KNOWN_FLOOR) * doubt)
    return Check(odds, floor, LEAST + (MOST - LEAST) * doubt)


def _within(x: float) -> float:
    return min(max(x, 0.0), 1.0)


STRANGER, RELIABLE = check(1.0), check(0.0)
