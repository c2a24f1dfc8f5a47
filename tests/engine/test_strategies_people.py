import numpy as np
import pytest

from learning.engine.strategies.people import TRUST, model_weight
from learning.engine.strategies.pool import Pool
from learning.engine.strategies.registry import get

# The model's word, people's belief, and how many were asked.
UNSURE_NEW = ([0.40, 0.35, 0.25], [1 / 3, 1 / 3, 1 / 3], 0)
CONTESTED = ([0.50, 0.45, 0.05], [0.50, 0.50, 0.00], 2)
SURE_NEW = ([0.97, 0.02, 0.01], [1 / 3, 1 / 3, 1 / 3], 0)
AGREED = ([0.90, 0.05, 0.05], [0.98, 0.01, 0.01], 3)


def pool(*images: tuple[list[float], list[float], int]) -> Pool:
    model, beliefs, votes = (np.array(part) for part in zip(*images, strict=True))
    return Pool(model, beliefs=beliefs, votes=votes)


def order(*images: tuple[list[float], list[float], int]) -> list[int]:
    return get("active_lab")(pool(*images), len(images), np.random.default_rng(0)).indices.tolist()


def test_what_is_contested_is_asked_again_before_what_three_agree_on():
    assert order(AGREED, CONTESTED) == [1, 0]


def test_what_is_contested_is_asked_again_before_a_new_image_that_the_model_is_sure_of():
    assert order(SURE_NEW, CONTESTED) == [1, 0]


def test_a_new_image_that_the_model_is_unsure_of_is_asked_before_an_old_one_that_is_agreed():
    assert order(AGREED, UNSURE_NEW) == [1, 0]


def test_all_of_them_at_once():
    assert order(AGREED, SURE_NEW, CONTESTED, UNSURE_NEW) == [3, 2, 1, 0]


def test_the_same_doubt_is_worth_less_the_more_have_been_asked():
    torn = [0.5, 0.5, 0.0]
    assert order((torn, torn, 8), (torn, torn, 4), (torn, torn, 2)) == [2, 1, 0]


def test_a_model_against_the_people_raises_a_doubt():
    people = [0.9, 0.05, 0.05]
    assert order((people, people, 2), ([0.05, 0.9, 0.05], people, 2)) == [1, 0]


def test_new_images_go_by_the_model_alone_whatever_stands_for_their_beliefs():
    known, unknown = (UNSURE_NEW[0], [0.0, 0.0, 1.0], 0), (SURE_NEW[0], [np.nan] * 3, 0)
    assert order(unknown, known) == [1, 0]
    found = get("active_lab")(pool(known), 1, np.random.default_rng(0))
    assert found.scores == pytest.approx([1 - (0.40 + 1 / 3) / 2])  # the model weighs one vote where nothing is known


def test_scores_are_the_papers():
    images = pool(AGREED, CONTESTED, UNSURE_NEW)
    weight = model_weight(images.probabilities, images.beliefs, images.votes)
    found = get("active_lab")(images, 3, np.random.default_rng(0))
    wanted = [
        1 - (weight * 0.40 + 1 / 3) / (weight + 1),
        1 - (weight * 0.50 + 2 * 0.50 + 1 / 3) / (weight + 3),
        1 - (weight * 0.90 + 3 * 0.98 + 1 / 3) / (weight + 4),
    ]
    assert found.indices.tolist() == [2, 1, 0] and found.scores == pytest.approx(wanted)


def test_a_model_that_people_agree_with_weighs_more_than_one_that_guesses():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=300)
    people, votes = np.eye(3)[truth], np.full(300, 4)
    good = np.eye(3)[np.where(rng.random(300) < 0.95, truth, (truth + 1) % 3)]
    guess = np.eye(3)[rng.integers(3, size=300)]
    assert model_weight(people, people, votes) == pytest.approx(2)  # the root of four votes
    assert model_weight(people, people, votes) > model_weight(good, people, votes) > 1.7
    assert model_weight(guess, people, votes) < 0.2


def test_one_image_does_not_decide_what_the_model_is_worth():
    wrong, people = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    assert model_weight(wrong, people, np.array([2])) > 0.4 and TRUST > 1
    assert model_weight(wrong, people, np.array([0])) == 1  # nobody was asked


def test_one_class_leaves_nothing_to_ask():
    ones = np.ones((4, 1))
    found = get("active_lab")(Pool(ones, beliefs=ones, votes=np.arange(4)), 4, np.random.default_rng(0))
    assert found.scores == pytest.approx(np.zeros(4))


def test_negative_votes_and_what_is_no_number_are_refused():
    with pytest.raises(ValueError, match="no fewer votes than 0"):
        order((SURE_NEW[0], SURE_NEW[1], -1))
    with pytest.raises(ValueError, match="probabilities hold what is no number"):
        order(([np.nan] * 3, SURE_NEW[1], 0))
    with pytest.raises(ValueError, match="no finite score"):
        order((SURE_NEW[0], [np.nan] * 3, 1))
