"""Consensus rows: what the votes on each image come to, the tag that shows it, and whether to go on asking."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
from django.utils import timezone

from annotations.consensus.stopping import State, decide, further, review_value
from annotations.consensus.votes import FloatArray, IntArray, Kind
from annotations.ledger import Ledger
from annotations.models import Consensus, ConsensusState, QueueItem, Reliability
from annotations.selectors import CONTRADICTORS, Known
from annotations.services.beliefs import Belief
from annotations.services.terms import PRIOR, Terms
from gallery.models import DataSet, Source, Tag
from gallery.prepared import Prepared, insert

BATCH = 1000
BEGUN, DOUBTED = "begun, not yet agreed", "contradicted as a control"  # why an image is asked about
STORED = [
    *("posterior", "crowd", "label", "confidence", "votes", "trusted"),
    *("further", "value", "state", "accepted_at"),
]

LOCKED = Prepared(lambda several: Consensus.objects.filter(pk__in=several("images")).order_by("pk").select_for_update())


Turn = Callable[[], AbstractContextManager[None]]
"""A transaction of its own for a part of what is written."""


@dataclass(frozen=True)
class Stored:
    """All rows that were written, and those of them that changed their label or state."""

    rows: list[Consensus]
    moved: list[Consensus]


def lock(dataset: DataSet, images: Collection[int]) -> dict[int, Consensus]:
    """Take the rows before the votes are read: of two answers on one image, the second then sees the first's vote."""
    found = {row.pk: row for row in LOCKED.objects(Consensus, images=set(images))}
    if len(found) == len(images):
        return found
    fresh = [
        Consensus(image_id=image, dataset=dataset, posterior=[], label=0, confidence=0, votes=0, trusted=0)
        for image in sorted(set(images) - set(found))
    ]
    Consensus.objects.bulk_create(fresh, ignore_conflicts=True)
    return {row.pk: row for row in LOCKED.objects(Consensus, images=set(images))}


def store(
    book: Ledger,
    belief: Belief,
    people: Sequence[Reliability],
    terms: Terms,
    before: dict[int, Consensus],
    known: Known,
) -> Stored:
    """Write the posteriors of the book's images.

    `people`: reliabilities in the order of the book's. An image whose owner has said what it is has no consensus: the
    crowd isn't asked. One that a reviewer has ruled on keeps the ruling.
    """
    forget([image for image in book.images if image in known.owned])
    rows = rows_of(book, belief, people, terms, before, known)
    return Stored(rows, _write(rows, terms, before, known))


def store_in_turns(
    book: Ledger,
    belief: Belief,
    people: Sequence[Reliability],
    terms: Terms,
    before: dict[int, Consensus],
    known: Known,
    turn: Turn,
) -> Iterator[list[Consensus]]:
    """The same a batch at a time, each in a `turn`: those that moved. What was answered since `before` was read keeps
    what that answer has made of it."""
    with turn():
        forget([image for image in book.images if image in known.owned])
    rows = rows_of(book, belief, people, terms, before, known)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        with turn():
            moved = _write(_unanswered_since(batch, before), terms, before, known)
        yield moved


def _unanswered_since(rows: list[Consensus], before: dict[int, Consensus]) -> list[Consensus]:
    now = Consensus.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk").select_for_update()
    since = {pk for pk, votes in now.values_list("pk", "votes") if pk not in before or before[pk].votes != votes}
    return [row for row in rows if row.pk not in since]


def _write(rows: list[Consensus], terms: Terms, before: dict[int, Consensus], known: Known) -> list[Consensus]:
    """Those of them that moved."""
    for start in range(0, len(rows), BATCH):
        insert(rows[start : start + BATCH], unless="image_id", update=STORED)
    _tag(terms, [row for row in rows if _says_otherwise(before.get(row.pk), row)], before)
    moved = [row for row in rows if _moved(before.get(row.pk), row)]
    _settle([row for row in rows if _answered(before.get(row.pk), row)])
    _ask(terms.dataset, [row.pk for row in moved if row.state == ConsensusState.OPEN], known.doubted)
    return moved


