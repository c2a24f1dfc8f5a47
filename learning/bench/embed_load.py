"""`python -m learning.bench.embed_load`: servers that ask about tokens without a pause, as a process without Django.

Standard input has what to send as JSON, standard output says how long each request took and how often each body was
answered with success. Each request has a connection of its own, as clients' libraries make them.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from threading import Barrier, BrokenBarrierError, Thread
from time import perf_counter
from typing import Any

ADDRESS = "127.0.0.1"
PATIENCE = 30.0  # seconds
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Load:
    def __init__(self, port: int, path: str, bodies: Sequence[str]) -> None:
        self.port, self.path, self.bodies = port, path, bodies
        self.taken: list[float] = []
        self.succeeded: list[int] = []  # places, as appending is whole in any thread
        self.errors: list[str] = []

    def send(self, place: int) -> None:
        started = perf_counter()
        connection = HTTPConnection(ADDRESS, self.port, timeout=PATIENCE)
        connection.request("POST", self.path, self.bodies[place], FORM)
        response = connection.getresponse()
        content = response.read()
        taken = perf_counter() - started
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{self.path} answered {response.status}: {content[:300]!r}")
        self.taken.append(taken)
        if json.loads(content)["success"]:
            self.succeeded.append(place)

    def once(self, clients: int) -> None:
        """Each body, by whichever client is free."""
        places = iter(range(len(self.bodies)))  # one thread at a time may ask it: C code, under the lock of Python
        self._by(clients, lambda client: (self.send(place) for place in places))

    def twice(self, clients: int) -> None:
        """Each body by two clients at the same moment."""
        couples = clients // 2
        meetings = [Barrier(2, timeout=PATIENCE) for _ in range(couples)]

        def together(client: int) -> Any:
            for place in range(client // 2, len(self.bodies), couples):
                meetings[client // 2].wait()
                yield self.send(place)

        self._by(couples * 2, together)

    def _by(self, clients: int, work: Callable[[int], Any]) -> None:
        def all_of(client: int) -> None:
            try:
                for _ in work(client):
                    if self.errors:
                        return
            except (OSError, RuntimeError, ValueError, BrokenBarrierError) as error:
                self.errors.append(repr(error))

        threads = [Thread(target=all_of, args=[client]) for client in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def main(plan: dict[str, Any]) -> dict[str, Any]:
    load = Load(plan["port"], plan["path"], plan["bodies"])
    started = perf_counter()
    (load.twice if plan["twice"] else load.once)(plan["clients"])
    seconds, times = perf_counter() - started, Counter(load.succeeded)
    succeeded = [times[place] for place in range(len(load.bodies))]
    return {"seconds": seconds, "taken": load.taken, "succeeded": succeeded, "errors": load.errors}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.stdin.read()))))
