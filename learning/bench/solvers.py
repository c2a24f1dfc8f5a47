"""Simulated people. They look at tiles with their own eyes, here the hidden truth, and answer as their kind does."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.test import Client

from annotations.challenges.registry import KINDS
from annotations.models import Annotator, Challenge
from annotations.selectors import known_classes
from annotations.services.answering import challenge_answer, composed_of
from annotations.services.issuing import challenge_issue
from annotations.services.refusals import ChallengeGone, NoChallenge
from gallery.models import DataSet
from learning.demo.digits import hidden_truth
from learning.engine.annotators import SimulatedAnnotator

Truth = dict[int, int]
HOUR = timedelta(hours=1)


def whole_truth(dataset: DataSet) -> Truth:
    """Image id → class: what the demo keeps apart, and what the owner has said."""
    return hidden_truth(dataset) | known_classes(dataset)


def perceive(challenge: Challenge, eyes: SimulatedAnnotator, truth: Truth) -> object:
    """What this person would send as the answer."""
    seen = [eyes.perceive(truth[tile.image_id]) for tile in challenge.tiles.order_by("position")]
    return KINDS[challenge.kind].say(composed_of(challenge), seen)


def an_hour_passes(annotator: Annotator) -> None:
    """Between two visits: whoever failed several times in a row has waited, as the platform makes them."""
    answered = Challenge.objects.filter(annotator=annotator).exclude(answered_at=None)
    answered.update(issued_at=F("issued_at") - HOUR, answered_at=F("answered_at") - HOUR)


@dataclass
class ServiceSolver:
    """Answers through the services, as a view would."""

    eyes: SimulatedAnnotator
    dataset: DataSet
    truth: Truth
    annotator: Annotator = field(default_factory=lambda: Annotator.objects.create())

    def solve(self) -> bool:
        """False when there is nothing to ask this person."""
        an_hour_passes(self.annotator)
        try:
            challenge = challenge_issue(dataset=self.dataset, annotator=self.annotator)
            answer = perceive(challenge, self.eyes, self.truth)
            challenge_answer(challenge=challenge, annotator=self.annotator, raw=answer)
        except (NoChallenge, ChallengeGone):
            return False
        return True


@dataclass
class ApiSolver:
    """Answers through the HTTP API, as a visitor with a cookie."""

    eyes: SimulatedAnnotator
    dataset: DataSet
    truth: Truth
    client: Client = field(default_factory=Client)
    annotator: Annotator | None = None

    def solve(self) -> bool:
        address = f"/api/v1/datasets/{self.dataset.pk}/challenges/"
        if self.annotator:
            an_hour_passes(self.annotator)
        issued = self._post(address, {})
        if issued.status_code == 409:
            return False
        challenge = Challenge.objects.get(pk=issued.json()["id"])
        self.annotator = challenge.annotator
        answer = perceive(challenge, self.eyes, self.truth)
        answered = self._post(f"{address}{challenge.pk}/answer/", {"answer": answer})
        return bool(answered.status_code == 200)

    def _post(self, address: str, body: dict[str, object]) -> Any:
        response = self.client.post(address, body, content_type="application/json")
        if response.status_code not in {200, 201, 409}:
            raise RuntimeError(f"{address} answered {response.status_code}: {response.content[:300]!r}")
        return response
