"""From canonical frames to records and back: the engine's dictionary, and the texts that lie beside the records."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from typologies.base.errors import InvalidEvent
from typologies.base.events import (
    CODED_COLUMNS,
    ENUM_COLUMNS,
    FRAME_SCHEMA,
    NULL_CODE,
    NULL_I64,
    TEXT_COLUMNS,
    Flag,
)
from typologies.base.identity import UInt64Array, content_hashes, event_keys, id_hashes, split_wide
from typologies.base.jit import kernel
from typologies.base.records import FIELD_INDEX, RECORD
from typologies.base.rowarrays import copied, take
from typologies.base.strings import FlatStrings, Int32Array, Int64Array, Interner, UInt8Array

Records = npt.NDArray[np.void]

_ENUM_CODES: dict[str, dict[str, int]] = {
    name: {member.name.lower(): int(member) for member in enum} for name, enum in ENUM_COLUMNS.items()
}
_ENUM_TYPES: dict[str, pl.Enum] = {name: pl.Enum(list(codes)) for name, codes in _ENUM_CODES.items()}
_ENUM_LOOKUP: dict[str, npt.NDArray[np.uint8]] = {
    name: np.array([*codes.values(), 0], np.uint8) for name, codes in _ENUM_CODES.items()
}


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Encoded events.

    Attributes
    ----------
    records
        (n,) of `records.RECORD`; codes belong to one `Codec`.
    texts
        UTF-8 bytes of the text columns; `text_at` counts from its start.
    deliveries
        Event index to the delivery id, for the few events that have one.
    retracts
        Event index to the event key that a retraction names, for the few that name one.
    generation
        State of the dictionary that the codes belong to: a runner that has renumbered its codes refuses older batches.
    """

    records: Records
    texts: UInt8Array
    deliveries: dict[int, str]
    retracts: dict[int, str]
    generation: int = 0

    def __len__(self) -> int:
        return int(self.records.shape[0])

    def of_generation(self, generation: int) -> RecordBatch:
        """Return the batch with the state of the dictionary that its codes belong to."""
        return RecordBatch(self.records, self.texts, self.deliveries, self.retracts, generation)

    def part(self, start: int, stop: int) -> RecordBatch:
        """Return events `start` to `stop`; everything is shared."""
        return RecordBatch(
            self.records[start:stop],
            self.texts,
            {i - start: d for i, d in self.deliveries.items() if start <= i < stop},
            {i - start: d for i, d in self.retracts.items() if start <= i < stop},
            self.generation,
        )

    def take(self, index: npt.NDArray[np.intp]) -> RecordBatch:
        """Return the events at `index`, in that order; texts are shared."""
        if not self.deliveries and not self.retracts:
            return replace(self, records=take(self.records, index))
        place = {int(old): new for new, old in enumerate(index)}
        return RecordBatch(
            take(self.records, index),
            self.texts,
            {place[i]: d for i, d in self.deliveries.items() if i in place},
            {place[i]: d for i, d in self.retracts.items() if i in place},
            self.generation,
        )


@kernel
def _copy_texts(
    offsets: Int64Array,
    data: UInt8Array,
    valid: npt.NDArray[np.bool_],
    at: Int64Array,
    out: UInt8Array,
    lengths: Int32Array,
) -> None:
    """Append row r's string at `at[r]`, move `at[r]` on, write its length (-1 for null)."""
    for r in range(valid.shape[0]):
        if valid[r]:
            size = offsets[r + 1] - offsets[r]
            for i in range(size):
                out[at[r] + i] = data[offsets[r] + i]
            at[r] += size
            lengths[r] = size
        else:
            lengths[r] = -1


@kernel
def _renumber(fields: Int32Array, columns: Int64Array, codes: Int32Array) -> None:
    """Replace every code in some columns of the records, seen as 32-bit fields; -1 stays."""
    for r in range(fields.shape[0]):
        for c in range(columns.shape[0]):
            code = fields[r, columns[c]]
            if code >= 0:
                fields[r, columns[c]] = codes[code]


