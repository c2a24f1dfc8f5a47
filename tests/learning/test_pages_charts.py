from itertools import pairwise

import pytest

from learning.charts import Point, accuracy_chart, accuracy_ticks


def points(*pairs: tuple[int, float]) -> list[Point]:
    return [Point(labels, accuracy, f"{labels}") for labels, accuracy in pairs]


@pytest.mark.parametrize("few", [[], points((90, 0.9))])
def test_a_line_needs_two_versions(few: list[Point]) -> None:
    assert accuracy_chart(few) is None


def test_more_labels_stand_to_the_right_and_better_ones_higher() -> None:
    chart = accuracy_chart(points((300, 0.9), (100, 0.6), (200, 0.75)))
    line = chart["lines"][0]["points"]
    assert [point["x"] for point in line] == [0.0, 50.0, 100.0]
    assert [point["y"] for point in line] == [100.0, 50.0, 0.0]
    assert [tick["text"] for tick in chart["x_ticks"]] == ["100", "200", "300"]
    assert chart["y_ticks"][0] == {"y": 100.0, "text": "60%"}
    assert "60.0% with 100 labels to 90.0% with 300" in chart["description"]


def test_versions_that_learned_from_as_much_stand_in_the_middle() -> None:
    chart = accuracy_chart(points((100, 0.5), (100, 0.7)))
    assert {point["x"] for point in chart["lines"][0]["points"]} == {50.0}
    assert chart["x_ticks"] == [{"x": 50.0, "text": "100"}]


@pytest.mark.parametrize(
    "shares", [[0.0, 1.0], [0.94, 0.941], [0.9, 0.9], [1.0, 1.0], [0.0, 0.0], [0.123, 0.789], [0.995, 1.0]]
)
def test_the_axis_holds_every_value_with_few_round_steps(shares: list[float]) -> None:
    ticks = accuracy_ticks(shares)
    assert 0 <= ticks[0] <= min(shares)
    assert max(shares) <= ticks[-1] <= 1
    assert 2 <= len(ticks) <= 7
    steps = {round(b - a, 4) for a, b in pairwise(ticks)}
    assert len(steps) == 1
