"""Working an explanation out: facts, and for most kinds a picture. By workers, since it takes the model itself."""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
from django.core.files.base import ContentFile
from django.utils import timezone
from numpy.typing import NDArray

from annotations.selectors import removed_indices
from gallery.work import WorkState, beating
from learning.engine.arrays import Floats
from learning.engine.explanations.grad_cam import grad_cam
from learning.engine.explanations.lime import lime
from learning.engine.explanations.occlusion import occlusion
from learning.engine.explanations.overlay import overlay
from learning.engine.explanations.places import place_of
from learning.models import Explanation, ExplanationKind
from learning.services.alike import alike
from learning.services.explanations import DELETED
from learning.services.prediction import given_present
from learning.services.seeing import CannotSee, Sight, sight_of

SAMPLES = 500
GUESSES = 3
NOTICED = 0.02  # of the probability: a place that changes less is neither named nor marked
FULL_COLOUR = 0.05  # of the probability, at least


class Found(NamedTuple):
    facts: dict[str, Any]
    picture: bytes = b""


def explanation_execute(pk: int) -> Explanation | None:
    """Work one out, unless another worker has it. What can't be seen fails at once, with the reason for its page."""
    if not (asked := Explanation.claim(pk)):
        return None
    try:
        with beating(asked):
            found = _find(asked)
        _keep(asked, found)
    except CannotSee as reason:
        asked.fail(str(reason), final=True)
    except Exception as error:
        asked.fail(f"{type(error).__name__}: {error}")
        raise
    return asked


def _find(asked: Explanation) -> Found:
    if asked.image.deleted_at:
        raise CannotSee(DELETED)
    sight = sight_of(asked.version, asked.image_id)
    said = sight.predict(sight.pixels[None])[0]
    names = list(asked.version.dataset.classes.values_list("name", flat=True))
    likely = given_present(said, removed_indices(asked.version.dataset))
    facts = {"guesses": _guesses(likely, names)}
    if asked.kind == ExplanationKind.SIMILAR:
        return Found(facts | alike(asked.version, asked.image_id))
    if asked.label.index >= len(said):
        raise CannotSee(f"Version {asked.version.number} doesn't know “{asked.label}”: the class was added later.")
    found = _HOW[ExplanationKind(asked.kind)](sight, asked.label.index)
    facts |= {"probability": _rounded(said[asked.label.index]), "side": len(sight.pixels)}
    return Found(facts | found.facts, found.picture)


def _lime(sight: Sight, label: int) -> Found:
    found = lime(sight.predict, sight.pixels, label, samples=SAMPLES)
    picture = overlay(sight.pixels, found.values, parts=found.parts, least=FULL_COLOUR, marked=NOTICED)
    facts = {"parts": len(found.weights), "samples": SAMPLES, "fit": _rounded(found.fit)}
    return Found(facts | _strongest(found.values), picture)


def _occlusion(sight: Sight, label: int) -> Found:
    patch = len(sight.pixels) // 4
    fallen = occlusion(sight.predict, sight.pixels, label, patch=patch)
    picture = overlay(sight.pixels, fallen, least=FULL_COLOUR, marked=NOTICED)
    return Found({"patch": patch} | _strongest(fallen), picture)


def _grad_cam(sight: Sight, label: int) -> Found:
    seen = grad_cam(sight.maps, sight.to_logits, label, len(sight.pixels))
    facts = {"grid": list(sight.maps.shape[1:]), "for": {"place": place_of(seen)} if seen.any() else None}
    return Found(facts, overlay(sight.pixels, seen))


_HOW: dict[ExplanationKind, Callable[[Sight, int], Found]] = {
    ExplanationKind.LIME: _lime,
    ExplanationKind.OCCLUSION: _occlusion,
    ExplanationKind.GRAD_CAM: _grad_cam,
}


def _strongest(values: NDArray[np.float64]) -> dict[str, Any]:
    """The places that speak for and against the class most, and by how much of its probability."""
    return {"for": _peak(values), "against": _peak(-values)}


def _peak(values: NDArray[np.float64]) -> dict[str, Any] | None:
    by = float(values.max())
    return {"place": place_of(values), "by": _rounded(by)} if by >= NOTICED else None


def _guesses(said: Floats, names: list[str]) -> list[dict[str, Any]]:
    first = np.argsort(-said, kind="stable")[:GUESSES].tolist()
    return [{"label": names[index], "probability": _rounded(said[index])} for index in first]


def _rounded(number: float) -> float:
    return round(float(number), 4)


def _keep(asked: Explanation, found: Found) -> None:
    """The file before the row that names it. A worker that was silent for too long has lost the row to another, and
    takes its file away again."""
    if found.picture:
        asked.picture.save(f"{uuid4().hex}.png", ContentFile(found.picture), save=False)
    mine = Explanation.objects.filter(pk=asked.pk, attempt=asked.attempt, state=WorkState.RUNNING)
    kept = mine.update(
        picture=asked.picture.name or "", facts=found.facts, state=WorkState.DONE, heartbeat_at=timezone.now()
    )
    if not kept and found.picture:
        asked.picture.storage.delete(asked.picture.name)
