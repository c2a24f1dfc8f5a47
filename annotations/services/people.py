"""What is kept of each person on each data set: their expected counts, their graded answers, what weight that gives."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.utils import timezone

from annotations import ledger
from annotations.consensus import reliability
from annotations.consensus.heard import Heard
from annotations.consensus.observation import Cells
from annotations.consensus.reliability import NEWCOMER
from annotations.consensus.skills import Skills
from annotations.consensus.votes import FloatArray, Votes
from annotations.models import Consensus, ControlAnswer, Reliability, Suspicion, Vote
from annotations.selectors import ANY, Corrections
from annotations.services.flags import flags_raise, too_often_wrong
from annotations.services.terms import PRIOR, Terms
from gallery.models import DataSet
from gallery.prepared import One, Prepared, PreparedUpdate

STORED = [
    *("counts", "agreed", "disagreed", "sides", "evidence", "accuracy", "low", "high"),
    *("weight", "trusted", "proven", "bits", "updated_at"),
]

LOCKED = Prepared(
    lambda several: Reliability.objects.filter(dataset=One("dataset"), annotator=One("person")).select_for_update()
)
SAVED = PreparedUpdate(lambda several: Reliability.objects.filter(pk=One("pk")), *STORED)
OF_PEOPLE = Prepared(
    lambda several: Reliability.objects.filter(dataset=One("dataset"), annotator__in=several("people"))
)


def locked(dataset: DataSet, person: int) -> Reliability:
    if found := LOCKED.objects(Reliability, dataset=dataset.pk, person=person):
        return found[0]
    Reliability.objects.get_or_create(dataset=dataset, annotator_id=person)
    return LOCKED.objects(Reliability, dataset=dataset.pk, person=person)[0]


def save(row: Reliability) -> None:
    row.updated_at = timezone.now()
    SAVED.run_for(row)


def grade(row: Reliability, terms: Terms, corrections: Corrections = ANY) -> None:
    """Accuracy by the controls that they answered and by the firm images that the last full fit saw them vote on."""
    controls = ledger.controls_of(terms.dataset, row.annotator_id, terms.n_classes, corrections)
    _grade(row, controls)


@dataclass(frozen=True)
class Said:
    """What the answer to a challenge has left in the ledger."""

    votes: Sequence[Vote]
    controls: Sequence[ControlAnswer] = ()

    @property
    def images(self) -> list[int]:
        return [vote.image_id for vote in self.votes]


def learn(
    row: Reliability, said: Said, touched: dict[int, Consensus], terms: Terms, doubted: Collection[int] = ()
) -> None:
    """Add to their expected counts what this challenge shows of them. `doubted`: controls that tell nothing of who
    answers them."""
    known = np.eye(terms.n_classes)
    # Where they alone have answered, the posterior is an echo of them: see `em.telling`.
    told = {image: found.posterior for image, found in touched.items() if found.votes > 1}
    votes = [(told[vote.image_id], vote.kind, vote.answer) for vote in said.votes if vote.image_id in told]
    votes += [(known[c.truth], c.kind, c.answer) for c in said.controls if c.image_id not in doubted]
    if not votes:
        return
    belief, kinds, answers = (np.array(column) for column in zip(*votes, strict=True))
    arrays = Votes.of(
        np.zeros(len(votes)), np.arange(len(votes)), answers, kinds, n_annotators=1, n_classes=terms.n_classes
    )
    cells, skills = Cells.of(arrays), skills_of([row], terms)
    counts, total = cells.expected(belief, skills.perceived(cells.annotator, cells.answer))
    shown = Skills(cells.annotator, cells.answer, counts, total, skills.population, PRIOR)
    row.counts = _pack(_added(_unpack(row.counts), shown.sparse_counts()[0]))


def ordered(people: Sequence[int], terms: Terms, person: Reliability | None = None) -> list[Reliability]:
    """The rows of these people in their order, `person` for their own. Read without a lock."""
    found = OF_PEOPLE.objects(Reliability, dataset=terms.dataset.pk, people=people)
    rows = {row.annotator_id: row for row in found}
    if person:
        rows[person.annotator_id] = person
    return [rows.get(one) or Reliability(annotator_id=one, weight=NEWCOMER) for one in people]


def skills_of(rows: Sequence[Reliability], terms: Terms) -> Skills:
    return Skills.from_sparse([_unpack(row.counts) for row in rows], terms.population, PRIOR)


def store(book: ledger.Ledger, heard: Heard, terms: Terms) -> list[Reliability]:
    """After a full fit: everybody's counts, and what they are graded by beside the controls. The rows in the order of
    the book's people."""
    dataset, fit = terms.dataset, heard.fit
    truth = reliability.leave_one_out(book.votes, fit.skills, fit.prior, fit.posterior, heard.weights)
    on_images = book.on_images
    agreed, disagreed = reliability.graded(book.votes.select(on_images), truth[on_images])
    sides = reliability.sides(book.votes.select(on_images), truth[on_images])
    counts = fit.skills.sparse_counts()
    # A visitor who joined an account is graded as that account; the row would come back if they parted again.
    Reliability.objects.filter(dataset=dataset, annotator__same_as__isnull=False).delete()
    known = {row.annotator_id: row for row in Reliability.objects.select_for_update().filter(dataset=dataset)}
    rows = [known.get(person) or Reliability(dataset=dataset, annotator_id=person) for person in book.people]
    for index, row in enumerate(rows):
        row.counts = _pack(counts[index])
        row.agreed, row.disagreed = float(agreed[index]), float(disagreed[index])
        row.sides = sides[index].round(4).tolist()
    _assess(rows, book.votes.select(~on_images), truth[~on_images])
    Reliability.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["annotator", "dataset"], update_fields=STORED
    )
    return rows


