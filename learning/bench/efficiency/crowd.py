"""A campaign whose answers are people's: real votes, our consensus, and a model that learns from what is agreed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from annotations.consensus import with_model
from annotations.consensus.stopping import State, StoppingRule, decide
from annotations.consensus.votes import IntArray, Votes
from learning.bench.efficiency.campaign import fit, seen
from learning.bench.efficiency.plans import Choice, Plan
from learning.bench.efficiency.problems import Problem
from learning.engine import prediction
from learning.engine.calibration import fit_temperature
from learning.engine.strategies import registry
from learning.engine.strategies.selection import select
from learning.engine.trained import Trained, TrainingConfig
from learning.engine.training import cross_validate

RULE = StoppingRule()  # the platform's
FRONT = 25  # images that are asked at a time, one vote each, before what is settled is worked out anew


class Point(NamedTuple):
    votes: int
    model: float  # accuracy on the test images
    consensus: float  # of the labels of all images: by people where they were asked, by the model elsewhere
    agreed: float  # of the labels that people agree on alone


def curve(plan: Plan, problem: Problem, choice: Choice, seed: int) -> list[Point]:
    """From plan.start votes on images drawn at random, the same for every choice, to plan.budget or all there are."""
    campaign = _Campaign(plan, problem, choice, seed)
    campaign.ask(np.random.default_rng(seed).permutation(len(problem.x)), plan.start)
    points = []
    while True:
        campaign.learn()
        points.append(campaign.point())
        wanted = min(plan.step, plan.budget - campaign.spent)
        if wanted <= 0 or not campaign.ask(campaign.choose(wanted), wanted):
            return points


class _Campaign:
    def __init__(self, plan: Plan, problem: Problem, choice: Choice, seed: int) -> None:
        self.plan, self.problem, self.choice, self.seed = plan, problem, choice, seed
        self.ballots = _ballots(problem, seed)
        self.cast: list[tuple[int, int, int]] = []
        self.versions: list[Trained] = []
        self.opinions = np.full((len(problem.x), problem.n_classes), np.nan)
        self.consensus = self._consensus()

    @property
    def spent(self) -> int:
        return len(self.cast)

    @property
    def votes(self) -> IntArray:
        """(N,) so far on each image."""
        return np.bincount([image for _, image, _ in self.cast], minlength=len(self.problem.x))

    @property
    def left(self) -> IntArray:
        return np.array([len(ballots) for ballots in self.ballots])

    @property
    def states(self) -> IntArray:
        votes = self.votes
        return decide(self.consensus.posterior.max(axis=1), votes, votes, RULE)

    def ask(self, images: Sequence[int], wanted: int) -> int:
        """Each of the images until it is settled, the first first; a strategy that asks again wants one answer each."""
        before, again = self.spent, registry.get(self.choice.strategy).asks_again and bool(self.versions)
        waiting = list(images)
        while waiting and self.spent - before < wanted:
            front = waiting[: min(FRONT, wanted - self.spent + before)]
            for image in front:
                if self.ballots[image]:
                    self.cast.append(self.ballots[image].pop())
            self.consensus = self._consensus(self.consensus.say)
            states = self.states
            done = {i for i in front if again or states[i] != State.OPEN or not self.ballots[i]}
            waiting = [image for image in waiting if image not in done]
        return self.spent - before

    def choose(self, n: int) -> list[int]:
        """What is half answered first, then what the strategy says; one that asks again weighs it all itself."""
        states, votes, some_left = self.states, self.votes, self.left > 0
        if registry.get(self.choice.strategy).asks_again:
            candidates, begun = np.flatnonzero(some_left & (votes < RULE.cap)), np.zeros(0, dtype=np.int64)
        else:
            open_ = some_left & (states == State.OPEN)
            candidates, begun = np.flatnonzero(open_ & (votes == 0)), np.flatnonzero(open_ & (votes > 0))
        learned = self._learned()
        pool = seen(
            self.problem.x[candidates],
            self.problem.x[learned],
            self.consensus.labels[learned],
            self.versions,
            self.choice,
            self.seed,
            beliefs=self.consensus.crowd[candidates],
            votes=votes[candidates],
        )
        picked = select(
            self.choice.strategy, pool, n, p=self.choice.p, seed=self.seed + self.spent, options=self.choice.options
        )
        return [*begun.tolist(), *candidates[picked.indices].tolist()]

    def learn(self) -> None:
        """A model of what is agreed, and its word, by folds on what it learned from, as one more annotator."""
        rows = self._learned()
        x, targets = self.problem.x[rows], self.consensus.posterior[rows]
        self.versions.append(fit(self.plan, x, targets, self.choice, self.seed + self.spent))
        config = TrainingConfig(seed=self.seed + self.spent)
        blind = cross_validate(x, targets, np.ones(len(x)), config, network=self.versions[-1].network)
        temperature = fit_temperature(blind, targets)
        self.opinions = prediction.predict(self.versions[-1], self.problem.x, temperature).astype(np.float64)
        self.opinions[rows] = prediction.probabilities(blind, temperature)
        self.consensus = self._consensus()

    def point(self) -> Point:
        said = prediction.predict(self.versions[-1], self.problem.test_x).argmax(axis=1)
        asked, truth = self.votes > 0, self.problem.y
        labels = np.where(asked, self.consensus.labels, self.opinions.argmax(axis=1))
        agreed = self.states == State.ACCEPTED
        return Point(
            self.spent,
            self.problem.score(said),
            float((labels == truth).mean()),
            float((labels == truth)[agreed].mean()) if agreed.any() else 0.0,
        )

    def _learned(self) -> IntArray:
        """What is agreed; while that is of one class or none, whatever was asked."""
        agreed = np.flatnonzero(self.states == State.ACCEPTED)
        enough = len(np.unique(self.consensus.labels[agreed])) > 1
        return agreed if enough else np.flatnonzero(self.votes > 0)

    def _consensus(self, say: float | None = None) -> with_model.WithModel:
        """`say`: the model's, worked out anew if not given."""
        annotator, image, answer = np.array(self.cast, dtype=np.int64).reshape(-1, 3).T
        problem = self.problem
        votes = Votes.of(
            annotator,
            image,
            answer,
            n_annotators=int(problem.crowd.annotator.max()) + 1,
            n_items=len(problem.x),
            n_classes=problem.n_classes,
        )
        return with_model.fit(votes, self.opinions, say=say)


def _ballots(problem: Problem, seed: int) -> list[list[tuple[int, int, int]]]:
    """What people would say of each image, in random order."""
    crowd, order = problem.crowd, np.random.default_rng([seed, 1]).permutation(len(problem.crowd.image))
    ballots: list[list[tuple[int, int, int]]] = [[] for _ in problem.x]
    for row in order.tolist():
        ballots[crowd.image[row]].append((int(crowd.annotator[row]), int(crowd.image[row]), int(crowd.answer[row])))
    return ballots
