"""The table of every method on every set, as a page of the docs."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

INTRODUCTION = """# Truth inference on real crowds

Share of items that each method labels by their known truth; written by `manage.py bench consensus --real DIR` on {day}.
**{default}** is the platform's default, with one setting for all sets, chosen by what may be believed of people
before the first vote (`annotations/consensus/skills.py`), not by these truths. crowd-kit is version {version}.
"""

LIARS = """
## Where people lie

Two thousand pictures of ten classes, sixty people, five votes a picture, 5% gold; written by
`manage.py bench consensus --simulate`. Dawid–Skene reads everybody through their own matrix, liars too; the platform
gives a liar no say and asks reliable people further, until its rule is met.

![Adversaries, each always wrong by a fixed map](images/consensus-adversaries.svg)

![Adversaries who are honest on everything that looks like gold](images/consensus-sneaks.svg)

![Adversaries who turn after 200 honest votes](images/consensus-turncoats.svg)"""

STREAM = """
## As votes arrive

A hundred thousand votes as a platform gets them: 500 people arrive one by one, 15% of them liars, the others right in
60% to 95%; challenges of nine, five votes a picture, 5% gold. `annotations/consensus/stream.py` takes them in one
challenge at a time, with no full fit between, and is then held to one; `manage.py bench consensus --stream`,
2026-11-24, seed 0:

| | |
|---|---|
| apart from the full fit, mean total variation | 0.0098 |
| same label as by the full fit | 99.2% |
| accuracy; of the full fit | 98.5%; 98.9% |
| an update of nine votes, computing | 1.0 ms |
| what is saved between runs | 866 KB |
| after its own full fit, furthest apart in any picture | 0.0 |
| labels that this changed, each of them named | 162 |"""


def write_table(path: Path, rows: Mapping[str, Mapping[str, float]], result: Mapping[str, object]) -> None:
    from importlib.metadata import version

    from annotations.consensus.methods import DEFAULT

    methods = list(dict.fromkeys(name for scores in rows.values() for name in scores))
    lines = [INTRODUCTION.format(day=date.today(), default=DEFAULT, version=version("crowd-kit"))]
    lines += ["| method | " + " | ".join(rows) + " |", "|---|" + "---|" * len(rows)]
    for name in methods:
        cells = [f"{scores[name]:.4f}" if name in scores else "" for scores in rows.values()]
        shown = f"**{name}**" if name == DEFAULT else name
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- {remark}" for remark in _remarks(result)), LIARS, STREAM]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _remarks(result: Mapping[str, object]) -> list[str]:
    below = result.get("below_majority")
    remarks = [f"Mean of the default over the whole sets: {result['mean4']}."]
    if "d_product_f1" in result:
        remarks.append(f"F1 of the rare class of d_product: {result['d_product_f1']}.")
    remarks.append(
        f"Significantly below majority vote (McNemar, 5%): {', '.join(below)}."
        if isinstance(below, list) and below
        else "Nowhere significantly below majority vote (McNemar's exact test, 5%)."
    )
    if "labelme_with_model" in result:
        remarks.append(
            f"LabelMe with its photos: the crowd alone {result['labelme_crowd']}, crowd and model together "
            f"{result['labelme_with_model']}, in {result['seconds']} s."
        )
    return remarks
