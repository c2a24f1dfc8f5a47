"""Simulated people who solve challenges about Digits, by the pure libraries: what is believed of each picture after how
many of their seconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from annotations.challenges import share, worth
from annotations.challenges.kind import Kind
from annotations.challenges.registry import KINDS
from annotations.challenges.tiles import Answered, Candidate, Composed, Keys
from annotations.consensus import dawid_skene, reliability, with_model
from annotations.consensus.skills import DEFAULT, Skills
from annotations.consensus.stopping import State, StoppingRule, decide
from annotations.consensus.votes import UNKNOWN, FloatArray, IntArray, Votes
from annotations.consensus.votes import Kind as Said
from learning.bench.seconds_model import Scans, opinions

K = 10
KEYS: Keys = tuple((str(cls), str(cls)) for cls in range(K))
SAID = {"choice": Said.CHOICE, "yes": Said.YES, "no": Said.NO}
RULE = StoppingRule()
ACCURACY = (0.97,) * 15 + (0.85,) * 4 + (0.6,)  # of the people
REFIT_AFTER, REFIT_GROWTH = 60.0, 1.05  # seconds until the next full fit and training, and by how much later each time
ROUNDS, JOINED = 30, 8  # of EM at most, from what was believed before: of people, and with the model


@dataclass(frozen=True)
class Asking:
    """`kinds`: of which one is asked; `informed`: by what is most informative, kinds and unknowns alike, or at
    random."""

    kinds: Sequence[str]
    informed: bool


@dataclass(eq=False)
class World:
    """Items are the scans that are asked about and after them the gold. `posterior` (P, K) of the former."""

    scans: Scans
    asking: Asking
    rng: np.random.Generator
    seconds: float = 0.0
    votes: list[tuple[int, int, int, int]] = field(default_factory=list)  # annotator, item, answer, kind
    next_fit: float = REFIT_AFTER
    worth: dict[tuple[str, float], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n, people = len(self.scans.asked), len(ACCURACY)
        self.confusion = [_confusion(self.scans, accuracy) for accuracy in ACCURACY]
        self.seen = np.zeros((people, n), dtype=bool)
        self.graded = np.zeros((people, 2))  # controls that each got right, and wrong
        self.n_votes, self.open = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
        self.on: list[list[tuple[int, int, int]]] = [[] for _ in range(n)]
        self.skills = Skills.strangers(people, DEFAULT.symmetric(K))
        self.prior, self.posterior = np.full(K, 1 / K), np.full((n, K), 1 / K)
        self.word = np.zeros((n, K))  # log-likelihoods by the model
        self.opinions = opinions(self.scans, self.posterior, self.n_votes > 0)

    @property
    def accuracy(self) -> float:
        """Share of pictures whose consensus is right; one that nobody has answered has none."""
        right = (self.posterior.argmax(axis=1) == self.scans.truth[self.scans.asked]) & (self.n_votes > 0)
        return float(right.mean())

    def challenge(self) -> bool:
        """Somebody comes and solves one. False where there is nothing to ask them."""
        person = int(self.rng.integers(len(ACCURACY)))
        doubt = self._doubt(person)
        kind = KINDS[self._kind(doubt)]
        unknowns = self._unknowns(person, kind)
        if not unknowns:
            return bool(self.open.any())
        composed = self._compose(kind, unknowns, doubt)
        self.seconds += worth.seconds(kind, composed, KEYS)
        self._answer(person, kind, composed)
        if self.seconds >= self.next_fit:
            self._fit()
            self.next_fit = max(self.next_fit * REFIT_GROWTH, self.next_fit + REFIT_AFTER)
        return True

    def _doubt(self, person: int) -> float:
        right, wrong = self.graded[person]
        low = float(reliability.assess(np.array([right]), np.array([wrong])).low[0])
        answered = int(right + wrong) + int(self.seen[person].sum())
        return share.doubt(answered=answered, low=low)

    def _kind(self, doubt: float) -> str:
        if not self.asking.informed:
            return str(self.rng.choice(list(self.asking.kinds)))
        known = {kind: bits for (kind, level), bits in self.worth.items() if level == share.level(doubt)}
        return worth.in_order(known, self.asking.kinds, self.rng)[0]

    def _unknowns(self, person: int, kind: Kind) -> list[Candidate]:
        free = self.rng.permutation(np.flatnonzero(self.open & ~self.seen[person]))
        if self.asking.informed:
            # What nobody has answered has no consensus at all: it comes first.
            free = free[np.argsort(self.n_votes[free] > 0, kind="stable")][: kind.size + worth.further(kind.size)]
        else:
            free = free[: kind.size]
        guesses = self.opinions.argmax(axis=1)
        found = [Candidate(int(i), None, int(guesses[i])) for i in free]
        likely = [tuple(np.argsort(-self.opinions[one.image_id]).tolist()) for one in found[:1]]
        return [Candidate(one.image_id, None, one.guess, likely[0]) for one in found[:1]] + found[1:]

    def _compose(self, kind: Kind, unknowns: list[Candidate], doubt: float) -> Composed:
        n, check = len(self.scans.asked), share.check(doubt)
        gold = [Candidate(n + i, int(self.scans.truth[scan])) for i, scan in enumerate(self.scans.gold)]
        controls = [gold[i] for i in self.rng.permutation(len(gold))]
        composed = kind.compose(controls, unknowns, K, check, self.rng)
        if not self.asking.informed:
            return composed
        beliefs, matrix = self._beliefs(unknowns), worth.usual_matrix(doubt, K)
        chosen = worth.pointed(kind, composed, controls, unknowns, beliefs, matrix)
        composed = kind.compose(controls, chosen, K, check, self.rng)
        rate = worth.bits(kind, composed, beliefs, matrix, KEYS) / worth.seconds(kind, composed, KEYS)
        key = (kind.name, share.level(doubt))
        self.worth[key] = worth.remembered(self.worth.get(key), rate)
        return composed

    def _beliefs(self, unknowns: Sequence[Candidate]) -> dict[int, FloatArray]:
        return {
            one.image_id: self.posterior[one.image_id]
            if self.n_votes[one.image_id]
            else worth.assumed(self.opinions[one.image_id], self.prior)
            for one in unknowns
        }

    def _answer(self, person: int, kind: Kind, composed: Composed) -> None:
        n = len(self.scans.asked)
        truth = [int(self.scans.truth[self.scans.items[tile.image_id]]) for tile in composed.tiles]
        seen = [int(self.rng.choice(K, p=self.confusion[person][cls])) for cls in truth]
        graded = kind.grade(composed, kind.parse(kind.say(composed, seen), composed, KEYS))
        for answer, is_right in graded.controls:
            self._write(person, composed, answer)
            self.graded[person, int(not is_right)] += 1
        self.seen[person, [tile.image_id for tile in composed.tiles if tile.image_id < n]] = True
        touched = [self._write(person, composed, answer) for answer in graded.votes]
        if touched:
            self._believe(np.array(touched))

    def _write(self, person: int, composed: Composed, answer: Answered) -> int:
        item = composed.tiles[answer.position].image_id
        self.votes.append((person, item, answer.cls, int(SAID[answer.kind])))
        if item < len(self.on):
            self.on[item].append((person, answer.cls, int(SAID[answer.kind])))
            self.n_votes[item] += 1
        return item

    def _believe(self, items: IntArray) -> None:
        """These items' posteriors anew, under what everybody is known for, as after an answer on the platform."""
        rows = [(a, place, j, said) for place, item in enumerate(items.tolist()) for a, j, said in self.on[item]]
        annotator, place, answer, kind = np.array(rows, dtype=np.int64).T
        votes = Votes(annotator, place, answer, kind, len(ACCURACY), len(items), K)
        shown = reliability.assess(self.graded[:, 0], self.graded[:, 1])
        word = self.word[items]
        prior = self.prior * np.exp(word - word.max(axis=1, keepdims=True))
        prior /= prior.sum(axis=1, keepdims=True)
        self.posterior[items] = dawid_skene.posterior(votes, self.skills, prior, shown.weight)
        self._stop(items, votes, shown)

    def _stop(self, items: IntArray, votes: Votes, shown: reliability.Reliability) -> None:
        trusted = reliability.trusted(shown)[votes.annotator]
        has_say = (shown.weight > 0)[votes.annotator] * np.where(votes.kind == Said.NO, 1 / (K - 1), 1.0)
        n_trusted, n_heard = (np.bincount(votes.item, one, minlength=len(items)) for one in (trusted, has_say))
        confidence = np.clip(self.posterior[items].max(axis=1), 0, 1)
        self.open[items] = decide(confidence, n_trusted, n_heard, RULE) == State.OPEN

    def _fit(self) -> None:
        """The full fit, and a model trained on what it says."""
        n, gold = len(self.scans.asked), self.scans.truth[self.scans.gold]
        clamped = np.append(np.full(n, UNKNOWN), gold)
        annotator, item, answer, kind = np.array(self.votes, dtype=np.int64).T
        votes = Votes(annotator, item, answer, kind, len(ACCURACY), len(clamped), K)
        weights = reliability.assess(self.graded[:, 0], self.graded[:, 1]).weight
        begin = np.concatenate([self.posterior, np.eye(K)[gold]])
        crowd = dawid_skene.fit(votes, clamped, weights, max_iter=ROUNDS, initial=begin)
        self.skills, self.prior = crowd.skills, crowd.prior
        voted = self.n_votes > 0
        self.opinions = opinions(self.scans, crowd.posterior[:n], voted)
        said = np.concatenate([self.opinions, np.full((len(gold), K), np.nan)])
        shown = reliability.shown(self.graded[:, 0], self.graded[:, 1], *np.zeros((2, len(ACCURACY))))
        both = with_model.fit(votes, said, clamped, weights, max_iter=JOINED, shown=shown, crowd=crowd)
        self.word = with_model.opinion_log_likelihood(self.opinions, both.usual, both.matrix, both.say)
        self._believe(np.flatnonzero(voted))


def _confusion(scans: Scans, accuracy: float) -> FloatArray:
    """(K, K), row the truth: who errs takes a digit for one that looks alike."""
    centres = np.array([scans.features[scans.truth == cls].mean(axis=0) for cls in range(K)])
    apart = ((centres[:, None] - centres[None]) ** 2).sum(axis=2)
    alike = np.exp(-apart / np.median(apart)) * (1 - np.eye(K))
    confused: FloatArray = accuracy * np.eye(K) + (1 - accuracy) * alike / alike.sum(axis=1, keepdims=True)
    return confused
