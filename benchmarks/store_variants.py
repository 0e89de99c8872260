"""Why the engine keeps chains with trailing figures: the same figures in three kinds of store.

What is measured
    Eight trailing figures (count and sum of credits over 1, 3, 10 and 20 days) for every credit of heavy-tailed
    accounts, and whether they pass four screens, in batches of 1,000 and 10,000, on one core:
    - `walk`: each batch, the history of every touched subject is walked from the first row that a window of a new row
      can reach, and the figures are made again (numba; append-only columns with pointers to the previous row). The
      obvious store: no figure is kept, so nothing can be wrong after a late event;
    - `chains`: this engine's chains with figures kept incrementally, through the same code as the runner
      (`screening`), from records to screens;
    - `rolling`: Polars micro-batches with a carried tail: rows of touched subjects that a window can reach, `rolling`
      over time by subject.
    `walk` and `rolling` start from columns (time, subject, cents) and stop at the figures, so they do less.

How
    Events come in order. All three must let the same events pass each screen. `rolling` is given only the first
    `--slow` events. The walk costs batches times the history of the busiest subjects: what it costs an event rises
    until the longest window is full, and with the number of events a day; hence two lengths.

Command
    python -m benchmarks.store_variants --out results/store_variants.json
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.measure import one_core
from benchmarks.report import Report, exit_code, finish, parser, per_second, whole_numbers
from benchmarks.screening import Screening
from typologies.base.chainlayout import Int32Array, Int64Array
from typologies.base.detector import ACCOUNT, Context, Detector
from typologies.base.encoding import RecordBatch
from typologies.base.events import NULL_CODE, NULL_I64, Kind, Side
from typologies.base.expressions import Expr, Past, Trailing, col, count, total
from typologies.base.findings import Deadline, Finding
from typologies.base.jit import kernel
from typologies.base.records import RECORD
from typologies.base.reference import Bound
from typologies.base.window import Window, span_us

DAYS = (1, 3, 10, 20)
START_US = 1_767_571_200_000_000  # 2026-01-05, a Monday
DAY_US = 86_400_000_000

Passed = list[npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Screen:
    """At least `n` credits and `cents` in the last `DAYS[window]` days."""

    window: int
    n: int
    cents: int


SCREENS = (Screen(0, 3, 2_000_00), Screen(1, 4, 5_000_00), Screen(2, 6, 10_000_00), Screen(3, 8, 20_000_00))


class Probe(Detector[Screen]):
    """All eight figures, one screen, no judge."""

    lenses = (ACCOUNT,)

    @property
    def look_back(self) -> timedelta:
        """The longest window."""
        return timedelta(days=DAYS[-1])

    def relevant(self) -> Expr:
        """Credits."""
        return col.side == Side.CREDIT

    def trailing(self) -> Mapping[str, Trailing]:
        """Counts and sums."""
        spans = {days: timedelta(days=days) for days in DAYS}
        return {f"n{days}": count(span) for days, span in spans.items()} | {
            f"usd{days}": total(col.amount_usd, span) for days, span in spans.items()
        }

    def screen(self, past: Past) -> Expr:
        """Count and sum of one window."""
        days = DAYS[self.params.window]
        n: Expr = getattr(past, f"n{days}")
        cents: Expr = getattr(past, f"usd{days}")
        return (n >= self.params.n) & (cents >= self.params.cents)

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Credits:
    """Credits in order: microseconds, subject codes, cents."""

    times: Int64Array
    subjects: Int32Array
    cents: Int64Array

    def __len__(self) -> int:
        return int(self.times.shape[0])

    def batches(self, size: int) -> Iterator[Credits]:
        """Yield pieces of `size`."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            yield Credits(self.times[part], self.subjects[part], self.cents[part])

    def head(self, n: int) -> Credits:
        """Return the first `n`."""
        return Credits(self.times[:n], self.subjects[:n], self.cents[:n])


