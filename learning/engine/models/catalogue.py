"""Which backbones there are. No torch here, so that a page can list them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

ENTRY_POINTS = "tessera.backbones"
SMALL_CNN = "small_cnn"
HEAD = "head"  # no backbone: what a network is fed with are features already
_SUFFIXES = (".safetensors", ".pth")


@dataclass(frozen=True)
class Entry:
    """A backbone by name. `side`: the pixels that it looks at. `pretrained`: there are weights for it to be had."""

    name: str
    title: str
    side: int
    pretrained: bool = True


_ENTRIES = (
    Entry(SMALL_CNN, "Small network of three layers, for small pictures", 32, pretrained=False),
    Entry("cnn_1m", "Residual network of a million parameters, for small pictures", 32, pretrained=False),
    Entry("resnet18_32", "ResNet-18 for small pictures", 32, pretrained=False),
    Entry("mobilenet_v2_0.35", "MobileNet V2, narrow: quick", 128),
    Entry("mobilenet_v2_1.0", "MobileNet V2", 128),
    Entry("mobilenet_v3_small", "MobileNet V3, small: quick", 224),
    Entry("mobilenet_v3_large", "MobileNet V3, large", 224),
    Entry("efficientnet_b0", "EfficientNet B0", 224),
    Entry("resnet18", "ResNet-18", 224),
    Entry("resnet50", "ResNet-50: slow without a GPU", 224),
    Entry("convnext_tiny", "ConvNeXt, tiny: slow without a GPU", 224),
    Entry("vit_b_16", "Vision transformer B/16: wants a GPU", 224),
)


def entries() -> list[Entry]:
    """Ours, then those of installed packages, which tell no more than their name until they are loaded."""
    others = [Entry(point.name, point.name, 0, pretrained=False) for point in entry_points(group=ENTRY_POINTS)]
    return [*_ENTRIES, *others]


def entry(name: str) -> Entry:
    """ValueError, with the names there are, for another one."""
    for found in entries():
        if found.name == name:
            return found
    raise ValueError(f"no backbone is called {name!r}; there are {', '.join(e.name for e in entries())}")


def weights_file(name: str, weights_dir: str | Path) -> Path | None:
    """Its file in the folder: NAME, perhaps with more behind a “-” or “_” as torchvision adds, `.safetensors` or
    `.pth`."""
    return next(_files(name, Path(weights_dir)), None)


def at_hand(weights_dir: str | Path) -> list[str]:
    """The backbones that something can be learned with now: those whose weights are there, and those that need none."""
    return [e.name for e in entries() if not e.pretrained or weights_file(e.name, weights_dir)]


def digest(blob: bytes) -> str:
    """What features are known by: the SHA-256 of the weights' file that they were computed with."""
    return hashlib.sha256(blob).hexdigest()


def _files(name: str, folder: Path) -> Iterator[Path]:
    for suffix in _SUFFIXES:
        yield from sorted(path for path in folder.glob(f"{name}{suffix}") if path.is_file())
        yield from sorted(path for path in folder.glob(f"{name}[-_]*{suffix}") if path.is_file())
