"""What the methods that climb by expectation–maximisation share."""

import numpy as np
import pytest

from annotations.consensus import em


@pytest.mark.parametrize(("n_items", "strays", "moved"), [(100, 1, 1), (20_000, 2, 0), (20_000, 3, 1), (0, 0, 0)])
def test_beliefs_rest_though_one_item_in_ten_thousand_does_not(n_items: int, strays: int, moved: int) -> None:
    before = np.tile([0.5, 0.5], (n_items, 1))
    after = before.copy()
    after[:strays] = [0.8, 0.2]
    assert em.moved(after, before) == pytest.approx(moved * 0.3 * 2**0.5)


def test_bayes_divides_by_what_the_votes_of_an_item_were_worth() -> None:
    posterior, evidence = em.bayes(np.log([[0.1, 0.3], [0.2, 0.0001]]))
    assert posterior == pytest.approx(np.array([[0.25, 0.75], [0.2 / 0.2001, 0.0001 / 0.2001]]))
    assert np.exp(evidence) == pytest.approx([0.4, 0.2001])
