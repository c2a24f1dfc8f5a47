"""EM on a million votes beside crowd-kit's, and one challenge's update in a database that holds as many."""

import resource
from collections.abc import Callable
from time import perf_counter

import numpy as np

from annotations.consensus import dawid_skene, plain_dawid_skene
from annotations.consensus.votes import Fit, Votes
from learning.bench import peer
from learning.bench.update import measure_update

ITEMS_A_VOTE, ANNOTATORS_A_VOTE, CLASSES = 0.2, 0.005, 10


def run(n_votes: int, seed: int, say: Callable[[str], object]) -> dict[str, object]:
    if n_votes < 1000:
        raise ValueError("--votes must be at least 1000")
    votes = simulated(n_votes, seed)
    plain, plain_seconds = _timed(lambda: plain_dawid_skene.fit(votes))
    default, default_seconds = _timed(lambda: dawid_skene.fit(votes))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rounds = len(plain.log_likelihood)
    say(f"{n_votes:,} votes: plain Dawid–Skene {rounds} rounds in {plain_seconds:.1f} s; {peak:.0f} MB at most")
    compared = compare(votes, rounds, say)
    return {
        "votes": n_votes,
        "ratio": round(compared["peer_seconds"] / plain_seconds, 1),
        **compared,
        "rounds": rounds,
        "converged": plain.converged,
        "seconds": round(plain_seconds, 2),
        "default_rounds": len(default.log_likelihood),
        "default_converged": default.converged,
        "default_seconds": round(default_seconds, 2),
        "peak_mb": round(peak),
        **measure_update(n_votes, say),
    }


def _timed(fit: Callable[[], Fit]) -> tuple[Fit, float]:
    started = perf_counter()
    result = fit()
    return result, perf_counter() - started


def compare(votes: Votes, rounds: int, say: Callable[[str], object]) -> dict[str, float]:
    """The plain model and crowd-kit's on the same votes, for the same number of rounds."""
    theirs, peer_seconds = peer.dawid_skene(votes, rounds)
    mine = plain_dawid_skene.fit(votes, max_iter=rounds, tol=0).labels
    agreement = float((mine == theirs).mean())
    say(f"crowd-kit: {rounds} rounds in {peer_seconds:.1f} s; same labels on {agreement:.3%}")
    return {"agreement": round(agreement, 5), "peer_seconds": round(peer_seconds, 2)}


def simulated(n_votes: int, seed: int) -> Votes:
    """Five votes an item, two hundred an annotator, who are right in 50% to 95%."""
    rng = np.random.default_rng(seed)
    n_items, n_annotators = int(n_votes * ITEMS_A_VOTE), max(5, int(n_votes * ANNOTATORS_A_VOTE))
    item = np.arange(n_votes) % n_items
    person = rng.integers(n_annotators, size=n_votes)
    truth = rng.integers(CLASSES, size=n_items)[item]
    right = rng.random(n_votes) < rng.uniform(0.5, 0.95, n_annotators)[person]
    answer = np.where(right, truth, (truth + rng.integers(1, CLASSES, n_votes)) % CLASSES)
    return Votes.of(person, item, answer, n_annotators=n_annotators, n_items=n_items, n_classes=CLASSES)
