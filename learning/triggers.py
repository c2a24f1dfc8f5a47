"""When a data set is due for training. Pure: counts and ages in, a reason out."""


def training_due(*, fresh: int, oldest_age: float, buffer_size: int, delay_seconds: float) -> str | None:
    """Why training is due now, or None.

    fresh: labels since the last run; oldest_age: seconds since the first of them.
    """
    if fresh >= buffer_size:
        return f"{fresh} new labels fill the buffer of {buffer_size}"
    if fresh and oldest_age >= delay_seconds:
        return f"{fresh} new labels have waited {delay_seconds:.0f} s"
    return None
