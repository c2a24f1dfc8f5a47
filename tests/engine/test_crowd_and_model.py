from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from annotations.consensus import dawid_skene
from annotations.consensus.votes import Votes
from learning.bench import labelme
from learning.engine import crowd_and_model
from learning.engine.crowd_and_model import alternate, standard

DATA = Path(os.environ.get("TESSERA_DATA_DIR") or "/nowhere")


class Photos(NamedTuple):
    features: NDArray[np.float64]
    truth: NDArray[np.int64]
    votes: Votes


def photos(
    n: int = 240, classes: int = 3, right: float = 0.6, each: int = 3, apart: float = 0.5, seed: int = 0
) -> Photos:
    """Clouds of features, `apart` from each other, and people who see the true class as often as `right`."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=n)
    features = rng.normal(size=(n, 20)) + apart * 4 * np.eye(classes, 20)[truth]
    item = np.repeat(np.arange(n), each)
    answer = np.where(rng.random(len(item)) < right, truth[item], rng.integers(classes, size=len(item)))
    people = np.concatenate([rng.permutation(12)[:each] for _ in range(n)])
    return Photos(features, truth, Votes.of(people, item, answer, n_annotators=12, n_classes=classes))


def share(labels: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    return float((labels == truth).mean())


@pytest.mark.parametrize("seed", range(3))
def test_crowd_and_model_together_are_better_than_either_began(seed: int):
    case = photos(seed=seed)
    found = alternate(case.votes, case.features)
    crowd = share(found.fit.crowd.argmax(axis=1), case.truth)
    first = alternate(case.votes, case.features, n_rounds=1)
    assert share(found.fit.labels, case.truth) > crowd + 0.04
    assert share(found.fit.labels, case.truth) > share(first.opinions.argmax(axis=1), case.truth)


def test_features_that_say_nothing_do_little_harm():
    case = photos(apart=0.0, right=0.7, each=5)
    found = alternate(case.votes, case.features)
    assert share(found.fit.labels, case.truth) > share(found.fit.crowd.argmax(axis=1), case.truth) - 0.03


def test_the_crowds_own_fit_is_kept():
    case = photos()
    np.testing.assert_array_equal(alternate(case.votes, case.features).fit.crowd, dawid_skene.fit(case.votes).posterior)


def test_what_is_said_of_an_item_does_not_hang_on_what_is_believed_of_it():
    case = photos(n=40)
    (machine, *_) = crowd_and_model._machines(standard(case.features, 40), np.ones(40, dtype=bool))
    belief = dawid_skene.fit(case.votes).posterior
    other = belief.copy()
    other[7] = np.roll(other[7], 1)
    said, otherwise = machine.say(belief, 1.0), machine.say(other, 1.0)
    np.testing.assert_allclose(said[7], otherwise[7], atol=1e-9)
    assert np.abs(said - otherwise).max() > 0.01


def test_leaving_one_out_is_learning_from_all_others():
    case = photos(n=30)
    x, belief = standard(case.features, 30), dawid_skene.fit(case.votes).posterior
    everything = np.ones(30, dtype=bool)
    without = everything.copy()
    without[7] = False
    (machine, *_), (blind, *_) = (crowd_and_model._machines(x, learnable) for learnable in (everything, without))
    # The kernels differ by the median distance alone, which hardly moves.
    np.testing.assert_allclose(machine.say(belief, 1.0)[7], blind.say(belief, 1.0)[7], atol=0.02)


def test_an_item_without_a_vote_is_neither_learned_from_nor_spoken_on():
    case = photos(n=60)
    voted = case.votes.select(case.votes.item < 50)
    found = alternate(voted, case.features, n_rounds=2)
    assert not found.fit.heard[50:].any()
    np.testing.assert_allclose(found.opinions.sum(axis=1), 1)
    np.testing.assert_allclose(found.fit.posterior[50:], np.tile(found.fit.prior, (10, 1)))


def test_known_truths_and_weights_reach_the_fit():
    case = photos(n=60)
    clamped = np.where(np.arange(60) < 20, case.truth, -1)
    found = alternate(case.votes, case.features, n_rounds=2, clamped=clamped, weights=np.full(12, 0.5))
    np.testing.assert_array_equal(found.fit.labels[:20], case.truth[:20])
    assert (found.fit.posterior[:20].max(axis=1) == 1).all()


def test_it_ends_when_the_labels_settle():
    case = photos(apart=1.5, right=0.9)
    found = alternate(case.votes, case.features, n_rounds=20)
    assert len(found.rounds) < 20 and found.rounds[-1].changed <= crowd_and_model.SETTLED


@pytest.mark.parametrize(
    ("features", "options", "reason"),
    [
        (np.zeros((3, 2)), {}, "one row an item"),
        (np.full((2, 2), np.nan), {}, "finite"),
        (np.zeros((2, 2)), {"n_rounds": 0}, "one round"),
        (np.zeros((2, 2)), {"weights": [0.0]}, "two items"),
    ],
)
def test_what_does_not_fit_is_refused(features: NDArray[np.float64], options: dict[str, object], reason: str):
    with pytest.raises(ValueError, match=reason):
        alternate(Votes.of([0, 0], [0, 1], [0, 1]), features, **options)


def test_a_task_without_its_photograph_is_named(tmp_path: Path):
    labels, photographs = tmp_path / "labels.csv", tmp_path / "photos.zip"
    labels.write_text("task,worker,label\n0,a,0\n1,a,1\n")
    zipfile.ZipFile(photographs, "w").close()
    with pytest.raises(ValueError, match="2 tasks have no photograph, the first of them 0"):
        labelme.run(labels, tmp_path / "truth.csv", photographs, tmp_path / "weights.safetensors")


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "data/photos/labelme_1000.zip").is_file(), reason="TESSERA_DATA_DIR has no LabelMe")
def test_labelme_is_read_better_with_its_photographs():
    crowd = DATA / "data" / "crowd"
    figures = labelme.run(
        crowd / "labelme.labels.csv",
        crowd / "labelme.truth.csv",
        DATA / "data" / "photos" / "labelme_1000.zip",
        DATA / "weights" / "mobilenet_v2_0.35_notop.safetensors",
    )
    assert figures["labelme_with_model"] > figures["labelme_crowd"] + 0.05
    assert figures["labelme_with_model"] >= 0.87
