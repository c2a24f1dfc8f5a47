"""The kinds of challenge there are, found: a module of this folder that has a `KIND` is one."""

import importlib
import pkgutil
from collections.abc import Collection
from pathlib import Path

from annotations.challenges.kind import Kind
from annotations.challenges.tiles import Keys

GLANCE = "glance"  # what somebody known is asked who wants to get on
USUAL = ("grid", "strip")  # what a data set asks until its owner chooses


def _found() -> dict[str, Kind]:
    package, here = __name__.rpartition(".")[0], Path(__file__)
    names = [module.name for module in pkgutil.iter_modules([str(here.parent)]) if module.name != here.stem]
    modules = [importlib.import_module(f"{package}.{name}") for name in names]
    kinds: list[Kind] = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.name: kind for kind in kinds}


KINDS = _found()
OFFERED = {name: kind for name, kind in KINDS.items() if not kind.for_known}  # owners choose among these
CHOICES = [(name, kind.title) for name, kind in OFFERED.items()]


def offered(keys: Keys) -> list[str]:
    """Names of the kinds that a data set with these classes can offer, in the registry's order."""
    return [name for name, kind in OFFERED.items() if not kind.misfit(keys)]


def misfits(names: Collection[str], keys: Keys) -> list[str]:
    """Why none of these kinds can be asked of a data set with these classes, each reason once; empty where one can."""
    reasons = [kind.misfit(keys) for name, kind in OFFERED.items() if name in names]
    return [] if "" in reasons else list(dict.fromkeys(reasons))


def misfit(names: Collection[str], keys: Keys) -> str:
    """The same in sentences."""
    return " ".join(misfits(names, keys))


def refusal(names: Collection[str], keys: Keys) -> str:
    """Why an owner can't choose these kinds alone; empty where they can, or where no kind fits yet anyway."""
    reason = misfit(names, keys) if names and offered(keys) else ""
    return reason and f"People could not be asked in any of these ways. {reason} Pick another way too."
