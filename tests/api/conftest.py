from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.models import User
from annotations.challenges.registry import KINDS
from annotations.models import Challenge, Tile
from annotations.services.answering import composed_of
from gallery.models import DataSet
from gallery.services.datasets import dataset_create

UNKNOWN_SHADE = 1  # what `published` uploads without a label
KEYS = "dml"

Given = dict[str, Any]  # a challenge as the API gives it


@pytest.fixture
def api(db) -> Callable[..., APIClient]:
    """A client: a person's, by token, or a visitor's."""

    def make(user: User | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.create(user=user)[1]}")
        return client

    return make


@pytest.fixture
def secret(alice: User) -> DataSet:
    """Alice's private data set."""
    return dataset_create(owner=alice, name="Secret", classes=[("yes", ""), ("no", "")])


@pytest.fixture
def queries() -> Callable[[APIClient, str], int]:
    """How many queries it takes to read an address."""

    def count(client: APIClient, address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    return count


@dataclass
class Solver:
    """Somebody at the public data set's challenges."""

    client: APIClient
    dataset: DataSet

    def address(self, challenge: Given | None = None, then: str = "") -> str:
        one = f"{challenge['id']}/" if challenge else ""
        return f"/api/v1/datasets/{self.dataset.pk}/challenges/{one}{then}"

    def ask(self, kind: str | None = None) -> Given:
        response = self.client.post(self.address(), {"kind": kind} if kind else {})
        assert response.status_code == 201, response.json()
        return response.json()

    def answer(self, challenge: Given, answer: object, **more: object) -> HttpResponse:
        return self.client.post(self.address(challenge, "answer/"), {"answer": answer, **more})

    def solve(self, kind: str | None = None) -> Given:
        """Ask for a challenge and answer it well."""
        challenge = self.ask(kind)
        response = self.answer(challenge, self.right(challenge))
        assert response.status_code == 200, response.json()
        return challenge

    def right(self, challenge: Given) -> list[int] | str:
        """What an attentive person answers."""
        row = Challenge.objects.get(pk=challenge["id"])
        truths = [_truth_of(tile) for tile in row.tiles.order_by("position")]
        if KINDS[row.kind].form == "select":
            return [position for position, truth in enumerate(truths) if truth == row.target]
        if KINDS[row.kind].form == "series":
            return KINDS[row.kind].say(composed_of(row), truths)
        return "".join(KEYS[truth] for truth in truths)

    def wrong(self, challenge: Given) -> list[int] | str:
        """The opposite of it, tile by tile."""
        right = self.right(challenge)
        if isinstance(right, str):
            return right.translate(str.maketrans("dml", "mld"))
        return [position for position in range(challenge["tiles"]) if position not in right]


def _truth_of(tile: Tile) -> int:
    return UNKNOWN_SHADE if tile.truth is None else tile.truth


@pytest.fixture
def solver(published: DataSet, api) -> Callable[..., Solver]:
    """Bob, a visitor, or whoever is named."""
    return lambda user=None: Solver(api(user), published)
