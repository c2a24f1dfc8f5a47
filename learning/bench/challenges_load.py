"""`python -m learning.bench.challenges_load`: clients who ask, look and answer without a pause, as a process.

Standard input has what to do as JSON, standard output says how long each request took. It loads no Django: on two cores
the clients share with the servers what there is.
"""

import colorsys
import json
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from io import BytesIO
from threading import Lock, Thread
from time import monotonic, perf_counter
from typing import Any

from PIL import Image as Picture

ADDRESS = "127.0.0.1"
PATIENCE = 60.0  # seconds
# Names of classes and their hues; the first letter is the key that is typed.
NAMES = ("red", "orange", "yellow", "green", "jade", "teal", "blue", "indigo", "violet", "pink")
COLOURS = {name: n / 10 for n, name in enumerate(NAMES)}
TILE, STEP = 96, 100  # pixels of a sprite
WORD = "seen"  # what every picture of the peer says: nobody reads it from the pixels here


@dataclass
class Timed:
    """Seconds of each request by name, shared by all clients."""

    most: int
    ends: float
    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    done: int = 0
    failed: int = 0
    votes: int = 0
    answered: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def more(self) -> bool:
        return self.done + self.failed < self.most and monotonic() < self.ends


class Client:
    """Somebody with a cookie; each challenge has a connection of its own."""

    def __init__(self, port: int, timed: Timed) -> None:
        self.port, self.timed, self.cookie = port, timed, ""
        self.connection = HTTPConnection(ADDRESS, port, timeout=PATIENCE)

    def anew(self) -> None:
        self.connection.close()

    def ask(self, name: str, method: str, path: str, body: object = None) -> bytes:
        headers = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}
        headers |= {"Cookie": self.cookie} if self.cookie else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        started = perf_counter()
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = self.connection.getresponse()
        content = response.read()
        taken = perf_counter() - started
        if response.status not in {200, 201}:
            raise RuntimeError(f"{method} {path} answered {response.status}: {content[:300]!r}")
        if cookie := response.getheader("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        with self.timed.lock:
            self.timed.taken[name].append(taken)
        return content


def solve(client: Client, dataset: int) -> None:
    """One challenge, answered by what is seen on its tiles."""
    path = f"/api/v1/datasets/{dataset}/challenges/"
    issued = json.loads(client.ask("issue", "POST", path, {}))
    sprite = client.ask("sprite", "GET", f"{path}{issued['id']}/sprite/")
    answer = perceive(sprite, issued)
    said = json.loads(client.ask("answer", "POST", f"{path}{issued['id']}/answer/", {"answer": answer}))
    with client.timed.lock:
        client.timed.done += said["passed"]
        client.timed.failed += not said["passed"]
        client.timed.votes += said["votes"]
        client.timed.answered.append(issued["id"])


def perceive(sprite: bytes, issued: dict[str, Any]) -> object:
    picture = Picture.open(BytesIO(sprite))
    picture.draft("RGB", (picture.width // 8, picture.height // 8))
    columns, step = issued["columns"], STEP * picture.width / (issued["columns"] * STEP - STEP + TILE)
    middle = step * TILE / STEP / 2
    places = [divmod(position, columns) for position in range(issued["tiles"])]
    centres = [(int(column * step + middle), int(row * step + middle)) for row, column in places]
    seen = [_named(picture.getpixel(centre)) for centre in centres]
    if issued["target"]:
        return [position for position, name in enumerate(seen) if name == issued["target"]]
    return seen


def _named(pixel: tuple[int, int, int]) -> str:
    hue, *_ = colorsys.rgb_to_hsv(*(value / 255 for value in pixel))
    return min(COLOURS, key=lambda name: min(abs(hue - COLOURS[name]), 1 - abs(hue - COLOURS[name])))


def verify(client: Client, _: int) -> None:
    """The peer's cycle: a key, its picture, the word."""
    issued = json.loads(client.ask("issue", "GET", "/captcha/refresh/"))
    client.ask("sprite", "GET", issued["image_url"])
    said = json.loads(client.ask("answer", "POST", "/verify", {"captcha_0": issued["key"], "captcha_1": WORD}))
    with client.timed.lock:
        client.timed.done += said["passed"]
        client.timed.failed += not said["passed"]


CYCLES: dict[str, Callable[[Client, int], None]] = {"solve": solve, "verify": verify}


def main(plan: dict[str, Any]) -> dict[str, Any]:
    timed = Timed(plan["most"], monotonic() + plan["seconds"])
    errors: list[str] = []

    def repeat(client: Client) -> None:
        try:
            while timed.more():
                client.anew()
                CYCLES[plan["cycle"]](client, plan["dataset"])
        except Exception as error:
            errors.append(repr(error))

    threads = [Thread(target=repeat, args=[Client(plan["port"], timed)]) for _ in range(plan["clients"])]
    started = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "seconds": perf_counter() - started,
        "taken": timed.taken,
        "done": timed.done,
        "failed": timed.failed,
        "votes": timed.votes,
        "answered": timed.answered,
        "errors": errors,
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.stdin.read()))))
