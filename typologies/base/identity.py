"""Identity of an event: content hash, event key, and running numbers for rows without an id (design.md §3).

The hash is SipHash-1-3 with 128-bit output over 8-byte words, with a fixed public key: fast enough to hash every row
of a stream (some 10 ns a word), stable between versions and machines, with published test vectors. It is not meant
to stop somebody who can write both a source's ids and its content from forging a collision; a duplicate is therefore
only dropped where event time agrees as well.

A row is the sequence of its known columns. A known column is one header word (column number << 32 | length in bytes)
and its value: a string as little-endian words padded with zeros, a number as one word. Unknown columns add nothing, so
a column added to the schema later changes no key of events that do not use it; column numbers are therefore fixed
here, not taken from the order of the schema.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from typologies.base.errors import InvalidEvent
from typologies.base.events import FRAME_SCHEMA, OUTSIDE_IDENTITY
from typologies.base.jit import kernel
from typologies.base.strings import BoolArray, FlatStrings, Int64Array, UInt8Array

UInt64Array = npt.NDArray[np.uint64]

KEY_0 = np.uint64(0x6665697169616E31)  # "feiqian1"
KEY_1 = np.uint64(0x6576656E746B6579)  # "eventkey"

COLUMN_NUMBER: dict[str, int] = {
    "source": 0,
    "event_id": 1,
    "running_number": 2,
    "content": 3,
    "event_time": 4,
    "kind": 5,
    "rail": 6,
    "channel": 7,
    "purpose": 8,
    "debtor_account": 9,
    "creditor_account": 10,
    "debtor": 11,
    "creditor": 12,
    "debtor_agent": 13,
    "creditor_agent": 14,
    "debtor_country": 15,
    "creditor_country": 16,
    "debtor_class": 17,
    "creditor_class": 18,
    "ultimate_debtor": 19,
    "ultimate_creditor": 20,
    "conductor": 21,
    "on_behalf_of": 22,
    "ctr_conductor": 23,
    "amount": 24,
    "exponent": 25,
    "currency": 26,
    "counter_amount": 27,
    "counter_exponent": 28,
    "counter_currency": 29,
    "branch": 30,
    "place": 31,
    "institution_type": 32,
    "business_date": 33,
    "ctr_filed": 34,
    "reduced_on_notice": 35,
    "memo": 36,
    "instrument_number": 37,
    "merchant_category": 38,
    "cardholder": 39,
    "chain": 40,
    "asset": 41,
}
"""Fixed number of each column inside the hash. Append only."""

BEHAVIOUR_COLUMNS = tuple(name for name in FRAME_SCHEMA if name not in OUTSIDE_IDENTITY)
"""Columns that make up the content of an event."""


@kernel
def _start(v: UInt64Array, key_0: np.uint64, key_1: np.uint64) -> None:
    for r in range(v.shape[1]):
        v[0, r] = np.uint64(0x736F6D6570736575) ^ key_0
        v[1, r] = np.uint64(0x646F72616E646F6D) ^ key_1 ^ np.uint64(0xEE)
        v[2, r] = np.uint64(0x6C7967656E657261) ^ key_0
        v[3, r] = np.uint64(0x7465646279746573) ^ key_1
        v[4, r] = np.uint64(0)


@kernel
def _absorb(v: UInt64Array, r: int, word: np.uint64) -> None:
    a = v[0, r]
    b = v[1, r]
    c = v[2, r]
    d = v[3, r] ^ word
    a += b
    b = (b << np.uint64(13)) | (b >> np.uint64(51))
    b ^= a
    a = (a << np.uint64(32)) | (a >> np.uint64(32))
    c += d
    d = (d << np.uint64(16)) | (d >> np.uint64(48))
    d ^= c
    a += d
    d = (d << np.uint64(21)) | (d >> np.uint64(43))
    d ^= a
    c += b
    b = (b << np.uint64(17)) | (b >> np.uint64(47))
    b ^= c
    c = (c << np.uint64(32)) | (c >> np.uint64(32))
    v[0, r] = a ^ word
    v[1, r] = b
    v[2, r] = c
    v[3, r] = d
    v[4, r] += np.uint64(1)


@kernel
def _absorb_strings(v: UInt64Array, number: int, offsets: Int64Array, data: UInt8Array, valid: BoolArray) -> None:
    for r in range(valid.shape[0]):
        if not valid[r]:
            continue
        i = offsets[r]
        stop = offsets[r + 1]
        _absorb(v, r, (np.uint64(number) << np.uint64(32)) | np.uint64(stop - i))
        while i < stop:
            word = np.uint64(0)
            k = 0
            while k < 8 and i < stop:
                word |= np.uint64(data[i]) << np.uint64(8 * k)
                i += 1
                k += 1
            _absorb(v, r, word)


@kernel
def _absorb_numbers(v: UInt64Array, number: int, values: Int64Array, valid: BoolArray) -> None:
    for r in range(valid.shape[0]):
        if valid[r]:
            _absorb(v, r, (np.uint64(number) << np.uint64(32)) | np.uint64(8))
            _absorb(v, r, np.uint64(values[r]))


@kernel
def _finish(v: UInt64Array, out: UInt64Array) -> None:
    for r in range(v.shape[1]):
        # The closing word holds the length, as in SipHash; lengths are counted in words here.
        _absorb(v, r, (v[4, r] & np.uint64(0x1F)) << np.uint64(59))
        v[2, r] ^= np.uint64(0xEE)
        for _ in range(3):
            _absorb(v, r, np.uint64(0))
        out[r, 0] = v[0, r] ^ v[1, r] ^ v[2, r] ^ v[3, r]
        v[1, r] ^= np.uint64(0xDD)
        for _ in range(3):
            _absorb(v, r, np.uint64(0))
        out[r, 1] = v[0, r] ^ v[1, r] ^ v[2, r] ^ v[3, r]


class RowHasher:
    """Hashes n rows column by column."""

    def __init__(self, n: int) -> None:
        self._state = np.empty((5, n), np.uint64)
        self._n = n
        _start(self._state, KEY_0, KEY_1)

    def strings(self, name: str, flat: FlatStrings) -> None:
        """Absorb a string column."""
        _absorb_strings(self._state, COLUMN_NUMBER[name], flat.offsets, flat.data, flat.valid)

    def numbers(self, name: str, values: Int64Array, valid: BoolArray | None = None) -> None:
        """Absorb a column of 64-bit numbers."""
        present = np.ones(self._n, np.bool_) if valid is None else valid
        _absorb_numbers(self._state, COLUMN_NUMBER[name], values, present)

    def digest(self) -> UInt64Array:
        """Return (n, 2): first and second half of each hash."""
        out = np.empty((self._n, 2), np.uint64)
        _finish(self._state, out)
        return out


def _absorb_column(hasher: RowHasher, name: str, series: pl.Series) -> None:
    n_null = series.null_count()
    if n_null == len(series):
        return
    dtype = series.dtype
    if dtype == pl.String:
        hasher.strings(name, FlatStrings.of(series))
        return
    if dtype == pl.Int128:
        # Two words where a value needs them, one otherwise: the common case stays cheap and the encoding unambiguous.
        low, high = split_wide(series)
        valid = series.is_not_null().to_numpy()
        hasher.numbers(name, low, valid)
        wide = valid & (high != 0)
        if wide.any():
            hasher.numbers(name, high, wide)
        return
    if dtype == pl.Date:
        series = series.cast(pl.Int32)
    elif isinstance(dtype, pl.Datetime):
        series = series.dt.timestamp("us")
    numbers = series.cast(pl.Int64)
    if n_null:
        hasher.numbers(name, numbers.fill_null(0).to_numpy(), numbers.is_not_null().to_numpy())
    else:
        hasher.numbers(name, numbers.to_numpy())


def split_wide(series: pl.Series) -> tuple[Int64Array, Int64Array]:
    """Split non-negative 128-bit integers into (value mod 2**63, value div 2**63); nulls become (0, 0)."""
    filled = series.fill_null(0)
    largest = filled.max()
    if largest is None or (isinstance(largest, int) and largest < 2**63):
        return filled.cast(pl.Int64).to_numpy(), np.zeros(len(series), np.int64)
    values = filled.to_list()
    low = np.array([v & (2**63 - 1) for v in values], np.int64)
    high = np.array([v >> 63 for v in values], np.int64)
    return low, high


def content_hashes(frame: pl.DataFrame) -> UInt64Array:
    """Return (n, 2): the hash of each row's behaviour columns."""
    hasher = RowHasher(frame.height)
    for name in BEHAVIOUR_COLUMNS:
        _absorb_column(hasher, name, frame[name])
    return hasher.digest()


