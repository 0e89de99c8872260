"""Text columns with canonical names, turned into the types of the canonical frame.

Rows that do not fit their types are not dropped: they keep a reason, and `validate` rejects them with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.ingest.amounts import parse_amounts
from pipeline.ingest.times import parse_iso
from pipeline.ingest.validate import printable
from typologies.base.events import FRAME_SCHEMA

ASSIGNED = frozenset({"origin", "position", "amount_usd", "fx_source"})
"""Columns that are given to rows when they are read, never read from a file."""

READABLE = tuple(name for name in FRAME_SCHEMA if name not in ASSIGNED)
"""Columns of the canonical frame that a file can carry."""

MONEY = (("amount", "exponent", "currency"), ("counter_amount", "counter_exponent", "counter_currency"))

_MONEY_NAMES = {name for group in MONEY for name in group[:2]}


@dataclass(slots=True)
class Reasons:
    """Why rows cannot be used, collected column by column; the first reason of a row stands."""

    _found: list[pl.Series] = field(default_factory=list)

    def add(self, reason: pl.Series | None) -> None:
        """Take in an (n,) String series, null where a row is good."""
        if reason is not None and reason.null_count() < len(reason):
            self._found.append(reason)

    def unreadable(self, name: str, required: str, text: pl.Series, values: pl.Series) -> None:
        """Take in the rows whose text is there and whose value is not."""
        if values.null_count() > text.null_count():
            bad = values.is_null() & text.is_not_null()
            shown = pl.format(f"{name} must be {required}; found {{}}", printable(pl.lit(text)))
            self.add(pl.select(pl.when(bad).then(shown)).to_series())

    def first(self) -> pl.Series | None:
        """Return the (n,) reasons, None if all rows are good."""
        if len(self._found) < 2:
            return self._found[0] if self._found else None
        return pl.select(pl.coalesce(self._found)).to_series()


def type_columns(text: Mapping[str, pl.Series], zone: ZoneInfo) -> tuple[pl.DataFrame, Reasons]:
    """Turn text into canonical columns.

    Parameters
    ----------
    text
        Canonical column (of `READABLE`) to (n,) strings, null where the field is empty.
    zone
        Zone of times without one.

    Returns
    -------
    frame
        The same columns in their types, plus the exponents of amounts that state none.
    reasons
        Of the rows that do not fit.
    """
    columns: dict[str, pl.Series] = {}
    reasons = Reasons()
    for name, values in text.items():
        if name not in _MONEY_NAMES:
            columns[name] = _typed(name, values, zone, reasons)
    for amount, exponent, currency in MONEY:
        if amount in text:
            stated = _integers(exponent, text[exponent], pl.Int8, reasons) if exponent in text else None
            code = text[currency] if currency in text else pl.Series([None] * len(text[amount]), dtype=pl.String)
            found = parse_amounts(text[amount], stated, code, amount)
            columns[amount], columns[exponent] = found.amount, found.exponent
            reasons.add(found.reason)
        elif exponent in text:
            columns[exponent] = _integers(exponent, text[exponent], pl.Int8, reasons)
    return pl.DataFrame({name: values.alias(name) for name, values in columns.items()}), reasons


def _typed(name: str, text: pl.Series, zone: ZoneInfo, reasons: Reasons) -> pl.Series:
    kind = FRAME_SCHEMA[name]
    if kind == pl.String:
        return text
    if kind == pl.Boolean:
        known = {"true": True, "false": False}
        values = text.replace_strict(known, default=None, return_dtype=pl.Boolean)
        reasons.unreadable(name, "true or false", text, values)
    elif kind == pl.Date:
        shaped = pl.select(pl.when(text.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")).then(text)).to_series()
        values = shaped.str.to_date("%Y-%m-%d", strict=False)
        reasons.unreadable(name, "a day such as 2024-01-31", text, values)
    elif isinstance(kind, pl.Datetime):
        values = parse_iso(text, zone)
        reasons.unreadable(name, f"a time such as 2024-01-31T23:59:59Z that exists in {zone.key}", text, values)
    else:
        values = _integers(name, text, kind, reasons)
    return values


def _integers(name: str, text: pl.Series, kind: pl.DataType | type[pl.DataType], reasons: Reasons) -> pl.Series:
    values = text.cast(kind, strict=False)
    reasons.unreadable(name, "a small integer", text, values)
    return values
