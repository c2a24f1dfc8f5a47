"""CIFAR-10 by a network that begins with nothing: the official batches, or the part of them that a folder has."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np

from learning.engine.arrays import Integers, Pixels

HELP = "CIFAR-10 from nothing: how much a network of about a million parameters tells, and in how many minutes"
K = 10


class Known(NamedTuple):
    x: Pixels
    y: Integers
    test_x: Pixels
    test_y: Integers


def add_arguments(parser: ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--official", type=Path, metavar="DIR", help="DIR has cifar-10-batches-py/, as it is unpacked")
    where.add_argument("--data", type=Path, metavar="DIR", help="DIR has data/cifar10.npz")
    parser.add_argument("--network", default="cnn_1m")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=6e-3)
    parser.add_argument("--train", type=int, metavar="N", help="learn from the first N pictures alone")
    parser.add_argument("--seed", type=int, default=0)


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    from learning.engine.devices import chosen
    from learning.engine.prediction import logits
    from learning.engine.trained import TrainingConfig
    from learning.engine.training import train
    from learning.services import inputs  # noqa: F401 (by TESSERA_DEVICE it says where networks compute)

    known = official(options["official"]) if options["official"] else subset(options["data"])
    x, y = known.x[: options["train"]], known.y[: options["train"]]
    config = TrainingConfig(
        epochs=options["epochs"],
        min_steps=0,
        batch_size=options["batch"],
        lr=options["lr"],
        seed=options["seed"],
        augment_shift=4,
        flips=True,
    )
    heard = _Passes(config.epochs, say)
    began, began_processor = perf_counter(), process_time()
    trained = train(x, np.eye(K)[y], np.ones(len(y)), config, network=options["network"], on_progress=heard)
    seconds, processor = perf_counter() - began, process_time() - began_processor
    right = float((logits(trained, known.test_x).argmax(axis=1) == known.test_y).mean())
    return {
        "network": options["network"],
        "parameters": sum(tensor.numel() for _, tensor in trained.model().named_parameters()),
        "pictures": len(x),
        "test_pictures": len(known.test_y),
        "epochs": config.epochs,
        "accuracy": round(right, 4),
        "minutes": round(seconds / 60, 2),
        "processor_minutes": round(processor / 60, 2),
        "device": str(chosen()),
    }


def official(folder: Path) -> Known:
    """The 60,000 pictures. ValueError unless each file is, byte for byte, the one that its makers published."""
    from learning.engine.vision import torchvision

    try:
        learned, test = (torchvision.datasets.CIFAR10(str(folder), train=part) for part in (True, False))
    except RuntimeError as error:
        raise ValueError(f"{folder} has no cifar-10-batches-py as it was published: {error}") from error
    return Known(learned.data, np.array(learned.targets), test.data, np.array(test.targets))


def subset(folder: Path) -> Known:
    with np.load(folder / "data" / "cifar10.npz") as file:
        y, test_y = (file[name].astype(np.int64) for name in ("y_train", "y_test"))
        mixed = np.random.default_rng(0).permutation(len(y))  # so that the first of them are of all classes
        return Known(file["x_train"][mixed], y[mixed], file["x_test"], test_y)


class _Passes:
    """Says after each pass how long the rest will take."""

    def __init__(self, passes: int, say: Callable[[str], object]) -> None:
        self.passes, self.say, self.done, self.began = passes, say, 0, perf_counter()

    def __call__(self, share: float) -> None:
        if int(share * self.passes) > self.done:
            self.done = int(share * self.passes)
            minutes = (perf_counter() - self.began) / 60
            self.say(f"pass {self.done} of {self.passes}: {minutes:.1f} minutes, {minutes * (1 / share - 1):.1f} to go")
