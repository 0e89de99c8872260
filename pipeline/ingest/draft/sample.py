"""The first records of an unknown file: how it is written, what its columns are called, what stands in them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from pipeline.ingest.draft.shapes import looks_like_data
from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.open import head
from pipeline.ingest.parquet import MAGIC, parquet_columns, pieces

RECORDS: Final = 200
"""Records looked at. A day of one account is often less, and a format shows itself sooner."""

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_PREAMBLE = 30


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sample: its name (or its number, where there is no header) and its values, without the empty."""

    name: str | int
    values: tuple[str, ...]
    empty: int
    is_time: bool = False
    is_float: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file.

    Attributes
    ----------
    format
        "csv" or "parquet"; the rest of the dialect is for CSV only.
    """

    format: str
    columns: tuple[Column, ...]
    records: int
    delimiter: str = ","
    encoding: str = "utf-8"
    has_header: bool = True
    skip_lines: int = 0


def sample_of(path: Path) -> Sample:
    """Return the beginning of a CSV or Parquet file.

    Raises
    ------
    UnusableInput
        It cannot be read, or no table can be seen in it.
    """
    first = head(path)
    return _of_parquet(path) if first.startswith(MAGIC) else _of_text(path, first)


def _of_parquet(path: Path) -> Sample:
    kinds = parquet_columns(path)
    rows = next((piece.rows for piece in pieces(path, list(kinds), RECORDS) if piece.rows is not None), None)
    if rows is None:
        raise UnusableInput(f"{path.name}: expected rows to learn from; found none")
    columns = []
    for name, kind in kinds.items():
        if kind.is_nested() or kind == pl.Binary:
            continue
        values = rows[name].cast(pl.String).drop_nulls().to_list()
        columns.append(_column(name, values, rows.height, is_time=kind.is_temporal(), is_float=kind.is_float()))
    return Sample("parquet", tuple(columns), rows.height)


def _of_text(path: Path, first: bytes) -> Sample:
    encoding = encoding_of(first)
    text = first.decode(encoding, "replace").removeprefix("\ufeff")
    whole_lines = text[: text.rfind("\n") + 1] or text
    best: tuple[int, int, str, list[list[str]]] | None = None
    for delimiter in _DELIMITERS:
        records = _records(whole_lines, delimiter)
        widths = Counter(len(record) for record in records if len(record) > 1)
        if widths:
            width, count = max(widths.items(), key=lambda each: (each[1], each[0]))
            if best is None or (count, width) > best[:2]:
                best = (count, width, delimiter, records)
    if best is None:
        raise UnusableInput(f"{path.name}: expected a table with at least two columns; found none in its beginning")
    _, width, delimiter, records = best
    # Titles above the header may be filled up with empty cells: a header names every column.
    wide = [number for number, record in enumerate(records) if len(record) == width]
    start = next((n for n in wide[:_LONGEST_PREAMBLE] if all(cell.strip() for cell in records[n])), wide[0])
    skip_lines = _line_of_record(whole_lines, delimiter, start)
    has_header = not looks_like_data(records[start])
    names: Sequence[str | int] = [name.strip() for name in records[start]] if has_header else range(1, width + 1)
    names = [number + 1 if names.count(name) > 1 or name == "" else name for number, name in enumerate(names)]
    body = [record for record in records[start + has_header :] if len(record) == width][:RECORDS]
    columns = tuple(
        _column(name, [record[place].strip() for record in body], len(body)) for place, name in enumerate(names)
    )
    return Sample("csv", columns, len(body), delimiter, encoding, has_header, skip_lines)


def encoding_of(first: bytes) -> str:
    """Return the likely encoding of text by its first bytes."""
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # The last character may be cut in two.
    for cut in range(4):
        try:
            first[: len(first) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return "utf-8"
    chinese = first.decode("gb18030", "replace")
    han = sum("\u4e00" <= character <= "\u9fff" for character in chinese)
    high = sum(byte >= 0x80 for byte in first)
    # Western text read as Chinese gives stray characters and errors; Chinese text gives one for every two bytes.
    return "gb18030" if han * 2.2 > high and "\ufffd" not in chinese[:-2] else "cp1252"


def _column(name: str | int, values: Sequence[str], records: int, **kinds: bool) -> Column:
    filled = tuple(value for value in values if value)
    return Column(name, filled, records - len(filled), **kinds)


def _records(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[: RECORDS + _LONGEST_PREAMBLE]
    except csv.Error:
        return []


def _line_of_record(text: str, delimiter: str, record: int) -> int:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for _ in range(record):
        next(reader)
    return reader.line_num
