"""What is handed to the store in one write, and the frames in it as the store's tables take them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipeline.ingest.reader import REJECTED_SCHEMA
from pipeline.storage.errors import InvalidBatch
from typologies.base.alerts import Alert
from typologies.base.events import FRAME_SCHEMA
from typologies.base.facts import Fact

Schema = dict[str, pl.DataType | type[pl.DataType]]

CITED_SCHEMA: Schema = FRAME_SCHEMA | {"event_key": pl.String}
"""Columns of a frame of cited events: the canonical event and its key."""

LATE_SCHEMA: Schema = CITED_SCHEMA | {"accepted_from": pl.Datetime("us", "UTC")}
"""Columns of a frame of late events. `event_key` and `accepted_from` (the earliest event time that the input still
accepted) may be missing."""

_TIME = pl.Datetime("us", "UTC")
CONTEXT_SCHEMA: Schema = {
    **dict.fromkeys(("version", "context_table", "key"), pl.String),
    "valid_from": _TIME,
    "valid_to": _TIME,
    "known_at": _TIME,
    "content": pl.String,
}
"""Columns of a frame of context versions; `version` is the content hash."""

_MONEY = ("amount", "counter_amount")


@dataclass(frozen=True, slots=True)
class AlertBatch:
    """Changes of alerts and what belongs to them; everything may be empty.

    Attributes
    ----------
    alerts
        Changes in the order in which they happened: new, revised and withdrawn alerts, each in full.
    cited
        Frame of `CITED_SCHEMA`: the events that these alerts cite in evidence and figures, unless handed over before
        in the same run. Doubles are dropped.
    rejected
        Frame of `pipeline.ingest.reader.REJECTED_SCHEMA`.
    late
        Frame of `LATE_SCHEMA`.
    context
        Context versions that these alerts cite, unless handed over before in the same run.
    """

    alerts: Sequence[Alert] = ()
    cited: pl.DataFrame | None = None
    rejected: pl.DataFrame | None = None
    late: pl.DataFrame | None = None
    context: Sequence[Fact] = ()

    @property
    def n_rows(self) -> int:
        """Alerts, context versions and rows of all frames, as a measure of size."""
        frames = (self.cited, self.rejected, self.late)
        return len(self.alerts) + len(self.context) + sum(frame.height for frame in frames if frame is not None)


def merge(batches: Sequence[AlertBatch]) -> AlertBatch:
    """Return the batches as one, in order."""
    return AlertBatch(
        [alert for batch in batches for alert in batch.alerts],
        _concat([batch.cited for batch in batches]),
        _concat([batch.rejected for batch in batches]),
        _concat([batch.late for batch in batches]),
        [fact for batch in batches for fact in batch.context],
    )


def _concat(frames: Sequence[pl.DataFrame | None]) -> pl.DataFrame | None:
    filled = [frame for frame in frames if frame is not None and frame.height]
    return pl.concat(filled, how="diagonal_relaxed") if filled else None


def checked(frame: pl.DataFrame | None, schema: Schema, what: str, optional: Sequence[str] = ()) -> pl.DataFrame:
    """Return the frame with exactly the columns of `schema` in that order; an empty one for None.

    Raises
    ------
    InvalidBatch
        A column is missing or too much, or has another type.
    """
    if frame is None:
        return pl.DataFrame(schema=schema)
    missing = [name for name in schema if name not in frame.columns and name not in optional]
    extra = [name for name in frame.columns if name not in schema]
    if missing or extra:
        raise InvalidBatch(f"{what} need the columns {', '.join(schema)}; missing: {missing}, unknown: {extra}")
    for name in frame.columns:
        if frame.schema[name] not in (schema[name], pl.Null):
            raise InvalidBatch(f"column {name} of {what} must be {schema[name]}, found {frame.schema[name]}")
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
    )


def checked_rejected(frame: pl.DataFrame | None) -> pl.DataFrame:
    """Return rejected records, checked."""
    return checked(frame, REJECTED_SCHEMA, "rejected records")


def cited_events(frame: pl.DataFrame | None) -> pl.DataFrame:
    """Return cited events once each, 128-bit integers as text (DuckDB does not take them from Arrow).

    Raises
    ------
    InvalidBatch
        Columns differ from `CITED_SCHEMA`, or an event has no key.
    """
    events = checked(frame, CITED_SCHEMA, "cited events")
    if events["event_key"].null_count():
        raise InvalidBatch(f"every cited event needs its event_key; {events['event_key'].null_count()} rows lack it")
    return _wide_as_text(events.unique("event_key", keep="first", maintain_order=True))


def context_versions(facts: Sequence[Fact]) -> pl.DataFrame:
    """Return context versions once each as a frame of `CONTEXT_SCHEMA`; their values as JSON with sorted keys."""
    rows = {
        fact.content_hash(): (
            *(fact.content_hash(), fact.table, fact.key, fact.valid_from, fact.valid_to, fact.known_at),
            json.dumps(dict(fact.values), ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        )
        for fact in facts
    }
    return pl.DataFrame(list(rows.values()), schema=CONTEXT_SCHEMA, orient="row")


def late_events(frame: pl.DataFrame | None) -> pl.DataFrame:
    """Return late events as they are, 128-bit integers as text."""
    return _wide_as_text(checked(frame, LATE_SCHEMA, "late events", optional=("event_key", "accepted_from")))


def _wide_as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(name).cast(pl.String) for name in _MONEY)


def event_columns() -> dict[str, str]:
    """Return columns of the tables of events and the SQL that makes them from a frame of `cited_events`."""
    columns = {"event_key": "event_key"}
    for name in FRAME_SCHEMA:
        if name in _MONEY:
            minor, exponent = f"CAST({name} AS HUGEINT)", name.replace("amount", "exponent")
            columns[name] = _decimal_sql(minor, exponent)
            columns[f"{name}_minor"] = minor
        elif name == "amount_usd":
            columns[name] = "CAST(CAST(amount_usd AS DECIMAL(20, 0)) * 0.01 AS DECIMAL(38, 2))"
        else:
            columns[name] = name
    return columns


def _decimal_sql(minor: str, exponent: str) -> str:
    # By way of text: a division of decimals is a DOUBLE in DuckDB.
    plain = f"CAST(abs({minor}) AS VARCHAR)"
    digits = f"lpad({plain}, CAST(greatest(length({plain}), {exponent} + 1) AS INTEGER), '0')"
    return (
        f"CASE WHEN {exponent} BETWEEN 0 AND 18 THEN TRY_CAST("
        f"CASE WHEN {minor} < 0 THEN '-' ELSE '' END || left({digits}, length({digits}) - {exponent}) || '.' || "
        f"right({digits}, {exponent}) AS DECIMAL(38, 18)) END"
    )
