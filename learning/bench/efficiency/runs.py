"""Many campaigns on a few processes, each written down as it ends, so that a run that breaks off goes on."""

import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from learning.bench.efficiency.plans import Choice, Plan
from learning.bench.efficiency.problems import Sources


class Job(NamedTuple):
    plan: Plan
    choice: Choice
    seed: int

    @property
    def key(self) -> str:
        return self.plan.key(self.choice, self.seed)


class Done(NamedTuple):
    points: list[list[float]]  # (labels or votes, score, …) of each round
    seconds: float


def run(jobs: Sequence[Job], kept: Path, sources: Sources, processes: int, say: Callable[[str], object]) -> "Book":
    """Those that `kept` doesn't hold yet; each line of it is a campaign."""
    from tqdm import tqdm

    book = Book.read(kept)
    missing = [job for job in jobs if job.key not in book.done]
    with tqdm(total=len(jobs), initial=len(jobs) - len(missing), unit="campaign", disable=None) as bar:
        for job, done in _finished(missing, sources, processes):
            book.add(job, done)
            bar.update()
            labels, score = done.points[-1][:2]
            say(f"{job.plan.name}, {job.choice.name}, seed {job.seed}: {score:.3f} at {labels:g}, {done.seconds:.0f} s")
    return book


def _finished(jobs: list[Job], sources: Sources, processes: int) -> Iterator[tuple[Job, Done]]:
    if not jobs:
        return
    # A forked process would inherit torch's threads in an unusable state.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_one_thread) as pool:
        waiting = {pool.submit(_campaign, job, sources): job for job in jobs}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)  # the same figures whatever the machine, and a process a core


def _campaign(job: Job, sources: Sources) -> Done:
    from learning.bench.efficiency import campaign, crowd, problems

    problem = problems.load(job.plan, sources)
    started = perf_counter()
    kind = crowd if job.plan.crowd else campaign
    curve = kind.curve(job.plan, problem, job.choice, job.seed)
    points = [[round(float(number), 5) for number in point] for point in curve]
    return Done(points, round(perf_counter() - started, 1))


class Book:
    def __init__(self, path: Path, done: dict[str, Done]) -> None:
        self.path, self.done = path, done

    @classmethod
    def read(cls, path: Path) -> "Book":
        """A last line that was cut short is no campaign."""
        done = {}
        for line in path.read_text().splitlines() if path.exists() else []:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            done[row["key"]] = Done(row["points"], row["seconds"])
        return cls(path, done)

    def of(self, job: Job) -> Done:
        return self.done[job.key]

    def add(self, job: Job, done: Done) -> None:
        self.done[job.key] = done
        self.path.parent.mkdir(parents=True, exist_ok=True)
        row = {"set": job.plan.name, "strategy": job.choice.name, "seed": job.seed, "key": job.key, **done._asdict()}
        with self.path.open("a") as lines:
            # A line of its own, also after one that was cut short.
            lines.write("\n" + json.dumps(row))
