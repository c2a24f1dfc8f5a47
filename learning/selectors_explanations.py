"""What has been asked about an image, by the version that serves."""

from dataclasses import dataclass
from typing import Any

from gallery.access import Person, visible_images
from gallery.models import Image, LabelClass, Source
from gallery.selectors import present_classes
from gallery.work import WorkState
from learning.models import Explanation, ModelVersion


@dataclass(frozen=True)
class Choice:
    """A class that can be asked about, and why one might; `note` is empty for most."""

    label: LabelClass
    note: str


def explanations_of(image: Image, version: ModelVersion) -> list[Explanation]:
    """The latest first."""
    rows = Explanation.objects.filter(image=image, version=version)
    return list(rows.select_related("label", "version").order_by("-created_at", "-pk"))


def choices_of(image: Image, rows: list[Explanation]) -> list[Choice]:
    """What the model says first, then its other guesses as far as they are known, then every other class."""
    notes = _guesses(rows) or _tag(image)
    classes = list(present_classes(image.dataset))
    first = sorted((cls for cls in classes if cls.name in notes), key=lambda cls: list(notes).index(cls.name))
    return [Choice(cls, notes[cls.name]) for cls in first] + [Choice(cls, "") for cls in classes if cls not in first]


def pictures_seen(rows: list[Explanation], user: Person) -> dict[int, list[dict[str, Any]]]:
    """By explanation, the pictures in its facts that this person may see."""
    named = {row.pk: row.facts.get("pictures", []) for row in rows}
    wanted = [one["image"] for pictures in named.values() for one in pictures]
    seen = visible_images(user).in_bulk(wanted) if wanted else {}
    return {
        pk: [one | {"picture": seen[one["image"]]} for one in pictures if one["image"] in seen]
        for pk, pictures in named.items()
    }


def _guesses(rows: list[Explanation]) -> dict[str, str]:
    done = next((row for row in rows if row.state == WorkState.DONE), None)
    if done is None:
        return {}
    words = ("what the model says", "its second guess", "its third guess")
    guesses = done.facts["guesses"]
    return {
        guess["label"]: f"{word}, {percent(guess['probability'])}" for guess, word in zip(guesses, words, strict=False)
    }


def _tag(image: Image) -> dict[str, str]:
    tag = image.tags.select_related("label").filter(source=Source.MODEL).first()
    return {tag.label.name: "what the model says"} if tag else {}


def percent(share: float) -> str:
    """Nobody is 100% sure who isn't, and nothing is 0% that is not."""
    if 0 < share < 0.01:
        return "under 1%"
    return f"{int(share * 100)}%"
