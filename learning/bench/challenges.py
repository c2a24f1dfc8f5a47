"""Challenges at full load beside a plain captcha: issue, sprite and answer over HTTP, two web workers, one client."""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection

from learning.bench.challenges_data import many
from learning.bench.challenges_ledger import reconcile
from learning.bench.challenges_rates import CHALLENGES, rates
from learning.bench.scratch import scratch
from learning.bench.site import environment, web

HELP = "who passes; then issue, sprite and answer by solvers who don't pause, beside django-simple-captcha"
SOLVERS = 8
WARM = 15.0  # seconds before it counts: what is loaded once is loaded, and as many are ready as are asked for
REQUESTS = ("issue", "sprite", "answer")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each load, at most")
    parser.add_argument("--cycles", type=int, default=1500, help="of each load, at most")
    parser.add_argument("--grow", action="store_true", help="the same on a tenth before, to see what grows")
    parser.add_argument("--rates", action="store_true", help="who passes alone, without the load")
    parser.add_argument("--played", type=int, default=CHALLENGES, help="of each kind, for the rates")


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    if options["played"] < 1:
        raise ValueError("--played must be at least 1")
    if options["rates"]:
        return rates(say, options["played"])
    images, votes = options["images"], options["votes"]
    if images < 1000 or images % 1000 or votes < images:
        raise ValueError("--images must be a multiple of 1000, and --votes as many at least")
    load = Load(options["seconds"], options["cycles"])
    with scratch() as var:
        found: dict[str, object] = {"database": connection.vendor, "cache": "redis" if settings.REDIS_URL else "files"}
        small = many("A tenth", images // 10, votes // 10) if options["grow"] else None
        large = many("Many", images, votes)
        say(f"{found}: {images:,} images, {votes:,} votes")
        with web(var, "config.wsgi", worker=True) as port:
            ours = load.on(port, "solve", large.dataset.pk, say)
            found |= reconcile(large.dataset, ours.votes, ours.answered)
            if small:
                tenth = load.on(port, "solve", small.dataset.pk, say)
        with _captcha(var) as port:
            peer = load.on(port, "verify", 0, say)
    found |= {"images": images, "votes": votes, **_beside(ours, peer), **rates(say, options["played"])}
    return found | (_grown(ours, tenth) if small else {})


@dataclass(frozen=True)
class Loaded:
    """What a load came to; `p95` and `p50` in milliseconds by the name of the request."""

    rate: float
    labels: float
    p95: dict[str, float]
    p50: dict[str, float]
    failed: int
    votes: int
    answered: Sequence[str]


@dataclass(frozen=True)
class Load:
    seconds: float
    cycles: int

    def on(self, port: int, cycle: str, dataset: int, say: Callable[[str], object]) -> Loaded:
        plan = {"port": port, "cycle": cycle, "dataset": dataset, "clients": SOLVERS}
        warm = _client(plan | {"seconds": min(WARM, self.seconds), "most": self.cycles})
        told = _client(plan | {"seconds": self.seconds, "most": self.cycles})
        loaded = Loaded(
            told["done"] / told["seconds"],
            told["votes"] / told["seconds"],
            *(
                {name: round(1000 * float(np.percentile(told["taken"][name], q)), 1) for name in REQUESTS}
                for q in (95, 50)
            ),
            told["failed"],
            warm["votes"] + told["votes"],
            warm["answered"] + told["answered"],
        )
        say(f"{cycle}: {loaded.rate:.1f} a second in {told['seconds']:.0f} s; p50 {loaded.p50}, p95 {loaded.p95} ms")
        return loaded


def _client(plan: dict[str, object]) -> dict[str, Any]:
    command = [sys.executable, "-m", "learning.bench.challenges_load"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, input=json.dumps(plan), capture_output=True, text=True, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"the client ended by itself:\n{done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    if told["errors"]:
        raise RuntimeError("; ".join(told["errors"]))
    return told


@contextmanager
def _captcha(var: Path) -> Iterator[int]:
    """The same for the peer, whose table comes into our database."""
    own = {"DJANGO_SETTINGS_MODULE": "learning.bench.captcha_site.settings"}
    migrate = [sys.executable, "-m", "django", "migrate", "captcha", "--verbosity", "0"]
    env = os.environ | environment(var) | own | {"PYTHONPATH": "platform:."}
    subprocess.run(migrate, cwd=settings.BASE_DIR, env=env, check=True)
    with web(var, "learning.bench.captcha_site.wsgi", **own) as port:
        yield port


def _beside(ours: Loaded, peer: Loaded) -> dict[str, object]:
    ratios = {name: round(ours.p95[name] / peer.p95[name], 2) for name in REQUESTS}
    return {
        **{f"{name}_p95_ms": ours.p95[name] for name in REQUESTS},
        **{f"{name}_p50_ms": ours.p50[name] for name in REQUESTS},
        "peer_p95_ms": peer.p95,
        "p95_ratios": ratios,
        "p95_ratio": max(ratios.values()),
        "solved_per_s": round(ours.rate, 1),
        "labels_per_s": round(ours.labels, 1),
        "peer_cycles_per_s": round(peer.rate, 1),
        "ratio": round(ours.rate / peer.rate, 2),
        "failed": ours.failed,
    }


def _grown(ours: Loaded, tenth: Loaded) -> dict[str, object]:
    ratios = {name: round(ours.p95[name] / tenth.p95[name], 2) for name in REQUESTS}
    return {"tenth_p95_ms": tenth.p95, "grown_p95_ratios": ratios, "grown_p95_ratio": max(ratios.values())}
