"""Work that a computer proves to have done: numbers that give SHA-256 digests with leading zeros.

It takes about 2^BITS tries for each of PIECES numbers. Many small pieces take nearly the same time whenever they are
done, where one large piece would keep some people waiting five times as long as others.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from annotations.challenges.tiles import AnswerError
from annotations.challenges.words import phrase

BITS = 16
PIECES = 32
LONGEST = 12  # digits of a number; static/tessera/work.js needs the text to fit one block of SHA-256


@dataclass(frozen=True)
class Work:
    """What is to be done: for each piece a number n so that SHA-256 of «prefix:piece:n» begins with `bits` zeros."""

    prefix: str
    bits: int = BITS
    pieces: int = PIECES


class NoWork(AnswerError):  # noqa: N818 - it tells what is still to be done
    """The work is missing or not done; the questions stay open."""


def check(work: Work, raw: object) -> None:
    """Raises NoWork unless every piece is done. All of them are looked at, so it takes as long wherever one is not."""
    if not isinstance(raw, list) or len(raw) != work.pieces:
        raise NoWork(phrase("The work is not done yet: %(n)s numbers belong to the answers.", n=work.pieces))
    done = [_is_done(work, piece, str(one)) for piece, one in enumerate(raw)]
    if not all(done):
        raise NoWork(phrase("The work was not done for these questions. Nothing is lost: send the answers once it is."))


def do(work: Work) -> list[str]:
    """Do it, one number after another: what a client has to do, and how tests do it."""
    return [str(_search(work, piece)) for piece in range(work.pieces)]


def tries(work: Work) -> int:
    """Digests that it takes on average."""
    return int(work.pieces * 2**work.bits)


def joined(numbers: Sequence[str]) -> str:
    """As a form sends it, in one field."""
    return " ".join(numbers)


def _search(work: Work, piece: int) -> int:
    begun = hashlib.sha256(f"{work.prefix}:{piece}:".encode())
    for number in range(10**LONGEST):
        digest = begun.copy()
        digest.update(b"%d" % number)
        if _zeros(digest.digest()) >= work.bits:
            return number
    raise ValueError("no number gives so many zeros")


def _is_done(work: Work, piece: int, number: str) -> bool:
    is_number = number.isascii() and number.isdigit() and len(number) <= LONGEST
    text = f"{work.prefix}:{piece}:{number if is_number else 0}"
    return _zeros(hashlib.sha256(text.encode()).digest()) >= work.bits and is_number


def _zeros(digest: bytes) -> int:
    """Bits that are zero before the first that isn't."""
    return 8 * len(digest) - int.from_bytes(digest, "big").bit_length()