def forget_unheard(dataset: DataSet, book: Ledger) -> int:
    """Images whose every voter was blocked have no consensus any more, and are asked again."""
    unheard = Consensus.objects.filter(dataset=dataset).exclude(pk__in=book.images)
    stale = list(unheard.exclude(votes=0).values_list("pk", flat=True))
    forget(list(unheard.values_list("pk", flat=True)))
    _ask(dataset, stale)
    return len(stale)


def forget(images: Collection[int]) -> None:
    """No consensus, and so no tag of the crowd's."""
    if images:
        _retract(images)
        Consensus.objects.filter(pk__in=images).delete()


def rows_of(
    book: Ledger,
    belief: Belief,
    people: Sequence[Reliability],
    terms: Terms,
    before: dict[int, Consensus],
    known: Known,
) -> list[Consensus]:
    n = len(book.images)
    posterior = belief.posterior[:n]
    labels = posterior.argmax(axis=1)
    heard, trusted = _tally(book, people)
    backed = trusted
    if known.doubted:
        heard, backed = _tally_since(book, people, known, labels)
    confidence = np.clip(posterior.max(axis=1, initial=0), 0, 1)
    # As many trusted people as contradicted an image have to name its label before any belief in it is enough.
    in_doubt = np.array([image in known.doubted for image in book.images], dtype=bool) & (backed < CONTRADICTORS)
    states = decide(np.where(in_doubt, 0.0, confidence), backed, heard, terms.rule)
    states[[i for i, image in enumerate(book.images) if image in known.ruled]] = State.ACCEPTED
    still = np.where(states == State.OPEN, _further(confidence, backed, heard, people, terms), 0.0)
    value = review_value(posterior, _doubt(book, posterior, people))
    votes = np.bincount(book.votes.item, minlength=n)
    return [
        Consensus(
            image_id=image,
            dataset=terms.dataset,
            posterior=_rounded(posterior[i]),
            crowd=None if belief.crowd is None else _rounded(belief.crowd[i]),
            label=int(labels[i]),
            confidence=float(confidence[i]),
            votes=int(votes[i]),
            trusted=int(trusted[i]),
            further=round(float(still[i]), 2),
            value=round(float(value[i]), 4),
            state=_state(states[i], image, known),
            accepted_at=_accepted_at(before.get(image), states[i]),
        )
        for i, image in enumerate(book.images)
        if image not in known.owned
    ]


def _state(decided: State, image: int, known: Known) -> str:
    return ConsensusState.SET_ASIDE if known.ruled.get(image, 0) is None else str(decided)


def _rounded(posterior: FloatArray) -> list[float]:
    return [round(p, 6) for p in posterior.tolist()]


def _accepted_at(before: Consensus | None, state: State) -> object:
    if state != State.ACCEPTED:
        return None
    return (before and before.accepted_at) or timezone.now()


def _tally_since(
    book: Ledger, people: Sequence[Reliability], known: Known, labels: IntArray
) -> tuple[FloatArray, FloatArray]:
    """What the rule goes by: as `_tally`, but of an image that was contradicted as a control only what was said since
    counts, and of the trusted votes only those that name its label. Its posterior is by all votes."""
    votes, counts, backs = book.votes, *np.ones((2, len(book.votes.item)), dtype=bool)
    places = [place for place, image in enumerate(book.images) if image in known.doubted]
    for n in np.flatnonzero(np.isin(votes.item, places)).tolist():
        counts[n] = book.people[votes.annotator[n]] in known.doubted[book.images[votes.item[n]]]
        backs[n] = counts[n] and votes.kind[n] != Kind.NO and votes.answer[n] == labels[votes.item[n]]
    heard, _ = _tally(replace(book, votes=votes.select(counts)), people)
    _, trusted = _tally(replace(book, votes=votes.select(backs)), people)
    return heard, trusted


