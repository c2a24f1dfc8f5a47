import pytest

from learning.engine.strategies.selection import annealed


def test_chance_halves_with_every_so_many_labels():
    assert [annealed(0.4, labels, 100) for labels in (0, 100, 200)] == pytest.approx([0.4, 0.2, 0.1])
    assert 0.2 < annealed(0.4, 50, 100) < 0.4


def test_without_a_halving_chance_keeps_its_share():
    assert annealed(0.4, 10_000, 0) == 0.4


def test_far_on_there_is_no_chance_left_and_none_stays_none():
    assert annealed(1.0, 10**9, 1) == 0
    assert annealed(0.0, 5, 10) == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((1.1, 0, 0), "probability"),
        ((float("nan"), 0, 0), "probability"),
        ((0.5, -1, 10), "there can't be -1 labels"),
        ((0.5, 1, -10), "nor -10 to a halving"),
    ],
)
def test_arguments_without_sense_are_refused(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        annealed(*arguments)
