"""Constant events per day for longer and longer: cost per event, what is retained, bytes per retained event.

What is measured
    One engine on one core takes in events at a constant rate (`--per-day`) in batches of 10,000, from the first to the
    last of `--max`. At 100,000, 200,000, 500,000, 1,000,000 ... events a row says what the stretch since the row
    before cost per event, what the engine retains and how many bytes that takes by its own count (`Runner.n_bytes`:
    events, rows, figures, keys, dictionary), and the resident memory of the process. Cost must be flat once the
    look-back is full; memory is set by the rate and the look-back, not by the length.

How
    Events are made in a stream, block by block, so that 50,000,000 need no more memory than 100,000; making, decoding
    and hashing them is outside the timed part. Engine, dictionary and entrance are timed. Alerts are not kept.

Commands
    python -m benchmarks.constant_rate --out results/constant_rate.json
    python -m benchmarks.constant_rate --max 50000000 --out results/constant_rate.json        (some ten minutes)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.engine_batches import LEAD_BATCH, Costs, Run, warm_up
from benchmarks.measure import one_core, peak_resident_bytes, resident_bytes
from benchmarks.report import Report, exit_code, finish, parser, per_second, tell
from benchmarks.volume import Volume, in_batches, split_at
from pipeline.ingest.fx import FxTable
from replay.synthetic.volume import START_MICROSECONDS
from typologies.base.catalogue import discover
from typologies.base.encoding import Prepared
from typologies.base.settings import EngineSettings
from typologies.base.window import span_us, to_datetime


def main(argv: Sequence[str] | None = None) -> Report:
    """Measure, print, write; see the module."""
    options = parser(__doc__)
    options.add_argument("--max", type=int, default=5_000_000, help="events of the longest stretch [5,000,000]")
    options.add_argument("--per-day", type=int, default=100_000, help="events a day [100,000]")
    options.add_argument("--accounts", type=int, default=500_000, help="accounts [500,000]")
    options.add_argument("--seed", type=int, default=1, help="seed of the events [1]")
    args = options.parse_args(argv)
    volume = Volume(args.max, args.accounts, max(1, round(args.max / args.per_day)), args.seed)
    bound = [typology.bind() for typology in discover().values()]
    settings = EngineSettings()
    look_back = max(span_us(b.detector.look_back) for b in bound)
    report = Report(
        "constant_rate",
        {
            "events": args.max,
            "events a day": args.per_day,
            "accounts": args.accounts,
            "batch": LEAD_BATCH,
            "longest look-back, days": look_back // 86_400_000_000,
            "typologies": ", ".join(f"{b.typology} {b.version}" for b in bound),
        },
    )
    table = report.table("one engine, one core")
    fx = FxTable.from_package()
    with one_core():
        warm_up(bound, settings)
        before = resident_bytes()
        run = Run(bound, settings, is_recorded=False)
        total = 0
        for stretch, batches in _stretches(volume, fx):
            run.costs = Costs()
            run.take(in_batches(batches, LEAD_BATCH), is_timed=True)
            total += stretch
            tell(f"{total:,} events")
            costs, runner = run.costs, run.runner
            seconds = costs.engine + costs.dictionary + costs.entrance
            table.add(
                events=total,
                day=(to_datetime(runner.clock) - to_datetime(START_MICROSECONDS)).days,
                us_per_event=1e6 * seconds / stretch,
                events_per_s=round(per_second(stretch, seconds)),
                retained=runner.n_retained,
                engine_MB=runner.n_bytes / 1e6,
                bytes_per_retained=round(runner.n_bytes / max(runner.n_retained, 1)),
                process_MB=round(resident_bytes() / 1e6),
                grown_by_MB=round((resident_bytes() - before) / 1e6),
                peak_MB=round(peak_resident_bytes() / 1e6),
            )
        run.finish()
    counters = run.runner.counters
    report.check("every event was taken in", counters.accepted + counters.duplicates, args.max)
    report.check(
        "nothing older than the look-back and the lateness is retained for long",
        run.runner.n_retained <= _bound(args.per_day, look_back, settings, args.max),
        True,
    )
    report.notes.append(
        f"the process held {before / 1e6:,.0f} MB before the first event (libraries, kernels, rates); what it grew by "
        "holds blocks of events on their way too"
    )
    return finish(report, args.out)


def checkpoints(most: int) -> list[int]:
    """Return 100,000, 200,000, 500,000, 1,000,000 and so on below `most`, and `most`.

    Examples
    --------
    >>> checkpoints(1_500_000)
    [100000, 200000, 500000, 1000000, 1500000]
    """
    found: list[int] = []
    decade = 100_000
    while decade < most:
        found += [factor * decade for factor in (1, 2, 5) if factor * decade < most]
        decade *= 10
    return [*found, most]


def _stretches(volume: Volume, fx: FxTable) -> Iterator[tuple[int, Iterator[Prepared]]]:
    """Yield (events, their prepared batches) from one checkpoint to the next; use each up before the next."""
    source = volume.prepared(fx)
    held: list[Prepared] = []

    def first(n: int) -> Iterator[Prepared]:
        while n > 0:
            batch = held.pop() if held else next(source)
            taken, rest = split_at([batch], n)
            held.extend(rest)
            n -= sum(map(len, taken))
            yield from taken

    reached = 0
    for checkpoint in checkpoints(volume.events):
        yield checkpoint - reached, first(checkpoint - reached)
        reached = checkpoint


def _bound(per_day: int, look_back_us: int, settings: EngineSettings, most: int) -> int:
    """Return how many events may be in memory: the spans of design.md §4 with half as much again until it is swept."""
    days = (2 * look_back_us + settings.lateness_us + settings.reversals_us) / 86_400_000_000
    return min(most, round(1.5 * days * per_day))


if __name__ == "__main__":
    raise SystemExit(exit_code(main()))
