"""What a round's strategy sees: the images that may be asked, by the version that serves and those before it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.models import Consensus, ConsensusState
from annotations.selectors import removed_indices
from gallery.models import DataSet
from learning.engine import prediction
from learning.engine.strategies import registry
from learning.engine.strategies.pool import Pool
from learning.engine.strategies.selection import Selection
from learning.models import ModelVersion, Pick, SamplingRound
from learning.selectors import training_labels, widened
from learning.services.inputs import Inputs, read_inputs, reading_of
from learning.services.networks import load_network, load_version
from learning.services.prediction import given_present

CHUNK = 512
COMMITTEE = 4  # versions that make one; where there are fewer, as many draws by dropout as make it eight
DRAWS = 8
CHANCE = "random"
READING = "looking at the pool"
LONGEST_REASON = Pick._meta.get_field("reason").max_length or 0

Columns = dict[str, NDArray[Any]]
Tell = Callable[[str, float], None]


def pool_of(current: SamplingRound, images: Sequence[int], tell: Tell) -> tuple[list[int], Pool]:
    """The readable ones of the images, and what is known of them that the round's strategy and options go by.

    Raises ValueError where the strategy needs what this version can't say.
    """
    n_classes = current.dataset.classes.count()
    if current.version is None or not images:
        even = np.full((len(images), n_classes), 1 / n_classes, dtype=np.float32)
        return list(images), Pool(even)
    needs = registry.get(current.strategy).needs | current.options.needs
    ids, parts = _read(current.version, images, needs, tell)
    if {"labelled", "features"} & needs or current.balance:
        parts |= _labelled(current.version)
    if {"beliefs", "votes"} & needs:
        parts["probabilities"] = _unlearned(current.version, ids, parts["probabilities"])
        parts |= _asked(current.dataset, ids, parts["probabilities"])
    return ids, Pool(**parts)


def reasons(pool: Pool, picked: Selection) -> list[str]:
    """What chose each; of what the strategy asks about again, after how many answers."""
    if pool.votes is None:
        return picked.reasons
    before = pool.votes[picked.indices].tolist()
    return [_again(name, votes) for name, votes in zip(picked.reasons, before, strict=True)]


def _again(name: str, votes: int) -> str:
    if votes == 0 or name == CHANCE:
        return name
    after = f", again after {votes}"
    return name[: LONGEST_REASON - len(after)] + after


def _read(version: ModelVersion, images: Sequence[int], needs: frozenset[str], tell: Tell) -> tuple[list[int], Columns]:
    """A few hundred at a time: the pixels of a large pool at once would be gigabytes."""
    committee = _committee(version) if "committee" in needs else []
    ids: list[int] = []
    parts: dict[str, list[NDArray[Any]]] = {}
    for start in range(0, len(images), CHUNK):
        inputs = read_inputs(images[start : start + CHUNK], reading_of(version))
        for name, rows in _say(version, inputs, needs, committee).items():
            parts.setdefault(name, []).append(rows)
        ids += inputs.ids
        tell(READING, min(1.0, (start + CHUNK) / len(images)))
    joined = {name: np.concatenate(rows, axis=1 if name == "committee" else 0) for name, rows in parts.items()}
    return ids, joined


def _say(version: ModelVersion, inputs: Inputs, needs: frozenset[str], committee: Sequence[ModelVersion]) -> Columns:
    network, removed = load_network(version), removed_indices(version.dataset)
    said: Columns = {
        "probabilities": given_present(prediction.predict(network, inputs.x, version.temperature), removed)
    }
    if "features" in needs:
        said["features"] = prediction.features(network, inputs.x)
    if "losses" in needs:
        said["losses"] = prediction.predicted_losses(network, inputs.x)
    if "committee" in needs:
        draws = (
            np.stack([prediction.predict(load_network(one), inputs.x, one.temperature) for one in committee])
            if len(committee) > 1
            else prediction.dropout_draws(network, inputs.x, DRAWS, seed=version.pk, temperature=version.temperature)
        )
        said["committee"] = given_present(draws, removed)
    return said


def _committee(version: ModelVersion) -> list[ModelVersion]:
    """The last versions that read the same inputs and know the same classes, this one among them."""
    rows = version.dataset.versions.filter(backbone=version.backbone, frozen=version.frozen, number__lte=version.number)
    wide = load_version(version).n_classes
    latest = rows.defer("predictions", "metrics").order_by("-number")[: 2 * COMMITTEE]
    return [one for one in latest if load_version(one).n_classes == wide][:COMMITTEE]


def _labelled(version: ModelVersion) -> Columns:
    """Features and classes of what has its label already, in the classes that the version knows."""
    network, wide = load_network(version), load_version(version).n_classes
    labels = {label.image: label.cls for label in training_labels(version.dataset) if label.cls < wide}
    images = sorted(labels)
    rows, classes = [], []
    for start in range(0, len(images), CHUNK):
        inputs = read_inputs(images[start : start + CHUNK], reading_of(version))
        rows.append(prediction.features(network, inputs.x))
        classes += [labels[image] for image in inputs.ids]
    if not classes:
        return {}
    return {"labelled": np.concatenate(rows), "labels": np.array(classes)}


def _asked(dataset: DataSet, ids: Sequence[int], probabilities: NDArray[Any]) -> Columns:
    """The crowd's belief so far, without the model's word, the answers behind it, and whether they settle it; where
    nobody was asked, what the model believes."""
    rows = Consensus.objects.filter(dataset=dataset).exclude(votes=0)
    known = {image: said for image, *said in rows.values_list("pk", "posterior", "crowd", "votes", "state")}
    beliefs, votes = np.array(probabilities, dtype=np.float64), np.zeros(len(ids), dtype=np.int64)
    settled = np.zeros(len(ids), dtype=bool)
    for row, image in enumerate(ids):
        if image not in known:
            continue
        posterior, crowd, given, state = known[image]
        settled[row] = state == ConsensusState.ACCEPTED
        if len(posterior) <= beliefs.shape[1]:  # else a class was added since this version was trained
            beliefs[row], votes[row] = widened(crowd or posterior, beliefs.shape[1]), given
    return {"beliefs": beliefs, "votes": votes, "settled": settled}


def _unlearned(version: ModelVersion, ids: Sequence[int], probabilities: NDArray[Any]) -> NDArray[Any]:
    """Of images that it has learned from, a model's word only repeats their label: there goes what the fold that left
    them out said."""
    rows = version.run.examples.exclude(out_of_fold=None).values_list("image", "out_of_fold")
    blind, said = dict(rows.iterator()), np.array(probabilities)
    for row, image in enumerate(ids):
        if image in blind and len(blind[image]) == said.shape[1]:
            said[row] = blind[image]
    return given_present(said, removed_indices(version.dataset))
