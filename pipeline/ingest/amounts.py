"""Amounts as they come in files, turned into integers of minor units with their exponent, exactly, on whole columns.

Money never passes through a float. An amount is either an integer of minor units whose exponent is stated or follows
from the currency (ISO 4217), or a decimal number of major units with a point. A plain integer in a text file that
states no exponents can mean both, and is refused rather than guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.ingest.currencies import KNOWN
from pipeline.ingest.validate import MAX_EXPONENT, printable

_DECIMAL = r"^(-?)([0-9]+)\.([0-9]+)$"
_WHOLE = r"^-?[0-9]+$"
# Above this many digits before the point an amount is absurd anyway, and below it nothing overflows 128 bits:
# 16 + 18 digits.
_MAX_WHOLE_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts of n rows.

    Attributes
    ----------
    amount, exponent
        (n,) Int128 and Int8, null where there is none or it cannot be read.
    reason
        (n,) String: why it cannot be read; None if all can.
    """

    amount: pl.Series
    exponent: pl.Series
    reason: pl.Series | None


def default_exponent(currency: pl.Series) -> pl.Series:
    """Return (n,) decimals of each currency's minor unit as Int8; null where none is defined or the code is unknown."""
    known = {code: decimals for code, decimals in KNOWN.items() if decimals is not None}
    return currency.replace_strict(known, default=None, return_dtype=pl.Int8)


def parse_amounts(text: pl.Series, exponent: pl.Series | None, currency: pl.Series, name: str) -> Amounts:
    """Read amounts written as text.

    Parameters
    ----------
    text
        (n,) strings: `1050` (minor units) or `10.50` (major units).
    exponent
        (n,) Int8, null where the row states none; None: the file has no such column. With it, plain integers are
        minor units, of the stated exponent or of the currency's own. Without it they are refused, except in
        currencies without minor units, where both readings agree.
    currency
        (n,) codes.
    name
        Column, for messages.
    """
    if exponent is not None and (quick := _plain_integers(text, exponent)) is not None:
        return quick
    own = default_exponent(currency)
    if exponent is None and (quick := _even_decimals(text, own)) is not None:
        return quick
    frame = pl.DataFrame(
        {
            "text": text,
            "stated": exponent if exponent is not None else pl.Series([None] * len(text), dtype=pl.Int8),
            "own": own,
            "currency": currency,
        }
    )
    frame = frame.with_columns(
        pl.when(pl.col("text").str.contains(_WHOLE)).then(pl.col("text")).alias("whole").cast(pl.Int128, strict=False),
        pl.col("text").str.extract_groups(_DECIMAL).alias("parts"),
    )
    decimal = _decimal(frame, pl.col("own").fill_null(0))
    point = pl.col("text").str.contains(".", literal=True)
    stated = pl.col("stated").is_not_null()
    implied = pl.lit(exponent is not None) | (pl.col("own") == 0)
    answer = frame.with_columns(decimal).select(
        pl.when(point).then("decimal").when(stated | implied).then("whole").alias("amount"),
        pl.when(point)
        .then("decimals")
        .when(stated)
        .then("stated")
        .when(implied)
        .then("own")
        .cast(pl.Int8)
        .alias("exponent"),
        _reason(name, point, stated, implied).alias("reason"),
    )
    reason = answer["reason"]
    return Amounts(answer["amount"], answer["exponent"], reason if reason.null_count() < len(reason) else None)


def _plain_integers(text: pl.Series, exponent: pl.Series) -> Amounts | None:
    """Read a column of integers that all state their exponent; None where it is not one."""
    # The cast takes a plus sign, the grammar of amounts does not.
    if (exponent.is_null() & text.is_not_null()).any() or text.str.starts_with("+").any():
        return None
    whole = text.cast(pl.Int128, strict=False)
    return Amounts(whole, exponent, None) if whole.null_count() == text.null_count() else None


def _even_decimals(text: pl.Series, own: pl.Series) -> Amounts | None:
    """Read a column of decimals that all have as many places as their currencies; None where it is not one."""
    places = own.min()
    if not isinstance(places, int) or places < 1 or places != own.max() or own.null_count():
        return None
    if not (text.str.slice(-places - 1, 1) == ".").all() or text.str.contains(r"^[-+]?\.|^\+").any():
        return None
    longest = text.str.len_bytes().max()
    if not isinstance(longest, int) or longest > _MAX_WHOLE_DIGITS + 1 + places:
        return None
    amount = text.str.replace(".", "", literal=True).cast(pl.Int128, strict=False)
    if amount.null_count() > text.null_count():
        return None
    return Amounts(amount, own, None)


def _decimal(frame: pl.DataFrame, own: pl.Expr) -> list[pl.Expr]:
    sign = pl.when(pl.col("parts").struct.field("1") == "-").then(-1).otherwise(1)
    whole = pl.col("parts").struct.field("2").str.strip_chars_start("0")
    fraction = pl.col("parts").struct.field("3")
    # Zeros behind the last decimal that the currency has say nothing: 10.500 and 10.50 are one amount.
    needed = fraction.str.strip_chars_end("0").str.len_bytes().cast(pl.Int16)
    decimals = pl.max_horizontal(needed, own.cast(pl.Int16))
    readable = (decimals <= MAX_EXPONENT) & (whole.str.len_bytes() <= _MAX_WHOLE_DIGITS)
    digits = pl.concat_str(pl.lit("0"), whole, fraction.str.strip_chars_end("0")).cast(pl.Int128, strict=False)
    lacking = pl.when(readable).then(decimals - needed).otherwise(0)
    scaled = sign * digits * pl.lit(10, dtype=pl.Int128).pow(lacking.cast(pl.UInt32))
    return [
        pl.when(readable).then(scaled).alias("decimal"),
        pl.when(readable).then(decimals.cast(pl.Int8)).alias("decimals"),
    ]


def _reason(name: str, point: pl.Expr, stated: pl.Expr, implied: pl.Expr) -> pl.Expr:
    found = printable(pl.col("text"))
    readable = pl.col("text").str.contains(_WHOLE) | pl.col("text").str.contains(_DECIMAL)
    limits = f"at most {_MAX_WHOLE_DIGITS} digits before and {MAX_EXPONENT} behind the point"
    return (
        pl.when(pl.col("text").is_null())
        .then(pl.lit(None, dtype=pl.String))
        .when(~readable)
        .then(pl.format(f"{name} must be a number in digits; found {{}}", found))
        .when(point & stated)
        .then(pl.format(f"{name} must be an integer of minor units where the exponent is given; found {{}}", found))
        .when(point & pl.col("decimal").is_null())
        .then(pl.format(f"{name} must have {limits}; found {{}}", found))
        .when(~point & ~stated & ~implied)
        .then(
            pl.format(
                f"{name} {{}} is ambiguous: write major units with a point, or give the exponent of minor units", found
            )
        )
        .when(~point & ~stated & pl.col("own").is_null())
        .then(
            pl.format(
                f"{name} needs its exponent: {{}} has no minor unit in ISO 4217",
                printable(pl.col("currency")).fill_null("nothing"),
            )
        )
        .when(~point & pl.col("whole").is_null())
        .then(pl.format(f"{name} must be a number of reasonable size; found {{}}", found))
    )
