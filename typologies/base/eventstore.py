"""Retained events: records and their texts, appended in arrival order and compacted when enough of them are dead."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from typologies.base.chainlayout import Int32Array
from typologies.base.encoding import Records
from typologies.base.jit import kernel
from typologies.base.records import RECORD
from typologies.base.rowarrays import grown, put, take
from typologies.base.strings import UInt8Array


@kernel
def _text_total(records: Records) -> int:
    """Return the bytes of all texts of the records."""
    total = 0
    for r in range(records.shape[0]):
        total += (
            max(records[r].event_id_len, 0)
            + max(records[r].delivery_len, 0)
            + max(records[r].debtor_name_len, 0)
            + max(records[r].creditor_name_len, 0)
            + max(records[r].memo_len, 0)
            + max(records[r].instrument_number_len, 0)
        )
    return total


@kernel
def _move_texts(records: Records, source: UInt8Array, target: UInt8Array, at: int) -> None:
    """Copy each record's texts from `source` to `target`, from `at` on, and let the record point there."""
    for r in range(records.shape[0]):
        size = _text_total(records[r : r + 1])
        start = records[r].text_at
        for i in range(size):
            target[at + i] = source[start + i]
        records[r].text_at = at
        at += size


@kernel
def number_used(used: npt.NDArray[np.bool_], first: int, places: Int32Array) -> int:
    """Write the place that each used record will have in a store that holds `first`, -1 else; return how many are."""
    n = 0
    for r in range(used.shape[0]):
        if used[r]:
            places[r] = first + n
            n += 1
        else:
            places[r] = -1
    return n


class EventStore:
    """Growing arrays of records and texts."""

    def __init__(self) -> None:
        self._records: Records = np.zeros(1024, RECORD)
        self._texts: UInt8Array = np.zeros(1 << 14, np.uint8)
        self._n = 0
        self._n_text = 0

    def __len__(self) -> int:
        return self._n

    @property
    def records(self) -> Records:
        """All slots, used or not; indices are those `append` gave."""
        return self._records

    @property
    def texts(self) -> UInt8Array:
        """The heap that `text_at` of a stored record points into."""
        return self._texts

    @property
    def n_bytes(self) -> int:
        """Bytes used by retained events."""
        return self._n * RECORD.itemsize + self._n_text

    def append(self, records: Records, texts: UInt8Array, chosen: npt.NDArray[np.bool_] | None = None) -> int:
        """Store records (those `chosen`, or all) with their texts; return the index of the first one."""
        n = records.shape[0] if chosen is None else int(np.count_nonzero(chosen))
        first = self._n
        if first + n > self._records.shape[0]:
            self._records = grown(self._records, max(first + n, self._records.shape[0] * 4))
        stored = self._records[first : first + n]
        if chosen is None:
            put(stored, records)
        else:
            np.take(records, np.flatnonzero(chosen), out=stored, mode="clip")
        if texts.shape[0]:
            self._append_texts(stored, texts)
        self._n += n
        return first

    def _append_texts(self, records: Records, texts: UInt8Array) -> None:
        total = _text_total(records)
        if self._n_text + total > self._texts.shape[0]:
            longer = np.empty(max(self._n_text + total, self._texts.shape[0] * 4), np.uint8)
            longer[: self._n_text] = self._texts[: self._n_text]
            self._texts = longer
        _move_texts(records, texts, self._texts, self._n_text)
        self._n_text += total

    def n_dead(self, cutoff: int) -> int:
        """Return how many retained events lie at or before `cutoff`."""
        return int(np.count_nonzero(self._records["time"][: self._n] <= cutoff))

    def compact(self, cutoff: int) -> Int32Array:
        """Drop events at or before `cutoff`; return the new index of every old one, -1 if dropped."""
        old = self._records[: self._n]
        live = np.flatnonzero(old["time"] > cutoff)
        new_place = np.full(self._n, -1, np.int32)
        new_place[live] = np.arange(live.shape[0], dtype=np.int32)
        kept = take(old, live)
        texts = self._texts
        self._records = np.zeros(max(1024, live.shape[0] * 5 // 4), RECORD)
        self._texts = np.zeros(max(1 << 14, _text_total(kept) * 5 // 4), np.uint8)
        self._n = 0
        self._n_text = 0
        self.append(kept, texts)
        return new_place

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the state as arrays."""
        return {
            "records": self._records[: self._n].view(np.uint8).copy(),
            "texts": self._texts[: self._n_text].copy(),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> EventStore:
        """Return a store as it was written down."""
        new = cls()
        records = arrays["records"].view(RECORD)
        new._records = records.copy() if records.shape[0] else np.zeros(1024, RECORD)
        new._texts = arrays["texts"].copy() if arrays["texts"].shape[0] else np.zeros(1 << 14, np.uint8)
        new._n = int(records.shape[0])
        new._n_text = int(arrays["texts"].shape[0])
        return new
