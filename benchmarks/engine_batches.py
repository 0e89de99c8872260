"""The engine alone, from encoded record batches, on one core.

What is measured
    `Runner.process` on batches of 10,000, 1,000 and 1 events that are prepared (decoded, hashed) already, in order of
    event time and in an order shuffled within the lateness. Beside it, apart: `dictionary` (interning of strings, per
    batch) and `entrance` (the decision on lateness), which a driver pays as well. The process is kept on one core.

How
    The first events (`--lead`, in batches of 10,000) fill the store and are not timed. The rest is timed, a batch of
    one over the last `--single` events only. All runs end with every event judged, and the standing alerts of all runs
    must agree by digest. `engine_cpu` is what the thread itself ran: if it is less than the wall time, the machine was
    not quiet and the wall times mean little. The breakdown is a run of its own, because watching costs time: exclusive
    seconds of named functions and kernels in shares of their sum.

Command
    python -m benchmarks.engine_batches --out results/engine_batches.json
    python -m benchmarks.engine_batches --profile     adds cProfile's top 25 of the batches of 10,000
"""

from __future__ import annotations

import cProfile
import io
import pstats
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.breakdown import Breakdown
from benchmarks.measure import one_core
from benchmarks.report import Report, Table, exit_code, finish, parser, per_second, share, tell, whole_numbers
from benchmarks.volume import Volume, add_arguments, in_batches, of_arguments, shuffled_frame, split_at
from pipeline.ingest.fx import FxTable
from typologies.base.catalogue import discover
from typologies.base.changes import AlertBook
from typologies.base.encoding import Prepared, RecordBatch, prepare
from typologies.base.entrance import Entrance
from typologies.base.events import Kind
from typologies.base.records import RECORD
from typologies.base.reference import Bound
from typologies.base.runner import Runner
from typologies.base.settings import EngineSettings

LEAD_BATCH = 10_000
INPUT = "events"

_BASE = "typologies.base."
PLACES: tuple[tuple[str, str], ...] = (
    ("dictionary", _BASE + "runner:Runner.intern"),
    ("entrance", _BASE + "entrance:Entrance.admit"),
    ("duplicates", _BASE + "dedupe:SeenKeys.mark"),
    ("times, keys and order of the batch", _BASE + "runner:survey"),
    ("times, keys and order of the batch", _BASE + "runner:take"),
    ("event store", _BASE + "eventstore:EventStore.append"),
    ("event store", _BASE + "eventstore:EventStore.compact"),
    ("event store", _BASE + "eventstore:EventStore.n_dead"),
    ("relate: classes of rows", _BASE + "rowclasses:classify"),
    ("relate: classes of rows", _BASE + "rowclasses:keep_relevant"),
    ("relate: new classes", _BASE + "rowclasses:RowClasses._work_out"),
    ("relate: the rest", _BASE + "lensstore:LensStore.relate"),
    ("chains: rows linked", _BASE + "chains:link"),
    ("chains: figures and screens", _BASE + "chains:screen"),
    ("chains: the rest", _BASE + "lensstore:LensStore.ingest"),
    ("chains: the rest", _BASE + "lensstore:LensStore.screen"),
    ("updates of touched subjects", _BASE + "runner:Runner._screen"),
    ("judge: windows", _BASE + "judging:Bench._window_events"),
    ("judge: windows", _BASE + "lensstore:LensStore.window"),
    ("judge: around the detector", _BASE + "judging:Bench.judge"),
    ("judge: around the detector", _BASE + "judging:Bench.judge_row"),
    ("judge: windows", _BASE + "walk:Walk.window"),
    ("judge: hubs", _BASE + "lensstore:LensStore.window_count"),
    ("judge: hubs", _BASE + "lensstore:LensStore.has_rows"),
    ("judge: hubs", _BASE + "lensstore:LensStore.day_sums"),
    ("judge: cited events", _BASE + "judging:Bench._pin"),
    ("episodes", _BASE + "subjects:SubjectState.episode_changes"),
    ("episodes", _BASE + "subjects:SubjectState.forget_from"),
    ("episodes", _BASE + "runner:Runner._apply"),
    ("updates of touched subjects", _BASE + "runner:Runner._apply_updates"),
    ("settling", _BASE + "runner:Runner._settle_alerts"),
    ("letting go", _BASE + "lensstore:LensStore.sweep"),
    ("letting go", _BASE + "runner:Runner._compact_dictionary"),
    ("letting go", _BASE + "runner:Runner._forget"),
    ("the rest of the runner", _BASE + "runner:Runner._store"),
    ("the rest of the runner", _BASE + "runner:Runner._take_events"),
    ("the rest of the runner", _BASE + "runner:Runner.process"),
)
"""What the breakdown tells apart, beside each detector's `judge`."""


