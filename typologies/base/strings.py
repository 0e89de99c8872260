"""String columns as flat buffers, and an interner that turns repeated strings into codes without Python objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from typologies.base.errors import IncompatibleState
from typologies.base.events import NULL_CODE
from typologies.base.jit import kernel

UInt8Array = npt.NDArray[np.uint8]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
UInt64Array = npt.NDArray[np.uint64]
BoolArray = npt.NDArray[np.bool_]

_FNV_OFFSET = np.uint64(0xCBF29CE484222325)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


_NO_HASHES = np.zeros(0, np.uint64)


class FlatStrings:
    """A string column as (offsets, bytes, valid).

    Attributes
    ----------
    offsets
        (n + 1,) int64.
    data
        UTF-8 bytes.
    valid
        (n,) bool; False is null.
    hashes
        (n,) of an interner that has seen them already, or (0,).
    """

    __slots__ = ("data", "hashes", "offsets", "valid")

    def __init__(
        self, offsets: Int64Array, data: UInt8Array, valid: BoolArray, hashes: UInt64Array | None = None
    ) -> None:
        self.offsets = offsets
        self.data = data
        self.valid = valid
        self.hashes = _NO_HASHES if hashes is None else hashes

    def __len__(self) -> int:
        return int(self.valid.shape[0])

    def take(self, index: npt.NDArray[np.integer[Any]]) -> FlatStrings:
        """Return the strings at `index`, none of which is null."""
        sizes = self.offsets[index + 1] - self.offsets[index]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        data = np.empty(int(offsets[-1]), np.uint8)
        _gather(self.offsets, self.data, index.astype(np.int64), offsets, data)
        hashes = self.hashes[index] if self.hashes.shape[0] else None
        return FlatStrings(offsets, data, np.ones(index.shape[0], np.bool_), hashes)

    @classmethod
    def of(cls, series: pl.Series) -> FlatStrings:
        """Return the buffers of a Polars string series."""
        array = series.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if not pa.types.is_large_string(array.type):
            array = array.cast(pa.large_string())
        n = len(array)
        _, offset_buffer, data_buffer = array.buffers()
        if n == 0 or offset_buffer is None:
            return cls(np.zeros(n + 1, np.int64), np.zeros(0, np.uint8), np.zeros(n, np.bool_))
        offsets = np.frombuffer(offset_buffer, dtype=np.int64)[array.offset : array.offset + n + 1]
        data = np.frombuffer(data_buffer, dtype=np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
        valid = np.ones(n, np.bool_) if array.null_count == 0 else series.is_not_null().to_numpy()
        return cls(offsets, data, valid)


@kernel
def _gather(offsets: Int64Array, data: UInt8Array, index: Int64Array, starts: Int64Array, out: UInt8Array) -> None:
    for i in range(index.shape[0]):
        first = offsets[index[i]]
        for k in range(offsets[index[i] + 1] - first):
            out[starts[i] + k] = data[first + k]


@kernel
def _hash_bytes(data: UInt8Array, start: int, stop: int) -> int:
    h = _FNV_OFFSET ^ np.uint64(stop - start)
    i = start
    while i + 8 <= stop:
        word = np.uint64(0)
        for k in range(8):
            word |= np.uint64(data[i + k]) << np.uint64(8 * k)
        h = (h ^ word) * _MULTIPLIER
        h ^= h >> np.uint64(29)
        i += 8
    word = np.uint64(0)
    k = 0
    while i < stop:
        word |= np.uint64(data[i]) << np.uint64(8 * k)
        i += 1
        k += 1
    h = (h ^ word) * _MULTIPLIER
    h ^= h >> np.uint64(32)
    return h  # type: ignore[return-value]


@kernel
def _same(a: UInt8Array, a0: int, a1: int, b: UInt8Array, b0: int) -> bool:
    for i in range(a1 - a0):
        if a[a0 + i] != b[b0 + i]:
            return False
    return True


@kernel
def _intern(
    offsets: Int64Array,
    data: UInt8Array,
    valid: BoolArray,
    known_hashes: UInt64Array,
    start: int,
    table: Int32Array,
    hashes: UInt64Array,
    heap_offsets: Int64Array,
    heap: UInt8Array,
    n_known: int,
    out: Int32Array,
) -> tuple[int, int]:
    """Intern rows from `start`; return (row reached, strings known): stops early when table or heap is too small."""
    size = table.shape[0]
    mask = np.uint64(size - 1)
    last = -2
    last_code = -1
    for r in range(start, valid.shape[0]):
        if not valid[r]:
            out[r] = -1
            continue
        a0 = offsets[r]
        a1 = offsets[r + 1]
        if last >= 0 and a1 - a0 == offsets[last + 1] - offsets[last] and _same(data, a0, a1, data, offsets[last]):
            out[r] = last_code
            continue
        h = known_hashes[r] if known_hashes.shape[0] else np.uint64(_hash_bytes(data, a0, a1))
        slot = np.int64(h & mask)
        code = -1
        while True:
            known = table[slot]
            if known < 0:
                break
            if (
                hashes[known] == h
                and heap_offsets[known + 1] - heap_offsets[known] == a1 - a0
                and _same(data, a0, a1, heap, heap_offsets[known])
            ):
                code = known
                break
            slot = (slot + 1) & np.int64(mask)
        if code < 0:
            if (
                2 * (n_known + 1) > size
                or n_known + 2 > heap_offsets.shape[0]
                or heap_offsets[n_known] + (a1 - a0) > heap.shape[0]
            ):
                return r, n_known
            code = n_known
            hashes[code] = h
            at = heap_offsets[code]
            for i in range(a1 - a0):
                heap[at + i] = data[a0 + i]
            heap_offsets[code + 1] = at + (a1 - a0)
            table[slot] = code
            n_known += 1
        out[r] = code
        last = r
        last_code = code
    return valid.shape[0], n_known


@kernel
def _rehash(hashes: UInt64Array, n: int, table: Int32Array) -> None:
    mask = np.int64(table.shape[0] - 1)
    for code in range(n):
        slot = np.int64(hashes[code] & np.uint64(mask))
        while table[slot] >= 0:
            slot = (slot + 1) & mask
        table[slot] = code


class Interner:
    """Dictionary of strings: code to string and back; equality is by bytes, hashes only find the place."""

    def __init__(self) -> None:
        self._table = np.full(1024, -1, np.int32)
        self._hashes = np.zeros(512, np.uint64)
        self._offsets = np.zeros(513, np.int64)
        self._heap = np.zeros(1 << 14, np.uint8)
        self._n = 0
        self._decoded: dict[int, str] = {}

    def __len__(self) -> int:
        return self._n

    @property
    def n_bytes(self) -> int:
        """Memory of the dictionary in bytes, Python strings not counted."""
        return self._table.nbytes + self._hashes.nbytes + self._offsets.nbytes + self._heap.nbytes

    def intern(self, strings: FlatStrings) -> Int32Array:
        """Return the code of each string, NULL_CODE for null; new strings get the next codes."""
        n = strings.valid.shape[0]
        out = np.empty(n, np.int32)
        at = 0
        while True:
            at, self._n = _intern(
                strings.offsets,
                strings.data,
                strings.valid,
                strings.hashes,
                at,
                self._table,
                self._hashes,
                self._offsets,
                self._heap,
                self._n,
                out,
            )
            if at >= n:
                return out
            self._grow(int(strings.offsets[at + 1] - strings.offsets[at]))

    def _grow(self, needed: int) -> None:
        if 2 * (self._n + 1) > self._table.shape[0] or self._n + 2 > self._offsets.shape[0]:
            size = 2 * self._table.shape[0]
            self._table = np.full(size, -1, np.int32)
            self._hashes = np.concatenate([self._hashes, np.zeros(size // 2 - self._hashes.shape[0], np.uint64)])
            self._offsets = np.concatenate([self._offsets, np.zeros(size // 2 + 1 - self._offsets.shape[0], np.int64)])
            _rehash(self._hashes, self._n, self._table)
        if self._offsets[self._n] + needed > self._heap.shape[0]:
            self._heap = np.concatenate([self._heap, np.zeros(max(needed, self._heap.shape[0]), np.uint8)])

    def strings(self) -> FlatStrings:
        """Return every string in the order of codes; the memory is the dictionary's own."""
        valid = np.ones(self._n, np.bool_)
        return FlatStrings(self._offsets[: self._n + 1], self._heap, valid, self._hashes[: self._n])

    def code(self, value: str) -> int:
        """Return the code of one string, adding it if it is new."""
        raw = np.frombuffer(value.encode(), np.uint8)
        flat = FlatStrings(np.array([0, raw.shape[0]], np.int64), raw, np.ones(1, np.bool_))
        return int(self.intern(flat)[0])

    def codes(self, values: Iterable[str | None]) -> Int32Array:
        """Return the codes of several strings."""
        return self.intern(FlatStrings.of(pl.Series(list(values), dtype=pl.String)))

    def string(self, code: int) -> str | None:
        """Return the string of a code, None for NULL_CODE."""
        if code == NULL_CODE:
            return None
        known = self._decoded.get(code)
        if known is None:
            known = bytes(self._heap[self._offsets[code] : self._offsets[code + 1]]).decode()
            if len(self._decoded) > 200_000:  # a cache, not a second dictionary
                self._decoded.clear()
            self._decoded[code] = known
        return known

    def keep(self, live: BoolArray) -> Int32Array:
        """Forget the strings that are not `live` (n_known,) and return the new code of every old one.

        Returns
        -------
        (n_known + 1,) int32; forgotten strings and the last entry (for NULL_CODE) are NULL_CODE.
        """
        fresh = Interner()
        new = np.full(self._n + 1, NULL_CODE, np.int32)
        kept = np.flatnonzero(live)
        valid = np.zeros(self._n, np.bool_)
        valid[kept] = True
        new[: self._n] = fresh.intern(FlatStrings(self._offsets[: self._n + 1], self._heap, valid))
        self.__dict__.update(fresh.__dict__)
        return new

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the state as arrays."""
        return {
            "offsets": self._offsets[: self._n + 1].copy(),
            "heap": self._heap[: self._offsets[self._n]].copy(),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[np.generic]]) -> Interner:
        """Return an interner with the codes it had when it was written down."""
        offsets = arrays["offsets"].astype(np.int64)
        new = cls()
        flat = FlatStrings(offsets, arrays["heap"].astype(np.uint8), np.ones(offsets.shape[0] - 1, np.bool_))
        codes = new.intern(flat)
        if not np.array_equal(codes, np.arange(offsets.shape[0] - 1)):
            raise IncompatibleState("the written dictionary holds a string twice")
        return new
