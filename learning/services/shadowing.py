"""Uploads as they arrive: what the challenger would have tagged, kept beside what the champion did."""

from collections.abc import Collection

from learning.engine.arrays import Floats
from learning.models import ModelVersion, ShadowTag
from learning.selectors import challenger_of
from learning.services.inputs import Inputs
from learning.services.prediction import predict_images


def uploads_shadow(*, version: ModelVersion, inputs: Inputs, probabilities: Floats, images: Collection[int]) -> int:
    """Of these of the inputs' images, of which the champion says `probabilities` (N, K); how many were kept."""
    challenger = challenger_of(version.dataset)
    if challenger is None:
        return 0
    champion = _words(inputs, probabilities)
    said = _words(*predict_images(challenger, sorted(set(images) & set(champion))))
    ShadowTag.objects.bulk_create(
        [
            ShadowTag(
                version=challenger,
                champion=version,
                image_id=image,
                label=label,
                confidence=confidence,
                champion_label=champion[image][0],
                champion_confidence=champion[image][1],
            )
            for image, (label, confidence) in said.items()
        ],
        ignore_conflicts=True,
    )
    return len(said)


def _words(inputs: Inputs, probabilities: Floats) -> dict[int, tuple[int, float]]:
    """Of each image the likeliest class and its share."""
    if not inputs.ids:
        return {}
    words = zip(probabilities.argmax(axis=1).tolist(), probabilities.max(axis=1).tolist(), strict=True)
    return dict(zip(inputs.ids, words, strict=True))
