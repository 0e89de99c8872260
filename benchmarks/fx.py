"""US dollars at the fixing of the day: exact on columns, beside exact row by row and a join in floating point.

What is measured
    On `--events` rows in 13 currencies over ten years, a twentieth in a currency without any rate, one core:
    - `FxTable.apply`, as a replay calls it, on frames of 131,072 rows: integers in, integers out, half-even;
    - row by row: `FxTable.rate_at` and fractions (on the first `--slice` rows);
    - a Polars as-of join with one floating-point rate a currency and fixing, rounded: what one would write first. The
      table says in how many rows it is a cent or more off;
    - all rows in US dollars, the case that `apply` answers without a rate.

How
    `apply` and row by row must agree on every row of the slice, missing rates included.

Command
    python -m benchmarks.fx --out results/fx.json
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from benchmarks.measure import one_core, timed
from benchmarks.report import Report, exit_code, finish, parser, per_second
from pipeline.ingest.fx import FxTable
from pipeline.ingest.fx_rates import FIXING_TIME, FIXING_ZONE
from typologies.base.events import FRAME_SCHEMA

EXPONENTS = {
    "AED": 2, "AUD": 2, "BRL": 2, "CAD": 2, "CHF": 2, "CNY": 2, "EUR": 2, "GBP": 2, "HKD": 2, "JPY": 0, "KWD": 3,
    "MXN": 2, "XTS": 2,
}  # fmt: skip
"""ISO 4217 exponents. XTS is the code for tests: nothing has a rate for it."""

START = datetime(2015, 1, 1, tzinfo=UTC)
BLOCK = 131_072


def main(argv: Sequence[str] | None = None) -> Report:
    """Measure, print, write; see the module."""
    options = parser(__doc__)
    options.add_argument("--events", type=int, default=1_000_000, help="rows [1,000,000]")
    options.add_argument("--slice", type=int, default=20_000, help="rows of the slow variant [20,000]")
    options.add_argument("--runs", type=int, default=5, help="runs, of which the median counts [5]")
    options.add_argument("--days", type=int, default=3_650, help="days from 2015 on over which they lie [3,650]")
    args = options.parse_args(argv)
    mixed = mixed_rows(args.events, args.days)
    dollars = mixed.with_columns(pl.lit("USD").alias("currency"), pl.lit(2, pl.Int8).alias("exponent"))
    part = mixed.head(args.slice)
    report = Report("fx", {"rows": mixed.height, "rows of the slow variant": part.height, "runs": args.runs})
    table = report.table("one core")
    with one_core():
        loaded = timed(FxTable.from_package)
        fx = loaded.result
        applied = timed(lambda: _applied(fx, mixed), args.runs)
        plain = timed(lambda: _applied(fx, dollars), args.runs)
        slow = timed(lambda: row_by_row(fx, part))
        rates = day_rates(fx, args.days)
        joined = timed(lambda: float_join(mixed, rates), args.runs)
    exact = applied.result["amount_usd"]
    floating = joined.result["usd"]
    wrong = int(((exact != floating) & exact.is_not_null() & floating.is_not_null()).sum())
    for what, rows, seconds, differing in (
        ("FxTable.apply, 13 currencies", mixed.height, applied.seconds, 0),
        ("FxTable.apply, US dollars only", dollars.height, plain.seconds, 0),
        ("row by row, fractions", part.height, slow.seconds, 0),
        ("Polars as-of join, floating point", mixed.height, joined.seconds, wrong),
    ):
        table.add(
            variant=what,
            rows=rows,
            seconds=seconds,
            rows_per_s=round(per_second(rows, seconds)),
            rows_with_wrong_cents=differing,
        )
    report.check("apply and row by row agree on every row", exact.head(part.height).to_list(), slow.result)
    report.check("US dollars are their own value", plain.result["amount_usd"].sum(), int(dollars["amount"].sum()))
    report.notes.append(f"loading all rates once: {loaded.seconds:.2f} s")
    report.notes.append(f"rows without a rate: {exact.null_count():,}")
    return finish(report, args.out)


def mixed_rows(n: int, days: int) -> pl.DataFrame:
    """Return `n` canonical rows; a twentieth has no rate."""
    rng = np.random.default_rng(1)
    names = list(EXPONENTS)
    chosen = np.where(rng.random(n) < 0.05, len(names) - 1, rng.integers(0, len(names) - 1, n))
    micros = np.sort(rng.integers(0, days * 86_400_000_000, n)) + int(START.timestamp()) * 1_000_000
    given = {
        "event_time": pl.Series(micros).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        "currency": pl.Series(names).gather(pl.Series(chosen)),
        "exponent": pl.Series(list(EXPONENTS.values())).gather(pl.Series(chosen)),
        "amount": pl.Series(np.exp(rng.standard_normal(n) * 1.5 + 9).astype(np.int64) + 1),
    }
    frame = pl.DataFrame(given)
    return frame.select(
        (pl.col(name) if name in given else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in FRAME_SCHEMA.items()
    )


def _applied(fx: FxTable, frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([fx.apply(part) for part in frame.iter_slices(BLOCK)])


def row_by_row(fx: FxTable, frame: pl.DataFrame) -> list[int | None]:
    """Return (n,) US cents, None without a rate."""
    found: list[int | None] = []
    for moment, currency, amount, exponent in frame.select("event_time", "currency", "amount", "exponent").iter_rows():
        rate = fx.rate_at(currency, moment)
        found.append(None if rate is None else round(int(amount) * rate.usd_per_unit * 100 / 10**exponent))
    return found


def day_rates(fx: FxTable, days: int) -> pl.DataFrame:
    """Return one rate for each currency and day in floating point, from the moment at which a fixing counts."""
    rows = []
    for currency in EXPONENTS:
        for day in range(-10, days + 1):
            moment = datetime.combine((START + timedelta(days=day)).date(), FIXING_TIME, FIXING_ZONE).astimezone(UTC)
            rate = fx.rate_at(currency, moment)
            if rate is not None:
                rows.append((currency, moment, float(rate.usd_per_unit)))
    schema: dict[str, pl.DataType] = {
        "currency": pl.String(),
        "event_time": pl.Datetime("us", "UTC"),
        "rate": pl.Float64(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort("event_time")


def float_join(frame: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with `usd`: cents by a rate that was joined."""
    joined = frame.join_asof(
        rates, on="event_time", by="currency", strategy="backward", tolerance="25h", check_sortedness=False
    )
    cents = pl.col("amount").cast(pl.Float64) * pl.col("rate") * 100 / 10.0 ** pl.col("exponent").cast(pl.Float64)
    return joined.select(usd=cents.round(0).cast(pl.Int64))


if __name__ == "__main__":
    raise SystemExit(exit_code(main()))
