import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.challenges.seen import choose

ids = st.sets(st.integers(0, 30))


@settings(deadline=None)
@given(pool=st.lists(st.integers(0, 30)), seen=ids, own=ids, n=st.integers(0, 40), again=st.booleans())
def test_nobody_is_shown_an_image_twice_nor_an_own_or_needlessly_an_old_one(pool, seen, own, n, again) -> None:
    chosen = choose(pool, seen, own, n, np.random.default_rng(0), again=again)
    fresh, old = set(pool) - seen - own, (set(pool) & seen) - own
    assert len(set(chosen)) == len(chosen) == min(n, len(fresh) + (len(old) if again else 0))
    assert set(chosen[: len(fresh)]) <= fresh
    assert set(chosen[len(fresh) :]) <= old


def test_every_fresh_image_has_the_same_chance() -> None:
    rng = np.random.default_rng(1)
    counts = np.bincount(np.concatenate([choose(range(8), {7}, {6}, 2, rng) for _ in range(3000)]), minlength=8)
    assert counts[6:].tolist() == [0, 0]
    assert np.all(np.abs(counts[:6] / 3000 - 1 / 3) < 0.04)


def test_the_same_seed_chooses_the_same_images() -> None:
    first, again = (choose(range(50), set(), set(), 9, np.random.default_rng(3)) for _ in range(2))
    assert first == again