def event_keys(frame: pl.DataFrame, content: UInt64Array, running_numbers: Int64Array | None = None) -> UInt64Array:
    """Return (n, 2): event key = hash of (source, event id, content hash).

    Parameters
    ----------
    frame
        Canonical frame; `source` must be known in every row.
    content
        (n, 2) from `content_hashes`.
    running_numbers
        (n,) number of the row among identical rows of its file, from 0; used where `event_id` is null.

    Raises
    ------
    InvalidEvent
        A row has no `source`, or has no `event_id` and no running numbers are given.
    """
    if frame["source"].null_count():
        raise InvalidEvent("every event needs a source (name of the feed); found rows without one")
    hasher = RowHasher(frame.height)
    hasher.strings("source", FlatStrings.of(frame["source"]))
    ids = FlatStrings.of(frame["event_id"])
    hasher.strings("event_id", ids)
    if not ids.valid.all():
        if running_numbers is None:
            raise InvalidEvent("rows without event_id need running numbers among identical rows of their file")
        hasher.numbers("running_number", running_numbers, ~ids.valid)
    hasher.numbers("content", content[:, 0].view(np.int64))
    hasher.numbers("content", content[:, 1].view(np.int64))
    return hasher.digest()


def id_hashes(frame: pl.DataFrame, keys: UInt64Array) -> UInt64Array:
    """Return (n,): hash of (source, event id); for rows without an id the first half of the event key.

    A retraction without an id has that of the event whose key it names.
    """
    hasher = RowHasher(frame.height)
    hasher.strings("source", FlatStrings.of(frame["source"]))
    ids = FlatStrings.of(frame["event_id"])
    hasher.strings("event_id", ids)
    hashed = hasher.digest()[:, 0]
    own = keys[:, 0]
    named = frame["retracts_key"]
    if named.null_count() < frame.height:
        own = own.copy()
        is_key = named.str.contains("^[0-9a-f]{32}$").fill_null(False).to_numpy()  # a file may name anything
        for i in np.flatnonzero(is_key & ~ids.valid).tolist():
            own[i] = int(named[i][:16], 16)
    return np.where(ids.valid, hashed, own)


def key_text(hi: int, lo: int) -> str:
    """Return an event key as 32 hex digits."""
    return f"{int(hi):016x}{int(lo):016x}"
