"""One pass over a batch: what the runner must know before it decides how much work there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from typologies.base.encoding import Records
from typologies.base.events import Kind
from typologies.base.jit import kernel

Int64Array = npt.NDArray[np.int64]
UInt64Array = npt.NDArray[np.uint64]

_RETRACTION = int(Kind.RETRACTION)
_NONE = np.iinfo(np.int64).max


@kernel
def _survey(records: Records, times: Int64Array, hi: UInt64Array, lo: UInt64Array, found: Int64Array) -> None:
    n_retractions = 0
    earliest = np.int64(_NONE)
    earliest_retraction = np.int64(_NONE)
    in_order = np.int64(1)
    for r in range(records.shape[0]):
        t = records[r].time
        times[r] = t
        hi[r] = records[r].key_hi
        lo[r] = records[r].key_lo
        if records[r].kind == _RETRACTION:
            n_retractions += 1
            earliest_retraction = min(earliest_retraction, t)
        else:
            earliest = min(earliest, t)
        if r > 0 and (
            t < times[r - 1]
            or (t == times[r - 1] and (hi[r] < hi[r - 1] or (hi[r] == hi[r - 1] and lo[r] <= lo[r - 1])))
        ):
            in_order = np.int64(0)
    found[0] = n_retractions
    found[1] = earliest
    found[2] = earliest_retraction
    found[3] = in_order


@dataclass(frozen=True, slots=True)
class Survey:
    """What a batch looks like.

    Attributes
    ----------
    times, key_hi, key_lo
        (n,) contiguous copies.
    n_retractions
        Rows of kind retraction.
    earliest, earliest_retraction
        Least event time of other rows and of retractions; the greatest integer if there is none.
    in_order
        Rows strictly ascend by (event time, event key).
    """

    times: Int64Array
    key_hi: UInt64Array
    key_lo: UInt64Array
    n_retractions: int
    earliest: int
    earliest_retraction: int
    in_order: bool


def survey(records: Records) -> Survey:
    """Return the survey of a batch."""
    n = records.shape[0]
    times, hi, lo = np.empty(n, np.int64), np.empty(n, np.uint64), np.empty(n, np.uint64)
    found = np.empty(4, np.int64)
    _survey(records, times, hi, lo, found)
    n_retractions, earliest, earliest_retraction, in_order = found.tolist()
    return Survey(times, hi, lo, n_retractions, earliest, earliest_retraction, bool(in_order))
