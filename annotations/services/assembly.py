"""From candidates to the rows of a challenge: for somebody who asks, or ahead for whoever comes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from annotations.challenges import share
from annotations.challenges.tiles import Candidate, Composed
from annotations.models import Challenge, Tile
from annotations.services import candidates
from annotations.services.asking import Asking
from gallery.models import DataSet

LIFETIME = timedelta(seconds=120)  # of a challenge, from when somebody has it


@dataclass(frozen=True)
class Assembled:
    """`doubt`: about a person, up to which its controls suffice for a verdict."""

    composed: Composed
    seed: int
    doubt: float

    @property
    def images(self) -> list[int]:
        return [tile.image_id for tile in self.composed.shown]


def assemble(
    asking: Asking, controls: Sequence[Candidate], unknowns: Sequence[Candidate], seed: int | None = None
) -> Assembled:
    """The seed gives the same challenge of the same candidates, believed to be the same, again. Raises NotEnough."""
    seed, kind = secrets.randbits(31) if seed is None else seed, asking.kind
    unknowns = asking.pointed(controls, unknowns, seed)
    unknowns = candidates.with_rivals(asking.dataset, unknowns) if kind.weighs_rivals else unknowns
    rng = np.random.default_rng(seed)
    composed = kind.compose(controls, unknowns, len(asking.keys), share.check(asking.doubt), rng)
    return Assembled(composed, seed, asking.doubt)


def store(dataset: DataSet, assembled: Sequence[Assembled], leased: timedelta, **fields: object) -> list[Challenge]:
    """Write them, with these `fields` of a challenge, and keep their unknowns from other solvers for so long."""
    challenges = [_row(dataset, one, fields) for one in assembled]
    Challenge.objects.bulk_create(challenges)
    pairs = list(zip(challenges, assembled, strict=True))
    Tile.objects.bulk_create(
        Tile(challenge=challenge, position=position, image_id=tile.image_id, truth=tile.truth)
        for challenge, one in pairs
        for position, tile in enumerate(one.composed.shown)
    )
    unknowns = [tile.image_id for one in assembled for tile in one.composed.tiles if tile.truth is None]
    candidates.lease(unknowns, leased)
    return challenges


def _row(dataset: DataSet, assembled: Assembled, fields: dict[str, object]) -> Challenge:
    composed = assembled.composed
    return Challenge(
        dataset=dataset,
        kind=composed.kind,
        target=composed.target,
        asked=composed.asked,
        seed=assembled.seed,
        doubt=assembled.doubt,
        **fields,
    )
