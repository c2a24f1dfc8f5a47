"""Consensus rows: what the votes on each image come to, the tag that shows it, and whether to go on asking."""

from collections.abc import Collection

import numpy as np
from django.utils import timezone

from annotations.consensus.stopping import State, StoppingRule, decide
from annotations.consensus.votes import UNKNOWN, FloatArray, Kind
from annotations.ledger import Ledger
from annotations.models import Consensus, ConsensusState, QueueItem, Reliability
from annotations.selectors import campaign_of
from gallery.models import DataSet, Source, Tag


def lock(dataset: DataSet, images: Collection[int]) -> None:
    """Take the rows before the votes are read: of two answers on one image, the second then sees the first's vote."""
    fresh = [
        Consensus(image_id=image, dataset=dataset, posterior=[], label=0, confidence=0, votes=0, trusted=0)
        for image in sorted(images)
    ]
    Consensus.objects.bulk_create(fresh, ignore_conflicts=True)
    list(Consensus.objects.select_for_update().filter(pk__in=images).order_by("pk").values_list("pk"))


def store(dataset: DataSet, book: Ledger, posterior: FloatArray) -> int:
    """Write the posteriors of the book's images; returns how many of them changed their label or state.

    An image whose owner has said what it is has no consensus: the crowd isn't asked.
    """
    forget([image for image, known in zip(book.images, book.clamped, strict=False) if known != UNKNOWN])
    before = Consensus.objects.in_bulk(book.images)
    rows = _rows(dataset, book, posterior, before)
    Consensus.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["image"],
        update_fields=["posterior", "label", "confidence", "votes", "trusted", "state", "accepted_at"],
    )
    _tag(dataset, [row for row in rows if _says_otherwise(before.get(row.pk), row)])
    moved = [row for row in rows if _moved(before.get(row.pk), row)]
    _settle(dataset, moved)
    return len(moved)


def forget_unheard(dataset: DataSet, book: Ledger) -> int:
    """Images whose every voter was blocked have no consensus any more, and are asked again."""
    unheard = Consensus.objects.filter(dataset=dataset).exclude(pk__in=book.images)
    stale = list(unheard.exclude(votes=0).values_list("pk", flat=True))
    forget(list(unheard.values_list("pk", flat=True)))
    _ask(dataset, stale)
    return len(stale)


def forget(images: Collection[int]) -> None:
    """No consensus, and so no tag of the crowd's."""
    _retract(images)
    Consensus.objects.filter(pk__in=images).delete()


def _rows(dataset: DataSet, book: Ledger, posterior: FloatArray, before: dict[int, Consensus]) -> list[Consensus]:
    heard, trusted = _tally(dataset, book)
    campaign = campaign_of(dataset)
    rule = StoppingRule(campaign.threshold, campaign.minimum_trusted, campaign.cap)
    n = len(book.images)
    confidence = posterior[:n].max(axis=1, initial=0)
    states = decide(np.clip(confidence, 0, 1), trusted, heard, rule)
    votes = np.bincount(book.votes.item, minlength=n)
    return [
        Consensus(
            image_id=image,
            dataset=dataset,
            posterior=[round(p, 6) for p in posterior[i].tolist()],
            label=int(posterior[i].argmax()),
            confidence=float(confidence[i]),
            votes=int(votes[i]),
            trusted=int(trusted[i]),
            state=str(states[i]),
            accepted_at=_accepted_at(before.get(image), states[i]),
        )
        for i, image in enumerate(book.images)
        if book.clamped[i] == UNKNOWN
    ]


def _accepted_at(before: Consensus | None, state: State) -> object:
    if state != State.ACCEPTED:
        return None
    return (before and before.accepted_at) or timezone.now()


def _tally(dataset: DataSet, book: Ledger) -> tuple[FloatArray, FloatArray]:
    """Votes and trusted votes an image, (I,). «Not c» counts as the fraction of an answer that it is."""
    names = Reliability.objects.filter(dataset=dataset, trusted=True, annotator__in=book.people)
    trusted = np.isin(book.people, list(names.values_list("annotator_id", flat=True)))
    votes, n = book.votes.select(book.on_images), len(book.images)
    share = np.where(votes.kind == Kind.NO, 1 / max(votes.n_classes - 1, 1), 1.0)
    heard = np.bincount(votes.item, share, minlength=n)
    return heard, np.bincount(votes.item, trusted[votes.annotator].astype(float), minlength=n)


def _moved(before: Consensus | None, after: Consensus) -> bool:
    return before is None or before.votes == 0 or (before.label, before.state) != (after.label, after.state)


def _says_otherwise(before: Consensus | None, after: Consensus) -> bool:
    return _moved(before, after) or (before is not None and before.confidence != after.confidence)


def _tag(dataset: DataSet, changed: list[Consensus]) -> None:
    """The crowd's tag stands on accepted images alone, and is as sure as their consensus."""
    classes = {cls.index: cls for cls in dataset.classes.all()}
    tags = [
        Tag(image_id=row.pk, source=Source.CROWD, label=classes[row.label], confidence=row.confidence)
        for row in changed
        if row.state == ConsensusState.ACCEPTED
    ]
    Tag.objects.bulk_create(
        tags,
        update_conflicts=True,
        unique_fields=["image", "source"],
        update_fields=["label", "confidence", "updated_at"],
    )
    _retract([row.pk for row in changed if row.state != ConsensusState.ACCEPTED])


def _settle(dataset: DataSet, moved: list[Consensus]) -> None:
    """What is agreed is not asked again, nor is what is contested."""
    settled = [row.pk for row in moved if row.state != ConsensusState.OPEN]
    QueueItem.objects.filter(image__in=settled).delete()
    _ask(dataset, [row.pk for row in moved if row.state == ConsensusState.OPEN])


def _retract(images: Collection[int]) -> None:
    Tag.objects.filter(image__in=images, source=Source.CROWD).delete()


def _ask(dataset: DataSet, images: list[int]) -> None:
    """An image that people have begun to answer, or lost their answer on, is worth finishing."""
    QueueItem.objects.bulk_create(
        [QueueItem(image_id=image, dataset=dataset, reason="begun, not yet agreed") for image in images],
        ignore_conflicts=True,
    )
