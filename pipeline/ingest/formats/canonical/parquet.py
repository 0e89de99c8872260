"""Canonical events as Parquet: types are checked once for the file, values on whole columns, rows never one by one.

`amount` may be any integer, a decimal or text; a binary float is no money and is refused. Ids must be text: as numbers
they may have lost their zeros already. Rejected rows are kept as JSON, because a Parquet row has no bytes of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.canonical.columns import batch, check_header
from pipeline.ingest.parquet import JsonRows, parquet_columns, pieces
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.times import to_utc
from pipeline.ingest.typed import MONEY, READABLE, Reasons, type_columns
from pipeline.ingest.validate import EARLIEST, LATEST
from typologies.base.events import FRAME_SCHEMA


def read_parquet(path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
    """Yield the batches of one file.

    Raises
    ------
    UnusableInput
        A required column is missing or has a type that cannot carry it.
    """
    columns = parquet_columns(path)
    notes = check_header(path, list(columns))
    _check_types(path, columns)
    names = [name for name in columns if name in READABLE]
    for piece in pieces(path, names, options.batch_rows):
        if piece.rows is None:
            yield ReadBatch(_no_events(), piece.lost, piece.lost.height, notes=notes)
        else:
            position = pl.int_range(piece.first, piece.first + piece.rows.height, dtype=pl.Int64, eager=True)
            frame, reasons = _typed(piece.rows, options.timezone)
            read = batch(path, frame, position, options, JsonRows(piece.rows), reasons.first())
            read.notes = notes
            yield read
        notes = []


def _check_types(path: Path, columns: dict[str, pl.DataType]) -> None:
    for name, found in columns.items():
        if name not in READABLE or found == pl.Null or _is_text(found):
            continue
        kind = FRAME_SCHEMA[name]
        if name in {amount for amount, _, _ in MONEY}:
            fits = found.is_integer() or isinstance(found, pl.Decimal)
            required = "integers of minor units, decimals or text; a float is no money"
        elif isinstance(kind, pl.Datetime):
            fits, required = isinstance(found, pl.Datetime), "times or text"
        elif kind == pl.Int8:
            fits, required = found.is_integer(), "integers"
        elif kind == pl.String:
            fits, required = False, "text, as all ids; numbers may have lost their zeros"
        else:
            fits, required = found == kind, str(kind).lower()
        if not fits:
            raise UnusableInput(f"{path.name}: column {name} must hold {required}; found {found}")


def _is_text(kind: pl.DataType) -> bool:
    return kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum)


def _typed(rows: pl.DataFrame, zone: ZoneInfo) -> tuple[pl.DataFrame, Reasons]:
    """Return the columns in their canonical types; only text is parsed."""
    money = {name for group in MONEY for name in group}
    text: dict[str, pl.Series] = {}
    done: dict[str, pl.Series] = {}
    out_of_range: list[tuple[str, pl.Series, pl.Series]] = []
    for column in rows.iter_columns():
        kind = FRAME_SCHEMA[column.name]
        if column.null_count() == len(column) and column.name not in money:
            continue
        if column.dtype == kind and kind == pl.String:
            text[column.name] = column
        elif isinstance(column.dtype, pl.Datetime):
            done[column.name] = to_utc(column, zone)
            out_of_range.append((column.name, column, done[column.name]))
        elif _is_text(column.dtype) or column.name in money:
            text[column.name] = column
        else:
            done[column.name] = column.cast(kind, strict=False)
    for amount, exponent, _ in MONEY:
        if amount in text and exponent not in text and text[amount].dtype.is_integer():
            # Typed as an integer, an amount is in minor units of its currency; as a decimal or text it is not.
            text[exponent] = pl.Series([None], dtype=pl.Int8).new_from_index(0, rows.height)
    plain = _plain_money(text)
    frame, reasons = type_columns({name: values.cast(pl.String) for name, values in text.items()}, zone)
    for name, before, after in out_of_range:
        if after.null_count() > before.null_count():
            required = f"{name} must lie between {EARLIEST:%Y-%m-%d} and {LATEST:%Y-%m-%d} and exist in {zone.key}"
            bad = pl.select(pl.when(after.is_null() & before.is_not_null()).then(pl.lit(required))).to_series()
            reasons.add(bad)
    return frame.with_columns([*done.values(), *plain]), reasons


def _plain_money(text: dict[str, pl.Series]) -> list[pl.Series]:
    """Take amounts that are integers already out of `text`, where nothing is left to be decided about them."""
    plain: list[pl.Series] = []
    for amount, exponent, _ in MONEY:
        if amount not in text or exponent not in text:
            continue
        value, decimals = text[amount], text[exponent]
        whole = value.dtype.is_integer() or (isinstance(value.dtype, pl.Decimal) and value.dtype.scale == 0)
        if whole and decimals.dtype.is_integer() and not (decimals.is_null() & value.is_not_null()).any():
            stated = decimals.cast(pl.Int8, strict=False)
            if stated.null_count() == decimals.null_count():
                plain += [value.cast(pl.Int128, strict=False).alias(amount), stated.alias(exponent)]
                del text[amount], text[exponent]
    return plain


def _no_events() -> pl.DataFrame:
    return pl.DataFrame(schema=FRAME_SCHEMA)
