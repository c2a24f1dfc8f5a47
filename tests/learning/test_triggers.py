import pytest

from learning.triggers import drift_due, training_due


def due(fresh: int, age: float) -> str | None:
    return training_due(fresh=fresh, oldest_age=age, buffer_size=50, delay_seconds=60)


def test_a_full_buffer_is_due_at_once():
    assert due(50, 0) == "50 new labels fill the buffer of 50"


def test_a_label_does_not_wait_longer_than_the_delay():
    assert due(1, 60) == "1 new labels have waited 60 s"


@pytest.mark.parametrize(("fresh", "age"), [(0, 0), (0, 1e6), (49, 59.9)])
def test_without_new_labels_or_before_their_time_nothing_is_due(fresh: int, age: float):
    assert due(fresh, age) is None


@pytest.mark.parametrize(
    ("uploads", "seen", "due"),
    [
        (49, 0, False),
        (50, 0, True),
        (99, 50, False),
        (100, 50, True),
        (1099, 1000, False),
        (1100, 1000, True),
        (0, 0, False),
    ],
)
def test_uploads_are_looked_at_again_when_enough_came(uploads, seen, due):
    assert drift_due(uploads=uploads, seen=seen) is due
