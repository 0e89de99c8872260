"""What a mapping makes of the columns of a file: plain values, times, and amounts with their direction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.ingest.amounts import parse_amounts
from pipeline.ingest.formats.mapped.table import Table
from pipeline.ingest.mapping import EPOCHS, REJECT, AmountSection, Source, TimeSection
from pipeline.ingest.times import NAIVE_TIME, parse_format, parse_iso, to_utc, within_calendar
from pipeline.ingest.typed import Reasons
from pipeline.ingest.validate import printable


def values_of(name: str, source: Source, table: Table, reasons: Reasons) -> pl.Series:
    """Return (n,) text of one field; rows with a value that the map does not know get a reason if it says so."""
    if source.value is not None:
        return pl.Series(name, [source.value]).new_from_index(0, table.height)
    parts = [table.text(column) for column in source.columns]
    text = parts[0]
    if len(parts) > 1:
        text = pl.select(pl.concat_str(parts, separator=source.joiner, ignore_nulls=True)).to_series()
        text = pl.select(pl.when(text.str.strip_chars() != "").then(text)).to_series()
    if source.map is not None:
        known = {key: value or None for key, value in source.map.items()}
        inside = text.is_in(list(known))
        mapped = text.replace_strict(known, default=None, return_dtype=pl.String)
        outside = text.is_not_null() & ~inside
        if source.otherwise == REJECT:
            shown = pl.format(
                f"{name} must be one of {', '.join(source.map)[:200]}; found {{}}", printable(pl.lit(text))
            )
            reasons.add(pl.select(pl.when(outside).then(shown)).to_series())
        elif source.otherwise:
            mapped = pl.select(pl.when(outside).then(pl.lit(source.otherwise)).otherwise(mapped)).to_series()
        text = mapped
    if source.prefix:
        text = pl.select(pl.lit(source.prefix) + text).to_series()
    if source.format is not None:
        days = text.str.to_date(source.format, strict=False)
        reasons.unreadable(name, f"a day such as {source.format}", text, days)
        text = days.dt.strftime("%Y-%m-%d")
    return text.alias(name)


def times_of(name: str, section: TimeSection, table: Table, default: ZoneInfo, reasons: Reasons) -> pl.Series:
    """Return (n,) times in UTC; rows whose time cannot be read get a reason."""
    zone = ZoneInfo(section.timezone) if section.timezone else default
    columns = [table.columns[column] for column in section.columns]
    if len(columns) == 1 and columns[0].dtype.is_temporal():
        # Typed in Parquet: nothing to read, and days begin at midnight.
        typed = columns[0] if isinstance(columns[0].dtype, pl.Datetime) else columns[0].cast(NAIVE_TIME)
        times, text = to_utc(typed, zone), columns[0].is_not_null().replace_strict({True: "a time", False: None})
    else:
        parts = [column.cast(pl.String) for column in columns]
        text = parts[0] if len(parts) == 1 else pl.select(pl.concat_str(parts, separator=" ")).to_series()
        if section.format in EPOCHS:
            times = _since_1970(text, EPOCHS[section.format])
        elif section.format == "iso":
            times = parse_iso(_with_midnight(text) if section.time is None else text, zone)
        else:
            times = within_calendar(parse_format(text, section.format, zone))
    reasons.unreadable(name, f"a time written as {section.format} that exists in {zone.key}", text, times)
    return times.alias(name)


@dataclass(frozen=True, slots=True)
class Money:
    """Amounts of n rows and what their signs and columns say about direction.

    Attributes
    ----------
    amount, exponent, currency
        (n,); amounts are not negative where the sign is taken as direction or left off.
    is_negative
        (n,) Boolean: the sign as written.
    in_debit
        (n,) Boolean: taken from the debit column; None if there is one column.
    """

    amount: pl.Series
    exponent: pl.Series
    currency: pl.Series
    is_negative: pl.Series
    in_debit: pl.Series | None


def money_of(name: str, section: AmountSection, table: Table, reasons: Reasons) -> Money:
    """Return the amounts that a section describes; rows whose amount cannot be read get a reason."""
    if table.numbers & set(section.columns):
        # Typed in Parquet: written as this program writes numbers, not as the bank does.
        section = section.model_copy(update={"decimal": ".", "thousands": "", "remove": []})
    currency = values_of(f"{name}.currency", section.currency, table, reasons)
    in_debit: pl.Series | None = None
    if section.column is not None:
        text = table.text(section.column)
    else:
        debit, credit = (_without_zero(table.text(column)) for column in section.columns)
        both, in_debit = debit.is_not_null() & credit.is_not_null(), debit.is_not_null()
        reasons.add(
            pl.select(pl.when(both).then(pl.lit(f"{name} must stand in debit or credit; found both"))).to_series()
        )
        text = pl.select(pl.coalesce(debit, credit)).to_series()
    plain, is_negative = _plain_number(text, section)
    if section.unit == "major":
        # A point shows that these are major units; the canonical grammar wants to see it.
        dotted = pl.select(
            pl.when(plain.str.contains(".", literal=True)).then(plain).otherwise(plain + ".0")
        ).to_series()
        found = parse_amounts(dotted, None, currency, name)
    else:
        stated = pl.Series([section.exponent], dtype=pl.Int8).new_from_index(0, table.height)
        found = parse_amounts(plain, stated, currency, name)
    if plain.null_count() > text.null_count():
        kind = f"a number with decimals behind {section.decimal!r}" if section.unit == "major" else "whole minor units"
        groups = f" and thousands behind {section.thousands!r}" if section.thousands else ""
        reasons.unreadable(name, kind + groups, text, plain)
    reasons.add(found.reason)
    return Money(found.amount, found.exponent, currency, is_negative, in_debit)


def _plain_number(text: pl.Series, section: AmountSection) -> tuple[pl.Series, pl.Series]:
    """Return amounts as digits with a point, without sign, and whether they were negative; null if no number.

    Negative is a minus in front or behind, or brackets, as bookkeepers write it. Groups are checked, not just removed:
    read with the wrong signs, 10.50 would silently become 1050.
    """
    for piece in section.remove:
        text = text.str.replace_all(piece, "", literal=True)
    text = text.str.strip_chars().str.replace("−", "-", literal=True)
    bracketed = text.str.contains(r"^\(.*\)$")
    is_negative = bracketed | text.str.starts_with("-") | text.str.ends_with("-")
    digits = text.str.replace(r"^(?:\((.*)\)|-(.*[^-])|([^-].*)-|\+(.*))$", "${1}${2}${3}${4}").str.strip_chars()
    # Minor units have no decimals: 1.00 in a column of cents is a mistake in one or the other.
    tail = rf"(?:\{section.decimal}[0-9]+)?$" if section.unit == "major" else "$"
    if section.thousands:
        # A no-break space groups as a blank does. The last group has three digits; those before it may have two (lakh).
        if section.thousands == " ":
            digits = digits.str.replace_all("[\u00a0\u202f\u2009]", " ")
        group = re.escape(section.thousands)
        shaped = digits.str.contains(rf"^(?:[0-9]+|[0-9]{{1,3}}(?:{group}[0-9]{{2,3}})*{group}[0-9]{{3}}){tail}")
        digits = digits.str.replace_all(section.thousands, "", literal=True)
    else:
        shaped = digits.str.contains("^[0-9]+" + tail)
    if section.decimal != ".":
        digits = digits.str.replace(section.decimal, ".", literal=True)
    return pl.select(pl.when(shaped).then(digits)).to_series(), is_negative.fill_null(value=False)


def _without_zero(text: pl.Series) -> pl.Series:
    """Return amounts with null for zero: the other of two columns is empty or holds a zero."""
    return pl.select(pl.when(~text.str.contains(r"^[-+]?0+(?:[.,]0+)?$")).then(text)).to_series()


def _with_midnight(text: pl.Series) -> pl.Series:
    """Return ISO days as their midnight; a bank that gives no time of day means the day."""
    return text.str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$", "${1}T00:00:00")


def _since_1970(text: pl.Series, unit: int) -> pl.Series:
    whole = pl.select(pl.when(text.str.contains(r"^[0-9]{1,14}$")).then(text)).to_series().cast(pl.Int64, strict=False)
    bounded = pl.select(pl.when(whole <= 2**53 // unit).then(whole * unit)).to_series()
    return within_calendar(bounded.cast(NAIVE_TIME).dt.replace_time_zone("UTC"))
