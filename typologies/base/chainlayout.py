"""The arrays in which a lens keeps its subjects: what stands where."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
UInt64Array = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.void]
Whole = int | np.integer[Any]
"""A whole number inside a kernel."""

ROW = np.dtype(
    [
        ("time", "i8"),
        ("key_hi", "u8"),
        ("key_lo", "u8"),
        ("value", "i8"),  # the first value column
        ("klass", "i4"),  # row class (`rowclasses`)
        ("next", "i4"),
        ("prev", "i4"),
        ("event", "i4"),  # place in the event store
        ("subject", "i4"),  # slot; -1: row is free
        ("side", "i4"),
        ("spare", "i8"),
    ],
    align=True,
)
"""One row: 64 bytes, one cache line."""

TAIL, HEAD, FROM, CODE, STATE, WATCHED, N_ODD = range(7)
"""Columns of a slot: last and first row; first row to be screened (-1: none); the subject's code; place of its figures
(-1: none); members that want every row, as bits; rows that a bound cannot tell anything about."""

N_GROUPS = 4
"""Rows of a slot are counted and summed in groups, by side and by whether they are cash. What a filter can let through
lies in few of them, and their sums bound every figure."""

COUNTED, SUMMED, EPOCH, RECENT = 7, 11, 15, 16
"""First columns of counts and of sums by group, over all rows; the newest epoch; first column of sums by epoch and
group."""

EPOCH_US = 84 * 3_600_000_000
N_EPOCHS = 4
"""Sums are also kept by epochs of three and a half days, for the newest and the three before. A window of three days
lies in two of them, one of a week in three: a closer bound for subjects with long histories."""

SLOT_WIDTH = 32
"""256 bytes, four cache lines."""

# A state is a row of 3 * n_windows + n_figures + 1 numbers: for each window the time of its first row, that row, and
# the row it stands at (-1: nowhere); the figures; how many unknown values are in them, all figures together.

COUNT, TOTAL, LARGEST, NULLS = 0, 1, 2, 3
"""What a row does to a figure; NULLS: it makes it unknown while it is in the window."""
