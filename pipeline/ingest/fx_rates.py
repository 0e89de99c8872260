"""Where rates come from: ECB history, official pegs, own files. All are brought to one form, dated segments.

A segment says: from `valid_from` to before `valid_until` one unit of a currency is worth numerator / denominator US
cents, exactly. Times are whole seconds since 1970 UTC, so that an event can be placed by comparing integers.
"""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.ingest.errors import UnusableInput

FIXING_TIME = time(16, 0)
FIXING_ZONE = ZoneInfo("Europe/Berlin")
"""A fixing of day D counts from D 16:00 Central European time: "usually updated around 16:00 CET" (ECB, Euro foreign
exchange reference rates). Until mid-2016 they came earlier in the afternoon; the later hour never looks ahead."""

MAX_AGE = timedelta(days=7)
"""A fixing holds until the next one, but at most so long. The longest regular gap (Easter, Christmas) is 5 days."""

OPEN_END = 2**40
"""`valid_until` of a segment without end: later than any event (year 36812)."""

SEGMENT_SCHEMA = pl.Schema(
    {
        "valid_from": pl.Int64,
        "valid_until": pl.Int64,
        "numerator": pl.Int128,
        "denominator": pl.Int128,
        "source": pl.String,
    }
)

Segments = Mapping[str, pl.DataFrame]
"""Currency to its segments: columns of `SEGMENT_SCHEMA`, by time, without overlaps."""

Row = tuple[int, int, int, int, str]
Int64Array = npt.NDArray[np.int64]

MAX_RATE_DIGITS = 18
"""Digits before and after the point that an own rate may have: what 128-bit arithmetic on usual amounts allows."""

_ECB_FILE = "eurofxref-hist.zip"


@dataclass(frozen=True, slots=True)
class OwnRate:
    """A rate somebody supplies: US dollars for one unit of `currency` from `valid_from` (aware, whole seconds)."""

    currency: str
    valid_from: datetime
    usd_per_unit: Decimal
    source: str
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Peg:
    """An official parity: `units` of `currency` are `anchor_units` of `anchor`, USD or EUR."""

    currency: str
    units: Decimal
    anchor: str
    anchor_units: Decimal
    valid_from: date
    valid_until: date | None
    source: str

    @property
    def label(self) -> str:
        """What an event cites: "peg 3.6725 AED = 1 USD"."""
        return f"peg {self.units} {self.currency} = {self.anchor_units} {self.anchor}"


