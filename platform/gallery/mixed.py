"""A place for each row by a hash of its key: rows that follow each other there come from all over."""

from django.db.models import F, GeneratedField, IntegerField

PRIME = 1_000_003
A, B = 618_033, 271_828


def place(key: str) -> GeneratedField:
    """In [0, PRIME). Without the square, keys of even steps would stay in even steps."""
    rest = F(key) % PRIME
    return GeneratedField(
        expression=(rest * rest % PRIME * A + rest * B) % PRIME, output_field=IntegerField(), db_persist=True
    )
