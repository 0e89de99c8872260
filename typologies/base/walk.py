"""Windows of one subject whose triggers come one after the other: what they share is looked up once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from typologies.base.chainlayout import Int32Array
from typologies.base.encoding import Records
from typologies.base.lensstore import LensStore
from typologies.base.window import Event
from typologies.base.windowcolumns import Int64Array, IntArray, StoredRows


class Walk:
    """The rows of a subject that matter to a filter, up to the last trigger judged.

    A chain is walked row by row, which waits for memory at every step; the window of the next trigger is that of the
    one before, less some old rows and with a few new ones. Valid while no row is linked or taken out.

    Parameters
    ----------
    store, bit
        Where the rows are, and the filter.
    records
        The event store's records.
    make_events
        As `windowcolumns.StoredRows` takes it.
    """

    def __init__(
        self,
        store: LensStore,
        bit: int,
        records: Records,
        make_events: Callable[[npt.NDArray[np.intp], IntArray], list[Event]],
    ) -> None:
        self._store = store
        self._bit = bit
        self._records = records
        self._make_events = make_events
        self._last = -1
        self._since = 0
        self._places: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self._times: Int64Array = np.zeros(0, np.int64)
        self._sides: IntArray = np.zeros(0, np.int32)

    def window(self, last: int, start: int) -> StoredRows:
        """Return the rows after a time up to row `last`, which is no earlier than any row asked for before."""
        if self._last < 0 or start < self._since:
            self._places, self._times, self._sides = self._look_up(self._store.window(last, start, self._bit))
            self._last, self._since = last, start
            return self._rows(0)
        if last != self._last:
            # New rows end at the last one known, or where the window begins if that lies before it.
            new = self._look_up(self._store.window(last, self._since, self._bit, self._last))
            self._places = np.concatenate([self._places, new[0]])
            self._times = np.concatenate([self._times, new[1]])
            self._sides = np.concatenate([self._sides, new[2]])
            self._last = last
        return self._rows(int(self._times.searchsorted(start, "right")))

    def _look_up(self, rows: Int32Array) -> tuple[npt.NDArray[np.intp], Int64Array, IntArray]:
        at, every = rows.astype(np.intp), self._store.rows  # other integers index at three times the cost
        return every["event"][at].astype(np.intp), every["time"][at], every["side"][at]

    def _rows(self, first: int) -> StoredRows:
        return StoredRows(
            self._records, self._places[first:], self._times[first:], self._sides[first:], self._make_events
        )