_CODED_FIELDS = np.array([RECORD.fields[name][1] // 4 for name in CODED_COLUMNS] if RECORD.fields else [], np.int64)


def _fields(records: Records) -> Int32Array:
    return records.view(np.int32).reshape(records.shape[0], RECORD.itemsize // 4)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Records whose codes belong to no engine yet: what can be made of a frame in another thread.

    Attributes
    ----------
    batch
        Its codes are places in `strings`.
    strings
        Each string of the coded columns once.
    """

    batch: RecordBatch
    strings: FlatStrings

    def __len__(self) -> int:
        return len(self.batch)

    def part(self, start: int, stop: int) -> Prepared:
        """Return events `start` to `stop`, with their own strings; texts are shared."""
        batch = self.batch.part(start, stop)
        batch = replace(batch, records=copied(batch.records))
        fields = _fields(batch.records)
        codes = np.unique(fields[:, _CODED_FIELDS])
        codes = codes[codes >= 0]
        place = np.zeros(len(self.strings), np.int32)
        place[codes] = np.arange(codes.shape[0], dtype=np.int32)
        _renumber(fields, _CODED_FIELDS, place)
        return Prepared(batch, self.strings.take(codes))


def intern(prepared: Prepared, interner: Interner) -> RecordBatch:
    """Return the batch with the codes of a dictionary; new strings are added to it."""
    records = copied(prepared.batch.records)
    _renumber(_fields(records), _CODED_FIELDS, interner.intern(prepared.strings))
    return replace(prepared.batch, records=records)


def encode(frame: pl.DataFrame, interner: Interner, running_numbers: Int64Array | None = None) -> RecordBatch:
    """Return the records of a canonical frame: `prepare` and `intern` in one."""
    return intern(prepare(frame, running_numbers), interner)


def prepare(
    frame: pl.DataFrame, running_numbers: Int64Array | None = None, content: UInt64Array | None = None
) -> Prepared:
    """Return the records of a canonical frame, with codes of a dictionary of their own.

    Parameters
    ----------
    frame
        Columns of `events.FRAME_SCHEMA`.
    running_numbers
        (n,) see `identity.event_keys`; needed where `event_id` is null.
    content
        (n, 2) from `identity.content_hashes`, if it is known already.

    Raises
    ------
    InvalidEvent
        A required column is null or an enum value unknown: readers must have rejected such rows.
    """
    if list(frame.columns) != list(FRAME_SCHEMA):
        raise InvalidEvent(
            f"a canonical frame has the columns {', '.join(FRAME_SCHEMA)}; found {', '.join(frame.columns)}"
        )
    n = frame.height
    for name in ("event_time", "kind", "amount", "exponent", "currency"):
        if frame[name].null_count():
            raise InvalidEvent(f"column {name} must be known in every event; {frame[name].null_count()} rows lack it")
    if content is None:
        content = content_hashes(frame)
    keys = event_keys(frame, content, running_numbers)
    records = np.zeros(n, RECORD)
    records["time"] = frame["event_time"].dt.timestamp("us").to_numpy()
    records["key_hi"] = keys[:, 0]
    records["key_lo"] = keys[:, 1]
    records["id_hash"] = id_hashes(frame, keys)
    records["position"] = frame["position"].fill_null(NULL_I64).to_numpy()
    received = frame["received_at"]
    records["received"] = (
        NULL_I64 if received.null_count() == n else received.dt.timestamp("us").fill_null(NULL_I64).to_numpy()
    )
    flags = np.zeros(n, np.uint16)
    _encode_money(frame, records, flags)
    dates = frame["business_date"]
    records["business_date"] = (
        NULL_CODE if dates.null_count() == n else dates.cast(pl.Int32).fill_null(NULL_CODE).to_numpy()
    )
    for column, known, yes in (
        ("ctr_filed", Flag.CTR_KNOWN, Flag.CTR_FILED),
        ("reduced_on_notice", Flag.REDUCED_KNOWN, Flag.REDUCED_ON_NOTICE),
    ):
        series = frame[column]
        if series.null_count() < n:
            flags |= np.where(series.is_not_null().to_numpy(), known, 0).astype(np.uint16)
            flags |= np.where(series.fill_null(False).to_numpy(), yes, 0).astype(np.uint16)
    records["flags"] = flags
    strings = Interner()
    for name in CODED_COLUMNS:
        series = frame[name]
        records[name] = strings.intern(FlatStrings.of(series)) if series.null_count() < n else NULL_CODE
    for name in ENUM_COLUMNS:
        series = frame[name]
        if series.null_count() < n:
            records[name] = _encode_enum(series, name)
    texts = _encode_texts(frame, records)
    return Prepared(
        RecordBatch(records, texts, _sparse(frame["delivery"]), _sparse(frame["retracts_key"])), strings.strings()
    )


def _sparse(series: pl.Series) -> dict[int, str]:
    if series.null_count() == len(series):
        return {}
    return {i: value for i, value in enumerate(series.to_list()) if value is not None}


def _encode_enum(series: pl.Series, name: str) -> npt.NDArray[np.uint8]:
    try:
        physical = series.cast(_ENUM_TYPES[name]).to_physical()
    except pl.exceptions.InvalidOperationError as error:
        known = ", ".join(_ENUM_CODES[name])
        raise InvalidEvent(f"column {name} must hold one of {known}; {error}") from None
    last = len(_ENUM_CODES[name])
    codes: npt.NDArray[np.uint8] = _ENUM_LOOKUP[name][physical.fill_null(last).to_numpy()]
    return codes


def _encode_money(frame: pl.DataFrame, records: Records, flags: npt.NDArray[np.uint16]) -> None:
    n = frame.height
    low, high = split_wide(frame["amount"])
    wide = high != 0
    records["amount_low"] = low
    records["amount_high"] = high
    records["amount"] = np.where(wide, NULL_I64, low) if wide.any() else low
    if wide.any():
        flags |= np.where(wide, Flag.AMOUNT_WIDE, 0).astype(np.uint16)
    records["exponent"] = frame["exponent"].to_numpy()
    counter = frame["counter_amount"]
    if counter.null_count() == n:
        records["counter_amount"] = NULL_I64
    else:
        known = counter.is_not_null().to_numpy()
        counter_low, counter_high = split_wide(counter)
        if counter_high.any():
            raise InvalidEvent("counter_amount must fit 63 bits")
        records["counter_amount"] = np.where(known, counter_low, NULL_I64)
        records["counter_exponent"] = frame["counter_exponent"].fill_null(0).to_numpy()
    usd = frame["amount_usd"]
    records["amount_usd"] = usd.fill_null(NULL_I64).to_numpy()
    if usd.null_count():
        flags |= np.where(usd.is_null().to_numpy(), Flag.USD_MISSING, 0).astype(np.uint16)


def _encode_texts(frame: pl.DataFrame, records: Records) -> UInt8Array:
    n = frame.height
    columns: list[tuple[str, FlatStrings]] = []
    sizes = np.zeros(n, np.int64)
    for name in TEXT_COLUMNS:
        series = frame[name]
        if series.null_count() == n:
            records[f"{name}_len"] = NULL_CODE
            continue
        flat = FlatStrings.of(series)
        columns.append((name, flat))
        sizes += np.where(flat.valid, np.diff(flat.offsets), 0)
    ends = np.cumsum(sizes)
    starts = ends - sizes
    records["text_at"] = starts
    out = np.empty(int(ends[-1]) if n else 0, np.uint8)
    at = starts.copy()
    for name, flat in columns:
        lengths = np.empty(n, np.int32)
        _copy_texts(flat.offsets, flat.data, flat.valid, at, out, lengths)
        records[f"{name}_len"] = lengths
    return out


_TEXT_FIELDS = tuple(FIELD_INDEX[f"{name}_len"] for name in TEXT_COLUMNS)
_TEXT_PLACE = {name: i for i, name in enumerate(TEXT_COLUMNS)}


def text_bounds(record: tuple[int, ...], name: str) -> tuple[int, int] | None:
    """Return start and stop of a text column in the heap of texts, None for null."""
    size = record[FIELD_INDEX[f"{name}_len"]]
    if size < 0:
        return None
    start = record[FIELD_INDEX["text_at"]]
    for field in _TEXT_FIELDS[: _TEXT_PLACE[name]]:
        start += max(record[field], 0)
    return start, start + size
