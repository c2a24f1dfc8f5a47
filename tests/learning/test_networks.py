"""The networks that a worker keeps at hand."""

import pytest
from cachetools import LRUCache

from learning.services import networks
from learning.services.networks import kept, load_network, load_version


@pytest.fixture(autouse=True)
def empty() -> None:
    kept.clear()


@pytest.fixture
def room(monkeypatch, settings, serve):
    """For so many versions of a small network."""

    def make(n: float) -> None:
        load_version(serve())
        settings.NETWORKS_BYTES = int(n * kept.currsize)
        kept.clear()
        monkeypatch.setattr(kept, "_Cache__maxsize", settings.NETWORKS_BYTES)

    return make


def test_a_network_is_made_once(serve):
    version = serve()
    assert load_network(version) is load_network(version)
    assert load_version(version) is load_version(version)


def test_those_used_last_stay_as_far_as_they_fit(serve, room):
    room(2.5)
    first, second, third = serve(), serve(), serve()
    oldest, _ = load_network(first), load_network(second)
    assert load_network(first) is oldest
    load_network(third)
    assert {pk for pk, _ in kept} == {first.pk, third.pk}


def test_one_that_is_larger_than_the_room_takes_all_of_it(serve, room):
    room(0.5)
    version = serve()
    assert load_network(version) is load_network(version)
    assert isinstance(networks.kept, LRUCache) and len(kept) == 1
