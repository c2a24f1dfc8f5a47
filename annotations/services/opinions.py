"""What the serving model says of images that it had not learned from: kept in the ledger, for the fit to hear."""

from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.db.models import Max

from annotations.models import Campaign, OutOfFold
from annotations.selectors import campaign_of
from gallery.models import DataSet


@transaction.atomic
def opinions_store(*, dataset: DataSet, version: int, rows: Mapping[int, Sequence[float]]) -> None:
    """Image id → calibrated probabilities by a version that had not seen it; a second telling changes nothing."""
    OutOfFold.objects.bulk_create(
        [
            OutOfFold(dataset=dataset, image_id=image, version=version, probabilities=list(probabilities))
            for image, probabilities in rows.items()
        ],
        batch_size=1000,
        ignore_conflicts=True,
    )


def opinions_hear(*, dataset: DataSet, version: int) -> None:
    """From now on this version is the one that the fit hears."""
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(model_version=version)


def opinions_of(dataset: DataSet, images: Collection[int]) -> dict[int, list[float]]:
    """What the version that serves says of these images, widened by classes that came later; before one serves, the
    latest that has said anything."""
    told = OutOfFold.objects.filter(dataset=dataset)
    heard = campaign_of(dataset).model_version or told.aggregate(version=Max("version"))["version"]
    if heard is None:
        return {}
    rows = told.filter(version=heard)
    if len(images) < 1000:
        rows = rows.filter(image__in=images)
    n_classes, wanted = dataset.classes.count(), set(images)
    return {
        image: [*said, *[0.0] * (n_classes - len(said))]
        for image, said in rows.values_list("image", "probabilities")
        if image in wanted
    }
