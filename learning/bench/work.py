"""What proof of work costs: those who visit, those who would rather make many visits, and us who check it."""

import hashlib
import platform
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from os import cpu_count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from scipy.stats import gamma

from annotations.challenges.unseen import work
from annotations.sites.risk import LEVELS
from annotations.sites.services.visits import PIECES
from learning.bench.table import into_page
from learning.bench.work_engines import Done, Job, in_chromium, in_node, openssl_per_second

HELP = "what proof of work costs at each level, in a browser and without one, and what it costs to check"
RUN, RUNS = 16, 32  # runs of 2^16 digests or a piece, fewer of those that are longer: the fastest had a core for itself
CHECKS = 400
BEGIN = "<!-- bench work -->"
# Published, not measured here: hashcat 6.2.6 on one RTX 4090, mode 1400 (SHA2-256).
# https://gist.github.com/Chick3nman/32e662a5bb63bc4f51b847bb422222fd
GPU_PER_SECOND = 21_975.5e6
# What an hour is taken to cost, in cents: a rented core, and a rented card of that kind.
CORE_HOUR, GPU_HOUR = 4.0, 40.0


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--docs", type=Path, metavar="DIR", help="write the table there")


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    rates = {name: per_second(engine(_jobs())) for name, engine in ENGINES.items()}
    rates["openssl"] = openssl_per_second()
    for name, rate in rates.items():
        say(f"{name}: {rate / 1e6:.2f} million digests a second" if rate else f"{name}: not here")
    checks = {f"verify_{name}_us": round(1e6 * seconds, 1) for name, seconds in checking().items()}
    levels = {str(bits): level(bits, rates) for bits in LEVELS}
    result: dict[str, object] = {
        "levels": levels,
        **{f"{name}_per_s": round(rate) for name, rate in rates.items()},
        **checks,
        "verify_piece_us": round(checks["verify_right_us"] / PIECES, 2),
        "pieces": PIECES,
        "machine": f"{platform.machine()}, {cpu_count()} cores",
    }
    if options["docs"]:
        into_page(options["docs"] / "bots.md", _table(levels, result), title="# Bots", begin=BEGIN)
    return result


def in_python(jobs: Sequence[Job]) -> list[Done]:
    """One core, the standard library's digest: what a script does without any trouble taken."""
    found = []
    for job in jobs:
        began = perf_counter()
        numbers = work.do(work.Work(job.prefix, job.bits, job.pieces))
        found.append(Done([int(number) for number in numbers], perf_counter() - began))
    return found


ENGINES: dict[str, Callable[[Sequence[Job]], list[Done]]] = {
    "browser": in_chromium,
    "node": in_node,
    "python": in_python,
}


def per_second(done: Sequence[Done]) -> float:
    """Digests, in the fastest run; 0 where it could not be tried."""
    return max(((sum(one.numbers) + len(one.numbers)) / one.seconds for one in done), default=0.0)


def level(bits: int, rates: Mapping[str, float]) -> dict[str, float]:
    """Seconds of one solve on average, and those within which nineteen of twenty are done; cents a thousand solves."""
    tries = PIECES * 2**bits
    # A piece takes geometrically many tries; a sum of so many is as good as a gamma.
    late = float(gamma(PIECES, scale=1 / PIECES).ppf(0.95))
    found: dict[str, float] = {"tries": tries}
    for name, rate in rates.items():
        if rate:
            found |= {f"{name}_s": round(tries / rate, 4), f"{name}_p95_s": round(late * tries / rate, 4)}
            found[f"{name}_cents_per_1000"] = round(1000 * tries / rate / 3600 * CORE_HOUR, 4)
    found["gpu_s"] = tries / GPU_PER_SECOND
    found["gpu_cents_per_1000"] = round(1000 * tries / GPU_PER_SECOND / 3600 * GPU_HOUR, 6)
    return found


def checking() -> dict[str, float]:
    """Seconds that it takes to check: done, and not done in the first piece, the last, or any."""
    asked = work.Work("f" * 32, bits=8, pieces=PIECES)
    right = work.do(asked)
    sent = {
        "right": right,
        "first_wrong": ["x", *right[1:]],
        "last_wrong": [*right[:-1], "x"],
        "all_wrong": ["999999999999"] * PIECES,
    }
    taken: dict[str, list[float]] = {name: [] for name in sent}
    for _ in range(CHECKS):  # in turn, so that whatever else the machine does meets all alike
        for name, numbers in sent.items():
            taken[name].append(_checked(asked, numbers))
    return {name: median(seconds) for name, seconds in taken.items()}


def _jobs() -> list[Job]:
    found = []
    for bits in LEVELS:
        runs, pieces = max(2, RUNS >> max(0, bits - RUN)), max(1, 2**RUN >> bits)
        prefixes = (hashlib.sha256(f"{bits} {run}".encode()).hexdigest()[:32] for run in range(runs))
        found += [Job(prefix, bits, pieces) for prefix in prefixes]
    return found


def _checked(asked: work.Work, numbers: list[str]) -> float:
    began = perf_counter()
    with suppress(work.NoWork):
        work.check(asked, numbers)
    return perf_counter() - began


def _table(levels: Mapping[str, Mapping[str, float]], result: Mapping[str, object]) -> list[str]:
    lines = [
        "| zeros a piece | digests | browser, seconds (19 of 20 within) | Python | OpenSSL, one core | one RTX 4090 "
        "| cents a thousand: OpenSSL | RTX 4090 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for bits, one in levels.items():
        cells = [
            bits,
            f"{one['tries']:,.0f}",
            f"{one['browser_s']:.2f} ({one['browser_p95_s']:.2f})" if "browser_s" in one else "–",
            f"{one['python_s']:.2f} s",
            f"{one['openssl_s']:.3f} s" if "openssl_s" in one else "–",
            f"{1e6 * one['gpu_s']:,.0f} µs",
            f"{one['openssl_cents_per_1000']:.3f}" if "openssl_s" in one else "–",
            f"{one['gpu_cents_per_1000']:.5f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    told = f"`manage.py bench work --docs docs` on {date.today()}, {result['machine']}."
    checks = (
        f"To check all {PIECES} pieces takes {result['verify_right_us']} µs; {result['verify_first_wrong_us']} where "
        f"the first is wrong, {result['verify_last_wrong_us']} where the last is."
    )
    return [*lines, "", f"{told} {checks}"]
