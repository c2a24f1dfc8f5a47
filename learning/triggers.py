"""When a data set is due for training, or for a look at its uploads. Pure: counts and ages in, a word out."""

NEW_UPLOADS = 50  # that are worth another look for drift, at least
NEW_SHARE = 0.1  # of those looked at before


def training_due(*, fresh: int, oldest_age: float, buffer_size: int, delay_seconds: float) -> str | None:
    """Why training is due now, or None.

    fresh: labels since the last run; oldest_age: seconds since the first of them.
    """
    if fresh >= buffer_size:
        return f"{fresh} new labels fill the buffer of {buffer_size}"
    if fresh and oldest_age >= delay_seconds:
        return f"{fresh} new labels have waited {delay_seconds:.0f} s"
    return None


def drift_due(*, uploads: int, seen: int) -> bool:
    """Whether enough came since the last look.

    uploads: since the version was made; seen: how many of them were there then.
    """
    return uploads - seen >= max(NEW_UPLOADS, NEW_SHARE * seen)