def _grade(row: Reliability, controls: Votes) -> None:
    _assess([row], controls, np.eye(controls.n_classes)[controls.item])


def _assess(rows: Sequence[Reliability], controls: Votes, truth: FloatArray) -> None:
    """From answers on controls, of the truth (N, K), and those on firm images that the rows hold, to all that a row
    says."""
    right, wrong = reliability.graded(controls, truth)
    agreed, disagreed = np.array([row.agreed for row in rows]), np.array([row.disagreed for row in rows])
    sides = reliability.sides(controls, truth) + np.array([row.sides for row in rows]).reshape(-1, 2, 2)
    assessed = reliability.assess(right + agreed, wrong + disagreed, sides)
    trusted, flagged = reliability.trusted(assessed), reliability.flagged(assessed)
    proven = reliability.shown(right, wrong, agreed, disagreed)
    for i, row in enumerate(rows):
        row.evidence, row.accuracy = float(assessed.n[i]), float(assessed.mean[i])
        row.low, row.high = float(assessed.low[i]), float(assessed.high[i])
        row.weight, row.trusted, row.proven = float(assessed.weight[i]), bool(trusted[i]), bool(proven[i])
    wrong_ones = [
        too_often_wrong(rows[i], sides[i], certainty=float(assessed.p_below[i])) for i in np.flatnonzero(flagged)
    ]
    if wrong_ones:
        flags_raise(dataset_id=rows[0].dataset_id, kind=Suspicion.ACCURACY, suspects=wrong_ones)


Counts = dict[tuple[int, int], float]


def _added(counts: Counts, more: Counts) -> Counts:
    return {cell: counts.get(cell, 0.0) + more.get(cell, 0.0) for cell in counts | more}


def _pack(counts: Counts) -> dict[str, float]:
    return {f"{t},{j}": round(count, 4) for (t, j), count in sorted(counts.items())}


def _unpack(packed: dict[str, float]) -> Counts:
    return {_cell(cell): count for cell, count in packed.items()}


@lru_cache(maxsize=100_000)  # the same few names stand in everybody's counts
def _cell(name: str) -> tuple[int, int]:
    true, perceived = name.split(",")
    return int(true), int(perceived)
