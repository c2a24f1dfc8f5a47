import numpy as np
import pytest
from numpy.typing import NDArray

from learning.engine.strategies.pool import Pool
from learning.engine.strategies.registry import get

A, B, TORN = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]
# A column an image: all are sure of one class, all are torn, each is sure of another class, three against one.
MEMBERS = np.array([[A, TORN, A, A], [A, TORN, B, A], [A, TORN, A, A], [A, TORN, B, B]])
AGREED, TOSS_UP, CONTRADICTED, OUTVOTED = range(4)


def scores(name: str, members: NDArray[np.float64] = MEMBERS) -> NDArray[np.float64]:
    """By image."""
    pool = Pool(members.mean(axis=0), committee=members)
    found = get(name)(pool, len(pool), np.random.default_rng(0))
    return found.scores[np.argsort(found.indices)]


def test_bald_asks_where_the_models_contradict_each_other_and_not_where_they_agree_on_a_toss_up():
    found = scores("bald")
    assert found[CONTRADICTED] == pytest.approx(np.log(2))
    assert found[OUTVOTED] == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    assert found[[AGREED, TOSS_UP]] == pytest.approx(0)


def test_a_committee_is_asked_about_a_toss_up_as_about_a_contradiction():
    found = scores("committee")
    assert found[TOSS_UP] == pytest.approx(found[CONTRADICTED]) == pytest.approx(np.log(2))
    assert found[CONTRADICTED] > found[OUTVOTED] > found[AGREED] == 0


def test_variation_ratios_are_the_share_that_disagrees_with_the_mode():
    assert scores("variation_ratios").tolist() == [0, 0, 0.5, 0.25]


def test_what_is_learned_of_the_model_is_part_of_what_is_unknown():
    members = np.random.default_rng(0).dirichlet(np.ones(5), size=(8, 200))
    bald, all_doubt = scores("bald", members), scores("committee", members)
    assert (bald >= 0).all() and (bald <= all_doubt).all() and (all_doubt <= np.log(5)).all()
    assert bald.max() <= np.log(5)


def test_a_committee_of_one_does_not_disagree():
    members = np.random.default_rng(0).dirichlet(np.ones(3), size=(1, 20))
    assert scores("bald", members) == pytest.approx(np.zeros(20))
    assert (scores("variation_ratios", members) == 0).all()


@pytest.mark.parametrize("name", ["bald", "committee", "variation_ratios"])
def test_a_committee_of_nobody_and_one_that_gives_no_numbers_are_refused(name: str):
    nobody = Pool(np.ones((2, 1)), committee=np.ones((0, 2, 1)))
    with pytest.raises(ValueError, match="one member at least"):
        get(name)(nobody, 1, np.random.default_rng(0))
    broken = MEMBERS.copy()
    broken[1, 2] = np.nan
    with pytest.raises(ValueError, match="committee's probabilities hold what is no number"):
        get(name)(Pool(MEMBERS[0], committee=broken), 1, np.random.default_rng(0))
