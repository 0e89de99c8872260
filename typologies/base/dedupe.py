"""Which events were seen already: a set of 128-bit event keys above the floor (semantics B1).

Below the floor nothing is accepted, so a key whose time lies there can be forgotten: what comes again is late first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from typologies.base.jit import kernel

UInt64Array = npt.NDArray[np.uint64]
Int64Array = npt.NDArray[np.int64]

_EMPTY = np.iinfo(np.int64).min


@kernel
def _mark(
    hi: UInt64Array,
    lo: UInt64Array,
    times: Int64Array,
    table: UInt64Array,
    seen: Int64Array,
    out: npt.NDArray[np.bool_],
) -> int:
    """Set out[r] where the key is known, add it where not; return how many were added."""
    mask = np.int64(seen.shape[0] - 1)
    added = 0
    for r in range(hi.shape[0]):
        slot = np.int64(lo[r] & np.uint64(mask))
        out[r] = False
        while seen[slot] != _EMPTY:
            if table[slot, 0] == hi[r] and table[slot, 1] == lo[r]:
                out[r] = True
                break
            slot = (slot + 1) & mask
        if not out[r]:
            table[slot, 0] = hi[r]
            table[slot, 1] = lo[r]
            seen[slot] = times[r]
            added += 1
    return added


class SeenKeys:
    """Keys of accepted events at or above the floor."""

    def __init__(self) -> None:
        self._table = np.zeros((1024, 2), np.uint64)
        self._times = np.full(1024, _EMPTY, np.int64)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def n_bytes(self) -> int:
        """Bytes of the table."""
        return self._table.nbytes + self._times.nbytes

    def mark(
        self, hi: UInt64Array, lo: UInt64Array, times: Int64Array, floor: int
    ) -> tuple[npt.NDArray[np.bool_], int]:
        """Return (n,) which keys are duplicates (of earlier ones in the batch too) and how many; remember the rest."""
        n = hi.shape[0]
        if 2 * (self._n + n) > self._times.shape[0]:
            self._rebuild(n, floor)
        out = np.empty(n, np.bool_)
        added = _mark(hi, lo, times, self._table, self._times, out)
        self._n += added
        return out, n - added

    def _rebuild(self, n_new: int, floor: int) -> None:
        live = self._times >= max(floor, _EMPTY + 1)
        keys, times = self._table[live], self._times[live]
        size = 1024
        while size < 4 * (times.shape[0] + n_new):
            size *= 2
        self._table = np.zeros((size, 2), np.uint64)
        self._times = np.full(size, _EMPTY, np.int64)
        _mark(
            np.ascontiguousarray(keys[:, 0]),
            np.ascontiguousarray(keys[:, 1]),
            times,
            self._table,
            self._times,
            np.empty(times.shape[0], np.bool_),
        )
        self._n = int(times.shape[0])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the state as arrays."""
        live = self._times != _EMPTY
        return {"keys": self._table[live], "times": self._times[live]}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> SeenKeys:
        """Return the set as it was written down."""
        new = cls()
        keys = arrays["keys"].reshape(-1, 2)
        new.mark(np.ascontiguousarray(keys[:, 0]), np.ascontiguousarray(keys[:, 1]), arrays["times"], _EMPTY + 1)
        return new
