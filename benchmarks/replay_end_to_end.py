"""Replay end to end: file -> alerts in DuckDB, beside a plain loop, DuckDB SQL and the scan of the same file.

What is measured
    1. `replay.engine.replay` of canonical Parquet and of canonical CSV into a new DuckDB file, with all typologies of
       the catalogue: everything a user waits for but the start of the process (that is `startup`). Each in a process of
       its own, after a replay of a few thousand events that loads the kernels. Best and median of `--runs`.
    2. Where the time goes: the stages of the replay's own report (one thread reads, one judges and writes), and what
       reading consists of, timed apart on one thread: reader, USD values and business days, records and hashes.
    3. Beside it, on the same events and in the same run:
       a. a plain Python loop over objects with the same relevance and the same trailing figures and screens
          (`plain_loop`), on the first `--slice` events, objects ready and with the making of the objects. It has no
          duplicates, lateness, judges, episodes and store. The same work by the engine's columns (`screening`) on the
          same slice stands beside it, from records that are ready; both must let the same number of events pass;
       b. the window sum of D01 (known cash-in of a beneficiary over its look-back) in DuckDB SQL over the Parquet
          file, a RANGE window, one figure of one typology; it must find as many events above the line as the engine's
          columns;
       c. the physical limit: Polars' scan of the same files, of three columns (filter and sum) and of all.

Commands
    python -m benchmarks.replay_end_to_end --work DIR --out results/replay_end_to_end.json
    python -m benchmarks.replay_end_to_end --work DIR --profile         adds cProfile's top 25 of the judging thread
DIR caches the files: 5,000,000 events are some 0.3 GB of Parquet and 1.2 GB of CSV.
"""

from __future__ import annotations

import cProfile
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import polars as pl

from benchmarks.engine_batches import top
from benchmarks.measure import duckdb_connection, isolated, one_core, peak_resident_bytes, timed
from benchmarks.plain_loop import PlainLoop, plain_events
from benchmarks.report import Report, exit_code, finish, parser, per_second, share, tell
from benchmarks.screening import Screening
from benchmarks.volume import Volume, add_arguments, csv_file, cut, of_arguments, parquet_file
from pipeline.ingest.detect import detect
from pipeline.ingest.fx import FxTable
from replay.config import ReplayConfig
from replay.engine import replay
from replay.source import Source, SourceFile
from typologies.base.catalogue import discover
from typologies.base.detector import ON_BEHALF_OF, Context, Detector
from typologies.base.encoding import Prepared, intern, prepare
from typologies.base.events import Channel, Kind, Side
from typologies.base.expressions import Expr, Past, Trailing, col, total
from typologies.base.findings import Deadline, Finding
from typologies.base.reference import Bound
from typologies.base.strings import Interner
from typologies.base.window import Window

BATCH = 10_000
LINE_CENTS = 10_000_00
WARM_UP = Volume(20_000, 2_000, 40, seed=7)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What one replay took and found."""

    seconds: float
    stages: Mapping[str, float]
    counters: Mapping[str, int]
    alerts: Mapping[str, int]
    digests: frozenset[str]
    peak_bytes: int
    profile: tuple[str, ...]


class WindowSum(Detector[timedelta]):
    """D01's window sum as a rule of its own: cash paid in for a beneficiary, in dollars, over the look-back."""

    lenses = (ON_BEHALF_OF,)

    @property
    def look_back(self) -> timedelta:
        """The parameter."""
        return self.params

    def relevant(self) -> Expr:
        """Cash in, except from an armoured car."""
        return (col.kind == Kind.CASH) & (col.side == Side.CREDIT) & (col.channel != Channel.ARMOURED_CAR)

    def trailing(self) -> Mapping[str, Trailing]:
        """The sum."""
        return {"usd": total(col.amount_usd, self.params)}

    def screen(self, past: Past) -> Expr:
        """Above the line."""
        return past.usd > LINE_CENTS

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        """Nothing: only the screen is compared."""
        return ()


