"""LabelMe with its photographs: what a model adds to real paid annotators, both correcting each other."""

import csv
from io import BytesIO
from pathlib import Path, PurePosixPath
from time import perf_counter
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from annotations.consensus.votes import IntArray, Votes
from learning.engine.crowd_and_model import alternate
from learning.engine.images import decode
from learning.engine.models import frozen

BACKBONE = "mobilenet_v2_0.35"
SIDE = 160  # pixels, as the photographs have; larger ones take longer than they bring


def run(labels_csv: Path, truth_csv: Path, images_zip: Path, weights: Path) -> dict[str, float]:
    """Share of the true labels that the crowd alone and crowd and model together find, the wall-clock `seconds` from
    files to labels and the number of `rounds`.

    `weights`: the backbone's file. The truth is read when all is done, to grade. A photograph's folder in the archive
    names its class: its file's name alone is looked at, which is its task. ValueError if a task has no photograph.
    """
    started = perf_counter()
    tasks, votes = read_votes(labels_csv)
    found = alternate(votes, _features(images_zip, tasks, weights))
    seconds = perf_counter() - started
    truth = {row["task"]: int(row["truth"]) for row in _rows(truth_csv)}
    actual = np.array([truth.get(task, -1) for task in tasks])
    graded = actual >= 0
    return {
        "labelme_with_model": float((found.fit.labels == actual)[graded].mean()),
        "labelme_crowd": float((found.fit.crowd.argmax(axis=1) == actual)[graded].mean()),
        "seconds": seconds,
        "rounds": len(found.rounds),
    }


def read_votes(labels_csv: Path) -> tuple[list[str], Votes]:
    """The tasks in the order of their items, and the votes."""
    rows = _rows(labels_csv)
    tasks, item = np.unique([row["task"] for row in rows], return_inverse=True)
    _, worker = np.unique([row["worker"] for row in rows], return_inverse=True)
    answer: IntArray = np.array([int(row["label"]) for row in rows])
    return tasks.tolist(), Votes.of(worker, item, answer)


def _features(images_zip: Path, tasks: list[str], weights: Path) -> NDArray[np.float32]:
    """(I, 1280): the mean of a photograph and its mirror image, which show the same scene."""
    with ZipFile(images_zip) as archive:
        members = {PurePosixPath(name).stem: name for name in archive.namelist() if name.endswith(".jpg")}
        if missing := [task for task in tasks if task not in members]:
            raise ValueError(f"{len(missing)} tasks have no photograph, the first of them {missing[0]}")
        photos = decode([BytesIO(archive.read(members[task])) for task in tasks], SIDE).images
    backbone = frozen.load(BACKBONE, weights.parent, SIDE)
    return (backbone.features(photos) + backbone.features(np.ascontiguousarray(photos[:, :, ::-1]))) / 2


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))
