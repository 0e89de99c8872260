"""Events and alerts made by hand for the tests of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from pipeline.storage.connection import connect
from pipeline.storage.run import RunInfo, RunInput
from pipeline.storage.store import AlertStore, Clock
from typologies.base import figures
from typologies.base.alerts import Alert, AlertHead, Standing, Status, build_alert, event_anchor
from typologies.base.codec import Codec
from typologies.base.encoding import encode
from typologies.base.events import FRAME_SCHEMA, Side
from typologies.base.findings import Finding, Reason, Severity, cite
from typologies.base.strings import Interner
from typologies.base.window import Event

REPOSITORY = Path(__file__).resolve().parents[3]
START = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
LOOK_BACK = timedelta(days=10)
LOOK_BACK_US = LOOK_BACK // timedelta(microseconds=1)


class Ticking:
    """A wall clock that moves on by one second whenever it is read."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


def run_info(name: str = "a.csv", **params: object) -> RunInfo:
    """A run over one file."""
    return RunInfo.of([RunInput(name, f"hash of {name}", 100)], params, {"feiqian": "0.1.0", "cash_line": "1.0.0"})


def canonical(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A canonical frame; what a row does not say is a cash deposit of 9,000.00 USD into `acc-1`."""
    filled = []
    for i, row in enumerate(rows):
        usual = {
            "source": "bank",
            "event_id": f"e{i}",
            "origin": "a.csv",
            "position": i + 1,
            "event_time": START + timedelta(hours=i),
            "kind": "cash",
            "rail": "cash",
            "creditor_account": "acc-1",
            "amount": 900_000,
            "exponent": 2,
            "currency": "USD",
            "amount_usd": 900_000,
        }
        filled.append({name: {**usual, **row}.get(name) for name in FRAME_SCHEMA})
    return pl.DataFrame(filled, schema=FRAME_SCHEMA, orient="row")


def events_of(frame: pl.DataFrame, side: Side = Side.CREDIT) -> list[Event]:
    """The events of a canonical frame, in its order, seen from one side."""
    interner = Interner()
    batch = encode(frame, interner, np.arange(frame.height, dtype=np.int64))
    return Codec(interner, batch.texts).events(batch.records, side)


def with_keys(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as a frame of cited events."""
    return frame.with_columns(pl.Series("event_key", [e.event_key for e in events_of(frame)], pl.String))


def alert_over(
    events: Sequence[Event],
    *,
    subject: str = "acc-1",
    reasons: Sequence[Reason] | None = None,
    baseline: Sequence[Event] = (),
    explanation: str = "acc-1 received cash below the reporting line.",
    **changes: Any,
) -> Alert:
    """An alert whose evidence is `events`, found at the last of them; `changes` are fields of the alert."""
    ordered = sorted(events, key=lambda e: e.sort_key)
    given = [
        Reason("sum_above_line", "The deposits add up.", figures.total_usd(ordered), "<= 10000.00", 0.6),
        Reason("many_deposits", "There were several.", figures.count(ordered), "<= 1", 0.4),
    ]
    finding = Finding(
        explanation,
        tuple(given if reasons is None else reasons),
        cite(ordered, "deposit") + cite(baseline, "baseline"),
        severity=changes.pop("severity", Severity.MEDIUM),
        red_flags=("A003-6",),
        mode="with_exit",
        principal=changes.pop("principal", ()),
        counter_evidence=("The account is a shop's.",),
        look_alikes=("Takings of a shop: too round.",),
        not_computed=("branches: the source has none",),
    )
    anchor = event_anchor(changes.pop("anchor", ordered[-1]))
    head = AlertHead(changes.pop("typology", "cash_line"), "1.0.0", "account", "account", subject)
    standing = Standing(anchor, anchor.time - LOOK_BACK_US, finding, ("c0ffee",))
    return replace(build_alert(head, [standing], LOOK_BACK_US, None, is_settled=False), **changes)


@cache
def growing_alerts(n_alerts: int, n_events: int = 4) -> list[tuple[list[Alert], pl.DataFrame]]:
    """Alert by alert: its revisions as it grows (each event from the second on), and the frame of its events."""
    frame = canonical(
        [
            {
                "event_id": f"a{a}-e{i}",
                "creditor_account": f"acc-{a}",
                "event_time": START + timedelta(days=a % 300, hours=i),
                "amount_usd": 100_000 * (a % 7 + 1) + i,
                "position": 100 * a + i,
            }
            for a in range(n_alerts)
            for i in range(n_events)
        ]
    )
    events = events_of(frame)
    keyed = with_keys(frame)
    result = []
    for a in range(n_alerts):
        own = events[a * n_events : (a + 1) * n_events]
        revisions = [alert_over(own[:seen], subject=f"acc-{a}", anchor=own[1]) for seen in range(2, n_events + 1)]
        result.append((revisions, keyed[a * n_events : (a + 1) * n_events]))
    return result


def withdrawn(alert: Alert, *successors: str) -> Alert:
    """The alert, taken back."""
    return replace(alert, status=Status.WITHDRAWN, superseded_by=successors)


@cache
def _empty_store() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.duckdb"
        AlertStore.open(path, Ticking()).close()
        return path.read_bytes()


def open_store(path: Path, clock: Clock | None = None) -> AlertStore:
    """`AlertStore.open`, but a new file is a copy of an empty store: its 400 comments are written once a test run."""
    if not path.exists():
        path.write_bytes(_empty_store())
    return AlertStore.open(path, clock or Ticking())


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query on a file that nobody writes."""
    connection = connect(path, read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def dump(path: Path, but: str = "") -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the file, table by table, in a fixed order; columns whose name matches `but` left out."""
    connection = connect(path, read_only=True)
    try:
        tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'core'").fetchall()
        kept = f"COLUMNS(lambda c: NOT regexp_full_match(c, '{but}'))"
        return {
            name: connection.execute(f"SELECT {kept} FROM core.{name} ORDER BY ALL").fetchall()
            for (name,) in sorted(tables)
        }
    finally:
        connection.close()


def without_clock(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """`dump` without the columns that a wall clock fills."""
    return dump(path, "started_at|finished_at|raised_at|recorded_at")