def main(argv: Sequence[str] | None = None) -> Report:
    """Measure, print, write; see the module."""
    options = parser(__doc__)
    add_arguments(options, events=5_000_000, accounts=500_000, days=90)
    options.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder of the cached files")
    options.add_argument("--runs", type=int, default=3, help="replays of each file [3]")
    options.add_argument("--slice", type=int, default=300_000, help="events of the plain loop [300,000]")
    options.add_argument("--profile", action="store_true", help="add cProfile's top 25 of the judging thread")
    options.add_argument(
        "--same-process", action="store_true", help="no new processes (peak memory then means nothing)"
    )
    args = options.parse_args(argv)
    volume = of_arguments(args)
    tell("files of events")
    parquet, csv = parquet_file(volume, args.work), csv_file(volume, args.work)
    bound = [typology.bind() for typology in discover().values()]
    report = Report(
        "replay_end_to_end",
        {
            "events": volume.events,
            "accounts": volume.accounts,
            "days": volume.days,
            "typologies": ", ".join(f"{b.typology} {b.version}" for b in bound),
            "Parquet": f"{parquet.stat().st_size / 1e6:,.0f} MB",
            "CSV": f"{csv.stat().st_size / 1e6:,.0f} MB",
            "runs": args.runs,
            "slice of the plain loop": min(args.slice, volume.events),
        },
    )
    _replays(report, volume, {"Parquet": parquet, "CSV": csv}, args.runs, args.profile, not args.same_process)
    _reading(report, volume, {"Parquet": parquet, "CSV": csv})
    _plain(report, volume, bound, args.slice)
    _window_sum(report, volume, parquet)
    _scan(report, volume, parquet, csv)
    return finish(report, args.out)


