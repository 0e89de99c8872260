"""Canonical events as Parquet: types are checked once for the file, values on whole columns, rows never one by one.

`amount` may be any integer, a decimal or text; a binary float is no money and is refused. Ids must be text: as numbers
they may have lost their zeros already. Rejected rows are kept as JSON, because a Parquet row has no bytes of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.exceptions import PanicException, PolarsError

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.canonical.columns import batch, check_header
from pipeline.ingest.open import open_input
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.times import to_utc
from pipeline.ingest.typed import MONEY, READABLE, Reasons, type_columns
from pipeline.ingest.validate import EARLIEST, LATEST, rejected_rows
from typologies.base.events import FRAME_SCHEMA

MAGIC = b"PAR1"

# What a damaged file makes the library raise; its panics are no ordinary exceptions.
_BROKEN = (PolarsError, PanicException, OSError, ValueError, OverflowError)


def parquet_columns(path: Path) -> dict[str, pl.DataType]:
    """Return the columns of a Parquet file.

    Raises
    ------
    UnusableInput
        It is none, is damaged, or is compressed as a whole.
    """
    with open_input(path) as stream:
        packed = stream.compression
    if packed != "plain":
        raise UnusableInput(f"{path.name}: expected a Parquet file; found one inside {packed}: unpack it first")
    try:
        return dict(pl.scan_parquet(path, glob=False, hive_partitioning=False).collect_schema())
    except _BROKEN as error:
        raise UnusableInput(f"{path.name}: expected a whole Parquet file; {_first_line(error)}") from error


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


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive rows of a Parquet file, or rows that cannot be decoded.

    Attributes
    ----------
    first
        Number of the first row, 1-based.
    rows
        The rows; None if they are lost.
    lost
        Lost rows as rejected records.
    """

    first: int
    rows: pl.DataFrame | None
    lost: pl.DataFrame


def pieces(path: Path, names: list[str], size: int) -> Iterator[Piece]:
    """Yield the rows of a Parquet file in order, at most `size` at once.

    A row group that cannot be decoded is lost with one rejected record for each of its rows; the others are read.

    Raises
    ------
    UnusableInput
        Not even the number of rows can be read.
    """
    lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False).select(names)
    try:
        total = int(lazy.select(pl.len()).collect().item())
    except _BROKEN as error:
        raise UnusableInput(f"{path.name}: expected a whole Parquet file; {_first_line(error)}") from error
    nothing = rejected_rows(path.name, [], [], [])
    done = 0
    try:
        for rows in lazy.collect_batches(chunk_size=size, maintain_order=True):
            if rows.height:
                yield Piece(done + 1, rows, nothing)
                done += rows.height
    except _BROKEN:
        pass
    else:
        if done == total:
            return
    # Something in the rest is broken: row group by row group, to lose no more than need be.
    for first, behind in _row_groups(path, total):
        start = max(first, done)
        while start < behind:
            count = min(size, behind - start)
            try:
                rows = lazy.slice(start, count).collect()
                if rows.height != count:
                    raise ValueError(f"expected {count} rows; found {rows.height}")
                yield Piece(start + 1, rows, nothing)
            except _BROKEN as error:
                reason = f"expected rows that can be decoded; {_first_line(error)}"
                lost = range(start + 1, start + count + 1)
                yield Piece(start + 1, None, rejected_rows(path.name, list(lost), [reason] * count, [b""] * count))
            start += count


@dataclass(frozen=True, slots=True)
class JsonRows:
    """Rows of a Parquet file as the bytes of JSON objects."""

    rows: pl.DataFrame

    def __call__(self, wanted: npt.NDArray[np.intp]) -> list[bytes]:
        picked = self.rows[wanted]
        shown = [_shown(column) for column in picked.iter_columns()]
        lines = pl.DataFrame(shown).write_ndjson().split("\n")
        return [line.encode() for line in lines[: picked.height]]


def _shown(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.Datetime):
        # A time outside the calendar cannot be printed as one: it is shown as the number it is.
        times = to_utc(column, ZoneInfo("UTC")).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        return pl.select(pl.coalesce(times, column.to_physical().cast(pl.String)).alias(column.name)).to_series()
    return column.cast(pl.String)


def _row_groups(path: Path, total: int) -> list[tuple[int, int]]:
    import pyarrow.parquet

    try:
        metadata = pyarrow.parquet.read_metadata(path)
        counts = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    except (OSError, ValueError, RuntimeError):
        counts = [total]
    edges = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).tolist()
    return list(itertools.pairwise(edges))


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


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