@dataclass(slots=True)
class Costs:
    """Seconds of a timed stretch."""

    events: int = 0
    batches: int = 0
    entrance: float = 0.0
    dictionary: float = 0.0
    engine: float = 0.0
    engine_cpu: float = 0.0


class Run:
    """One engine fed with prepared batches.

    Parameters
    ----------
    bound
        Detectors with id and version.
    settings
        Lateness and row cap.
    is_recorded
        Whether alerts are kept in `book`; not in runs whose memory is measured.
    """

    def __init__(self, bound: Sequence[Bound], settings: EngineSettings, *, is_recorded: bool = True) -> None:
        self.costs = Costs()
        self._is_recorded = is_recorded
        self.book = AlertBook()
        self.runner = Runner(bound, settings)
        self.entrance = Entrance([INPUT], settings)

    def take(self, batches: Iterable[Prepared], *, is_timed: bool) -> None:
        """Take in batches."""
        clock, cpu = time.perf_counter, time.thread_time
        costs, runner, entrance = self.costs, self.runner, self.entrance
        for prepared in batches:
            began = clock()
            batch = runner.intern(prepared)
            interned = clock()
            records = batch.records
            admission = entrance.admit(INPUT, records["time"], records["received"], records["kind"] == Kind.RETRACTION)
            worked = cpu()
            admitted = clock()
            changes = runner.process(batch, admission.floor, admission.clock)
            ended = clock()
            worked = cpu() - worked
            if self._is_recorded:
                self.book.apply(changes)
            runner.take_cited()
            if admission.verdicts.any():
                raise ValueError("an event was late or ahead: the shuffle must stay within the lateness")
            if is_timed:
                costs.events += len(batch)
                costs.batches += 1
                costs.dictionary += interned - began
                costs.entrance += admitted - interned
                costs.engine += ended - admitted
                costs.engine_cpu += worked

    def finish(self) -> frozenset[str]:
        """End the input and return the digests of the standing alerts."""
        self.entrance.end(self.entrance.clock)
        nothing = RecordBatch(np.zeros(0, RECORD), np.zeros(0, np.uint8), {}, {})
        changes = self.runner.process(nothing, self.entrance.floor, self.entrance.clock)
        if self._is_recorded:
            self.book.apply(changes)
        return frozenset(alert.digest for alert in self.book.standing().values())


def main(argv: Sequence[str] | None = None) -> Report:
    """Measure, print, write; see the module."""
    options = parser(__doc__)
    add_arguments(options, events=5_000_000, accounts=500_000, days=90)
    options.add_argument("--batches", type=whole_numbers, default=(10_000, 1_000, 1), help="batch sizes [10000,1000,1]")
    options.add_argument(
        "--lead", type=int, default=1_000_000, help="events that fill the store, not timed [1,000,000]"
    )
    options.add_argument("--single", type=int, default=200_000, help="events timed in batches below 100 [200,000]")
    options.add_argument("--profile", action="store_true", help="add cProfile's top 25 for the first batch size")
    args = options.parse_args(argv)
    volume = of_arguments(args)
    bound = [typology.bind() for typology in discover().values()]
    settings = EngineSettings()
    report = Report(
        "engine_batches",
        {
            "events": volume.events,
            "accounts": volume.accounts,
            "days": volume.days,
            "typologies": ", ".join(f"{b.typology} {b.version}" for b in bound),
            "lateness": str(settings.lateness),
            "lead (not timed)": args.lead,
        },
    )
    arrivals = _arrivals(volume, settings)
    with one_core():
        warm_up(bound, settings)
        table = report.table("engine alone, one core (seconds are of the timed events)")
        digests: frozenset[str] | None = None
        for arrival, prepared in arrivals.items():
            for size in args.batches:
                tell(f"{arrival}, batches of {size:,}")
                run, found = _measured(bound, settings, prepared, size, _lead(args.lead, args.single, volume, size))
                _add_row(table, arrival, size, run)
                if digests is None:
                    digests = found
                report.check(f"{arrival}, batches of {size:,}: the same alerts, digest for digest", found, digests)
        for arrival, prepared in arrivals.items():
            for size in args.batches:
                _add_breakdown(
                    report, bound, settings, arrival, prepared, size, _lead(args.lead, args.single, volume, size)
                )
        if args.profile:
            first = args.batches[0]
            lead = _lead(args.lead, args.single, volume, first)
            report.profiles["cProfile, in order, by own time (judges look slower than they are)"] = _profile(
                bound, settings, arrivals["in order"], first, lead
            )
    report.notes.append(f"alerts standing at the end: {len(digests or ()):,}")
    return finish(report, args.out)


