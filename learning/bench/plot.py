"""Lines over shares as a small SVG file, for the docs: readable on light and dark, with every value as a tooltip."""

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