def _tally(book: Ledger, people: Sequence[Reliability]) -> tuple[FloatArray, FloatArray]:
    """Votes and trusted votes an image, (I,). «Not c» counts as the fraction of an answer that it is, and a vote of
    somebody without a say not at all: liars can't use up the cap."""
    trusted = np.array([row.trusted for row in people], dtype=float)
    has_say = np.array([row.weight > 0 for row in people], dtype=float)
    votes, n = book.votes.select(book.on_images), len(book.images)
    share = np.where(votes.kind == Kind.NO, 1 / max(votes.n_classes - 1, 1), 1.0)
    heard = np.bincount(votes.item, share * has_say[votes.annotator], minlength=n)
    return heard, np.bincount(votes.item, trusted[votes.annotator], minlength=n)


def _further(
    confidence: FloatArray, trusted: FloatArray, heard: FloatArray, people: Sequence[Reliability], terms: Terms
) -> FloatArray:
    """By what a stranger from this crowd would be, and as many of them trusted as of these voters."""
    accuracy = float(np.diagonal(terms.population) @ terms.class_prior)
    share = (sum(row.trusted for row in people) + 1) / (len(people) + 2)
    return further(
        confidence, trusted, heard, terms.rule, accuracy=accuracy, trusted_share=share, n_classes=terms.n_classes
    )


def _doubt(book: Ledger, posterior: FloatArray, people: Sequence[Reliability]) -> FloatArray:
    """How much of its voters an image's class would tell, (I,) in bits: for each the doubt whether they were right,
    which counts the less the more is known of them."""
    votes = book.votes.select(book.on_images)
    named = posterior[votes.item, votes.answer]
    right = np.clip(np.where(votes.kind == Kind.NO, 1 - named, named), 1e-9, 1 - 1e-9)
    bits = -(right * np.log2(right) + (1 - right) * np.log2(1 - right))
    novelty = PRIOR.strength / (PRIOR.strength + np.array([row.evidence for row in people], dtype=float))
    return np.bincount(votes.item, bits * novelty[votes.annotator], minlength=len(posterior))


def _moved(before: Consensus | None, after: Consensus) -> bool:
    return before is None or before.votes == 0 or (before.label, before.state) != (after.label, after.state)


def _answered(before: Consensus | None, after: Consensus) -> bool:
    return _moved(before, after) or (before is not None and before.votes < after.votes)


def _says_otherwise(before: Consensus | None, after: Consensus) -> bool:
    return _moved(before, after) or (before is not None and before.confidence != after.confidence)


def _tag(terms: Terms, changed: list[Consensus], before: dict[int, Consensus]) -> None:
    """The crowd's tag stands on accepted images alone, and is as sure as their consensus."""
    classes = {cls.index: cls for cls in terms.classes}
    tags = [
        Tag(image_id=row.pk, source=Source.CROWD, label=classes[row.label], confidence=row.confidence)
        for row in changed
        if row.state == ConsensusState.ACCEPTED
    ]
    if tags:
        Tag.objects.bulk_create(
            tags,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["image", "source"],
            update_fields=["label", "confidence", "updated_at"],
        )
    _retract([row.pk for row in changed if row.state != ConsensusState.ACCEPTED and _was_accepted(before, row)])


def _was_accepted(before: dict[int, Consensus], row: Consensus) -> bool:
    return row.pk in before and before[row.pk].state == ConsensusState.ACCEPTED


def _settle(rows: list[Consensus]) -> None:
    """What is agreed is not asked about, nor is what is contested or set aside, until a round wants one answer more."""
    if settled := [row.pk for row in rows if row.state != ConsensusState.OPEN]:
        QueueItem.objects.filter(image__in=settled).delete()


def _retract(images: Collection[int]) -> None:
    if images:
        Tag.objects.filter(image__in=images, source=Source.CROWD).delete()


def _ask(dataset: DataSet, images: Iterable[int], doubted: Collection[int] = ()) -> None:
    """An image that people have begun to answer, or lost their answer on, is worth finishing."""
    reasons = {image: DOUBTED if image in doubted else BEGUN for image in images}
    QueueItem.objects.bulk_create(
        [QueueItem(image_id=image, dataset=dataset, reason=reason) for image, reason in reasons.items()],
        batch_size=BATCH,
        ignore_conflicts=True,
    )
