"""Lines as a small SVG file, for the docs: readable on light and dark, with every value as a tooltip."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 360, 56, 40, 170, 48
COLOURS = ("#26619c", "#b5502f", "#6b7a2a", "#7a6a8a", "#8a8a8a")


def write_plot(path: Path, title: str, x_label: str, x: Sequence[float], lines: Mapping[str, Sequence[float]]) -> None:
    """Each line's values (shares from 0 to 1) over x (any increasing numbers)."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif"'
        ' font-size="12" fill="#6a6a66">',
        f"<title>{title}</title>",
        f'<text x="{LEFT}" y="20" font-size="14">{title}</text>',
        *_frame(x, x_label),
    ]
    ends: list[float] = []
    # From the top, so that names which have to make way do it in the order of their lines.
    ranked = sorted(zip(lines.items(), COLOURS, strict=False), key=lambda line: -line[0][1][-1])
    for (name, values), colour in ranked:
        points = [(_x(at, x), _y(value)) for at, value in zip(x, values, strict=True)]
        path_points = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        parts.append(f'<polyline points="{path_points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}">'
            f"<title>{name}: {value:.3f} at {at:g}</title></circle>"
            for (px, py), value, at in zip(points, values, x, strict=True)
        ]
        label = _apart(points[-1][1], ends)
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{label:.1f}" fill="{colour}">{name}</text>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _frame(x: Sequence[float], x_label: str) -> list[str]:
    grid = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(share):.1f}" y2="{_y(share):.1f}" stroke="#b9b6ad"'
        f' stroke-width="0.5"/><text x="{LEFT - 8}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    ticks = [f'<text x="{_x(at, x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{at:.0%}</text>' for at in x]
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [*grid, *ticks, f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{x_label}</text>']


def _x(at: float, x: Sequence[float]) -> float:
    return LEFT + (at - x[0]) / (x[-1] - x[0]) * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def _apart(y: float, taken: list[float]) -> float:
    """Where a line's name fits near its end, below the names that are there."""
    y += 4
    while any(abs(y - other) < 14 for other in taken):
        y += 14
    taken.append(y)
    return y


PALETTE = ("#26619c", "#b5502f", "#6b7a2a", "#7a4fa3", "#1f8a83", "#b0892b", "#c25a8a", "#55708c", "#8c6a4a", "#4d9a4d")
DASHES = ("", "6 3", "2 3")
EMPHASIS = ("random", "default")
LINE = 14  # pixels of a name


def write_curves(path: Path, title: str, unit: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Learning curves: (labels or votes, share) of each, the names by what was reached; any number of lines."""
    frame = Frame.around([point for points in lines.values() for point in points], len(lines))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {frame.height}" role="img"'
        ' font-family="sans-serif" font-size="12" fill="#6a6a66">',
        f"<title>{title}</title>",
        f'<text x="{LEFT}" y="20" font-size="14">{title}</text>',
        *frame.axes(unit),
    ]
    for place, (name, points) in enumerate(sorted(lines.items(), key=lambda line: -line[1][-1][1])):
        at = sorted(lines).index(name)
        colour, dash = PALETTE[at % len(PALETTE)], DASHES[at // len(PALETTE) % len(DASHES)]
        drawn = " ".join(f"{frame.x(x):.1f},{frame.y(share):.1f}" for x, share in points)
        width = 3 if name in EMPHASIS else 1.2
        parts.append(
            f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="{width}"'
            f' stroke-dasharray="{dash}">'
            f"<title>{name}: {points[-1][1]:.3f} at {points[-1][0]:g}</title></polyline>"
        )
        y = TOP + place * LINE + 8
        weight = "bold" if name in EMPHASIS else "normal"
        parts.append(
            f'<line x1="{WIDTH - RIGHT + 8}" x2="{WIDTH - RIGHT + 28}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}"'
            f' stroke-width="{width}" stroke-dasharray="{dash}"/>'
            f'<text x="{WIDTH - RIGHT + 34}" y="{y}" fill="{colour}" font-weight="{weight}">{name}</text>'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


class Frame:
    """From labels and shares to pixels: from the least to the most that any line shows."""

    def __init__(self, left: float, right: float, low: float, high: float, height: int) -> None:
        self.left, self.right, self.low, self.high, self.height = left, right, low, high, height

    @classmethod
    def around(cls, points: Sequence[tuple[float, float]], n_lines: int) -> "Frame":
        xs, shares = zip(*points, strict=True)
        low, high = math.floor(min(shares) * 20) / 20, math.ceil(max(shares) * 20) / 20
        return cls(min(xs), max(xs), low, max(high, low + 0.05), max(HEIGHT, TOP + n_lines * LINE + BOTTOM))

    def x(self, at: float) -> float:
        return LEFT + (at - self.left) / ((self.right - self.left) or 1) * (WIDTH - LEFT - RIGHT)

    def y(self, share: float) -> float:
        return TOP + (self.high - share) / (self.high - self.low) * (self.height - TOP - BOTTOM)

    def axes(self, unit: str) -> list[str]:
        steps = [self.low + part * (self.high - self.low) / 4 for part in range(5)]
        ticks = [self.left + part * (self.right - self.left) / 4 for part in range(5)]
        rows = [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(share):.1f}" y2="{self.y(share):.1f}" stroke="#b9b6ad"'
            f' stroke-width="0.5"/>'
            f'<text x="{LEFT - 8}" y="{self.y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>'
            for share in steps
        ]
        below = self.height - BOTTOM + 18
        columns = [f'<text x="{self.x(at):.1f}" y="{below}" text-anchor="middle">{at:,.0f}</text>' for at in ticks]
        middle = (LEFT + WIDTH - RIGHT) / 2
        return [*rows, *columns, f'<text x="{middle}" y="{self.height - 8}" text-anchor="middle">{unit}</text>']
