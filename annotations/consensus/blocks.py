"""Large sparse matrices in blocks of rows: what is done to a block stays in a processor's cache, and the blocks share
out among the processors.

NumPy and SciPy let go of Python's lock while they work. The blocks don't depend on the number of processors, nor does
the order in which their results are added up, so neither does the answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np
from scipy import sparse

from annotations.consensus.votes import FloatArray

S = TypeVar("S")
T = TypeVar("T")

IN_CACHE = 50_000  # numbers
PARTS = 2  # of a matrix that is multiplied transposed: each makes a result of its own, to be added


def slices(n: int, width: int) -> list[slice]:
    """The rows of a table (n, width) in blocks that stay in cache."""
    size = max(1, IN_CACHE // max(width, 1))
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def halves(matrix: sparse.csr_array, width: int) -> list[tuple[slice, sparse.csr_array]]:
    """The rows of a matrix that a table (n, `width`) is to be multiplied with: in parts, if they are many."""
    n = matrix.shape[0]
    if n * width <= IN_CACHE * PARTS:
        return [(slice(0, n), matrix)]
    edges = np.linspace(0, n, PARTS + 1).astype(int).tolist()
    return [(slice(a, b), matrix[a:b]) for a, b in pairwise(edges)]


def transposed_product(parts: Sequence[tuple[slice, sparse.csr_array]], table: FloatArray) -> FloatArray:
    """matrixᵀ @ table, of a matrix (n, m) in `halves` and a table (n, K): (m, K)."""
    products = each(lambda part: part[1].T @ table[part[0]], parts)
    total: FloatArray = sum(products[1:], products[0])
    return total


def each(work: Callable[[S], T], blocks: Sequence[S]) -> list[T]:
    """What `work` returns for each of the blocks, in their order."""
    if len(blocks) < 2:
        return [work(block) for block in blocks]
    with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1)) as pool:
        return list(pool.map(work, blocks))
