"""What the consensus library claims, in four forms: its speed, its answers on real crowds, its stand against liars, and
what it makes of votes as they arrive."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from learning.bench import consensus_real, consensus_simulation, consensus_speed, consensus_stream

HELP = "truth inference beside crowd-kit: speed, real crowds (--real), liars (--simulate), votes in a stream (--stream)"
SPEED_VOTES, STREAM_VOTES = 1_000_000, 100_000


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--votes", type=int, help=f"{SPEED_VOTES:,} for speed, {STREAM_VOTES:,} with --stream")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--real", type=Path, metavar="DIR", help="a folder of NAME.labels.csv and NAME.truth.csv")
    parser.add_argument("--images", type=Path, metavar="ZIP", help="with --real: LabelMe's photos, for crowd and model")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="with --images: the backbone's weights")
    parser.add_argument("--simulate", action="store_true", help="liars and spammers, ten seeds, and the plots")
    parser.add_argument("--stream", action="store_true", help="votes one challenge at a time, beside a full fit")
    parser.add_argument("--docs", type=Path, default=settings.BASE_DIR / "docs", help="where table and plots go")


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    if options["simulate"]:
        return consensus_simulation.run(options["docs"], say)
    if options["real"]:
        return consensus_real.run(options["real"], options["images"], options["weights"], options["docs"], say)
    form, votes = (consensus_stream, STREAM_VOTES) if options["stream"] else (consensus_speed, SPEED_VOTES)
    return form.run(votes if options["votes"] is None else options["votes"], options["seed"], say)
