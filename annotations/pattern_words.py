"""What the consensus library's findings mean, in words that a reviewer can check."""

from collections.abc import Callable
from dataclasses import fields
from math import expm1

from annotations.consensus.patterns import Patterns
from annotations.consensus.sequences import Finding
from annotations.consensus.timing import HUMAN

WORDS: dict[str, Callable[[Finding], str]] = {
    "quick": lambda f: f"{f.statistic:.0%} of {f.n} challenges took under {HUMAN:g} seconds a click",
    "even": lambda f: f"From one of {f.n} challenges to another the time varies by {expm1(f.statistic):.0%}",
    "position": lambda f: f"{f.statistic:.0%} of {f.n} tiles chosen in grids and rows were in one and the same place",
    "choice_run": lambda f: f"Named the same class {f.statistic:.0f} times in a row, in {f.n} answers",
    "choice_share": lambda f: f"{f.statistic:.0%} of {f.n} answers named the same class",
    "choice_cycle": lambda f: f"{f.statistic:.0%} of {f.n} answers went round the classes in a fixed order",
    "tile_run": lambda f: f"Said the same of {f.statistic:.0f} tiles in a row, of {f.n}",
    "tile_share": lambda f: f"Said the same of {f.statistic:.0%} of {f.n} tiles",
    "tile_cycle": lambda f: f"Went round in a fixed order in {f.statistic:.0%} of {f.n} tiles",
}


def listed(found: Patterns) -> list[tuple[str, Finding]]:
    """Those of which there are enough answers, with their names, the least likely of an attentive person first."""
    named = ((field.name, getattr(found, field.name)) for field in fields(found))
    return sorted(((name, one) for name, one in named if one is not None), key=lambda pair: pair[1].p_value)


def sentence(name: str, finding: Finding) -> str:
    return WORDS[name](finding)


def chance(p_value: float) -> str:
    """How often an attentive person looks like that, or more so."""
    if p_value >= 0.001:
        return f"p = {p_value:.3f}"
    return "p < 0.000001" if p_value < 1e-6 else "p < 0.001"