def seconds(moment: datetime) -> int:
    """Return whole seconds since 1970 UTC, rounded down."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def ecb_segments(history: bytes) -> Segments:
    """Return the segments of every currency in the ECB's history file (a zip with one CSV), EUR among them.

    The file gives units per euro; US dollars per unit are the cross (USD per euro) / (units per euro), both exact.

    Raises
    ------
    UnusableInput
        The archive holds no such table.
    """
    with ZipFile(io.BytesIO(history)) as archive:
        table = pl.read_csv(archive.read(archive.namelist()[0]), infer_schema=False, null_values="N/A")
    if table.columns[:2] != ["Date", "USD"]:
        raise UnusableInput(f"required ECB history with the columns Date, USD, ..., found {table.columns[:4]}")
    days = table["Date"].to_list()
    starts = [seconds(datetime.combine(date.fromisoformat(day), FIXING_TIME, FIXING_ZONE)) for day in days]
    dollar = (
        table.with_columns(pl.Series("valid_from", starts), EUR=pl.lit("1"), source="ECB " + pl.col("Date"))
        .filter(pl.col("USD").is_not_null())
        .sort("valid_from")
    )
    currencies = [name for name in table.columns if len(name) == 3 and name.isupper() and name != "USD"]
    return {currency: _crosses(dollar, currency) for currency in ["EUR", *currencies]}


def _crosses(table: pl.DataFrame, currency: str) -> pl.DataFrame:
    held = table.filter(pl.col(currency).is_not_null())
    usd, usd_scale = _digits(held["USD"])
    unit, unit_scale = _digits(held[currency])
    start = held["valid_from"].to_numpy()
    following = np.append(start[1:], OPEN_END)
    return _in_lowest_terms(
        pl.DataFrame(
            {
                "valid_from": start,
                "valid_until": np.minimum(following, start + int(MAX_AGE.total_seconds())),
                "numerator": usd * unit_scale * 100,
                "denominator": unit * usd_scale,
                "source": held["source"],
            }
        )
    )


def _digits(text: pl.Series) -> tuple[Int64Array, Int64Array]:
    """Split decimal text into the integer of its digits and the power of ten that divides it.

    The widest figure of the ECB, 1,836,200 Turkish lira of 2001, leaves products far below 2**63.
    """
    point = text.str.find(".", literal=True)
    decimals = (text.str.len_bytes() - point - 1).fill_null(0)
    digits = text.str.replace(".", "", literal=True).cast(pl.Int64)
    return digits.to_numpy(), np.power(np.int64(10), decimals.cast(pl.Int64).to_numpy())


def read_pegs() -> list[Peg]:
    """Return the official parities that come with the program (`pegs.csv`, dated rows with their source)."""
    text = (files("pipeline.ingest") / "pegs.csv").read_text(encoding="utf-8")
    return [
        Peg(
            currency=row["currency"],
            units=Decimal(row["units"]),
            anchor=row["anchor"],
            anchor_units=Decimal(row["anchor_units"]),
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_until=date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
            source=row["source"],
        )
        for row in csv.DictReader(io.StringIO(text))
    ]


def peg_segments(pegs: Iterable[Peg], euro: pl.DataFrame) -> Segments:
    """Return the segments of pegged currencies; `euro` are the segments of EUR, which pegs to it follow."""
    segments: dict[str, pl.DataFrame] = {}
    for peg in pegs:
        start = seconds(datetime.combine(peg.valid_from, time(), UTC))
        end = seconds(datetime.combine(peg.valid_until, time(), UTC)) if peg.valid_until else OPEN_END
        worth = Fraction(peg.anchor_units) / Fraction(peg.units)
        if peg.anchor == "USD":
            cents = worth * 100
            segments[peg.currency] = _segments([(start, end, cents.numerator, cents.denominator, peg.label)])
            continue
        held = euro.filter(pl.col("valid_until") > start, pl.col("valid_from") < end).select(
            pl.max_horizontal("valid_from", pl.lit(start)),
            pl.min_horizontal("valid_until", pl.lit(end)),
            pl.col("numerator").cast(pl.Int64) * worth.numerator,
            pl.col("denominator").cast(pl.Int64) * worth.denominator,
            (f"{peg.label}, " + pl.col("source")).alias("source"),
        )
        segments[peg.currency] = _in_lowest_terms(held)
    return segments


def _in_lowest_terms(rates: pl.DataFrame) -> pl.DataFrame:
    """Return 64-bit `rates` as segments; in lowest terms most amounts stay within 64-bit arithmetic."""
    common = pl.Series(np.gcd(rates["numerator"].to_numpy(), rates["denominator"].to_numpy()))
    return rates.with_columns(pl.col("numerator", "denominator") // common).cast(SEGMENT_SCHEMA)


def _segments(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SEGMENT_SCHEMA, orient="row")


@cache
def package_segments() -> Segments:
    """Return ECB history over pegs, read once per process. Where the ECB fixes a pegged currency, its fixing counts."""
    ecb = ecb_segments((files("currency_converter") / _ECB_FILE).read_bytes())
    return overlay(peg_segments(read_pegs(), ecb["EUR"]), ecb)


def overlay(below: Segments, above: Segments) -> Segments:
    """Return both as one: at any time the segment of `above` counts, and where it has none that of `below`."""
    joined = dict(below) | dict(above)
    for currency in sorted(set(below) & set(above)):
        uncovered = _cut_out(below[currency], above[currency])
        joined[currency] = pl.concat([uncovered, above[currency]]).sort("valid_from")
    return joined


def _cut_out(below: pl.DataFrame, above: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of `below` that lie outside every segment of `above`."""
    starts, ends = above["valid_from"].to_list(), above["valid_until"].to_list()
    rows: list[Row] = []
    for start, end, numerator, denominator, source in below.iter_rows():
        at = start
        index = bisect_right(ends, at)
        while at < end:
            gap_end = min(end, starts[index]) if index < len(starts) else end
            if at < gap_end:
                rows.append((at, gap_end, numerator, denominator, source))
            at = ends[index] if index < len(ends) else end
            index += 1
    return _segments(rows)


