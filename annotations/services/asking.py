"""What is worth asking: which unknowns of the queue's front a challenge is about, and which kind people are given."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from django.core.cache import cache

from annotations.challenges import share, worth
from annotations.challenges.registry import KINDS
from annotations.challenges.tiles import Candidate, Composed, Keys
from annotations.consensus.votes import FloatArray
from annotations.models import Consensus
from annotations.selectors import keys_of
from gallery.models import DataSet
from gallery.prepared import Prepared

TRIAL = 1  # beside a challenge's seed, the seed of the trial before it
KEPT = 3600  # seconds for which it is remembered what the kinds were worth

POSTERIORS = Prepared(
    lambda several: Consensus.objects.filter(image__in=several("images"), votes__gt=0).values_list("pk", "posterior")
)


def kinds_in_order(dataset: DataSet, kinds: Sequence[str], doubt: float, rng: np.random.Generator) -> list[str]:
    """In the order in which to try them for somebody who is doubted so much: the likelier the earlier, the more bits a
    second the last challenges of a kind were worth."""
    if len(kinds) < 2:
        return list(kinds)
    known: Mapping[tuple[str, float], float] = cache.get(_place(dataset)) or {}
    rates = {kind: known[at] for kind in kinds if (at := (kind, share.level(doubt))) in known}
    return worth.in_order(rates, kinds, rng)


class Asking:
    """For one challenge, or several of a kind, about unknowns of the queue's front."""

    def __init__(self, dataset: DataSet, kind: str, unknowns: Sequence[Candidate], doubt: float) -> None:
        self.dataset, self.kind, self.doubt, self.keys = dataset, KINDS[kind], doubt, keys_of(dataset)
        self.beliefs = beliefs_of(unknowns, self.keys)
        self.matrix = _usual_matrix(share.level(doubt), len(self.keys))

    def pointed(self, controls: Sequence[Candidate], unknowns: Sequence[Candidate], seed: int) -> list[Candidate]:
        """Those of which this kind tells most. Raises NotEnough. The trial is thrown away: what it drew for controls
        has no part in the challenge, whose generator is another."""
        rng = np.random.default_rng((seed, TRIAL))
        trial = self.kind.compose(controls, unknowns, len(self.keys), share.check(self.doubt), rng)
        return worth.pointed(self.kind, trial, controls, unknowns, self.beliefs, self.matrix)

    def remember(self, challenges: Sequence[Composed]) -> None:
        """What they are worth counts for how often their kind is asked. Of two that write at once, one is lost: there
        are many."""
        known = cache.get(_place(self.dataset)) or {}
        at = (self.kind.name, share.level(self.doubt))
        for composed in challenges:
            bits = worth.bits(self.kind, composed, self.beliefs, self.matrix, self.keys)
            known[at] = worth.remembered(known.get(at), bits / worth.seconds(self.kind, composed, self.keys))
        cache.set(_place(self.dataset), known, KEPT)


def beliefs_of(unknowns: Sequence[Candidate], keys: Keys) -> dict[int, FloatArray]:
    """Image id → (K,): what the crowd and the model believe together, and before anybody has answered, what the model
    and the classes that there are leave to believe."""
    present = np.array([bool(name) for _, name in keys], dtype=np.float64)
    if not present.any():
        return {}
    even = present / present.sum()
    posteriors = POSTERIORS.all(images=[unknown.image_id for unknown in unknowns]) if unknowns else []
    # A class that was added since is as good as ruled out, until the next vote.
    answered = {pk: np.pad(posterior, (0, len(keys) - len(posterior))) for pk, posterior in posteriors}
    return {one.image_id: answered.get(one.image_id, _before(one, even)) for one in unknowns}


def _before(unknown: Candidate, even: FloatArray) -> FloatArray:
    if unknown.guess is None:
        return even
    word = (1 - unknown.confidence) * even
    word[unknown.guess] += unknown.confidence
    return worth.assumed(word, even)


@lru_cache(maxsize=8)
def _usual_matrix(doubt: float, n_classes: int) -> FloatArray:
    return worth.usual_matrix(doubt, n_classes)


def _place(dataset: DataSet) -> str:
    return f"annotations.worth.{dataset.pk}"
