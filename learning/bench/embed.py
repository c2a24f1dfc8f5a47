"""The widget on other people's pages: `siteverify` beside a bare view, a token redeemed twice at once, the script."""

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from annotations.models import Annotator
from annotations.sites.models import Protocol, Site, Visit
from annotations.sites.services.sites import site_create
from annotations.sites.tokens import Pass, token_of
from learning.bench.embed_pictures import photos
from learning.bench.scratch import scratch
from learning.bench.site import web

HELP = "siteverify beside a bare view of one UPDATE; a token redeemed twice at once; the widget in a browser"
HOST = "localhost"  # of the site
CLIENTS = 8
WARM = 200  # requests before it counts, at most
BARE = {"DJANGO_SETTINGS_MODULE": "learning.bench.bare_site.settings"}

Say = Callable[[str], object]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=20, help="of each, in turns")
    parser.add_argument("--requests", type=int, default=400, help="of each round")
    parser.add_argument("--tokens", type=int, default=1000, help="that are redeemed twice at once")
    parser.add_argument("--verify", action="store_true", help="siteverify alone, without the widget")


def run(options: Mapping[str, Any], say: Say) -> dict[str, object]:
    rounds, requests, tokens = (options[name] for name in ("rounds", "requests", "tokens"))
    if min(rounds, requests, tokens) < 1:
        raise ValueError("--rounds, --requests and --tokens must be at least 1")
    with scratch() as var:
        owner = User.objects.create_user("owner@bench.local")
        site, secret = site_create(owner=owner, name="A shop", hosts=[HOST])
        visits = Visits(site, secret)
        shown = {} if options["verify"] else _prepared(site, var)
        with web(var, "config.wsgi", **shown) as port, web(var, "learning.bench.bare_site.wsgi", **BARE) as bare_port:
            ours = Side("siteverify", port, "/siteverify", visits.bodies)
            bare = Side("a bare view", bare_port, "/update", visits.keys)
            _in_turns(ours, bare, rounds, requests, say)
            twice = ours.load(tokens, twice=True)["succeeded"]
            widget = {} if options["verify"] else _shown(port, site, say)
    found: dict[str, object] = {"database": connection.vendor, "clients": CLIENTS, **_beside(ours, bare)}
    return found | {"tokens": tokens, **_counted(twice), **widget}


def _prepared(site: Site, var: Path) -> dict[str, str]:
    """What the server has to be told where the widget is shown with pictures."""
    # The browser's driver is there for development alone, and all other benchmarks do without.
    from learning.bench.embed_widget import static_files

    site.datasets.add(photos(site.owner))
    return static_files(var / "static")


def _shown(port: int, site: Site, say: Say) -> dict[str, object]:
    from learning.bench.embed_widget import widget

    return widget(port, HOST, site.key, say)


@dataclass(frozen=True)
class Visits:
    """Of people who have passed just now, each to be redeemed."""

    site: Site
    secret: str

    def passed(self, n: int) -> list[Visit]:
        now = timezone.now()
        fields = {"site": self.site, "annotator": Annotator.objects.get_or_create(user=self.site.owner)[0]}
        fields |= {"protocol": Protocol.HCAPTCHA, "hostname": HOST, "bits": 14, "doubt": 0.0}
        fields |= {"passed_at": now, "expires_at": now + timedelta(minutes=30)}
        return Visit.objects.bulk_create(Visit(**fields) for _ in range(n))

    def bodies(self, n: int) -> list[str]:
        tokens = (token_of(Pass(visit.pk, self.site.pk, visit.passed_at, HOST)) for visit in self.passed(n))
        return [urlencode({"secret": self.secret, "response": token}) for token in tokens]

    def keys(self, n: int) -> list[str]:
        return [urlencode({"pk": visit.pk}) for visit in self.passed(n)]


@dataclass
class Side:
    """What is asked, with whatever it takes to ask it n times, and how long it took."""

    name: str
    port: int
    path: str
    fresh: Callable[[int], list[str]]
    taken: list[float] = field(default_factory=list)
    p95s: list[float] = field(default_factory=list)  # of the rounds, in milliseconds
    seconds: float = 0.0

    def round(self, requests: int) -> float:
        """Its p95 in milliseconds."""
        told = self.load(requests)
        if told["succeeded"] != [1] * requests:
            raise RuntimeError(f"{self.name} refused {told['succeeded'].count(0)} of {requests}")
        self.taken += told["taken"]
        self.seconds += told["seconds"]
        self.p95s.append(_ms(told["taken"], 95))
        return self.p95s[-1]

    def load(self, requests: int, *, twice: bool = False) -> dict[str, Any]:
        plan = {"port": self.port, "path": self.path, "clients": CLIENTS, "twice": twice}
        command = [sys.executable, "-m", "learning.bench.embed_load"]
        text = json.dumps(plan | {"bodies": self.fresh(requests)})
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, input=text, capture_output=True, text=True, timeout=600, check=True
        )
        told: dict[str, Any] = json.loads(done.stdout)
        if told["errors"]:
            raise RuntimeError("; ".join(told["errors"]))
        return told


def _in_turns(ours: Side, bare: Side, rounds: int, requests: int, say: Say) -> None:
    """So that whatever else keeps the machine busy meets both. Who begins takes turns too."""
    for side in (ours, bare):
        side.load(min(WARM, requests))
    for number in range(rounds):
        sides = (ours, bare) if number % 2 == 0 else (bare, ours)
        for side in sides:
            say(f"round {number + 1}, {side.name}: p95 {side.round(requests):.1f} ms")


def _beside(ours: Side, bare: Side) -> dict[str, object]:
    p95, bare_p95 = _ms(ours.taken, 95), _ms(bare.taken, 95)
    return {
        "siteverify_p95_ms": round(p95, 2),
        "siteverify_p50_ms": round(_ms(ours.taken, 50), 2),
        "siteverify_per_s": round(len(ours.taken) / ours.seconds, 1),
        "bare_p95_ms": round(bare_p95, 2),
        "bare_p50_ms": round(_ms(bare.taken, 50), 2),
        "bare_per_s": round(len(bare.taken) / bare.seconds, 1),
        "siteverify_ratio": round(p95 / bare_p95, 2),
        "round_ratio_p50": round(float(np.median(np.divide(ours.p95s, bare.p95s))), 2),
    }


def _counted(succeeded: Sequence[int]) -> dict[str, int]:
    return {"double_redeemed": sum(n > 1 for n in succeeded), "never_redeemed": sum(n == 0 for n in succeeded)}


def _ms(taken: Sequence[float], q: float) -> float:
    return 1000 * float(np.percentile(taken, q))
