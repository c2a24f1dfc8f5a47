"""What a strategy thinks of a pool, for tools outside."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from gallery.models import DataSet, Image
from learning.engine.strategies import registry
from learning.models import SamplingRound
from learning.selectors import askable_pool, champion_of
from learning.services.pools import pool_of


def scores_of(
    *, dataset: DataSet, strategy: str, number: int | None = None, seed: int = 0
) -> Iterator[tuple[str, float]]:
    """(image, score) of the pool in the order in which the strategy would ask, of `number` of them or all.

    An image goes by its name where no other bears it, else by id:NUMBER. Before there is a model all is as uncertain as
    anything. Raises ValueError for an unknown strategy, and where there is no version that says what it needs.
    """
    ranks = registry.get(strategy)
    wanted = SamplingRound(dataset=dataset, version=champion_of(dataset), strategy=strategy)
    ids, pool = pool_of(wanted, askable_pool(dataset, again=ranks.asks_again), lambda phase, progress: None)
    if not ids:
        return
    found = ranks(pool, len(ids) if number is None else number, np.random.default_rng(seed))
    names = _names(dataset, ids)
    yield from ((names[ids[row]], score) for row, score in zip(*(column.tolist() for column in found), strict=True))


def _names(dataset: DataSet, images: list[int]) -> dict[int, str]:
    name_of = dict(Image.objects.present().filter(dataset=dataset).values_list("pk", "name"))
    times = Counter(name_of.values())
    return {pk: name_of[pk] if times[name_of[pk]] == 1 and name_of[pk].strip() else f"id:{pk}" for pk in images}
