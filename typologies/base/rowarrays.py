"""Copying rows of structured arrays as plain words.

NumPy copies a structured row field by field, which for a record takes many times as long as the memory does. As 64-bit
words, or through `take`, it goes at the memory's speed. Every dtype here is a whole number of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

RowArray = npt.NDArray[np.void]


def words(rows: RowArray) -> npt.NDArray[np.int64]:
    """Return the rows as (n, itemsize / 8) words of the same memory; `rows` must be contiguous."""
    return rows.view(np.int64).reshape(rows.shape[0], rows.dtype.itemsize // 8)


def take(rows: RowArray, index: npt.NDArray[Any]) -> RowArray:
    """Return the rows at `index` (places, all valid) as a new array."""
    return np.take(rows, index, mode="clip")


def put(target: RowArray, source: RowArray) -> None:
    """Copy `source` over `target`, row by row."""
    words(target)[:] = words(source)


def copied(rows: RowArray) -> RowArray:
    """Return the rows in memory of their own."""
    return words(rows).copy().reshape(-1).view(rows.dtype)


def concatenate(parts: Sequence[RowArray]) -> RowArray:
    """Return the parts one after the other."""
    return np.concatenate([words(part) for part in parts]).reshape(-1).view(parts[0].dtype)


def grown(rows: RowArray, size: int) -> RowArray:
    """Return a longer array that begins with `rows`; what follows is not set.

    What is not set takes no memory, so those who grow ask for four times as much and copy seldom.
    """
    longer = np.empty(size, rows.dtype)
    put(longer[: rows.shape[0]], rows)
    return longer