def _arrivals(volume: Volume, settings: EngineSettings) -> dict[str, list[Prepared]]:
    fx = FxTable.from_package()
    frames = list(volume.frames(fx))
    ordered = [prepare(frame) for frame in frames]
    shuffled = shuffled_frame(pl.concat(frames), settings.lateness_us, volume.seed)
    return {"in order": ordered, "shuffled": [prepare(frame) for frame in shuffled.iter_slices(131_072)]}


def warm_up(bound: Sequence[Bound], settings: EngineSettings) -> None:
    """Load all kernels from their cache (or compile them)."""
    frame = pl.concat(list(Volume(20_000, 500, 60, seed=7).frames(FxTable.from_package())))
    for arrived in (frame, shuffled_frame(frame, settings.lateness_us, seed=7)):
        for size in (5_000, 1):
            run = Run(bound, settings)
            before, after = split_at([prepare(arrived)], 19_900)
            run.take(in_batches(before, 5_000), is_timed=False)
            run.take(in_batches(after, size), is_timed=False)
            run.finish()


def _lead(lead: int, single: int, volume: Volume, size: int) -> int:
    """Return how many events come before the timed ones."""
    lead = min(lead, volume.events // 2)
    return max(lead, volume.events - single) if size < 100 else lead


def _measured(
    bound: Sequence[Bound], settings: EngineSettings, prepared: Sequence[Prepared], size: int, lead: int
) -> tuple[Run, frozenset[str]]:
    run = Run(bound, settings)
    before, after = split_at(prepared, lead)
    run.take(in_batches(before, LEAD_BATCH), is_timed=False)
    run.take(in_batches(after, size), is_timed=True)
    return run, run.finish()


def _add_row(table: Table, arrival: str, size: int, run: Run) -> None:
    costs = run.costs
    everything = costs.engine + costs.dictionary + costs.entrance
    table.add(
        arrival=arrival,
        batch=size,
        events=costs.events,
        engine_s=costs.engine,
        engine_cpu_s=costs.engine_cpu,
        dictionary_s=costs.dictionary,
        entrance_s=costs.entrance,
        engine_events_per_s=round(per_second(costs.events, costs.engine)),
        per_cpu_s=round(per_second(costs.events, costs.engine_cpu)),
        with_dictionary_and_entrance=round(per_second(costs.events, everything)),
        us_per_batch=1e6 * costs.engine / max(costs.batches, 1),
    )


def _places(bound: Sequence[Bound]) -> list[tuple[str, str]]:
    judges = [
        (f"judge: {b.typology}", f"{type(b.detector).__module__}:{type(b.detector).__qualname__}.judge") for b in bound
    ]
    return [*PLACES, *judges]


def _add_breakdown(
    report: Report,
    bound: Sequence[Bound],
    settings: EngineSettings,
    arrival: str,
    prepared: Sequence[Prepared],
    size: int,
    lead: int,
) -> None:
    tell(f"where the time goes: {arrival}, batches of {size:,}")
    run = Run(bound, settings)
    before, after = split_at(prepared, lead)
    run.take(in_batches(before, LEAD_BATCH), is_timed=False)
    watch = Breakdown()
    with watch.watching(_places(bound)):
        run.take(in_batches(after, size), is_timed=True)
    table = report.table(f"where the time goes: {arrival}, batches of {size:,}")
    for label, seconds, calls in watch.by_time():
        if share(seconds, watch.total) >= 0.5:
            table.add(
                part=label,
                percent=share(seconds, watch.total),
                ns_per_event=1e9 * seconds / max(run.costs.events, 1),
                calls=calls,
            )
    note = f"not found, so counted with their callers: {', '.join(watch.missing)}"
    if watch.missing and note not in report.notes:
        report.notes.append(note)


def _profile(
    bound: Sequence[Bound], settings: EngineSettings, prepared: Sequence[Prepared], size: int, lead: int
) -> list[str]:
    run = Run(bound, settings)
    before, after = split_at(prepared, lead)
    run.take(in_batches(before, LEAD_BATCH), is_timed=False)
    profiler = cProfile.Profile()
    profiler.runcall(run.take, in_batches(after, size), is_timed=True)
    return top(profiler)


def top(profiler: cProfile.Profile, n: int = 25) -> list[str]:
    """Return a profile's `n` functions with the most time of their own, with percent of the whole."""
    stats = pstats.Stats(profiler, stream=io.StringIO())
    total = sum(entry[2] for entry in stats.stats.values()) or 1.0  # type: ignore[attr-defined]
    entries = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:n]  # type: ignore[attr-defined]
    lines = [f"{'own %':>6} {'total %':>8} {'calls':>10}  function"]
    for (file, line, name), (_, calls, own, whole, _) in entries:
        where = f"{'/'.join(file.split('/')[-2:])}:{line} " if line else ""
        lines.append(f"{share(own, total):6.1f} {share(whole, total):8.1f} {calls:10,}  {where}{name}")
    return lines


if __name__ == "__main__":
    raise SystemExit(exit_code(main()))
