"""From a ranking to picks: some by chance, none a duplicate, no class starved. It knows nothing of how ranks come."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from learning.engine.strategies import registry
from learning.engine.strategies.options import Options, ordinary, pass_over
from learning.engine.strategies.pool import Pool, Ranking

SPARE = 4  # times as many are ranked as are wanted, where some may be passed over
PLAIN = Options()


class Selection(NamedTuple):
    indices: NDArray[np.int64]  # (n,) rows of the pool, the first to be asked first
    scores: NDArray[np.float64]  # (n,) what each scored; those by chance 0
    reasons: list[str]  # what picked each: the strategy's name, or "random"


def annealed(p: float, labels: int, halving: int) -> float:
    """The share of chance by which to pick once there are so many labels: p · 0.5^(labels / halving).

    Chance serves a model that has seen little and can't know what it has missed; the more it has learned from, the more
    its own word is worth. A `halving` of 0 keeps `p`. Raises ValueError for a `p` outside [0, 1], negative `labels` and
    a negative `halving`.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability, not {p}")
    if labels < 0 or halving < 0:
        raise ValueError(f"there can't be {labels} labels, nor {halving} to a halving")
    return p * 0.5 ** (labels / halving) if halving else p


def select(name: str, pool: Pool, n: int, *, p: float = 0.0, seed: int, options: Options = PLAIN) -> Selection:
    """Pick `n` of a pool by the strategy called `name`, each with probability `p` by chance from those that remain.

    The share of chance keeps the labelled set from holding only what one model found hard. An empty pool gives an empty
    selection, an `n` above N the whole pool (less duplicates). The same arguments give the same selection. Raises
    ValueError for an unknown name, a negative `n`, a `p` outside [0, 1], a pool that lacks what strategy or options
    need, and scores that are not finite.
    """
    rng, ranks = np.random.default_rng(seed), registry.get(name)
    if n < 0:
        raise ValueError(f"can't pick {n} images")
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability, not {p}")
    if lacking := options.needs - pool.known():
        raise ValueError(f"these options need {', '.join(sorted(lacking))} of the pool")
    if len(pool) == 0:
        return Selection(np.zeros(0, dtype=np.int64), np.zeros(0), [])
    n = min(n, len(pool))
    by_chance = rng.random(n) < p
    ranking = _ranked(ranks, pool, int((~by_chance).sum()), options, rng)
    return _dealt(name, ranking, by_chance, pool, options, rng)


def _ranked(ranks: registry.Strategy, pool: Pool, n: int, options: Options, rng: np.random.Generator) -> Ranking:
    """`n` by the strategy, fewer where duplicates are all that is left; the odd ones after all others."""
    usual = ordinary(pool, options.outliers, rng)
    wanted = n * SPARE if options.choosy else n
    parts = [_within(ranks, pool, np.flatnonzero(usual), wanted, rng)]
    if len(parts[0].indices) < wanted:
        odd = np.flatnonzero(~usual)
        parts.append(_within(ranks, pool, odd, wanted - len(parts[0].indices), rng))
    indices, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not options.choosy:
        return Ranking(indices, scores)
    score_of = dict(zip(indices.tolist(), scores.tolist(), strict=True))
    rest = np.setdiff1d(pool.unsettled, indices)
    # The rest stands in, in random order, where too many of those ranked were passed over.
    kept = pass_over(pool, np.concatenate([indices, rng.permutation(rest)]), n, options)
    return Ranking(kept, np.array([score_of.get(row, 0.0) for row in kept.tolist()]))


def _within(ranks: registry.Strategy, pool: Pool, rows: NDArray[np.int64], n: int, rng: np.random.Generator) -> Ranking:
    """The strategy on these rows of the pool, by the pool's own numbers."""
    if len(rows) == 0 or n == 0:
        return Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))
    found = ranks(pool if len(rows) == len(pool) else pool.of(rows), n, rng)
    return Ranking(rows[found.indices], found.scores)


def _dealt(
    name: str,
    ranking: Ranking,
    by_chance: NDArray[np.bool_],
    pool: Pool,
    options: Options,
    rng: np.random.Generator,
) -> Selection:
    """The ranking with its places by chance filled from what remains."""
    rest = np.setdiff1d(pool.unsettled, ranking.indices)
    lots = rng.permutation(rest)
    if options.duplicates < 1:
        fresh = pass_over(pool, np.concatenate([ranking.indices, lots]), len(by_chance), Options(options.duplicates))
        lots = fresh[~np.isin(fresh, ranking.indices)]
    picks, scores, reasons = [], [], []
    ranked, drawn = iter(zip(*ranking, strict=True)), iter(lots.tolist())
    for chance in by_chance.tolist():
        if chance and (row := next(drawn, None)) is not None:
            pick = (row, 0.0, "random")
        elif not chance and (found := next(ranked, None)) is not None:
            pick = (int(found[0]), float(found[1]), name)
        else:
            continue
        picks.append(pick[0])
        scores.append(pick[1])
        reasons.append(pick[2])
    return Selection(np.array(picks, dtype=np.int64), np.array(scores), reasons)
