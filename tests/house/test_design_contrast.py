"""The stylesheet's own colours, held to the contrast that the look promises, by day and by night."""

import re
from pathlib import Path

import pytest

from learning.engine.explanations.overlay import AGAINST, FOR

STYLESHEET = Path(__file__).resolve().parents[2] / "static" / "tessera" / "tessera.css"
TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
SHADE_STEP = re.compile(r"--shade-step: (\d+)%;")
THEMES = ("light", "dark")

Colour = tuple[float, float, float]

BODY, TEXT, EDGE = 7.0, 4.5, 3.0
GROUNDS = ("limestone", "plaster", "sand", "chalk")
PAIRS = [
    *[("basalt", ground, BODY) for ground in (*GROUNDS, "lapis-wash", "terracotta-wash", "olive-wash")],
    *[("slate", ground, BODY) for ground in ("limestone", "plaster", "chalk")],
    ("slate", "sand", TEXT),
    *[(accent, ground, TEXT) for accent in ("lapis", "terracotta", "olive") for ground in GROUNDS],
    *[("lapis-deep", ground, TEXT) for ground in GROUNDS],
    *[(accent, f"{accent}-wash", TEXT) for accent in ("lapis", "terracotta", "olive")],
    *[("slate", f"{accent}-wash", TEXT) for accent in ("lapis", "terracotta", "olive")],
    ("lapis", "olive-wash", TEXT),
    ("lapis", "terracotta-wash", TEXT),
    ("lapis-ink", "lapis", TEXT),
    ("lapis-ink", "lapis-deep", TEXT),
    ("terracotta-ink", "terracotta", TEXT),
    *[("joint", ground, EDGE) for ground in ("limestone", "plaster", "sand")],
    *[(accent, "sand", EDGE) for accent in ("lapis", "terracotta", "olive")],
    *[(speaks, "plaster", EDGE) for speaks in ("speaks-for", "speaks-against")],
]


def tokens() -> dict[str, dict[str, Colour]]:
    """Each theme's colours by name, sRGB in 0..1."""
    found = TOKEN.findall(STYLESHEET.read_text())
    return {theme: {name: rgb(pair[i]) for name, *pair in found} for i, theme in enumerate(THEMES)}


def rgb(hexadecimal: str) -> Colour:
    red, green, blue = (int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Relative luminance of WCAG 2.2."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mix(accent: Colour, ground: Colour, share: float) -> Colour:
    red, green, blue = (a * share + g * (1 - share) for a, g in zip(accent, ground, strict=True))
    return red, green, blue


def test_the_measure_agrees_with_known_contrasts() -> None:
    assert contrast(rgb("#000000"), rgb("#ffffff")) == pytest.approx(21)
    assert contrast(rgb("#767676"), rgb("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_a_colour_can_be_read_on_its_ground(theme: str, text: str, ground: str, least: float) -> None:
    colours = tokens()[theme]
    assert contrast(colours[text], colours[ground]) >= least


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("hue", ["lapis", "terracotta"])
@pytest.mark.parametrize("shade", range(11))
def test_a_figure_can_be_read_on_every_shade_of_a_matrix_tile(theme: str, hue: str, shade: int) -> None:
    colours = tokens()[theme]
    step = int(SHADE_STEP.findall(STYLESHEET.read_text())[0]) / 100
    assert contrast(colours["basalt"], mix(colours[hue], colours["sand"], shade * step)) >= TEXT


def test_no_rule_names_a_colour_that_is_not_a_token() -> None:
    rules = STYLESHEET.read_text().split("/* ---- Ground", 1)[1]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{}]*\{)|\b(?:rgb|hsl|oklch)a?\(", rules) == []


def test_the_legend_of_an_explanation_has_the_colours_that_are_drawn() -> None:
    for theme in THEMES:
        for name, drawn in (("speaks-for", FOR), ("speaks-against", AGAINST)):
            assert tokens()[theme][name] == pytest.approx([channel / 255 for channel in drawn])
