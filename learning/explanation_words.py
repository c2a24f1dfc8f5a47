"""What an explanation shows, in sentences: how to read it, what was found, and the same for who can't see the picture.

Pure: from the facts that `learning.services.explaining` writes.
"""

from dataclasses import dataclass
from typing import Any

from learning.models import ExplanationKind

DOUBTFUL = 0.5  # of the R²: a linear model that explains less is not to be relied on

WORKING = {
    ExplanationKind.LIME: "Blurs parts of the picture, 500 times other ones, and looks what the model then says.",
    ExplanationKind.GRAD_CAM: "Follows the answer back to the places in the picture that it came from.",
    ExplanationKind.OCCLUSION: "Lays a grey square over one place after the other, and looks what the model then says.",
    ExplanationKind.SIMILAR: "Compares the picture with those that the model learned from.",
}


@dataclass(frozen=True)
class Words:
    """`how`: how to read it. `found`: what there is to see, in sentences. `alt`: for the picture."""

    how: str
    found: list[str]
    alt: str = ""


def words_of(kind: str, facts: dict[str, Any], label: str) -> Words:
    """Of an explanation that is done; `label` is the class it is about, in words."""
    return _WORDS[ExplanationKind(kind)](facts, label)


def _lime(facts: dict[str, Any], label: str) -> Words:
    how = (
        f"The picture was cut into {facts['parts']} parts, and {facts['samples']} times some of them were blurred. "
        f"An orange part makes “{label}” more probable by being seen, a blue one less; the stronger the "
        "colour, the more."
    )
    fit = f"Adding up parts explains {_share(facts['fit'])} of how the model's answer changed."
    if facts["fit"] < DOUBTFUL:
        fit += " That is little: they matter together rather than each by itself, so don't rely on this."
    return Words(how, [*_places(facts, label, "part"), fit], _alt(facts, label))


def _occlusion(facts: dict[str, Any], label: str) -> Words:
    how = (
        f"A grey square of {facts['patch']} × {facts['patch']} pixels, of {facts['side']} × {facts['side']} that the "
        f"model sees, was laid over one place after the other. Where it is orange, the model misses what was covered: "
        f"“{label}” became less probable. Where it is blue, “{label}” became more probable."
    )
    return Words(how, _places(facts, label, "place"), _alt(facts, label))


def _grad_cam(facts: dict[str, Any], label: str) -> Words:
    rows, columns = facts["grid"]
    how = (
        f"Orange is where the last features that the model found speak for “{label}”; the stronger, the more. It looks "
        f"in a grid of {rows} × {columns}, so no spot is finer than that. What speaks against isn't shown."
    )
    if not facts["for"]:
        nothing = f"Nothing in the picture speaks for “{label}”."
        return Words(how, [nothing], f"The picture in grey. {nothing}")
    where = f"It looks most {_at(facts['for'])}."
    return Words(how, [where], f"The picture in grey, with orange where the model looks for “{label}”. {where}")


def _similar(facts: dict[str, Any], label: str) -> Words:
    how = (
        f"Of {facts['compared']:,} pictures that the model learned from, these look most like this one to it. Below "
        "each is what it was taught that the picture shows."
    )
    itself = ["It learned from this very picture, too."] if facts["learned_from_it"] else []
    return Words(how, itself)


_WORDS = {
    ExplanationKind.LIME: _lime,
    ExplanationKind.OCCLUSION: _occlusion,
    ExplanationKind.GRAD_CAM: _grad_cam,
    ExplanationKind.SIMILAR: _similar,
}


def _places(facts: dict[str, Any], label: str, what: str) -> list[str]:
    found = []
    if one := facts["for"]:
        found.append(f"The {what} {_at(one)} speaks for “{label}” most: {_points(one['by'])}.")
    if one := facts["against"]:
        found.append(f"The {what} {_at(one)} speaks against it most: {_points(one['by'])}.")
    return found or [f"No {what} by itself changes the answer by more than two percentage points."]


def _alt(facts: dict[str, Any], label: str) -> str:
    coloured = f"The picture in grey, with orange over what speaks for “{label}” and blue over what speaks against. "
    return coloured + " ".join(_places(facts, label, "place"))


def _at(one: dict[str, Any]) -> str:
    return "in the middle" if one["place"] == "middle" else f"at the {one['place']}"


def _points(by: float) -> str:
    points = round(100 * by)
    return f"{points} percentage point{'' if points == 1 else 's'}"


def _share(fit: float) -> str:
    return f"{max(0, int(100 * fit))}%"
