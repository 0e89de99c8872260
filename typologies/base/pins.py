"""Cited events outlive the engine's dictionary and heap: what a finding names is pinned with its own strings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import polars as pl

from typologies.base.errors import BrokenInvariant
from typologies.base.events import (
    CODED_COLUMNS,
    ENUM_COLUMNS,
    FRAME_SCHEMA,
    NULL_CODE,
    NULL_I64,
    TEXT_COLUMNS,
    Flag,
    Side,
)
from typologies.base.records import FIELD_INDEX
from typologies.base.window import EPOCH_DATE, Decoder, Event, to_datetime

_I = FIELD_INDEX

CITED_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {"event_key": pl.String, **FRAME_SCHEMA}
"""Columns of the frame of cited events: the event key and every canonical column."""

_EMPTY = pl.DataFrame(schema=CITED_SCHEMA)


class Pin:
    """One event with its strings, independent of the engine's state. It is its own decoder."""

    __slots__ = ("_strings", "_texts", "record")

    def __init__(self, record: tuple[int, ...], strings: dict[int, str], texts: dict[str, str]) -> None:
        self.record = record
        self._strings = strings
        self._texts = texts

    @classmethod
    def of(cls, record: tuple[int, ...], decoder: Decoder) -> Pin:
        """Return a pin with everything `decoder` knows about the record."""
        strings: dict[int, str] = {}
        for name in CODED_COLUMNS:
            code = record[_I[name]]
            if code != NULL_CODE and (value := decoder.string(code)) is not None:
                strings[code] = value
        texts = {name: value for name in TEXT_COLUMNS if (value := decoder.text(record, name)) is not None}
        return cls(record, strings, texts)

    def string(self, code: int) -> str | None:
        """Return the string of a dictionary code of this record."""
        return None if code == NULL_CODE else self._strings[code]

    def text(self, record: tuple[int, ...], name: str) -> str | None:
        """Return a text column of this record."""
        if record is not self.record and record[_I["key_lo"]] != self.record[_I["key_lo"]]:
            raise BrokenInvariant("a pin decodes its own record only")
        return self._texts.get(name)

    @property
    def event_key(self) -> str:
        """32 hex digits."""
        return f"{self.record[_I['key_hi']]:016x}{self.record[_I['key_lo']]:016x}"

    @property
    def time_us(self) -> int:
        """Event time in microseconds."""
        return self.record[_I["time"]]

    def event(self, side: int) -> Event:
        """Return the event as seen from a side."""
        return Event(self.record, Side(side), self)

    def row(self) -> dict[str, Any]:
        """Return the canonical columns and the event key."""
        r = self.record
        flags = r[_I["flags"]]
        row: dict[str, Any] = {name: self.string(r[_I[name]]) for name in CODED_COLUMNS}
        row |= {name: self._texts.get(name) for name in TEXT_COLUMNS}
        for name, enum in ENUM_COLUMNS.items():
            code = r[_I[name]]
            row[name] = enum(code).name.lower() if code else None
        counter = r[_I["counter_amount"]]
        row |= {
            "event_key": self.event_key,
            "event_id": self._texts.get("event_id") or f"row-{self.event_key}",
            "position": _known(r[_I["position"]]),
            "event_time": to_datetime(r[_I["time"]]),
            "received_at": None if r[_I["received"]] == NULL_I64 else to_datetime(r[_I["received"]]),
            "amount": (r[_I["amount_high"]] << 63) + r[_I["amount_low"]],
            "exponent": r[_I["exponent"]],
            "counter_amount": _known(counter),
            "counter_exponent": None if counter == NULL_I64 else r[_I["counter_exponent"]],
            "amount_usd": _known(r[_I["amount_usd"]]),
            "business_date": _date(r[_I["business_date"]]),
            "ctr_filed": bool(flags & Flag.CTR_FILED) if flags & Flag.CTR_KNOWN else None,
            "reduced_on_notice": bool(flags & Flag.REDUCED_ON_NOTICE) if flags & Flag.REDUCED_KNOWN else None,
            "retracts_key": None,
        }
        return row

    def to_json(self) -> list[Any]:
        """Return the pin as JSON values."""
        return [list(self.record), {str(k): v for k, v in self._strings.items()}, self._texts]

    @classmethod
    def from_json(cls, value: list[Any]) -> Pin:
        """Return the pin written by `to_json`."""
        return cls(tuple(value[0]), {int(k): v for k, v in value[1].items()}, value[2])


def _known(value: int) -> int | None:
    return None if value == NULL_I64 else value


def _date(days: int) -> date | None:
    return None if days == NULL_CODE else EPOCH_DATE + timedelta(days=days)


def cited_frame(pins: Iterable[Pin]) -> pl.DataFrame:
    """Return the pins as a frame of `CITED_SCHEMA`."""
    rows = [pin.row() for pin in pins]
    if not rows:
        return _EMPTY
    columns = {name: [row.get(name) for row in rows] for name in CITED_SCHEMA}
    return pl.DataFrame(columns, schema=CITED_SCHEMA, strict=False)


__all__ = ["CITED_SCHEMA", "Pin", "cited_frame"]
