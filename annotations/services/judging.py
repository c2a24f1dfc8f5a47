"""People's answers beside what the others, or the known truth, say of the same pictures: nobody is judged by their own
vote."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from annotations import timeline
from annotations.consensus import dawid_skene, reliability
from annotations.consensus.drift import Drift, answered_right, drift
from annotations.consensus.patterns import Patterns, patterns
from annotations.consensus.sequences import Finding, always_there
from annotations.consensus.timing import timing
from annotations.consensus.votes import UNKNOWN, BoolArray, FloatArray, IntArray, Kind, Votes
from annotations.models import Annotator, ImportedAnnotator, Reliability
from annotations.selectors import blocked_people, known_classes
from annotations.services import people
from annotations.services.terms import terms_of
from annotations.timeline import Timeline
from gallery.models import DataSet

FIRM = 0.9  # belief of the others from which an answer tells of drift: a hard picture is nobody's fault
CHOICES, TILES = "choices", "tiles"


@dataclass(frozen=True, eq=False)
class Judged:
    """A timeline of N answers, and what is to be said of each.

    `rows`: reliabilities in the order of its people. `posterior` (I, K). `truth` (N, K): what the others say of the
    answer's item. `told` (N,): whether anybody else who has a say has said anything of it. `imported`: the people who
    are known from a file.
    """

    line: Timeline
    rows: list[Reliability]
    posterior: FloatArray
    truth: FloatArray
    told: BoolArray
    imported: frozenset[int]

    @cached_property
    def right(self) -> FloatArray:
        """P(the answer is right), (N,)."""
        return answered_right(self.line.votes, self.truth)

    @cached_property
    def firm(self) -> BoolArray:
        """Whether the others are sure enough of what was asked, (N,)."""
        sure = np.where(self.is_choice, self.truth.max(axis=1, initial=0), np.maximum(self.right, 1 - self.right))
        return self.told & (sure >= FIRM)

    @cached_property
    def is_choice(self) -> BoolArray:
        return np.asarray(self.line.votes.kind == Kind.CHOICE)

    @cached_property
    def peers_right(self) -> FloatArray:
        """How right everybody else is on the answer's item, (N,), NaN where nobody else has answered."""
        votes = self.line.votes
        _, own = np.unique(votes.annotator * votes.n_items + votes.item, return_inverse=True)
        right = np.bincount(votes.item, self.right)[votes.item] - np.bincount(own, self.right)[own]
        others = np.bincount(votes.item)[votes.item] - np.bincount(own)[own]
        return np.divide(right, others, out=np.full(len(own), np.nan), where=others > 0)

    def graded(self, index: int, right: FloatArray | None = None) -> dict[str, FloatArray]:
        """How right somebody's firm answers are, in time order, or how right others are there. Choices and tiles apart:
        tiles are easier, and who goes over from one to the other has not changed."""
        span = self.line.span(index)
        values = (self.right if right is None else right)[span]
        firm, choice = self.firm[span], self.is_choice[span]
        return {CHOICES: values[firm & choice], TILES: values[firm & ~choice]}

    def drifts(self, index: int, fewest: int) -> dict[str, Drift]:
        """Their CUSUM over each kind of question of which they have answered enough. A file has no order in time."""
        if self.line.people[index] in self.imported:
            return {}
        n_classes = {CHOICES: max(self.line.votes.n_classes, 2), TILES: 2}
        graded = self.graded(index).items()
        return {asked: drift(right, n_classes=n_classes[asked]) for asked, right in graded if len(right) >= fewest}

    def patterns(self, index: int) -> Patterns:
        """Of the answers on which others have a word: of the rest nobody can say what an attentive person had seen."""
        span, votes = self.line.span(index), self.line.votes
        at = span.start + np.flatnonzero(self.told[span])
        sizes = {"n_annotators": 1, "n_items": len(at), "n_classes": votes.n_classes}
        own = Votes.of(np.zeros(len(at)), np.arange(len(at)), votes.answer[at], votes.kind[at], **sizes)
        found = patterns(own, self.truth[at], 0)
        found = replace(found, position=_always_there(self.line.position[at], self.line.places[at]))
        if self.line.people[index] in self.imported:
            return replace(found, choice_run=None, choice_cycle=None, tile_run=None, tile_cycle=None)
        quick, even = timing(self.line.seconds[span])
        return replace(found, quick=quick, even=even)


def judge(dataset: DataSet, person: Annotator | None = None) -> Judged:
    """Everybody who isn't blocked, or one `person`, blocked or not, under what is stored of everybody's skills."""
    terms = terms_of(dataset)
    without = blocked_people() - ({person.person_id} if person else set())
    line = timeline.read(dataset, known=known_classes(dataset), without=without, person=person)
    rows = people.ordered(line.people, terms)
    skills = people.skills_of(rows, terms)
    weights = np.array([row.weight for row in rows], dtype=np.float64)
    posterior = dawid_skene.posterior(line.votes, skills, terms.class_prior, weights=weights, clamped=line.clamped)
    truth = reliability.leave_one_out(line.votes, skills, terms.class_prior, posterior, weights)
    imported = ImportedAnnotator.objects.filter(dataset=dataset).values_list("annotator", flat=True)
    return Judged(line, rows, posterior, truth, _told(line, weights), frozenset(imported))


def _always_there(position: IntArray, places: IntArray) -> Finding | None:
    """Grids of nine, of sixteen and rows each by themselves; the clearest, its chance times how many were looked at."""
    found = [always_there(position[places == n], n) for n in np.unique(places[places > 0]).tolist()]
    told = sorted((one for one in found if one), key=lambda one: one.p_value)
    return replace(told[0], p_value=min(1.0, len(told) * told[0].p_value)) if told else None


def _told(line: Timeline, weights: FloatArray) -> BoolArray:
    votes, say = line.votes, weights[line.votes.annotator]
    of_all = np.bincount(votes.item, say, minlength=votes.n_items)[votes.item]
    return np.asarray((line.clamped[votes.item] != UNKNOWN) | (of_all - say > 1e-9))
