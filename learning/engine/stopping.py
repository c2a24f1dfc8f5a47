"""When a campaign has ended: its last versions are no longer significantly better than the one before them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from learning.engine.arrays import Booleans
from learning.engine.paired import paired_bootstrap

PATIENCE = 3  # versions in which a campaign has to get better
RISK = 0.05  # probability, at most, to take a version that is no better for a better one
ENOUGH = 100  # evaluation labels; with fewer nearly no version is significantly better


@dataclass(frozen=True)
class Stopping:
    stop: bool
    reason: str  # a sentence for people, with the figures
    p_value: float | None  # of McNemar's test; None where it was not asked
    gain: float | None  # of accuracy over the last versions, as a share: 0.01 is a point


def stopping(
    correct: Sequence[Booleans], *, patience: int = PATIENCE, risk: float = RISK, enough: int = ENOUGH, seed: int = 0
) -> Stopping:
    """Whether to end, by McNemar's exact test, one-sided: the latest version against the one `patience` before it.

    correct: for each version in order, oldest first, (N,) whether it was right on each of the same evaluation images;
    those older than are needed don't matter. With fewer versions or fewer than `enough` images the campaign goes on.
    `seed` resamples the images for the gain's interval, which is told and decides nothing. Raises ValueError for
    versions judged on different numbers of images, for verdicts that are not booleans, and a patience under 1.
    """
    if patience < 1 or not 0 < risk < 1:
        raise ValueError(f"patience is at least 1 and a risk lies between 0 and 1, not {patience} and {risk}")
    recent = [np.asarray(verdicts) for verdicts in correct[-patience - 1 :]]
    if any(verdicts.dtype != np.bool_ or verdicts.shape != recent[0].shape for verdicts in recent):
        raise ValueError("a version is right or wrong on each of the same images: booleans, as many for each version")
    if len(recent) <= patience:
        there = f"there {'is' if len(recent) == 1 else 'are'} {len(recent)}"
        return Stopping(False, f"Asking goes on: it takes {patience + 1} versions to tell, and {there}.", None, None)
    before, latest = recent[0], recent[-1]
    if len(latest) < enough:
        few = f"Asking goes on: {len(latest)} evaluation labels are too few to tell, it takes {enough}."
        return Stopping(False, few, None, None)
    won, lost = int((latest & ~before).sum()), int((before & ~latest).sum())
    # An image on which both are right, or both wrong, says nothing of which is better.
    p_value = float(binomtest(won, won + lost, alternative="greater").pvalue) if won + lost else 1.0
    compared = paired_bootstrap(before, latest, seed=seed)
    figures = (
        f"over the last {patience} version{'s' * (patience > 1)} the accuracy went from {before.mean():.1%} to "
        f"{latest.mean():.1%} ({100 * compared.gain:+.1f} points, {100 * compared.gain_low:+.1f} to "
        f"{100 * compared.gain_high:+.1f}) on {len(latest)} labels; {won} more are right and {lost} no longer"
    )
    if p_value < risk:
        return Stopping(
            False, f"Asking goes on: {figures}, significantly better (p = {p_value:.2g}).", p_value, compared.gain
        )
    return Stopping(True, f"Ends: {figures}, not significantly better (p = {p_value:.2g}).", p_value, compared.gain)
