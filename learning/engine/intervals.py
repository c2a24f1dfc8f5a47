"""How sure a share is that was counted on so many rows."""


def share_interval(share: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval (Wilson 1927) of a share in [0, 1] that was counted on `n` rows: between two shares.

    Raises ValueError for no rows or no share.
    """
    if n < 1 or not 0 <= share <= 1:
        raise ValueError(f"an interval needs a share of at least one row, not {share} of {n}")
    from scipy.stats import binomtest  # here, because a web process asks, and seldom

    bounds = binomtest(round(share * n), n).proportion_ci(confidence, method="wilson")
    return float(bounds.low), float(bounds.high)
