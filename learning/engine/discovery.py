"""What registers itself by a decorator: the modules of a folder, and what packages name under an entry point."""

import importlib
import pkgutil
from importlib.metadata import entry_points
from pathlib import Path


def import_all(registry: str, file: str, group: str) -> None:
    """Import every module beside a registry (its `__name__` and `__file__`), and load the group's entry points."""
    package = registry.rpartition(".")[0]
    for module in pkgutil.iter_modules([str(Path(file).parent)]):
        importlib.import_module(f"{package}.{module.name}")
    for entry in entry_points(group=group):
        entry.load()
