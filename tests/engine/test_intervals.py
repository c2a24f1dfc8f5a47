import pytest

from learning.engine.intervals import share_interval


def test_the_interval_is_wilsons():
    # Of 10 rows 9: (0.5958, 0.9821), as in Brown, Cai & DasGupta's formula.
    assert share_interval(0.9, 10) == (pytest.approx(0.5958, abs=1e-4), pytest.approx(0.9821, abs=1e-4))


def test_all_right_is_no_certainty_and_more_rows_are_more():
    few, many = share_interval(1.0, 20), share_interval(1.0, 2000)
    assert few[1] == many[1] == pytest.approx(1)
    assert few[0] < 0.85 < 0.99 < many[0]


@pytest.mark.parametrize(("share", "n"), [(0.5, 0), (1.1, 10), (-0.1, 10)])
def test_no_rows_and_no_share_are_refused(share, n):
    with pytest.raises(ValueError, match="at least one row"):
        share_interval(share, n)
