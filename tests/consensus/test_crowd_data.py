"""Real annotators. Needs the crowd files under TESSERA_DATA_DIR, and is skipped without them."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from annotations.consensus import dawid_skene, majority
from annotations.consensus.votes import IntArray, Votes


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def load(name: str) -> tuple[Votes, IntArray]:
    """The votes, and the truth of each item, -1 where there is none."""
    root = os.environ.get("TESSERA_DATA_DIR")
    folder = Path(root or "") / "data" / "crowd"
    if not root or not (folder / f"{name}.labels.csv").exists():
        pytest.skip(f"{name} is not under TESSERA_DATA_DIR")
    labels = rows(folder / f"{name}.labels.csv")
    tasks, item = np.unique([row["task"] for row in labels], return_inverse=True)
    _, worker = np.unique([row["worker"] for row in labels], return_inverse=True)
    truth = {row["task"]: int(row["truth"]) for row in rows(folder / f"{name}.truth.csv")}
    return Votes.of(worker, item, [int(row["label"]) for row in labels]), np.array(
        [truth.get(str(task), -1) for task in tasks]
    )


@pytest.mark.parametrize(("name", "at_least"), [("bluebirds", 0.88), ("dogs4", 0.835), ("labelme", 0.78)])
def test_real_annotators_are_read_better_than_by_their_majority(name: str, at_least: float):
    votes, truth = load(name)
    graded = truth >= 0
    fit = (dawid_skene.fit(votes).labels == truth)[graded].mean()
    assert fit >= at_least
    assert fit > (majority.fit(votes).labels == truth)[graded].mean()
