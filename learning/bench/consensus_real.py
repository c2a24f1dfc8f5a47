"""Real annotators: every method on every set that a folder holds, beside crowd-kit's, and the table for the docs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy.stats import binomtest

from annotations.consensus import majority
from annotations.consensus.methods import DEFAULT, METHODS
from annotations.consensus.votes import FloatArray, IntArray, Votes
from annotations.crowd_files import read_truth, read_votes
from learning.bench import labelme, peer
from learning.bench.table import write_table

THINNED, EACH, SEEDS = "cifar10h_500", 3, 10
UNBALANCED = "d_product"


@dataclass(frozen=True, eq=False)
class Crowd:
    """A set's votes, and the truth of its items (I,), -1 where none is given."""

    name: str
    votes: Votes
    truth: IntArray

    def right(self, labels: IntArray) -> IntArray:
        """Of the items with a truth, which are labelled by it."""
        graded = self.truth >= 0
        correct: IntArray = (labels == self.truth)[graded]
        return correct

    def f1(self, labels: IntArray) -> float:
        """Of class 1, as the rare one of two."""
        graded = self.truth >= 0
        said, true = labels[graded] == 1, self.truth[graded] == 1
        return float(2 * (said & true).sum() / max(said.sum() + true.sum(), 1))


def run(
    folder: Path, images: Path | None, weights: Path | None, docs: Path, say: Callable[[str], object]
) -> dict[str, object]:
    crowds = [load(path) for path in sorted(folder.glob("*.labels.csv"))]
    if not crowds:
        raise FileNotFoundError(f"There is no NAME.labels.csv in {folder}.")
    whole = [crowd for crowd in crowds if crowd.name != THINNED]
    rows: dict[str, dict[str, float]] = {}
    for crowd in whole:
        rows[crowd.name] = score(crowd, say)
    result: dict[str, object] = {crowd.name: round(rows[crowd.name][DEFAULT], 4) for crowd in whole}
    result |= {f"{crowd.name}_peer": round(rows[crowd.name]["crowd-kit: Dawid–Skene"], 4) for crowd in whole}
    result["mean4"] = round(float(np.mean([rows[crowd.name][DEFAULT] for crowd in whole])), 5)
    result |= {f"{c.name}_f1": round(c.f1(METHODS[DEFAULT](c.votes).labels), 4) for c in whole if c.name == UNBALANCED}
    worse = {crowd.name: significantly_worse(crowd) for crowd in whole}
    result["below_majority"] = sorted(name for name, below in worse.items() if below)
    if thinned := [crowd for crowd in crowds if crowd.name == THINNED]:
        rows[f"{THINNED}, {EACH} each"], result[f"{THINNED.split('_')[0]}_gain"] = thin_score(thinned[0], say)
    if images and weights:
        found = labelme.run(folder / "labelme.labels.csv", folder / "labelme.truth.csv", images, weights)
        result |= {name: round(value, 4) for name, value in found.items()}
    write_table(docs / "consensus.md", rows, result)
    return result


def score(crowd: Crowd, say: Callable[[str], object]) -> dict[str, float]:
    """Accuracy of every method on one set."""
    found: dict[str, float] = {}
    for name, labels, seconds in _answers(crowd.votes):
        found[name] = float(crowd.right(labels).mean())
        say(f"{crowd.name} {name}: {found[name]:.4f} in {seconds:.1f} s")
    return found


def thin_score(crowd: Crowd, say: Callable[[str], object]) -> tuple[dict[str, float], float]:
    """The mean over seeds with few labels an item, and how far the default is above the better of crowd-kit's majority
    vote and its Dawid–Skene. With three labels many items are ties, which a majority breaks by luck: what counts as
    majority here is the mean over all ways to break them."""
    scores: dict[str, list[float]] = {}
    for seed in range(SEEDS):
        few = Crowd(crowd.name, thinned(crowd.votes, EACH, seed), crowd.truth)
        for name, labels, _ in _answers(few.votes):
            scores.setdefault(name, []).append(float(few.right(labels).mean()))
        scores.setdefault("majority, ties by chance", []).append(by_chance(few))
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    for name, mean in means.items():
        say(f"{crowd.name} with {EACH} labels each, {name}: {mean:.4f}")
    best = max(means["majority, ties by chance"], means["crowd-kit: Dawid–Skene"])
    return means, round(means[DEFAULT] - best, 4)


def by_chance(crowd: Crowd) -> float:
    """What a majority vote gets on average over all ways to break its ties."""
    shares = majority.fit(crowd.votes).posterior
    best = np.isclose(shares, shares.max(axis=1, keepdims=True))
    graded = crowd.truth >= 0
    hit: FloatArray = best[np.arange(len(best)), crowd.truth] / best.sum(axis=1)
    return float(hit[graded].mean())


def thinned(votes: Votes, each: int, seed: int) -> Votes:
    """At most `each` votes an item, drawn at random."""
    order = np.random.default_rng(seed).permutation(len(votes))
    order = order[np.argsort(votes.item[order], kind="stable")]
    items = votes.item[order]
    place = np.arange(len(order)) - np.searchsorted(items, items)
    return votes.select(np.sort(order[place < each]))


def significantly_worse(crowd: Crowd, level: float = 0.05) -> bool:
    """McNemar's exact test: is the default below majority vote by more than chance?"""
    mine, plain = crowd.right(METHODS[DEFAULT](crowd.votes).labels), crowd.right(majority.fit(crowd.votes).labels)
    lost, won = int((plain & ~mine).sum()), int((mine & ~plain).sum())
    return lost > won and binomtest(lost, lost + won).pvalue < level


def load(path: Path) -> Crowd:
    table, name = read_votes(path), path.name.removesuffix(".labels.csv")
    truth, _ = read_truth(path.with_name(f"{name}.truth.csv"))
    classes = sorted({*table.labels, *truth.values()}, key=int)
    index = {label: i for i, label in enumerate(classes)}
    answer = np.array([index[label] for label in table.labels])[table.label]
    known = np.array([index[truth[task]] if task in truth else -1 for task in table.tasks])
    votes = Votes.of(
        table.worker,
        table.task,
        answer,
        n_annotators=len(table.workers),
        n_items=len(table.tasks),
        n_classes=len(classes),
    )
    return Crowd(name, votes, known)


def _answers(votes: Votes) -> Sequence[tuple[str, IntArray, float]]:
    methods: dict[str, Callable[[Votes], IntArray]] = {
        name: lambda votes, fit=fit: fit(votes).labels for name, fit in METHODS.items()
    }
    methods |= {"crowd-kit: majority": peer.majority, "crowd-kit: Dawid–Skene": peer.dawid_skene_converged}
    found = []
    for name, labels_of in methods.items():
        started = perf_counter()
        labels = labels_of(votes)
        found.append((name, labels, perf_counter() - started))
    return found
