"""Values out of text columns, whole columns at once: exact amounts, local times, identifiers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.ingest.times import NAIVE_TIME, to_utc

FINEST = 8
"""Decimals the fast path keeps: a satoshi."""

_LONGEST_EXACT = 60
_EXACT = Context(prec=2 * _LONGEST_EXACT)


def minor_units(text: pl.Series, exponent: pl.Series | int) -> pl.Series:
    """Return amounts as integers of minor units, exactly.

    Parameters
    ----------
    text
        (n,) decimal numbers as written, with or without an exponent ("8012.6", "1e-06").
    exponent
        Decimals of the minor unit, 0 to 8: one for all, or (n,) one for each.

    Returns
    -------
    (n,) Int128; null where the text is no decimal number, or has decimals (other than zeros) finer than the minor
    unit: such an amount is not rounded, it is not understood.
    """
    # The cast rounds what is finer than FINEST and cannot say so; those few texts are read again, one by one.
    rows = _perhaps_finer(text)
    wide = text.cast(pl.Decimal(38, FINEST), strict=False).to_physical()
    frame = pl.DataFrame({"wide": wide, "exponent": exponent} if isinstance(exponent, pl.Series) else {"wide": wide})
    found = [exponent] if isinstance(exponent, int) else [int(e) for e in exponent.unique().drop_nulls()]
    amount = pl.lit(None, dtype=pl.Int128)
    for value in sorted(found):
        unit = pl.lit(10 ** (FINEST - value), dtype=pl.Int128)
        whole = pl.col("wide") // unit if value < FINEST else pl.col("wide")
        exact = pl.when(whole * unit == pl.col("wide")).then(whole)
        amount = exact if len(found) == 1 else pl.when(pl.col("exponent") == value).then(exact).otherwise(amount)
    amounts = frame.with_columns(amount.alias("amount"))["amount"]
    if len(rows):
        exponents = [exponent] * len(rows) if isinstance(exponent, int) else exponent[rows].to_list()
        again = [exact_units(value, e) for value, e in zip(text[rows].to_list(), exponents, strict=True)]
        amounts = amounts.scatter(rows, pl.Series(again, dtype=pl.Int128))
    return amounts


def exact_units(text: str, exponent: int | None) -> int | None:
    """Return one amount in minor units; None where it is no number or finer than the minor unit.

    Examples
    --------
    >>> exact_units("1e-06", 8), exact_units("10.505", 2)
    (100, None)
    """
    if exponent is None or len(text) > _LONGEST_EXACT:
        return None
    try:
        units = _EXACT.scaleb(Decimal(text), exponent)
        # A number such as 1e999999 is finite and would fill memory as an integer.
        if not units.is_finite() or units.adjusted() > 36 or units != units.to_integral_value():
            return None
    except ArithmeticError:
        return None
    return int(units)


def local_times(text: pl.Series, layouts: Sequence[str], zone: ZoneInfo) -> pl.Series:
    """Return (n,) times in UTC of local times in one of several strftime layouts without zone.

    Null where no layout fits; for the hours around a change of clocks see `times.parse_iso`.
    """
    times = pl.repeat(None, len(text), dtype=NAIVE_TIME, eager=True)
    for layout in _likeliest_first(text, layouts):
        missing = times.is_null()
        if not missing.any():
            break
        if missing.all():
            times = text.str.to_datetime(layout, time_unit="us", strict=False, cache=False)
        else:
            rows = missing.arg_true()
            times = times.scatter(rows, text[rows].str.to_datetime(layout, time_unit="us", strict=False, cache=False))
    return to_utc(times, zone)


def _likeliest_first(text: pl.Series, layouts: Sequence[str]) -> list[str]:
    first = text.head(1)
    fits = {
        layout for layout in layouts if first.str.to_datetime(layout, time_unit="us", strict=False).null_count() == 0
    }
    return sorted(layouts, key=lambda layout: layout not in fits)


def _perhaps_finer(text: pl.Series) -> pl.Series:
    """Return the rows whose text may say more than `FINEST` decimals: long ones, and those in powers of ten."""
    suspects = text.str.len_bytes() > FINEST + 2
    if not made_of(text, "0-9."):
        suspects |= text.str.contains("[eE]")
    rows = suspects.arg_true()
    return rows.filter(text[rows].str.contains(rf"\.[0-9]{{{FINEST + 1}}}|[eE]"))


def made_of(text: pl.Series, allowed: str) -> bool:
    """Return whether all texts together hold only bytes of the class `allowed` ("0-9A-F"), without looking at rows."""
    octets = text.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2]
    return octets is None or bool(_members(allowed)[np.frombuffer(octets, np.uint8)].all())


@lru_cache
def _members(allowed: str) -> npt.NDArray[np.bool_]:
    pattern = re.compile(f"[{allowed}]")
    return np.array([pattern.match(chr(octet)) is not None and octet < 0x80 for octet in range(256)])


def only(text: pl.Series, allowed: str) -> pl.Series:
    """Return (n,) whether each text is there and holds only characters of the class `allowed` ("0-9A-F")."""
    if made_of(text, allowed):
        return text.str.len_bytes() > 0
    return text.str.contains(f"^[{allowed}]+$")


class Words:
    """A closed list of words, found once in a column and then turned into any number of other columns.

    Parameters
    ----------
    words
        At most 255.

    Examples
    --------
    >>> colours = Words(("red", "green"))
    >>> colours.column(colours.find(pl.Series(["green", "blue"])), ("R", "G"), pl.String()).to_list()
    ['G', None]
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._enum = pl.Enum(self.words)

    def find(self, text: pl.Series) -> pl.Series:
        """Return (n,) the place of each text in the list; null for any other text."""
        return text.cast(self._enum, strict=False).to_physical().cast(pl.UInt32)

    @staticmethod
    def column(places: pl.Series, values: Sequence[object], kind: pl.DataType) -> pl.Series:
        """Return (n,) the value at each place, null where the place is."""
        return pl.Series(values, dtype=kind).gather(places)

    def __str__(self) -> str:
        return ", ".join(self.words)
