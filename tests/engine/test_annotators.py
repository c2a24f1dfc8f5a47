import numpy as np
import pytest

from learning.engine.annotators import SimulatedAnnotator, population


def answers(annotator, truth, n=4000):
    return np.bincount([annotator.perceive(truth) for _ in range(n)], minlength=annotator.n_classes) / n


def test_the_honest_are_right_as_often_as_said_and_wrong_evenly():
    shares = answers(SimulatedAnnotator("honest", 0.7, seed=0, n_classes=4), truth=2)
    np.testing.assert_allclose(shares, [0.1, 0.1, 0.7, 0.1], atol=0.03)


@pytest.mark.parametrize("seed", range(20))
def test_an_adversary_is_always_wrong_in_the_same_way(seed):
    annotator = SimulatedAnnotator("adversarial", 0.95, seed=seed, n_classes=5)
    first, again = ([annotator.perceive(truth) for truth in range(5)] for _ in range(2))
    assert first == again and sorted(first) == [0, 1, 2, 3, 4]
    assert all(answer != truth for truth, answer in enumerate(first))


def test_a_spammer_does_not_look():
    shares = answers(SimulatedAnnotator("spammer", 0.95, seed=0, n_classes=4), truth=2)
    np.testing.assert_allclose(shares, [0.25] * 4, atol=0.03)


def test_a_population_has_its_share_of_adversaries_and_repeats():
    first, again = (population(40, 0.25, seed=3, n_classes=10) for _ in range(2))
    assert [a.kind for a in first] == [a.kind for a in again]
    assert [a.kind for a in first].count("adversarial") == 10
    assert [a.perceive(1) for a in first] == [a.perceive(1) for a in again]


def test_adversaries_of_one_population_do_not_lie_alike():
    liars = population(10, 1.0, n_classes=10)
    assert len({tuple(liar.perceive(truth) for truth in range(10)) for liar in liars}) > 5


@pytest.mark.parametrize(("kind", "accuracy", "k"), [("bored", 0.9, 3), ("honest", 1.1, 3), ("honest", 0.9, 1)])
def test_an_impossible_annotator_is_refused(kind, accuracy, k):
    with pytest.raises(ValueError):
        SimulatedAnnotator(kind, accuracy, seed=0, n_classes=k)


def test_an_unknown_class_can_not_be_perceived():
    with pytest.raises(ValueError, match="not one of 3"):
        SimulatedAnnotator("honest", 0.9, seed=0, n_classes=3).perceive(3)
