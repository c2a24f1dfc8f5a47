"""How many challenges may be passed over."""

from annotations.challenges.skipping import FREE, MOST, WINDOW, counted, seconds_left


def at(*endings: str) -> list[tuple[str, float]]:
    return [(ending, float(i)) for i, ending in enumerate(endings)]


def test_a_skip_counts_and_an_answer_does_not() -> None:
    assert counted(at("skipped", "answered", "skipped")) == [0.0, 2.0]


def test_who_can_not_tell_a_few_in_a_row_has_answered_and_then_skips() -> None:
    assert counted(at(*["unsure"] * FREE)) == []
    assert counted(at(*["unsure"] * (FREE + 2))) == [FREE, FREE + 1]


def test_an_answer_begins_the_row_anew_and_a_skip_does_not() -> None:
    assert counted(at(*["unsure"] * FREE, "answered", "unsure")) == []
    assert counted(at(*["unsure"] * FREE, "skipped", "unsure")) == [3.0, 4.0]


def test_the_next_skip_is_there_when_the_oldest_that_counts_is_out_of_the_window() -> None:
    skips = [float(i) for i in range(MOST)]
    assert seconds_left(skips[:-1], now=MOST) == 0
    assert seconds_left(skips, now=MOST) == WINDOW - MOST
    assert seconds_left(skips, now=WINDOW) == 0
    assert seconds_left([*skips, MOST + 0.5], now=MOST + 1) == WINDOW - MOST