def make(n: int, accounts: int, days: int, seed: int) -> Credits:
    """Return credits of accounts whose activity falls as (rank + 20) ** -1.1, evenly over the days."""
    rng = np.random.default_rng(seed)
    low, high = 20.0**-0.1, (accounts + 20.0) ** -0.1
    rank = (low + (high - low) * rng.random(n)) ** -10.0 - 20.0
    subjects = np.minimum(rank.astype(np.int64), accounts - 1).astype(np.int32)
    # Different microseconds everywhere: with ties the variants would order by other keys.
    times = START_US + np.sort(rng.choice(days * DAY_US // 1_000, n, replace=False)) * 1_000
    cents = np.clip(np.exp(rng.standard_normal(n) * 1.3 + 9.5), 100, 5_000_000_00).astype(np.int64)
    return Credits(times.astype(np.int64), subjects, cents)


def main(argv: Sequence[str] | None = None) -> Report:
    """Measure, print, write; see the module."""
    options = parser(__doc__)
    options.add_argument("--events", type=int, default=2_000_000, help="credits [2,000,000]")
    options.add_argument("--slow", type=int, default=300_000, help="credits for the slow variants [300,000]")
    options.add_argument("--accounts", type=int, default=200_000, help="accounts [200,000]")
    options.add_argument("--days", type=int, default=60, help="days [60]")
    options.add_argument("--batches", type=whole_numbers, default=(1_000, 10_000), help="batch sizes [1000,10000]")
    options.add_argument("--seed", type=int, default=1, help="seed [1]")
    args = options.parse_args(argv)
    every = make(args.events, args.accounts, args.days, args.seed)
    few = every.head(min(args.slow, args.events))
    busiest = int(np.bincount(every.subjects).max())
    report = Report(
        "store_variants",
        {
            "credits": len(every),
            "credits, short": len(few),
            "accounts": args.accounts,
            "days": args.days,
            "figures": 2 * len(DAYS),
            "rows of the busiest subject": busiest,
        },
    )
    table = report.table("figures and screens, one core")
    with one_core():
        for run in (walk, chains, rolling):
            run(every.head(2_000), 1_000)
        for size in args.batches:
            expected: dict[int, list[int]] = {}
            for name, run, credits in (
                ("chains (this engine)", chains, few),
                ("walk each touched subject", walk, few),
                ("Polars rolling, carried tail", rolling, few),
                ("chains (this engine)", chains, every),
                ("walk each touched subject", walk, every),
            ):
                seconds, passed = run(credits, size)
                table.add(
                    store=name,
                    batch=size,
                    events=len(credits),
                    seconds=seconds,
                    events_per_s=round(per_second(len(credits), seconds)),
                    passed=sum(int(p.sum()) for p in passed),
                )
                found = [hash(p.tobytes()) for p in passed]
                what = f"{name}, {len(credits):,} in batches of {size:,}: the same events pass each screen"
                report.check(what, found, expected.setdefault(len(credits), found))
    return finish(report, args.out)


def _passes(counts: Sequence[Int64Array] | Int64Array, sums: Sequence[Int64Array] | Int64Array) -> Passed:
    return [(counts[s.window] >= s.n) & (sums[s.window] >= s.cents) for s in SCREENS]


# Chains


def chains(credits: Credits, size: int) -> tuple[float, Passed]:
    """Return seconds and, for each screen, (n,) which credits pass."""
    screening = Screening([Bound(f"probe{i}", "1", Probe(screen)) for i, screen in enumerate(SCREENS)])
    n_codes = int(credits.subjects.max()) + 1
    passed = [np.zeros(len(credits), np.bool_) for _ in SCREENS]
    seconds = 0.0
    at = 0
    for part in credits.batches(size):
        batch = _records(part, at)
        began = time.perf_counter()
        found = screening.take(batch, n_codes)
        for (name, _), places in found.items():
            passed[int(name.removeprefix("probe"))][at + places] = True
        seconds += time.perf_counter() - began
        at += len(part)
    return seconds, passed


def _records(part: Credits, first: int) -> RecordBatch:
    records = np.zeros(len(part), RECORD)
    for name in RECORD.names or ():
        if RECORD[name] == np.int32:
            records[name] = NULL_CODE
    records["time"] = part.times
    records["key_hi"] = np.arange(first, first + len(part), dtype=np.uint64)
    records["kind"] = Kind.CASH
    records["creditor_account"] = part.subjects
    records["amount_usd"] = part.cents
    records["counter_amount"] = NULL_I64
    return RecordBatch(records, np.zeros(0, np.uint8), {}, {})


# Walking


def walk(credits: Credits, size: int) -> tuple[float, Passed]:
    """Return seconds and, for each screen, (n,) which credits pass."""
    n = len(credits)
    windows = np.array([span_us(timedelta(days=days)) for days in DAYS], np.int64)
    previous = np.full(n, -1, np.int32)
    last = np.full(int(credits.subjects.max()) + 1, -1, np.int32)
    touched = np.full(last.shape[0], -1, np.int32)
    path = np.empty(n, np.int32)
    counts = np.empty((len(DAYS), n), np.int64)
    sums = np.empty((len(DAYS), n), np.int64)
    passed: list[Passed] = []
    seconds = 0.0
    for start in range(0, n, size):
        stop = min(start + size, n)
        began = time.perf_counter()
        _walk(
            credits.times, credits.subjects, credits.cents, start, stop, windows, previous, last, touched, path, counts,
            sums,
        )  # fmt: skip
        passed.append(_passes(counts[:, start:stop], sums[:, start:stop]))
        seconds += time.perf_counter() - began
    return seconds, [np.concatenate(parts) for parts in zip(*passed, strict=True)]


@kernel
def _walk(
    times: Int64Array,
    subjects: Int32Array,
    cents: Int64Array,
    start: int,
    stop: int,
    windows: Int64Array,
    previous: Int32Array,
    last: Int32Array,
    touched: Int32Array,
    path: Int32Array,
    counts: Int64Array,
    sums: Int64Array,
) -> None:
    """Append rows `start` to `stop`, then walk every touched subject's history and write the figures of new rows."""
    longest = np.int64(0)
    for w in range(windows.shape[0]):
        longest = max(longest, windows[w])
    for row in range(start, stop):
        subject = subjects[row]
        previous[row] = last[subject]
        last[subject] = row
    for row in range(start, stop):
        subject = subjects[row]
        if touched[subject] >= start:
            continue
        touched[subject] = row  # its first new row
        # The path back: from the last row to the first one that a window of the first new row can reach.
        n = 0
        at = last[subject]
        while at >= 0 and times[at] > times[row] - longest:
            path[n] = at
            n += 1
            at = previous[at]
        for w in range(windows.shape[0]):
            number = np.int64(0)
            money = np.int64(0)
            tail = n - 1
            for k in range(n - 1, -1, -1):
                number += 1
                money += cents[path[k]]
                while times[path[tail]] <= times[path[k]] - windows[w]:
                    number -= 1
                    money -= cents[path[tail]]
                    tail -= 1
                if path[k] >= start:
                    counts[w, path[k]] = number
                    sums[w, path[k]] = money


# Polars


def rolling(credits: Credits, size: int) -> tuple[float, Passed]:
    """Return seconds and, for each screen, (n,) which credits pass."""
    columns = {"time": credits.times, "subject": credits.subjects, "cents": credits.cents}
    frame = pl.DataFrame(columns).with_columns(pl.col("time").cast(pl.Datetime("us"))).with_row_index("row")
    longest = timedelta(days=DAYS[-1])
    tail = frame.clear()
    passed: list[Passed] = []
    seconds = 0.0
    for start in range(0, frame.height, size):
        batch = frame.slice(start, size)
        began = time.perf_counter()
        first = batch["time"][0]
        tail = tail.filter(pl.col("time") > first - longest)
        mine = pl.concat([tail.join(batch.select("subject").unique(), on="subject", how="semi"), batch])
        figures = mine.with_columns(pl.lit(1, pl.Int64).alias("one")).with_columns(
            *(
                pl.col(value).rolling_sum_by("time", window_size=f"{days}d").over("subject").alias(f"{value}{days}")
                for days in DAYS
                for value in ("one", "cents")
            )
        )
        new = figures.filter(pl.col("row") >= start)
        passed.append(
            _passes([new[f"one{days}"].to_numpy() for days in DAYS], [new[f"cents{days}"].to_numpy() for days in DAYS])
        )
        tail = pl.concat([tail, batch])
        seconds += time.perf_counter() - began
    return seconds, [np.concatenate(parts) for parts in zip(*passed, strict=True)]


if __name__ == "__main__":
    raise SystemExit(exit_code(main()))
