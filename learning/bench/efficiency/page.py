"""The table for the docs, from what was measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from learning.bench.efficiency.plans import DEFAULT, RANDOM
from learning.bench.table import into_page

TITLE = "# What to ask first"
BEGIN = "<!-- bench strategies --table -->"
INTRODUCTION = """Measured by `{command}` on {date}, at {revision}. A cell: the area under the learning curve less
random's, in points, ± its standard error, over {seeds} seeds, or three where a network trains for long; then the share
of the labels (or votes) with which random's last figure is reached, “–” where it isn't. **Bold**: significantly above
random, *italic*: below (paired t-test, 5%).
"""
Row = Mapping[str, Any]
Sets = Mapping[str, Mapping[str, Row]]


def write_page(path: Path, result: Mapping[str, Any]) -> None:
    sets: Sets = result["sets"]
    names = {name for rows in sets.values() for name in rows} - {RANDOM}
    told = {key: result[key] for key in ("command", "date", "revision")}
    lines = [
        INTRODUCTION.format(**told, seeds=max(row["seeds"] for rows in sets.values() for row in rows.values())),
        _line(["strategy", *(_title(name) for name in sets)]),
        "|---|" + "---|" * len(sets),
        *(_line([f"`{name}`", *(_cell(rows.get(name)) for rows in sets.values())]) for name in _ranked(names, sets)),
        _line(["`random`: area, last figure", *(_of_random(rows.get(RANDOM)) for rows in sets.values())]),
        "",
        *(f"- {sentence}" for sentence in _remarks(result)),
        "",
        *(f"![{_title(name)}](benchmarks/strategies-{name}.svg)" for name in sets),
    ]
    into_page(path, lines, title=TITLE, begin=BEGIN)


def _ranked(names: set[str], sets: Sets) -> list[str]:
    """The default, then the others by their gain over all sets that have them."""

    def mean(name: str) -> float:
        gains = [rows[name].get("gain", 0.0) for rows in sets.values() if name in rows]
        return sum(gains) / len(gains)

    return sorted(names, key=lambda name: (name != DEFAULT, -mean(name)))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _title(name: str) -> str:
    return name.replace("_", " ")


def _cell(row: Row | None) -> str:
    if row is None or "gain" not in row:
        return ""
    gain = f"{100 * row['gain']:+.1f} ± {100 * row['gain_se']:.1f}"
    marked = {"above": f"**{gain}**", "below": f"*{gain}*", "level": gain}[row["against_random"]]
    needed, all_of_them = row["labels_to_random_final"], row["curve"][-1][0]
    return f"{marked}, –" if needed is None else f"{marked}, {needed / all_of_them:.0%}"


def _of_random(row: Row | None) -> str:
    return "" if row is None else f"{row['aulc']:.1%}, {row['final']:.1%}"


def _remarks(result: Mapping[str, Any]) -> list[str]:
    remarks = [
        f"Where the truth answers, the default is significantly above random on {result['datasets_above']} sets and "
        f"below on {result['datasets_below']}."
    ]
    for field, name in (("label_ratio_digits", "Digits"), ("label_ratio_longtail", "the long tail")):
        if result.get(field) is not None:
            remarks.append(f"On {name} it reaches with {result[field]:.0%} of the labels what random does with all.")
    if "crowd_gain" in result:
        points = f"{100 * result['crowd_gain']:+.1f} points"
        remarks.append(f"Where people answer, at equal votes, its least gain, of model or consensus, is {points}.")
    return remarks
