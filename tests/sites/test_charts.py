from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from annotations.sites.charts import days_chart, ticks_up_to
from annotations.sites.figures import Day, Figures


def days(labels: list[int], passed: list[int]) -> list[Day]:
    pairs = zip(labels, passed, strict=True)
    return [
        Day(date(2026, 1, 1) + timedelta(days=n), Figures(passed=one, labels=many))
        for n, (many, one) in enumerate(pairs)
    ]


@given(st.integers(0, 10**12))
def test_ticks_are_few_even_and_reach_the_highest(most: int) -> None:
    ticks = ticks_up_to(most)
    steps = {after - before for before, after in pairwise(ticks)}
    assert ticks[0] == 0 and ticks[-1] >= most and 2 <= len(ticks) <= 6
    assert len(steps) == 1 and str(steps.pop()).strip("0") in {"1", "2", "5"}


@given(st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 9999)), min_size=2, max_size=40))
def test_every_point_lies_in_the_plot(counts: list[tuple[int, int]]) -> None:
    chart = days_chart(days([a for a, _ in counts], [b for _, b in counts]))
    if not any(map(any, counts)):
        assert chart is None
        return
    points = [point for line in chart["lines"] for point in line["points"]]
    assert all(0 <= point[axis] <= 100 for point in points for axis in "xy")
    assert len(points) == 2 * len(counts)


def test_a_day_says_what_it_was() -> None:
    chart = days_chart(days([0, 1200, 3], [0, 4, 0]))
    assert chart["description"] == "1,203 labels and 4 passed in 3 days. The most on a day: 1,200 labels, 4 passed."
    assert [point["text"] for point in chart["lines"][0]["points"]] == ["", "2 Jan: 1,200 labels", "3 Jan: 3 labels"]
    assert [tick["text"] for tick in chart["x_ticks"]] == ["1 Jan", "2 Jan", "3 Jan"]
