"""The replay driver: reads, hands records to the runner, writes what it says. It decides nothing about alerts.

Two threads: one reads, converts and hashes (`Source`, `RowNumbers`), one runs the engine and writes the store. Both
are mostly outside the interpreter's lock.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace as replaced
from datetime import datetime
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.ingest.detect import NAMES, detect, expand, reader_for
from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.fx import FxTable
from pipeline.storage.batch import AlertBatch
from pipeline.storage.buffer import Buffer
from pipeline.storage.run import RunInfo, RunInput
from pipeline.storage.store import AlertStore
from replay.ahead import ahead
from replay.arrival import in_batches, shuffled
from replay.cited import CitedContext
from replay.config import Progress, ReplayConfig, ReplayReport
from replay.source import RowNumbers, Source, SourceFile
from typologies.base.alerts import Alert, Status
from typologies.base.catalogue import discover
from typologies.base.changes import AlertChange, Published, Settled, Withdrawn
from typologies.base.encoding import Prepared, RecordBatch
from typologies.base.entrance import NOT_STARTED, Entrance, Verdict
from typologies.base.errors import InvalidParameters
from typologies.base.events import Kind
from typologies.base.parameters import params_hash
from typologies.base.records import RECORD
from typologies.base.reference import Bound
from typologies.base.runner import Runner
from typologies.base.window import to_datetime

MERGED = "files"
"""Name of the one input that files merged by event time make."""

_PREPARED_AHEAD = 3
_PROGRESS_SECONDS = 0.25
_NAMED_FILES = 3


def replay(
    config: ReplayConfig,
    *,
    now: Callable[[], datetime],
    progress: Callable[[Progress], None] | None = None,
) -> ReplayReport:
    """Replay files into an alert store.

    Parameters
    ----------
    config
        What to read and how.
    now
        Wall clock for `raised_at` and the like.
    progress
        Called a few times a second.

    Raises
    ------
    UnusableInput
        No file can be used, or one of them is not what its format requires.
    InvalidParameters
        An unknown typology or parameter, or a value out of range.
    StoreError
        The DuckDB file cannot be written.
    """
    began = time.perf_counter()
    files, refused = find_files(config)
    bound = bind(config)
    fx = FxTable.from_package()
    if config.rates is not None:
        fx = fx.with_rates_file(config.rates)
    run = run_info(config, files, bound)
    with tempfile.TemporaryDirectory(prefix="feiqian-") as folder, AlertStore.open(config.db, now) as store:
        store.begin_run(run)
        source = Source(files, config, fx, Path(folder))
        for path, reason in refused:
            source.collected.refuse(path, reason)
        with Buffer(store) as buffer:
            driver = _Driver(config, bound, source, buffer, progress, began)
            driver.run()
        started = time.perf_counter()
        counters = driver.counters()
        store.finish_run(counters)
        driver.stages["store"] = driver.stages.get("store", 0.0) + time.perf_counter() - started
    return driver.report(run.run_id, counters)


def find_files(config: ReplayConfig) -> tuple[list[SourceFile], list[tuple[Path, str]]]:
    """Return the files of a replay with their readers, and those that are refused with the reason.

    A file named by the user must be usable; one that lies in a folder among others may be refused.

    Raises
    ------
    UnusableInput
        A path does not exist, nothing is there to read, or a named file (or every file) is of no known format.
    """
    for path in config.paths:
        if not path.exists():
            raise UnusableInput(f"{path}: a file or folder is required, found nothing there")
    paths = expand(config.paths)
    if not paths:
        raise UnusableInput(f"no file to read under {', '.join(map(str, config.paths))}")
    if config.format != "auto":
        reader = reader_for(config.format)
        return [SourceFile(path, reader) for path in paths], []
    named = {path.resolve() for path in config.paths}
    files: list[SourceFile] = []
    refused: list[tuple[Path, str]] = []
    for path in paths:
        try:
            files.append(SourceFile(path, detect(path)))
        except UnusableInput as error:
            if path.resolve() in named or len(paths) == 1:
                raise
            refused.append((path, str(error)))
    if not files:
        folders = ", ".join(map(str, config.paths))
        first = ", ".join(path.name for path, _ in refused[:_NAMED_FILES])
        raise UnusableInput(
            f"{folders}: at least one file of a known format ({NAMES}) is required, found none among {len(refused)} "
            f"files, beginning with {first}; give one by itself to see why"
        )
    return files, refused


def bind(config: ReplayConfig) -> list[Bound]:
    """Return the detectors of a replay with their parameters.

    Raises
    ------
    InvalidParameters
        An unknown typology, or a parameter that is unknown or out of range.
    """
    known = discover()
    chosen = config.typologies or tuple(i for i, t in known.items() if t.meta.status != "deprecated")
    for name in (*chosen, *config.params):
        if name not in known:
            raise InvalidParameters(f"no typology {name!r}; there are: {', '.join(known)}")
    return [known[name].bind(config.params.get(name), f"parameters of {name}") for name in sorted(set(chosen))]


def run_info(config: ReplayConfig, files: list[SourceFile], bound: list[Bound]) -> RunInfo:
    """Return the identity of a replay: inputs by content, parameters, versions.

    Batch size and shuffling are no part of it: they change nothing. File order as arrival may.
    """
    inputs = [RunInput(f.path.name, fingerprint(f.path), f.path.stat().st_size) for f in files]
    params: dict[str, object] = {
        "format": config.format,
        "timezone": config.timezone.key,
        "business_zone": config.business_zone.key,
        "source": config.source,
        "mapping": fingerprint(config.mapping) if config.mapping else None,
        "rates": fingerprint(config.rates) if config.rates else None,
        "as_arrived": config.as_arrived,
        "lateness_seconds": config.settings.lateness.total_seconds(),
        "reversals_seconds": config.settings.reversals_within.total_seconds(),
        "max_ahead_seconds": config.settings.max_ahead.total_seconds(),
        "row_cap": config.settings.row_cap,
        "extra": dict(config.extra),
        "typologies": {b.typology: params_hash({b.typology: b.detector.params}) for b in bound},
        "overrides": {name: dict(values) for name, values in config.params.items()},
    }
    try:
        program = version("feiqian")
    except PackageNotFoundError:
        program = "uninstalled"
    return RunInfo.of(inputs, params, {"feiqian": program} | {b.typology: b.version for b in bound})


def fingerprint(path: Path) -> str:
    """Return 32 hex digits over the bytes of a file."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class _Driver:
    """One replay in progress."""

    def __init__(
        self,
        config: ReplayConfig,
        bound: list[Bound],
        source: Source,
        buffer: Buffer,
        progress: Callable[[Progress], None] | None,
        began: float,
    ) -> None:
        self._config = config
        self._bound = bound
        self._source = source
        self._buffer = buffer
        self._progress = progress
        self._began = began
        self._shown = began
        self._total_bytes = sum(file.path.stat().st_size for file in source.files)
        self._runner = Runner(bound, config.settings)
        self._unsettled: dict[str, Alert] = {}
        self._standing: Counter[str] = Counter()
        self._n_late = 0
        self._n_ahead = 0
        self._n_facts = 0
        self._context = CitedContext()
        self._reasons: Counter[str] = Counter()
        self._first: int | None = None
        self._last: int | None = None
        self.stages: dict[str, float] = {}

    # The run

    def run(self) -> None:
        """Read everything, judge everything, write everything."""
        if self._config.as_arrived:
            inputs = [str(file.path) for file in self._source.files]
            entrance = Entrance(inputs, self._config.settings)
            numbers = RowNumbers(is_by_event_time=False)
            prepared = ((name, numbers.prepare(frame)) for name, frame in self._source.as_arrived())
        else:
            entrance = Entrance([MERGED], self._config.settings)
            numbers = RowNumbers(is_by_event_time=True)
            prepared = ((MERGED, numbers.prepare(frame)) for frame in self._source.by_event_time())
        for name, batch, is_more_waiting in self._arrivals(self._timed(ahead(prepared, _PREPARED_AHEAD))):
            self._take(entrance, name, batch, is_more_waiting)
        if self._last is not None:
            entrance.end(self._last)
            self._process(_nothing(), entrance.floor, entrance.clock, False)
        self._write(rejected=self._source.collected.take_rejected())
        self._show(force=True)

    def _timed(self, prepared: Iterator[tuple[str, Prepared]]) -> Iterator[tuple[str, Prepared]]:
        while True:
            started = time.perf_counter()
            item = next(prepared, None)
            self._spent("waiting for input", started)
            if item is None:
                return
            yield item

    def _arrivals(self, prepared: Iterator[tuple[str, Prepared]]) -> Iterator[tuple[str, RecordBatch, bool]]:
        """Yield (input, batch, whether encoded events are still waiting behind it)."""
        config = self._config
        if config.shuffle is not None and not config.as_arrived:
            rng = np.random.default_rng(config.shuffle)
            batches = shuffled(self._interned(prepared), config.settings.lateness_us, rng)
            yield from ((MERGED, batch, True) for batch in in_batches(batches, config.batch))
            return
        for name, item in prepared:
            left = len(item)
            for batch in in_batches(self._interned(iter([(name, item)])), config.batch):
                left -= len(batch)
                yield name, batch, left > 0

    def _interned(self, prepared: Iterator[tuple[str, Prepared]]) -> Iterator[RecordBatch]:
        for _, item in prepared:
            started = time.perf_counter()
            batch = self._runner.intern(item)
            self._spent("dictionary", started)
            yield batch

    def _take(self, entrance: Entrance, name: str, batch: RecordBatch, is_more_waiting: bool) -> None:
        records = batch.records
        times = np.ascontiguousarray(records["time"])
        admission = entrance.admit(
            name, times, np.ascontiguousarray(records["received"]), records["kind"] == Kind.RETRACTION
        )
        accepted = batch
        if admission.verdicts.any():
            self._turn_away(batch, admission.verdicts)
            accepted = batch.take(np.flatnonzero(admission.verdicts == Verdict.ACCEPTED))
        if len(accepted):
            first, last = int(accepted.records["time"].min()), int(accepted.records["time"].max())
            self._first = first if self._first is None else min(self._first, first)
            self._last = last if self._last is None else max(self._last, last)
        self._process(accepted, admission.floor, admission.clock, is_more_waiting)
        self._show()

    def _turn_away(self, batch: RecordBatch, verdicts: np.ndarray) -> None:
        late = np.flatnonzero(verdicts == Verdict.LATE)
        if late.shape[0]:
            self._n_late += int(late.shape[0])
            named = pl.Series("retracts_key", [batch.retracts.get(i) for i in late.tolist()], pl.String)
            self._write(late=self._runner.describe(batch, late.tolist()).with_columns(named))
        ahead_of_time = np.flatnonzero(verdicts == Verdict.AHEAD)
        if ahead_of_time.shape[0]:
            self._n_ahead += int(ahead_of_time.shape[0])
            rows = self._runner.describe(batch, ahead_of_time.tolist())
            limit = self._config.settings.max_ahead
            self._write(rejected=_rejected_ahead(rows, f"event_time must lie at most {limit} after received_at"))

    def _process(self, batch: RecordBatch, floor: int, clock: int, is_more_waiting: bool) -> None:
        facts = self._source.collected.facts[self._n_facts :]
        if facts:
            started = time.perf_counter()
            self._n_facts += len(facts)
            self._context.add(facts)
            self._apply(self._runner.add_facts(facts))
            self._spent("context", started)
        started = time.perf_counter()
        runner = self._runner
        floor, clock = max(floor, runner.floor), max(clock, runner.clock)
        changes = runner.process(batch, floor, clock, keep_codes=is_more_waiting)
        self._spent("engine", started)
        self._apply(changes)
        self._write(rejected=self._source.collected.take_rejected())

    # What comes out

    def _apply(self, changes: list[AlertChange]) -> None:
        if not changes:
            return
        alerts: list[Alert] = []
        for change in changes:
            match change:
                case Published(alert):
                    if alert.alert_id not in self._unsettled:
                        self._standing[alert.typology] += 1
                    self._unsettled[alert.alert_id] = alert
                    alerts.append(alert)
                case Withdrawn(alert_id, successors):
                    alert = self._unsettled.pop(alert_id)
                    self._standing[alert.typology] -= 1
                    alerts.append(replaced(alert, status=Status.WITHDRAWN, superseded_by=successors))
                case Settled(alert_id):
                    alerts.append(replaced(self._unsettled.pop(alert_id), is_settled=True))
        self._write(alerts=alerts, cited=self._runner.take_cited())

    def _write(
        self,
        alerts: list[Alert] | None = None,
        cited: pl.DataFrame | None = None,
        rejected: pl.DataFrame | None = None,
        late: pl.DataFrame | None = None,
    ) -> None:
        if not alerts and rejected is None and late is None:
            return
        if rejected is not None:
            self._reasons.update(rejected["reason"].to_list())
        started = time.perf_counter()
        context = self._context.take(alerts or ())
        self._buffer.add(AlertBatch(alerts or [], cited, rejected, late, context))
        self._spent("store", started)

    def _spent(self, stage: str, started: float) -> None:
        self.stages[stage] = self.stages.get(stage, 0.0) + time.perf_counter() - started

    def _show(self, *, force: bool = False) -> None:
        if self._progress is None:
            return
        moment = time.perf_counter()
        if not force and moment - self._shown < _PROGRESS_SECONDS:
            return
        self._shown = moment
        clock = self._runner.clock
        self._progress(
            Progress(
                events=self._runner.counters.events,
                event_time=to_datetime(clock) if clock > NOT_STARTED else None,
                alerts=sum(self._standing.values()),
                seconds=moment - self._began,
                done_bytes=self._source.bytes_done,
                total_bytes=self._total_bytes,
            )
        )

    # The end

    def counters(self) -> dict[str, int]:
        """Return what became of every row."""
        read = self._source.collected
        engine = self._runner.counters
        return {
            "read": read.rows_read,
            "accepted": engine.accepted,
            "retraction": engine.retractions,
            "duplicate": engine.duplicates,
            "late": self._n_late,
            "rejected": read.rows_rejected + self._n_ahead,
            "context": read.rows_read - read.rows_events - read.rows_rejected,
            "irrelevant": engine.irrelevant,
            "judged": engine.judged,
            "findings": engine.findings,
            "refused_files": read.n_refused,
        }

    def report(self, run_id: str, counters: dict[str, int]) -> ReplayReport:
        """Return the report of the finished run."""
        collected = self._source.collected
        return ReplayReport(
            run_id=run_id,
            counters=counters,
            alerts={name: n for name, n in sorted(self._standing.items()) if n},
            notes=list(collected.notes),
            seconds=time.perf_counter() - self._began,
            stages=dict(self.stages),
            first_event=None if self._first is None else to_datetime(self._first),
            last_event=None if self._last is None else to_datetime(self._last),
            labels=pl.concat(collected.labels, how="diagonal") if collected.labels else None,
            rejected_reasons=self._reasons.most_common(10),
        )


def _nothing() -> RecordBatch:
    return RecordBatch(np.zeros(0, RECORD), np.zeros(0, np.uint8), {}, {})


def _rejected_ahead(rows: pl.DataFrame, reason: str) -> pl.DataFrame:
    return rows.select(
        source=pl.col("origin"),
        position=pl.col("position"),
        reason=pl.format("{}, found {} and {}", pl.lit(reason), pl.col("event_time"), pl.col("received_at")),
        raw=pl.struct(pl.all().cast(pl.String)).struct.json_encode().cast(pl.Binary),
    )