def own_segments(rates: Sequence[OwnRate]) -> Segments:
    """Return the segments of own rates: each holds until the next of its currency or its own end, without a limit.

    Raises
    ------
    UnusableInput
        Two rates of a currency start at the same time, a rate is not positive or has too many digits, an end lies not
        after its start, a time has fractions of a second, or the currency is USD itself.
    """
    rows: dict[str, list[Row]] = {}
    ordered = sorted(rates, key=lambda rate: (rate.currency, rate.valid_from))
    for rate, following in zip(ordered, [*ordered[1:], None], strict=True):
        where = f"own rate of {rate.currency} from {rate.valid_from.isoformat()}"
        if rate.currency == "USD":
            raise UnusableInput(f"{where}: USD needs no rate")
        if not rate.usd_per_unit.is_finite() or rate.usd_per_unit <= 0:
            raise UnusableInput(f"{where}: required a positive number of dollars, was {rate.usd_per_unit}")
        if not Decimal(f"1e-{MAX_RATE_DIGITS}") <= rate.usd_per_unit < Decimal(f"1e{MAX_RATE_DIGITS}") or (
            -int(rate.usd_per_unit.normalize().as_tuple().exponent) > MAX_RATE_DIGITS
        ):
            raise UnusableInput(f"{where}: required at most {MAX_RATE_DIGITS} digits before and after the point")
        end = seconds(rate.valid_until) if rate.valid_until else OPEN_END
        if end <= seconds(rate.valid_from):
            raise UnusableInput(f"{where}: required an end after its start")
        if rate.valid_from.microsecond or (rate.valid_until and rate.valid_until.microsecond):
            raise UnusableInput(f"{where}: required times in whole seconds")
        if following is not None and following.currency == rate.currency:
            if following.valid_from == rate.valid_from:
                raise UnusableInput(f"{where}: given twice")
            end = min(end, seconds(following.valid_from))
        cents = Fraction(rate.usd_per_unit) * 100
        start = seconds(rate.valid_from)
        row = (start, end, cents.numerator, cents.denominator, rate.source)
        rows.setdefault(rate.currency, []).append(row)
    return {currency: _segments(mine) for currency, mine in rows.items()}


def read_own_rates(path: Path) -> list[OwnRate]:
    """Read an own rate file: CSV with `currency,valid_from,usd_per_unit,source` and, if wanted, `valid_until`.

    A day without a time starts at 00:00 UTC; a time needs its offset.

    Raises
    ------
    UnusableInput
        The file is no such table; the message names file and line.
    """
    required = {"currency", "valid_from", "usd_per_unit", "source"}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableInput(f"{path.name}: required a readable CSV file in UTF-8: {error}") from error
    reader = csv.DictReader(io.StringIO(text), strict=True)
    if not required <= set(reader.fieldnames or ()):
        raise UnusableInput(f"{path.name}: required the columns {sorted(required)}, found {reader.fieldnames}")
    rates = []
    try:
        for row in reader:
            rates.append(_own_rate(row, f"{path.name}, line {reader.line_num}"))
    except csv.Error as error:
        raise UnusableInput(f"{path.name}, line {reader.line_num}: {error}") from error
    return rates


def _own_rate(row: dict[str, str | None], where: str) -> OwnRate:
    def cell(name: str) -> str:
        text = (row.get(name) or "").strip()
        if not text:
            raise UnusableInput(f"{where}: {name} is empty")
        return text

    try:
        usd_per_unit = Decimal(cell("usd_per_unit"))
    except InvalidOperation:
        message = f"{where}: usd_per_unit: required a decimal number, was {cell('usd_per_unit')!r}"
        raise UnusableInput(message) from None
    until = _moment(cell("valid_until"), where) if (row.get("valid_until") or "").strip() else None
    valid_from = _moment(cell("valid_from"), where)
    return OwnRate(cell("currency"), valid_from, usd_per_unit, cell("source"), until)


def _moment(text: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnusableInput(f"{where}: required a day or an ISO 8601 time, was {text!r}") from None
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    if len(text) > len("2026-03-31"):
        raise UnusableInput(f"{where}: required a time with its offset from UTC, was {text!r}")
    return moment.replace(tzinfo=UTC)