def _replays(
    report: Report, volume: Volume, files: Mapping[str, Path], runs: int, is_profiled: bool, is_isolated: bool
) -> None:
    table = report.table("replay: file -> alerts in DuckDB")
    stages = report.table("stages of the median run, seconds (reading runs beside the rest)")
    first: Replayed | None = None
    for name, path in files.items():
        tell(f"replay of {name}")
        done = [isolated(is_isolated, replayed, path, is_profiled=False) for _ in range(runs)]
        middle = sorted(done, key=lambda d: d.seconds)[len(done) // 2]
        table.add(
            file=name,
            seconds=median(d.seconds for d in done),
            best=min(d.seconds for d in done),
            events_per_s=round(per_second(volume.events, median(d.seconds for d in done))),
            best_events_per_s=round(per_second(volume.events, min(d.seconds for d in done))),
            peak_MB=round(max(d.peak_bytes for d in done) / 1e6),
            judged=middle.counters["judged"],
            findings=middle.counters["findings"],
            alerts=sum(middle.alerts.values()),
        )
        for stage, seconds in sorted(middle.stages.items(), key=lambda s: -s[1]):
            stages.add(file=name, stage=stage, seconds=seconds, percent_of_run=share(seconds, middle.seconds))
        rest = middle.seconds - sum(middle.stages.values())
        stages.add(file=name, stage="everything else", seconds=rest, percent_of_run=share(rest, middle.seconds))
        first = first or middle
        report.check(f"{name}: all rows were read", middle.counters["read"], volume.events)
        report.check(f"{name}: the same alerts, digest for digest", middle.digests, first.digests)
    if is_profiled:
        profiled = isolated(is_isolated, replayed, files["Parquet"], is_profiled=True)
        report.profiles["cProfile of the judging thread, Parquet, by own time"] = list(profiled.profile)


def replayed(path: Path, *, is_profiled: bool) -> Replayed:
    """Replay one file into a new store, after a small one that loads the kernels."""
    with tempfile.TemporaryDirectory() as folder:
        small = parquet_file(WARM_UP, Path(folder))
        replay(ReplayConfig((small,), Path(folder) / "small.duckdb"), now=_now)
        config = ReplayConfig((path,), Path(folder) / "alerts.duckdb")
        profiler = cProfile.Profile()
        started = time.perf_counter()
        report = profiler.runcall(replay, config, now=_now) if is_profiled else replay(config, now=_now)
        seconds = time.perf_counter() - started
        with duckdb.connect(str(config.db), read_only=True) as connection:
            rows = connection.execute("SELECT digest FROM alerts").fetchall()
    return Replayed(
        seconds,
        report.stages,
        report.counters,
        report.alerts,
        frozenset(digest for (digest,) in rows),
        peak_resident_bytes(),
        tuple(top(profiler)) if is_profiled else (),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _reading(report: Report, volume: Volume, files: Mapping[str, Path]) -> None:
    """Take the reading thread's work apart: frames, then records, nothing beside it."""
    table = report.table("reading alone, one thread after the other's work (Polars uses its pool)")
    fx = FxTable.from_package()
    for name, path in files.items():
        tell(f"reading of {name} alone")
        with tempfile.TemporaryDirectory() as folder:
            config = ReplayConfig((path,), Path(folder) / "none.duckdb")
            source = Source([SourceFile(path, detect(path))], config, fx, Path(folder))
            spent = {"reader, USD, business days, merge": 0.0, "records and hashes": 0.0}
            frames = source.by_event_time()
            while True:
                began = time.perf_counter()
                frame = next(frames, None)
                got = time.perf_counter()
                spent["reader, USD, business days, merge"] += got - began
                if frame is None:
                    break
                prepare(frame)
                spent["records and hashes"] += time.perf_counter() - got
        for stage, seconds in spent.items():
            table.add(file=name, part=stage, seconds=seconds, events_per_s=round(per_second(volume.events, seconds)))


def _plain(report: Report, volume: Volume, bound: Sequence[Bound], size: int) -> None:
    tell("plain loop")
    fx = FxTable.from_package()
    frame = _in_engine_order(_first(volume, fx, size))
    table = report.table(
        f"the same relevance, trailing figures and screens on the first {frame.height:,} events, one core"
    )
    with one_core():
        made = timed(lambda: list(plain_events(frame)))
        loop = PlainLoop(bound)
        events = made.result
        plain = timed(lambda: loop.run(events))
        prepared = prepare(frame)
        _screened(bound, [prepared])
        columns = timed(lambda: _screened(bound, [prepared]))
    for name, seconds in (
        ("plain Python loop, objects ready", plain.seconds),
        ("plain Python loop with making the objects", plain.seconds + made.seconds),
        (f"the engine's columns, batches of {BATCH:,}, with dictionary", columns.seconds),
    ):
        table.add(
            variant=name,
            seconds=seconds,
            events_per_s=round(per_second(frame.height, seconds)),
            times_the_loop=per_second(1, seconds) * plain.seconds,
        )
    report.check("plain loop and columns let the same events pass", +loop.passes, +columns.result.passes)


def _first(volume: Volume, fx: FxTable, size: int) -> pl.DataFrame:
    """Return the first events of a volume."""
    frames: list[pl.DataFrame] = []
    for frame in volume.frames(fx):
        frames.append(frame)
        if sum(f.height for f in frames) >= size:
            break
    return pl.concat(frames).head(size)


def _in_engine_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows by (time, key): at equal times the engine goes by key."""
    records = prepare(frame).batch.records
    return frame[np.lexsort((records["key_lo"], records["key_hi"], records["time"]))]


def _screened(bound: Sequence[Bound], prepared: Iterable[Prepared]) -> Screening:
    interner, screening = Interner(), Screening(bound)
    for whole in prepared:
        for piece in cut(whole, BATCH):
            batch = intern(piece, interner)
            screening.take(batch, len(interner))
    return screening


def _window_sum(report: Report, volume: Volume, parquet: Path) -> None:
    tell("window sum in SQL")
    structuring = discover().get("structuring")
    look_back = structuring.bind().detector.look_back if structuring is not None else timedelta(days=20)
    # (t - W, t] in whole microseconds; rows of equal time are peers of a RANGE window, hence the count of ties.
    before = int(look_back / timedelta(microseconds=1)) - 1
    cash_in = (
        "SELECT coalesce(on_behalf_of, creditor) AS subject, event_time, amount "
        f"FROM read_parquet('{parquet}') WHERE kind = 'cash' AND creditor_account IS NOT NULL "
        "AND channel IS DISTINCT FROM 'armoured_car' AND coalesce(on_behalf_of, creditor) IS NOT NULL"
    )
    if "on_behalf_of" not in pl.read_parquet_schema(parquet):
        cash_in = cash_in.replace("coalesce(on_behalf_of, creditor)", "creditor")
    query = (
        f"SELECT count(*) FILTER (WHERE usd > {LINE_CENTS}), count(*), sum(usd) FROM (SELECT sum(amount) OVER "
        f"(PARTITION BY subject ORDER BY event_time RANGE BETWEEN INTERVAL '{before} microseconds' PRECEDING "
        f"AND CURRENT ROW) AS usd FROM ({cash_in}))"
    )
    with duckdb_connection() as connection:
        found = timed(lambda: connection.execute(query).fetchall()[0], runs=3)
        ties = connection.execute(
            f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM ({cash_in}) GROUP BY subject, event_time) "
            "WHERE n > 1"
        ).fetchall()[0][0]
    fx = FxTable.from_package()
    bound = [Bound("window_sum", "1", WindowSum(look_back))]
    columns_seconds = 0.0
    interner, screening = Interner(), Screening(bound)
    with one_core():
        for frame in volume.frames(fx):
            prepared = prepare(_in_engine_order(frame))
            began = time.perf_counter()
            for piece in cut(prepared, BATCH):
                batch = intern(piece, interner)
                screening.take(batch, len(interner))
            columns_seconds += time.perf_counter() - began
    table = report.table(f"D01's window sum alone, {look_back.days} days, all {volume.events:,} events")
    table.add(
        variant="DuckDB SQL over Parquet, all threads, median of 3",
        seconds=found.seconds,
        events_per_s=round(per_second(volume.events, found.seconds)),
    )
    table.add(
        variant="the engine's columns from records, with dictionary, one core",
        seconds=columns_seconds,
        events_per_s=round(per_second(volume.events, columns_seconds)),
    )
    above = sum(screening.passes.values())
    report.check(
        f"SQL and columns find as many sums above the line (up to {ties} rows of equal time)",
        abs(int(found.result[0]) - above) <= int(ties),
        True,
    )
    report.notes.append(
        f"window sums above the line: SQL {found.result[0]:,}, columns {above:,}, of {found.result[1]:,}"
    )


def _scan(report: Report, volume: Volume, parquet: Path, csv: Path) -> None:
    table = report.table("the physical limit: Polars on the same files, all threads, median of 3")
    cash = (pl.col("kind") == "cash") & pl.col("creditor_account").is_not_null()
    for name, lazy in (("Parquet", pl.scan_parquet(parquet)), ("CSV", pl.scan_csv(csv, infer_schema_length=10_000))):
        part = timed(lambda lazy=lazy: lazy.filter(cash).select(pl.col("amount").sum()).collect().item(), runs=3)  # type: ignore[misc]
        whole = timed(lambda lazy=lazy: lazy.collect().height, runs=3)  # type: ignore[misc]
        for what, timing in (("filter and sum of three columns", part), ("all columns into memory", whole)):
            table.add(
                file=name,
                variant=what,
                seconds=timing.seconds,
                events_per_s=round(per_second(volume.events, timing.seconds)),
            )
        report.check(f"{name}: the scan has all rows", whole.result, volume.events)


if __name__ == "__main__":
    raise SystemExit(exit_code(main()))
