"""Training: how well it transfers, how little it forgets, how honest its confidence is; how soon it serves."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HELP = "transfer, forgetting online, calibration, time to serve and to tag, by the files in a folder"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="DIR has data/ and weights/")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    from learning.bench import training_buffer, training_online, training_transfer, training_uploads
    from learning.engine.models.torchvision_nets import WeightsMissing

    data, seeds = options["data"], options["seeds"]
    try:
        transferred = training_transfer.measure(data, seeds, say)
        known = training_online.features(data, say)
    except WeightsMissing as error:
        raise ValueError(str(error)) from error
    learned = training_online.measure(known, seeds, say)
    served = training_buffer.measure(data, known, say)
    return transferred | learned | served | training_uploads.measure(data, say)
