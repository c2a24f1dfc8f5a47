"""The table of every method on every set, as a page of the docs."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

INTRODUCTION = """Share of items that each method labels by their known truth; written by
`manage.py bench consensus --real DIR` on {day}. **{default}** is the platform's default, with one setting for all sets,
chosen by what may be believed of people before the first vote (`annotations/consensus/skills.py`), not by these truths.
crowd-kit is version {version}.
"""
TITLE = "# Truth inference on real crowds"
BEGIN, END = "<!-- bench consensus --real -->", "<!-- end -->"


def write_table(path: Path, rows: Mapping[str, Mapping[str, float]], result: Mapping[str, object]) -> None:
    """Into its part of the page."""
    from importlib.metadata import version

    from annotations.consensus.methods import DEFAULT

    methods = list(dict.fromkeys(name for scores in rows.values() for name in scores))
    lines = [INTRODUCTION.format(day=date.today(), default=DEFAULT, version=version("crowd-kit"))]
    lines += ["| method | " + " | ".join(rows) + " |", "|---|" + "---|" * len(rows)]
    for name in methods:
        cells = [f"{scores[name]:.4f}" if name in scores else "" for scores in rows.values()]
        shown = f"**{name}**" if name == DEFAULT else name
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- {remark}" for remark in _remarks(result))]
    into_page(path, lines, title=TITLE, begin=BEGIN)


def into_page(path: Path, lines: Sequence[str], *, title: str, begin: str) -> None:
    """Between a comment and the next `END`; what else the page says stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page = path.read_text(encoding="utf-8") if path.exists() else f"{title}\n\n{begin}\n{END}\n"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(END)
    path.write_text("\n".join([before + begin, *lines, END + after]), encoding="utf-8")


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
            f"{result['labelme_with_model']}, in {result['seconds']:.0f} s."
        )
    return remarks
