"""Which of the pictures that a version learned from look most like one to it."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gallery.models import Image
from learning.engine.explanations.similar import most_similar
from learning.models import ModelVersion
from learning.services.opinions import learned_from
from learning.services.planning import GUESS
from learning.services.seeing import CannotSee, features_of

MOST = 5_000  # pictures that are compared; of more, as many drawn by chance
SHOWN = 8


class Learned(NamedTuple):
    images: list[int]
    features: NDArray[np.float32]  # (N, D)
    taught: dict[int, int]  # image: index of the class that it was taught


def alike(version: ModelVersion, image: int) -> dict[str, Any]:
    """Facts of the explanation. Raises CannotSee where the picture or the weights can't be read."""
    ids, feature = features_of(version, [image])
    if not ids:
        raise CannotSee("The picture's file is missing or damaged.")
    learned = _learned(version.pk, version.weights.name)
    present = set(Image.objects.present().filter(pk__in=learned.images).values_list("pk", flat=True))
    rows = [row for row, one in enumerate(learned.images) if one in present and one != image]
    found = most_similar(feature[0], learned.features[rows], SHOWN) if rows else None
    near = zip(found.indices.tolist(), found.cosines.tolist(), strict=True) if found else ()
    names = list(version.dataset.classes.values_list("name", flat=True))
    pictures = [(learned.images[rows[row]], cosine) for row, cosine in near]
    return {
        "learned_from_it": image in learned.taught,
        "compared": len(rows),
        "pictures": [
            {"image": one, "cosine": round(cosine, 4), "taught": names[learned.taught[one]]} for one, cosine in pictures
        ],
    }


@lru_cache(maxsize=2)
def _learned(pk: int, weights: str) -> Learned:
    """Kept for the next picture that is asked about. `weights`, the file's name, is another one for another version."""
    version = ModelVersion.objects.select_related("run", "parent").get(pk=pk)
    # Of what was taught twice, in runs whose weights this one went on from, the last word holds.
    rows = (
        learned_from(version.run, version.parent).exclude(source=GUESS).order_by("run").values_list("image", "target")
    )
    taught = {image: int(np.argmax(target)) for image, target in rows}
    images = sorted(taught)
    if len(images) > MOST:
        images = sorted(np.random.default_rng(pk).choice(images, MOST, replace=False).tolist())
    ids, features = features_of(version, images)
    return Learned(ids, features, taught)
