"""From JSON objects that are flat canonical rows to typed columns."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.ingest.amounts import parse_amounts
from pipeline.ingest.typed import MONEY, READABLE, Reasons, type_columns
from typologies.base.events import FRAME_SCHEMA

Record = dict[str, object]

_AMOUNTS = {group[0] for group in MONEY}
_EXPONENTS = {group[1] for group in MONEY}


def flat_columns(records: Sequence[Record], zone: ZoneInfo) -> tuple[pl.DataFrame, pl.Series | None]:
    """Return the canonical columns of n records in their types, and (n,) why a record cannot be used.

    Fields that are not canonical are left out. A field of another JSON type than its column has is a reason: ids are
    strings, never numbers, and money is never a number with a fraction.
    """
    if not records:
        return pl.DataFrame(), None
    seen: set[str] = set().union(*records)
    types = Reasons()
    text = {name: _as_text(name, records, types) for name in READABLE if name in seen}
    money = {name: text.pop(name) for group in MONEY for name in group[:2] if name in text}
    if text:
        frame, reasons = type_columns(text, zone)
    else:
        # Every required field is missing, which is said of each row later.
        frame, reasons = pl.DataFrame({"kind": pl.Series([None] * len(records), dtype=pl.String)}), Reasons()
    for amount, exponent, currency in MONEY:
        if amount in money:
            code = frame[currency] if currency in frame.columns else _nulls(len(records))
            frame = frame.with_columns(
                _money(amount, money[amount], money.get(exponent), code, records, exponent, reasons)
            )
        elif exponent in money:
            frame = frame.with_columns(money[exponent].cast(pl.Int8, strict=False).alias(exponent))
    types.add(reasons.first())
    return frame, types.first()


def _money(
    name: str,
    text: pl.Series,
    exponent: pl.Series | None,
    currency: pl.Series,
    records: Sequence[Record],
    exponent_name: str,
    reasons: Reasons,
) -> list[pl.Series]:
    stated = (exponent if exponent is not None else _nulls(len(text))).cast(pl.Int8, strict=False)
    if exponent is not None:
        reasons.unreadable(exponent_name, "a small integer", exponent, stated)
    # A JSON integer is in minor units, by its type; text without an exponent must show its point.
    minor = pl.Series([type(record.get(name)) is int for record in records]) | stated.is_not_null()
    found = parse_amounts(text, stated, currency, name)
    reason = found.reason if found.reason is not None else _nulls(len(text))
    amounts, exponents = found.amount, found.exponent
    if not minor.all():
        other = parse_amounts(text, None, currency, name)
        other_reason = other.reason if other.reason is not None else _nulls(len(text))
        amounts = pl.select(pl.when(minor).then(amounts).otherwise(other.amount)).to_series()
        exponents = pl.select(pl.when(minor).then(exponents).otherwise(other.exponent)).to_series()
        reason = pl.select(pl.when(minor).then(reason).otherwise(other_reason)).to_series()
    reasons.add(reason)
    return [amounts.alias(name), exponents.alias(exponent_name)]


def _as_text(name: str, records: Sequence[Record], reasons: Reasons) -> pl.Series:
    """Return one field of all records as (n,) text, null where it has another JSON type than the column takes."""
    values = [record.get(name) for record in records]
    allowed, required = _types(name)
    wrong = set(map(type, values)) - {*allowed, type(None)}
    if not wrong and allowed == (str,):
        return pl.Series(name, values, dtype=pl.String)
    said: list[str | None] = [None] * len(values)
    texts: list[str | None] = [None] * len(values)
    for row, value in enumerate(values):
        if value is None:
            continue
        if type(value) not in allowed:
            said[row] = f"{name} must be {required}; found {ascii(value)[:60]}"
        else:
            texts[row] = str(value).lower() if isinstance(value, bool) else str(value)
    if wrong:
        reasons.add(pl.Series(said, dtype=pl.String))
    return pl.Series(name, texts, dtype=pl.String)


def _types(name: str) -> tuple[tuple[type, ...], str]:
    if name in _AMOUNTS:
        return (int, str), "a JSON integer or string, never a number with a fraction"
    if name in _EXPONENTS:
        return (int,), "a JSON integer"
    if FRAME_SCHEMA[name] == pl.Boolean:
        return (bool,), "true or false"
    return (str,), "a JSON string"


def _nulls(length: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, length)
