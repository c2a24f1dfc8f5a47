"""What is kept of each person on each data set: their expected counts, their graded answers, what weight that gives."""

from collections.abc import Sequence

import numpy as np

from annotations import ledger
from annotations.consensus import dawid_skene, reliability
from annotations.consensus.votes import FloatArray, Votes
from annotations.models import Challenge, Consensus, Reliability
from annotations.selectors import campaign_of
from annotations.services.flags import flag_raise
from gallery.models import DataSet

PRIOR = dawid_skene.Prior()


def locked(dataset: DataSet, person: int) -> Reliability:
    Reliability.objects.get_or_create(dataset=dataset, annotator_id=person)
    return Reliability.objects.select_for_update().get(dataset=dataset, annotator_id=person)


def grade(row: Reliability) -> None:
    """Accuracy by the controls that they answered and by the firm images that the last full fit saw them vote on."""
    controls = ledger.controls_of(row.dataset, row.annotator_id)
    right, wrong = reliability.evidence(controls, np.eye(controls.n_classes))
    assessed = reliability.assess(right + row.agreed, wrong + row.disagreed)
    row.evidence, row.accuracy = float(assessed.n[0]), float(assessed.mean[0])
    row.low, row.high = float(assessed.low[0]), float(assessed.high[0])
    row.weight, row.trusted = float(assessed.weight[0]), bool(reliability.trusted(assessed)[0])
    if reliability.flagged(assessed)[0]:
        flag_raise(row, certainty=float(assessed.p_below[0]))


def learn(row: Reliability, challenge: Challenge) -> None:
    """Add to their expected counts what this challenge shows of them."""
    votes = list(challenge.votes.values_list("image_id", "kind", "answer"))
    controls = list(challenge.controlanswers.values_list("truth", "kind", "answer"))
    belief_of = dict(Consensus.objects.filter(image__in=[i for i, *_ in votes]).values_list("pk", "posterior"))
    n_classes = row.dataset.classes.count()
    said = [(belief_of[image], kind, answer) for image, kind, answer in votes if image in belief_of]
    said += [(np.eye(n_classes)[truth], kind, answer) for truth, kind, answer in controls]
    if not said:
        return
    belief, kinds, answers = (np.array(column) for column in zip(*said, strict=True))
    arrays = Votes.of(np.zeros(len(said)), np.arange(len(said)), answers, kinds, n_annotators=1, n_classes=n_classes)
    confusion, _ = parameters(row.dataset, [row.annotator_id])
    counts = _unpack(row.counts, n_classes) + dawid_skene.expected_counts(arrays, belief, confusion)[0]
    row.counts = _pack(counts)
    row.save(update_fields=["counts"])


def parameters(dataset: DataSet, people: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Confusion matrices (A, K, K) and weights (A,) of these people. Read without a lock: they change in the fit."""
    rows = {row.annotator_id: row for row in Reliability.objects.filter(dataset=dataset, annotator__in=people)}
    n_classes = dataset.classes.count()
    counts = np.array([_unpack(rows[p].counts if p in rows else {}, n_classes) for p in people], dtype=float).reshape(
        -1, n_classes, n_classes
    )
    weights = np.array([rows[p].weight if p in rows else reliability.NEWCOMER for p in people], dtype=float)
    return dawid_skene.confusion(counts, _population(dataset, n_classes), PRIOR.strength), weights


def class_prior(dataset: DataSet) -> FloatArray:
    n_classes = dataset.classes.count()
    stored = campaign_of(dataset).class_prior
    fits = stored is not None and len(stored) == n_classes
    return np.array(stored) if fits else np.full(n_classes, 1 / n_classes)


def store(dataset: DataSet, book: ledger.Ledger, fit: dawid_skene.Fit, weights: FloatArray) -> None:
    """After a full fit: everybody's counts, and what they are graded by beside the controls."""
    truth = reliability.leave_one_out(book.votes, fit.confusion, fit.prior, fit.posterior, weights)
    on_images = book.on_images
    agreed, disagreed = reliability.graded(book.votes.select(on_images), truth[on_images])
    # A visitor who joined an account is graded as that account; the row would come back if they parted again.
    Reliability.objects.filter(dataset=dataset, annotator__same_as__isnull=False).delete()
    rows = {row.annotator_id: row for row in Reliability.objects.select_for_update().filter(dataset=dataset)}
    for index, person in enumerate(book.people):
        row = rows.get(person) or Reliability(dataset=dataset, annotator_id=person)
        row.counts = _pack(fit.counts[index])
        row.agreed, row.disagreed = float(agreed[index]), float(disagreed[index])
        grade(row)
        row.save()


def _population(dataset: DataSet, n_classes: int) -> FloatArray:
    stored = campaign_of(dataset).population
    fits = stored is not None and len(stored) == n_classes
    return np.array(stored) if fits else PRIOR.symmetric(n_classes)


def _pack(counts: FloatArray) -> dict[str, float]:
    return {f"{t},{j}": round(float(counts[t, j]), 4) for t, j in np.argwhere(counts > 5e-5).tolist()}


def _unpack(sparse: dict[str, float], n_classes: int) -> FloatArray:
    counts = np.zeros((n_classes, n_classes))
    for cell, count in sparse.items():
        t, j = cell.split(",")
        counts[int(t), int(j)] = count
    return counts
