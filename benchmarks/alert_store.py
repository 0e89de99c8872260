"""Speed of the alert store: writing, repeating, reading, verifying and comparing.

    python -m benchmarks.alert_store [--alerts 50000] [--events 10]

Method: alerts made in memory (`--events` cited events each, two reasons over all of them), encoded before the clock
starts; written in transactions of 2,500 alerts with their events; then the same run again, which must change nothing;
then one alert by id, a list of 50, every query of every alert, and a comparison with a copy. Wall and CPU seconds of
this process; DuckDB's own threads count as CPU.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.storage.batch import AlertBatch
from pipeline.storage.compare import compare
from pipeline.storage.queries import AlertFilter, StoreReader
from pipeline.storage.recompute import verify
from pipeline.storage.run import RunInfo, RunInput
from pipeline.storage.store import AlertStore
from typologies.base import figures
from typologies.base.alerts import Alert, AlertHead, Standing, build_alert, event_anchor
from typologies.base.codec import Codec
from typologies.base.encoding import encode
from typologies.base.events import FRAME_SCHEMA, Side
from typologies.base.findings import Finding, Reason, cite
from typologies.base.strings import Interner
from typologies.base.window import Event

ALERTS_A_WRITE = 2_500


def make(n_alerts: int, n_events: int) -> Iterator[AlertBatch]:
    """Yield batches of `ALERTS_A_WRITE` alerts over `n_events` cash deposits each."""
    for first in range(0, n_alerts, ALERTS_A_WRITE):
        size = min(ALERTS_A_WRITE, n_alerts - first)
        number = np.arange(size * n_events) + first * n_events
        given = pl.DataFrame({"number": number}).select(
            source=pl.lit("bank"),
            event_id=pl.format("e{}", "number"),
            origin=pl.lit("a.csv"),
            position=pl.col("number"),
            event_time=pl.datetime(2024, 1, 1, time_zone="UTC") + pl.duration(minutes=pl.col("number") % 400_000),
            kind=pl.lit("cash"),
            creditor_account=pl.format("acc-{}", pl.col("number") // n_events),
            amount=900_000 + pl.col("number") % 1_000,
            exponent=pl.lit(2),
            currency=pl.lit("USD"),
            amount_usd=900_000 + pl.col("number") % 1_000,
            memo=pl.format("deposit {}", "number"),
        )
        frame = given.select(
            pl.col(name).cast(dtype) if name in given.columns else pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in FRAME_SCHEMA.items()
        )
        interner = Interner()
        records = encode(frame, interner)
        events = Codec(interner, records.texts).events(records.records, Side.CREDIT)
        keyed = frame.with_columns(pl.Series("event_key", [event.event_key for event in events]))
        yield AlertBatch([_alert(events[i : i + n_events]) for i in range(0, len(events), n_events)], keyed)


def _alert(events: list[Event]) -> Alert:
    ordered = sorted(events, key=lambda event: event.sort_key)
    reasons = (
        Reason("sum_above_line", "The deposits add up.", figures.total_usd(ordered), "<= 10000.00", 0.6),
        Reason("many_deposits", "There were several.", figures.count(ordered), "<= 1", 0.4),
    )
    anchor = event_anchor(ordered[-1])
    look_back = timedelta(days=400) // timedelta(microseconds=1)
    finding = Finding("Cash below the line, again and again.", reasons, cite(ordered, "deposit"))
    head = AlertHead("cash_line", "1.0.0", "account", "account", str(ordered[0].account))
    return build_alert(head, [Standing(anchor, anchor.time - look_back, finding)], look_back, None, is_settled=False)


@contextmanager
def clocked(what: str, n: int, unit: str) -> Iterator[None]:
    """Print wall and CPU seconds of the block, and `n` per wall second."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:<36} {wall:8.2f} s wall {cpu:8.2f} s CPU {n / wall:12,.0f} {unit}/s", flush=True)


def write(path: Path, batches: list[AlertBatch]) -> None:
    """Write the whole run."""
    with AlertStore.open(path) as store:
        store.begin_run(RunInfo.of([RunInput("a.csv", "made in memory")], {}, {"cash_line": "1.0.0"}))
        for batch in batches:
            store.write(batch)
        store.finish_run({"read": 0})


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=10)
    options = parser.parse_args()
    batches = list(make(options.alerts, options.events))
    # The alerts are the benchmark's, not the store's: without this every collection walks through all of them.
    gc.collect()
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        path, copy = Path(folder) / "a.duckdb", Path(folder) / "b.duckdb"
        n = options.alerts
        with clocked("new file", 1, "files"):
            AlertStore.open(path).close()
        with clocked("write", n, "alerts"):
            write(path, batches)
        size = path.stat().st_size
        print(f"{'size of the file':<36} {size / 1e6:8.1f} MB {size / n:10,.0f} bytes an alert")
        with clocked("the same run again", n, "alerts"):
            write(path, batches)
        with StoreReader(path) as reader:
            alert_id = reader.alerts(AlertFilter(limit=1))["alert_id"][0]
            steps: list[tuple[str, Callable[[], object]]] = [
                ("list of 50", lambda: reader.alerts(AlertFilter(limit=50))),
                ("one alert", lambda: reader.alert(alert_id)),
                ("its evidence", lambda: reader.evidence(alert_id)),
                ("its explanation", lambda: reader.explanation(alert_id)),
            ]
            for what, step in steps:
                with clocked(what, 1, "calls"):
                    step()
        with clocked("every query of one alert", 7, "queries"):
            assert verify(path, alert_id) == []
        with clocked("every query of every alert", 7 * n, "queries"):
            assert verify(path) == []
        shutil.copy(path, copy)
        with clocked("compare, exact", n, "alerts"):
            assert compare(path, copy).n_same == n
        with clocked("compare, overlap", n, "alerts"):
            assert compare(path, copy, "overlap").n_same == n


if __name__ == "__main__":
    main()
