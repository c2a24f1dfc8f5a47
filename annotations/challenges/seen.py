"""Who is shown what next: nobody their own images, nobody the same image again while there are others."""

from collections.abc import Iterable, Set

import numpy as np


def choose(
    pool: Iterable[int],
    seen: Set[int],
    own: Set[int],
    n: int,
    rng: np.random.Generator,
    *,
    again: bool = False,
) -> list[int]:
    """Up to `n` distinct image ids of `pool` in random order.

    `own` (images this person uploaded, or made firm with their votes) never come. `seen` ones come only with
    `again`, and only after every fresh one: right for controls, which must not run dry, and wrong for
    unknowns, where a second answer of the same person says little.
    """
    allowed = [image_id for image_id in dict.fromkeys(pool) if image_id not in own]
    chosen = _sample([i for i in allowed if i not in seen], n, rng)
    if again:
        chosen += _sample([i for i in allowed if i in seen], n - len(chosen), rng)
    return chosen


def _sample(ids: list[int], n: int, rng: np.random.Generator) -> list[int]:
    return [ids[i] for i in rng.choice(len(ids), size=min(n, len(ids)), replace=False)] if ids else []
