"""Networks compiled for where they compute, if that pays; plain again where it can't be done."""

import logging
from collections.abc import Callable
from typing import Any, Literal, get_args

import torch

from learning.engine.devices import chosen

Mode = Literal["auto", "always", "never"]
MODES: tuple[Mode, ...] = get_args(Mode)
PAYS_FROM = 5000  # steps, or batches of a prediction: an assumption, for compiling takes minutes and saves milliseconds

logger = logging.getLogger(__name__)
_mode: Mode = "auto"
_BACKEND = "inductor"


def choose(mode: str) -> None:
    """From now on in this process: “always”, “never”, or “auto”, on a GPU alone and from `PAYS_FROM` steps on.

    Raises ValueError for another word.
    """
    global _mode
    if mode not in MODES:
        raise ValueError(f"networks are compiled {', '.join(MODES)}, not {mode!r}")
    _mode = mode


def mode() -> Mode:
    return _mode


def pays(steps: int) -> bool:
    """Whether so many steps on the chosen device are worth compiling for."""
    return _mode == "always" or (_mode == "auto" and chosen().type == "cuda" and steps >= PAYS_FROM)


class Compiled:
    """A function of tensors, compiled at its first call if so many steps pay for it. Parameters keep their names:
    it is the call that is compiled, not the module."""

    def __init__(self, function: Callable[..., Any], steps: int) -> None:
        self.plain = self.now = function
        if pays(steps):
            # Each with a cache of its own: a process that trains many networks would else reach torch's limit.
            self.now = torch.compile(  # type: ignore[call-overload]
                function, backend=_BACKEND, isolate_recompiles=True
            )

    def __call__(self, *args: Any) -> Any:
        return self.now(*args)

    def retreat(self, error: Exception) -> None:
        """To the plain function from now on, with a warning. Raises the error where that was the one that failed."""
        if self.now is self.plain:
            raise error
        logger.warning("the network can't be compiled and goes on as it is: %s: %s", type(error).__name__, error)
        self.now = self.plain

    def safely(self, *args: Any) -> Any:
        """The call, by the plain function where it fails compiled; a full memory is the caller's to see to."""
        try:
            return self.now(*args)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            self.retreat(error)
            return self.plain(*args)
