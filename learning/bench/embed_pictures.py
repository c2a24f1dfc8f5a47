"""Photos for the widget's challenge: windows of the two that scikit-learn brings, each as heavy as people's own are."""

from io import BytesIO

import numpy as np
from PIL import Image as Picture
from sklearn.datasets import load_sample_images

from accounts.models import User
from annotations.models import Campaign
from annotations.selectors import campaign_of
from gallery.models import DataSet, Split
from gallery.services.datasets import dataset_create
from gallery.services.images import image_label, image_store
from gallery.services.pictures import clean

CLASSES = [("temple", "t"), ("flower", "f")]
SIDE = 240  # pixels
EACH = 24
HEAVIEST = "grid-4x4"  # sixteen tiles; every other kind has fewer


def photos(owner: User) -> DataSet:
    """Each of a known class, to be asked about in the kind of challenge that weighs most."""
    dataset = dataset_create(owner=owner, name="Photos", classes=CLASSES)
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(kinds=[HEAVIEST])
    rng = np.random.default_rng(0)
    for label, photo in zip(dataset.classes.all(), load_sample_images().images, strict=True):
        for place in range(EACH):
            top, left = (int(rng.integers(0, length - SIDE)) for length in photo.shape[:2])
            file, name = BytesIO(), f"{label.name}-{place}.jpg"
            Picture.fromarray(photo[top : top + SIDE, left : left + SIDE]).save(file, "JPEG", quality=90)
            cleaned = clean(file, name, file.tell())
            image, _ = image_store(dataset=dataset, uploader=owner, name=name, cleaned=cleaned, split=Split.GOLD)
            image_label(image=image, label=label)
    return dataset
