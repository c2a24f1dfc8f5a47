"""The one door to torchvision.

A CPU build of torch beside the registry's torchvision has no compiled torchvision operators, and `import
torchvision` then raises while it registers shapes for them. Only in that case are the missing operators
declared, by schema, before importing again: models and transforms then work, calling the operators themselves
does not.

Use: `from learning.engine.vision import torchvision`, or `v2` of its transforms.
"""

import sys

import torch

# A library's declarations live as long as the object does.
_declared: torch.library.Library | None = None

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def _declare_missing_operators() -> torch.library.Library:
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    return library


def _forget_half_import() -> None:
    for name in [n for n in sys.modules if n == "torchvision" or n.startswith("torchvision.")]:
        del sys.modules[name]


try:
    import torchvision
except RuntimeError as error:
    if "torchvision::" not in str(error):
        raise
    _forget_half_import()
    _declared = _declare_missing_operators()
    import torchvision

from torchvision.transforms import v2  # noqa: E402 (only now is there anything to import it from)

__all__ = ["torchvision", "v2"]
