"""A data set whose classes a network can tell apart in a moment: dark, middle and light squares, in noise."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from django.core.files.base import ContentFile
from PIL import Image as Picture

from accounts.models import User
from gallery.models import DataSet, Image
from gallery.work import WorkState
from learning.engine.models.network import build
from learning.engine.trained import Trained, TrainingConfig, serialise
from learning.models import ModelVersion, TrainingRun, VersionState
from learning.services.tagging import images_tag
from tests.pictures import pictures_put

LEVELS = (40, 128, 215, 0)  # the last is for a class that comes later


@pytest.fixture(autouse=True)
def quick_training(monkeypatch) -> None:
    """Squares need a few steps where photographs need hundreds."""

    def quick(**fields) -> TrainingConfig:
        return TrainingConfig(**{"min_steps": 20, **fields})

    monkeypatch.setattr("learning.services.planning.TrainingConfig", quick)


@pytest.fixture
def squares(dataset: DataSet, alice: User) -> Callable[..., list[Image]]:
    rng = np.random.default_rng(0)

    def add(n: int, cls: int, *, split: str = "pool", label: bool = False, noise: float = 15) -> list[Image]:
        files = []
        for index in range(n):
            pixels = np.clip(rng.normal(LEVELS[cls], noise, (16, 16, 3)), 0, 255).astype(np.uint8)
            file = BytesIO()
            Picture.fromarray(pixels).save(file, "PNG")
            files.append((f"{cls}-{index}.png", file.getvalue()))
        return pictures_put(dataset, alice, files, split, dataset.classes.get(index=cls) if label else None)

    return add


@pytest.fixture
def learnable(dataset: DataSet, squares) -> DataSet:
    """Twelve gold squares a class, twenty for evaluation a class with their labels, ten a class to be asked."""
    for cls in range(3):
        squares(12, cls, label=True)
        squares(20, cls, split="evaluation", label=True)
        squares(10, cls)
    return dataset


@pytest.fixture
def serve(dataset) -> Callable[..., ModelVersion]:
    """A version that serves from here on. A network that has learned nothing has features all the same."""

    def make(n_classes: int = 3) -> ModelVersion:
        dataset.versions.update(state=VersionState.RETIRED)
        number = dataset.versions.count() + 1
        network = build("small_cnn", n_classes, 3)
        trained = Trained(network.state_dict(), TrainingConfig(), "small_cnn", n_classes, 3, n=9, seconds=0, loss=())
        version = ModelVersion(
            dataset=dataset,
            number=number,
            run=TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="a test", state=WorkState.DONE),
            state=VersionState.CHAMPION,
            reason="a test",
            backbone="small_cnn",
            configuration={},
            metrics={"accuracy": 0.9},
            labels=9,
        )
        version.weights.save(f"{number}.safetensors", ContentFile(serialise(trained)))
        return version

    return make


@pytest.fixture
def arrive(squares) -> Callable[..., list[int]]:
    """Uploads, tagged as a worker does it."""

    def upload(n: int, cls: int = 0, **fields) -> list[int]:
        images = [image.pk for image in squares(n, cls, **fields)]
        images_tag(images)
        return images

    return upload
