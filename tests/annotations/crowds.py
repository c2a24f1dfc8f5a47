"""Crowds whose answers are known, as rows of the ledger."""

from collections.abc import Callable, Sequence

import numpy as np

from annotations.models import Annotator, AnswerKind, ControlAnswer, Vote
from gallery.models import DataSet, Image

Says = Callable[[int, int], int]  # the place in the row of pictures and its true class → the class that is named


def people(n: int) -> list[Annotator]:
    return Annotator.objects.bulk_create(Annotator() for _ in range(n))


def name_all(person: Annotator, images: Sequence[Image], says: Says, kind: AnswerKind = AnswerKind.CHOICE) -> None:
    """A vote on each picture, in their order; a picture's name is its true class."""
    Vote.objects.bulk_create(
        Vote(dataset=image.dataset, annotator=person, image=image, kind=kind, answer=says(at, int(image.name)))
        for at, image in enumerate(images)
    )


def check(person: Annotator, dataset: DataSet, image: Image, right: Sequence[bool]) -> None:
    """Answers to controls, in this order."""
    ControlAnswer.objects.bulk_create(
        ControlAnswer(
            dataset=dataset,
            annotator=person,
            image=image,
            kind=AnswerKind.CHOICE,
            truth=at % 3,
            answer=at % 3 if was_right else (at + 1) % 3,
            correct=was_right,
        )
        for at, was_right in enumerate(right)
    )


def accurate(share: float, seed: int) -> Says:
    rng = np.random.default_rng(seed)
    return lambda _, truth: truth if rng.random() < share else (truth + int(rng.integers(1, 3))) % 3


def mixed(pictures: Callable[..., list[Image]], n: int, seed: int = 0) -> list[Image]:
    """n pictures, a third of each class, in a random order."""
    images = [image for shade in range(3) for image in pictures(n // 3, shade)]
    return [images[i] for i in np.random.default_rng(seed).permutation(len(images))]
