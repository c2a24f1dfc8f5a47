"""Strategies as the table's lines name them."""

from learning.bench.efficiency import variants as variants  # registers them
from learning.bench.efficiency.plans import DEFAULT, Choice
from learning.engine.strategies import registry


def choice_of(name: str) -> Choice:
    """A strategy by itself, or what a new data set's policy has."""
    if name != DEFAULT:
        return Choice(name, registry.get(name).name)
    from learning.models import Policy

    usual = Policy()
    return Choice(name, usual.strategy, usual.random_share, usual.duplicates, usual.outliers, usual.balance)
