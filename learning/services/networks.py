"""The networks of versions: a worker keeps those that it used last, as far as they fit into its share of the memory."""

from datetime import datetime
from functools import cached_property

from cachetools import LRUCache, cached
from django.conf import settings
from torch import Tensor

from learning.engine.models.network import Network
from learning.engine.trained import Trained, deserialise
from learning.models import ModelVersion


class Loaded:
    """What was trained, and the network itself, once somebody asks it."""

    def __init__(self, trained: Trained) -> None:
        self.trained = trained

    @cached_property
    def network(self) -> Network:
        return self.trained.model()


def load_version(version: ModelVersion) -> Trained:
    return _load(version).trained


def load_network(version: ModelVersion) -> Network:
    """Ready to predict. The same one each time: nobody may go on training it."""
    return _load(version).network


def _size(loaded: Loaded) -> int:
    """In bytes, with its network. What is larger than all there is room for takes all of it."""
    tensors: list[Tensor] = [*loaded.trained.state_dict.values(), *(loaded.trained.optimiser or {}).values()]
    return min(2 * sum(tensor.nbytes for tensor in tensors), settings.NETWORKS_BYTES)


kept: LRUCache[tuple[int, datetime], Loaded] = LRUCache(settings.NETWORKS_BYTES, getsizeof=_size)


@cached(kept, key=lambda version: (version.pk, version.created_at))
def _load(version: ModelVersion) -> Loaded:
    with version.weights.open("rb") as file:
        return Loaded(deserialise(file.read()))
