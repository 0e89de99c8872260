"""Rows of a Parquet file in order and in bounded memory, with the damage of a file kept to its row groups."""

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
from pipeline.ingest.open import open_input
from pipeline.ingest.times import to_utc
from pipeline.ingest.validate import rejected_rows

MAGIC = b"PAR1"

MAX_LOST_ROWS = 10_000_000
"""Rows that may be rejected because they cannot be decoded. More than that is a wrong number, not a number of rows."""

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
        Not even the number of rows can be read, or more than `MAX_LOST_ROWS` are lost.
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
    lost_rows = 0
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
                lost_rows += count
                if behind - start > MAX_LOST_ROWS or lost_rows > MAX_LOST_ROWS:
                    raise UnusableInput(f"{path.name}: {reason} (rows {start + 1:,} to {behind:,})") from error
                lost = list(range(start + 1, start + count + 1))
                yield Piece(start + 1, None, rejected_rows(path.name, lost, [reason] * count, [b""] * count))
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


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
