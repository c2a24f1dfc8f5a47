"""Response times and sequences of answers that no attentive person produces.

Every finding holds a person against what an honest one could still do, not against the average: the hypotheses allow
for leanings, quick answers and lucky rows, so that with more answers a harmless habit doesn't become significant. Yet a
pattern is no proof of a wrong answer: it says what a reviewer should look at. Nothing is said on fewer than a minimum
of answers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from annotations.consensus.sequences import MINIMUM, Finding, always_there, sequence
from annotations.consensus.timing import timing
from annotations.consensus.votes import FloatArray, Kind, Votes, whole_numbers


@dataclass(frozen=True)
class Patterns:
    """Each None where there are fewer answers than the minimum, or nothing to judge by.

    `quick`: share of times below what is humanly possible. `even`: standard deviation of log seconds, too small.
    `position`: largest share of one position. Of choices, and of tiles: `run`, the longest row of the same answer;
    `share`, the largest share of an answer beyond its expected one; `cycle`, the share of answers that repeat the one a
    fixed number before, but not the last.
    """

    quick: Finding | None
    even: Finding | None
    position: Finding | None
    choice_run: Finding | None
    choice_share: Finding | None
    choice_cycle: Finding | None
    tile_run: Finding | None
    tile_share: Finding | None
    tile_cycle: Finding | None

    def suspicious(self, level: float = 1e-4) -> tuple[str, ...]:
        """The names of the findings with a p-value below `level`: of honest people, at most 9 × `level` have any."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return tuple(name for name, finding in found.items() if finding is not None and finding.p_value < level)


def patterns(
    votes: Votes,
    posterior: FloatArray,
    annotator: int,
    *,
    seconds: npt.ArrayLike | None = None,
    position: npt.ArrayLike | None = None,
    n_positions: int = 0,
    minimum: int = MINIMUM,
) -> Patterns:
    """What the answers of one annotator look like, in the order of `votes`, which is taken for that of time.

    `posterior` (I, K) says what each item would have been answered: somebody shown twenty cats in a row may say cat
    twenty times. `seconds` (N,): what each answer took; NaN where it is not known, as for all but one tile of a grid
    that was timed as a whole. `position` (N,): where among `n_positions` shuffled options or tiles it was given, -1
    where that doesn't apply. Raises ValueError where an array doesn't fit.
    """
    mine = votes.annotator == annotator
    times = _parallel(votes, seconds, np.nan)[mine]
    places = whole_numbers("position", _parallel(votes, position, -1)[mine])
    own = votes.select(mine)
    choices = own.select(own.kind == Kind.CHOICE)
    asked = own.select(own.kind != Kind.CHOICE)
    yes = posterior[asked.item, asked.answer]
    chosen = sequence(choices.answer, posterior[choices.item], minimum)
    told = sequence(np.where(asked.kind == Kind.YES, 1, 0), np.stack([1 - yes, yes], axis=1), minimum)
    same_place = always_there(places[places >= 0], n_positions, minimum)
    return Patterns(*timing(times, minimum), same_place, *chosen, *told)


def _parallel(votes: Votes, values: npt.ArrayLike | None, missing: float) -> FloatArray:
    if values is None:
        return np.full(len(votes), missing)
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (len(votes),):
        raise ValueError(f"there must be one value a vote: {len(votes)}, not {array.shape}")
    return array
