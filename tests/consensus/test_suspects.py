"""Gold that reliable people get wrong is itself in doubt; gold that anybody else gets wrong is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from annotations.consensus.suspects import error_interval, suspect


@pytest.mark.parametrize(
    ("answered", "wrong", "expected"),
    [
        (0, 0, False),
        (4, 4, False),  # too few, however wrong
        (5, 5, True),
        (5, 4, False),
        (8, 7, True),
        (100, 50, False),
        (100, 61, True),
        (1000, 40, False),
    ],
)
def test_an_item_is_suspect_where_trusted_people_mostly_get_it_wrong(answered, wrong, expected) -> None:
    assert suspect([answered], [wrong]).tolist() == [expected]


def test_many_items_are_judged_at_once() -> None:
    assert suspect([5, 5, 0], [5, 0, 0]).tolist() == [True, False, False]
    assert suspect([], []).shape == (0,)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_interval_is_the_betas(right: int, wrong: int) -> None:
    low, high = error_interval([right + wrong], [wrong])
    expected = beta(1 + wrong, 1 + right).ppf([0.025, 0.975])
    assert np.allclose([low[0], high[0]], expected)


@given(st.integers(5, 60), st.data())
def test_another_contradiction_never_clears_an_item(answered: int, data) -> None:
    wrong = data.draw(st.integers(0, answered))
    before, after = suspect([answered, answered + 1], [wrong, wrong + 1])
    assert after or not before


@pytest.mark.parametrize(("answered", "wrong"), [(3, 4), (3, -1), (float("nan"), 0)])
def test_counts_that_cannot_be_are_refused(answered, wrong) -> None:
    with pytest.raises(ValueError, match="between 0 and answered"):
        error_interval([answered], [wrong])


def test_a_level_outside_the_unit_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="level"):
        error_interval([5], [5], level=1.0)
