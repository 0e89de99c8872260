"""Alerts and what belongs to them as files: CSV, JSON lines and Parquet, batch by batch in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.storage.queries import ALL_ALERTS, ORDERS, AlertFilter, StoreReader

What = Literal["alerts", "reasons", "evidence", "events"]
Format = Literal["csv", "json", "parquet"]

BATCH_ROWS = 50_000

QUERIES: Mapping[str, str] = {
    "alerts": "SELECT * FROM alerts WHERE {where} ORDER BY {order}",
    "reasons": "SELECT r.* FROM alert_reasons r JOIN chosen USING (alert_id) ORDER BY alert_id, n",
    "evidence": (
        "SELECT v.*, e.* EXCLUDE (event_key, event_id, event_time, amount_usd, source, position, origin, run_id) "
        "FROM alert_evidence v JOIN chosen USING (alert_id) LEFT JOIN events e USING (event_key) "
        "ORDER BY v.alert_id, v.event_time, v.event_key, v.side, v.role"
    ),
    "events": (
        "SELECT * FROM events WHERE event_key IN "
        "(SELECT event_key FROM alert_evidence JOIN chosen USING (alert_id)) ORDER BY event_time, event_key"
    ),
}
"""What can be exported, as queries; `chosen` are the chosen alerts."""


def export(reader: StoreReader, what: What, form: Format, target: IO[bytes], chosen: AlertFilter = ALL_ALERTS) -> int:
    """Write rows to an open binary file or pipe.

    Parameters
    ----------
    reader
        An open store.
    what
        "alerts", or the reasons, the evidence (with the columns of its events) or the events of these alerts.
    form
        "csv": lists and structures as JSON in one cell, raw bytes as hex; "json": one object a line, amounts as
        numbers with all their digits; "parquet": typed as in the store.
    target
        Where the bytes go; not closed.
    chosen
        Which alerts, and in which order.

    Returns
    -------
    Number of rows.
    """
    where, values = chosen.where()
    limit = "" if chosen.limit is None else f" LIMIT {int(chosen.limit)}"
    order = ORDERS[chosen.order]
    if what == "alerts":
        query = QUERIES[what].format(where=where, order=order) + limit
    else:
        query = f"WITH chosen AS (SELECT alert_id FROM alerts WHERE {where} ORDER BY {order}{limit}) {QUERIES[what]}"
    if form != "parquet":
        query = _as_text(reader, query, values, form)
    relation = reader.connection.sql(query, params=values or None)
    batches = relation.to_arrow_reader(BATCH_ROWS)
    n_rows = 0
    with _WRITERS[form](target, batches.schema) as write:
        for batch in batches:
            write(batch)
            n_rows += batch.num_rows
    return n_rows


def _as_text(reader: StoreReader, query: str, values: Mapping[str, object], form: Format) -> str:
    """Return the query with times in ISO 8601, and for CSV nested values as JSON."""
    columns = reader.connection.sql(f"DESCRIBE {query}", params=dict(values) or None).fetchall()
    parts = []
    for name, kind, *_ in columns:
        quoted = f'"{name}"'
        if kind == "TIMESTAMP WITH TIME ZONE":
            parts.append(f"strftime({quoted} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS {quoted}")
        elif form == "csv" and (kind.endswith("[]") or kind.startswith("STRUCT")):
            parts.append(f"CAST(to_json({quoted}) AS VARCHAR) AS {quoted}")
        elif kind == "HUGEINT":
            parts.append(f"CAST({quoted} AS VARCHAR) AS {quoted}" if form == "csv" else quoted)
        else:
            parts.append(quoted)
    text = f"SELECT {', '.join(parts)} FROM ({query})"
    return text if form == "csv" else f"SELECT CAST(to_json(line) AS VARCHAR) AS line FROM ({text}) line"


Write = Callable[[pa.RecordBatch], None]


@contextmanager
def _csv(target: IO[bytes], schema: pa.Schema) -> Iterator[Write]:
    is_first = True

    def write(batch: pa.RecordBatch) -> None:
        nonlocal is_first
        pl.DataFrame(batch).write_csv(target, include_header=is_first)
        is_first = False

    yield write
    if is_first:
        pl.DataFrame(schema.empty_table()).write_csv(target)


@contextmanager
def _json(target: IO[bytes], schema: pa.Schema) -> Iterator[Write]:
    def write(batch: pa.RecordBatch) -> None:
        for line in batch.column(0).to_pylist():
            target.write(line.encode() + b"\n")

    yield write


@contextmanager
def _parquet(target: IO[bytes], schema: pa.Schema) -> Iterator[Write]:
    with pq.ParquetWriter(target, schema) as writer:
        yield writer.write_batch


_WRITERS = {"csv": _csv, "json": _json, "parquet": _parquet}
