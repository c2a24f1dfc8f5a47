"""Dawid–Skene as votes arrive: an update works out again the items that were voted on and the matrices of their voters,
and nothing else.

R. M. Neal and G. E. Hinton, "A View of the EM Algorithm that Justifies Incremental, Sparse, and Other Variants",
Learning in Graphical Models (1998), section 5: what an item has contributed to its voters' counts is taken out and put
in anew, so that the counts are always the sums over all items of their latest posteriors. Items that nobody touches
keep the posterior of their last vote until `refit` reconciles all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from annotations.consensus import dawid_skene, em
from annotations.consensus.dawid_skene import DawidSkene
from annotations.consensus.observation import TINY
from annotations.consensus.skills import DEFAULT, Prior, Skills, Voices
from annotations.consensus.votes import UNKNOWN, FloatArray, IntArray, Kind, Votes

Vote = tuple[int, int, int]  # annotator, answer, kind


@dataclass(frozen=True, eq=False)
class Refitted:
    """What the full fit made of it, and the items (ascending) that bear another label than before."""

    fit: DawidSkene
    relabelled: IntArray


class Stream:
    """A crowd's state: A annotators, I items, K classes; A × K² numbers, three times over.

    `clamped` (I,): the true class where it is known, else -1. Raises ValueError where votes don't fit these sizes.
    """

    def __init__(
        self,
        n_annotators: int,
        n_items: int,
        n_classes: int,
        clamped: npt.ArrayLike | None = None,
        prior: Prior = DEFAULT,
    ) -> None:
        nothing = Votes.of([], [], [], n_annotators=n_annotators, n_items=n_items, n_classes=n_classes)
        self.known, self.prior = nothing.known(clamped), prior
        self.posterior: FloatArray = np.full((n_items, n_classes), 1 / n_classes)
        self.population = prior.symmetric(n_classes)
        # Of answers that name a class and of answers that deny it, by annotator and class: where it was t.
        self._named = np.zeros((n_annotators, n_classes, n_classes))
        self._denied = np.zeros_like(self._named)
        self._counts = np.zeros_like(self._named)  # of what was perceived, with what the denials hid
        self._voices = Voices(np.zeros((n_classes, n_classes)), 0.0, 0.0)
        self._classes = np.zeros(n_classes)
        self._on: defaultdict[int, list[Vote]] = defaultdict(list)

    @property
    def labels(self) -> IntArray:
        """The likeliest class of each item (I,)."""
        best: IntArray = self.posterior.argmax(axis=1)
        return best

    @property
    def class_prior(self) -> FloatArray:
        """The share of each class among voted items whose class is in question, (K,)."""
        share: FloatArray = (self._classes + self.prior.classes) / (self._classes + self.prior.classes).sum()
        return share

    def update(self, votes: Votes) -> IntArray:
        """Take in more votes; returns the items that were touched, ascending."""
        self._check(votes)
        items = np.unique(votes.item)
        before = self._votes_on(items)
        people = np.union1d(before.annotator, votes.annotator)
        skills = self._skills(people)
        self._count(items, before, -1)
        self._append(votes)
        now = self._votes_on(items)
        mine = replace(now, annotator=np.searchsorted(people, now.annotator), n_annotators=len(people))
        self.posterior[items] = dawid_skene.posterior(mine, skills, self.class_prior, clamped=self.known[items])
        self._count(items, now, 1)
        self._learn(people, skills)
        return items

    def refit(self) -> Refitted:
        """EM over all votes, from nothing: the order in which they came leaves no trace. It replaces the state."""
        votes, before = self.votes(), self.labels
        fit = dawid_skene.fit(votes, self.known, prior=self.prior)
        self._set(fit.posterior, fit.skills.dense_counts.transpose(0, 2, 1))
        return Refitted(fit, np.flatnonzero(before != fit.labels))

    def votes(self) -> Votes:
        """All votes so far, item by item."""
        return self._votes_on(np.arange(len(self.known)))

    def saved(self) -> dict[str, npt.NDArray[np.float32]]:
        """The state less the votes, for `numpy.savez_compressed`."""
        return {"posterior": self.posterior.astype(np.float32), "counts": self._counts.astype(np.float32)}

    @classmethod
    def resumed(
        cls,
        votes: Votes,
        saved: Mapping[str, npt.NDArray[np.float32]],
        clamped: npt.ArrayLike | None = None,
        prior: Prior = DEFAULT,
    ) -> Stream:
        """The stream that had these votes when it was `saved`."""
        stream = cls(votes.n_annotators, votes.n_items, votes.n_classes, clamped, prior)
        stream._append(votes)
        stream._set(saved["posterior"].astype(np.float64), saved["counts"].astype(np.float64))
        return stream

    def _set(self, posterior: FloatArray, counts: FloatArray) -> None:
        """All from the posteriors (I, K), and the counts [annotator, perceived, true] (A, K, K)."""
        self.posterior, self._counts = posterior, counts
        self._named[:], self._denied[:], self._classes[:] = 0, 0, 0
        items = np.array(sorted(self._on), dtype=np.int64)
        self._count(items, self._votes_on(items), 1)
        everybody = np.arange(len(counts))
        self._voices = Voices.of(self._skills(everybody), np.ones(len(counts)))
        self.population = self._voices.population(self.prior)

    def _append(self, votes: Votes) -> None:
        columns = (votes.item, votes.annotator, votes.answer, votes.kind)
        for item, annotator, answer, kind in zip(*(column.tolist() for column in columns), strict=True):
            self._on[item].append((annotator, answer, kind))

    def _votes_on(self, items: IntArray) -> Votes:
        """The votes on these items, which are numbered anew, in their order."""
        rows = [(a, i, j, said) for i, item in enumerate(items.tolist()) for a, j, said in self._on.get(item, ())]
        annotator, place, answer, kind = np.array(rows, dtype=np.int64).reshape(-1, 4).T
        n_annotators, n_classes, _ = self._counts.shape
        return Votes(annotator, place, answer, kind, n_annotators, len(items), n_classes)

    def _count(self, items: IntArray, votes: Votes, sign: int) -> None:
        """Put what the items' posteriors say of their voters in (1), or take it out (-1)."""
        belief = sign * self.posterior[items]
        tells = em.telling(votes, self.known[items], np.ones(votes.n_annotators))[votes.item]
        for counts, kind in ((self._named, votes.kind != Kind.NO), (self._denied, votes.kind == Kind.NO)):
            kept = kind & tells
            np.add.at(counts, (votes.annotator[kept], votes.answer[kept]), belief[votes.item[kept]])
        voted = np.bincount(votes.item, minlength=len(items)) > 0
        self._classes += belief[voted & (self.known[items] == UNKNOWN)].sum(axis=0)

    def _skills(self, people: IntArray) -> Skills:
        """What is known of these annotators, by their place among `people`."""
        n_classes = len(self.population)
        annotator, answer = np.divmod(np.arange(len(people) * n_classes), n_classes)
        total = (self._named[people] + self._denied[people]).sum(axis=1)
        counts = self._counts[people].reshape(-1, n_classes)
        return Skills(annotator, answer, counts, total, self.population, self.prior)

    def _learn(self, people: IntArray, before: Skills) -> None:
        """Their counts anew; a "no" hid what `before` makes likely (see `Cells.expected`). Then the crowd's matrix."""
        perceived = before.confusion.transpose(0, 2, 1)
        denied = self._denied[people] * (perceived < 1 - TINY)
        hidden = denied / np.maximum(1 - perceived, TINY)
        elsewhere = np.maximum(hidden.sum(axis=1, keepdims=True) - hidden, 0)
        was = Voices.of(before, np.ones(len(people)))
        self._counts[people] = self._named[people] + perceived * elsewhere
        self._voices = self._voices - was + Voices.of(self._skills(people), np.ones(len(people)))
        self.population = self._voices.population(self.prior)

    def _check(self, votes: Votes) -> None:
        n_annotators, n_classes, _ = self._counts.shape
        if (votes.n_annotators, votes.n_items, votes.n_classes) != (n_annotators, len(self.known), n_classes):
            raise ValueError(
                f"the votes must be of {n_annotators} annotators, {len(self.known)} items, {n_classes} classes"
            )
