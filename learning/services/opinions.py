"""What a version says to the consensus: never of an image that it has learned from, nor of one that it is judged by."""

import numpy as np
from django.db.models import QuerySet

from annotations.models import OutOfFold, Vote
from annotations.services.opinions import opinions_store
from gallery.models import DataSet, Image, Split
from learning.engine.prediction import predict
from learning.engine.trained import Trained
from learning.models import Mode, ModelVersion, TrainingExample, TrainingRun
from learning.selectors import champion_of
from learning.services.inputs import Reading, read_inputs, reading_of
from learning.services.networks import load_version

CHUNK = 512
Opinions = dict[int, list[float]]


def opinions_of_run(
    run: TrainingRun, champion: ModelVersion | None, reading: Reading, trained: Trained, temperature: float
) -> Opinions:
    """Image → calibrated probabilities: of the training images those of the folds that left them out, of other images
    that people have voted on the model's own. The evaluation split's truth is the crowd's alone, so it gets none."""
    blind = dict(run.examples.exclude(image__split=Split.EVALUATION).values_list("image", "out_of_fold"))
    others = _new_to(run, champion)
    return {image: said for image, said in blind.items() if said} | _own(others, reading, trained, temperature)


def opinions_refresh(*, dataset: DataSet) -> int:
    """Let the version that serves have its word on what people have voted on since; how many images that were."""
    champion = champion_of(dataset)
    if champion is None:
        return 0
    told = OutOfFold.objects.filter(dataset=dataset, version=champion.number).values("image")
    images = _new_to(champion.run, champion.parent, told)
    said = _own(images, reading_of(champion), load_version(champion), champion.temperature) if images else {}
    opinions_store(dataset=dataset, version=champion.number, rows=said)
    return len(said)


def _new_to(run: TrainingRun, parent: ModelVersion | None, told: QuerySet[OutOfFold] | None = None) -> list[int]:
    """Images voted on that the run's model has not learned from, without those that it has `told` of."""
    voted = Vote.objects.standing().filter(dataset=run.dataset_id).values("image")
    images = Image.objects.present().filter(dataset=run.dataset_id, pk__in=voted).exclude(split=Split.EVALUATION)
    images = images.exclude(pk__in=learned_from(run, parent))
    if told is not None:
        images = images.exclude(pk__in=told)
    return list(images.order_by("pk").values_list("pk", flat=True))


def _own(images: list[int], reading: Reading, trained: Trained, temperature: float) -> Opinions:
    said: Opinions = {}
    for start in range(0, len(images), CHUNK):
        inputs = read_inputs(images[start : start + CHUNK], reading)
        if len(inputs.ids):
            probabilities = predict(trained, inputs.x, temperature).astype(np.float64).round(6).tolist()
            said |= dict(zip(inputs.ids, probabilities, strict=True))
    return said


def learned_from(run: TrainingRun, champion: ModelVersion | None) -> QuerySet[TrainingExample]:
    """The images of this run, and of all runs whose weights it went on from."""
    runs, parent = [run.pk], champion
    while run.mode != Mode.NEW_CYCLE and parent:
        run, parent = parent.run, parent.parent
        runs.append(run.pk)
    return TrainingExample.objects.filter(run__in=runs).values("image")
