"""What a version says to the consensus: never of an image that it has learned from, nor of one that it is judged by."""

import numpy as np
from django.db.models import QuerySet

from annotations.models import Vote
from gallery.models import Image, Split
from learning.engine.prediction import predict
from learning.engine.trained import Trained
from learning.models import Mode, ModelVersion, TrainingExample, TrainingRun
from learning.services.inputs import read_inputs

CHUNK = 512
Opinions = dict[int, list[float]]


def opinions_of_run(
    run: TrainingRun, champion: ModelVersion | None, backbone: str, trained: Trained, temperature: float
) -> Opinions:
    """Image → calibrated probabilities: of the training images those of the folds that left them out, of other images
    that people have voted on the model's own. The evaluation split's truth is the crowd's alone, so it gets none."""
    blind = dict(run.examples.exclude(image__split=Split.EVALUATION).values_list("image", "out_of_fold"))
    seen = _learned_from(run, champion)
    others = _voted_on(run).exclude(pk__in=seen).order_by("pk").values_list("pk", flat=True)
    return {image: said for image, said in blind.items() if said} | _own(list(others), backbone, trained, temperature)


def _own(images: list[int], backbone: str, trained: Trained, temperature: float) -> Opinions:
    said: Opinions = {}
    for start in range(0, len(images), CHUNK):
        inputs = read_inputs(images[start : start + CHUNK], backbone)
        if len(inputs.ids):
            probabilities = predict(trained, inputs.x, temperature).astype(np.float64).round(6).tolist()
            said |= dict(zip(inputs.ids, probabilities, strict=True))
    return said


def _voted_on(run: TrainingRun) -> QuerySet[Image]:
    voted = Vote.objects.filter(dataset=run.dataset_id).values("image")
    return Image.objects.present().filter(dataset=run.dataset_id, pk__in=voted).exclude(split=Split.EVALUATION)


def _learned_from(run: TrainingRun, champion: ModelVersion | None) -> QuerySet[TrainingExample]:
    """The images of this run, and of all runs whose weights it went on from."""
    runs, parent = [run.pk], champion
    while run.mode == Mode.CONTINUE and parent:
        run, parent = parent.run, parent.parent
        runs.append(run.pk)
    return TrainingExample.objects.filter(run__in=runs).values("image")
