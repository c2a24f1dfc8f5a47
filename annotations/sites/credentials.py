"""A site's secret: shown once, kept as a digest."""

import hashlib
import secrets

PREFIX = "0x"  # as clients know it
LENGTH = 20  # bytes


def secret_new() -> str:
    return PREFIX + secrets.token_hex(LENGTH)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
