"""Delimited files of a known layout: their header, and their columns under the names a reader wants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from pipeline.ingest.delimited import TextRows
from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.records import MAX_RECORD_BYTES, first_record


def header_of(head: bytes) -> list[str]:
    """Return the column names on the first line of `head`, stripped; empty if it is no delimited text."""
    try:
        names, _ = first_record(head.removeprefix(b"\xef\xbb\xbf")[:MAX_RECORD_BYTES], ",", '"')
    except ValueError:
        return []
    return [name.strip() for name in names]


def names_of(path: Path, header: Sequence[str], required: Sequence[str]) -> list[str]:
    """Return the column names of a header, lower case, after checking that the required ones are there, once each.

    Raises
    ------
    UnusableInput
        A required column is missing, or a name stands there twice.
    """
    names = [name.lower() for name in header]
    missing = [name for name in required if name.lower() not in names]
    if missing:
        found = ", ".join(header)[:200] or "no header"
        raise UnusableInput(f"{path.name}: expected the columns {', '.join(missing)}; found {found}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnusableInput(f"{path.name}: expected every column once; found {', '.join(twice)} several times")
    return names


def named(rows: TextRows, names: Sequence[str]) -> pl.DataFrame:
    """Return the text of rows with names for its columns, by position."""
    return rows.text.rename(dict(zip(rows.text.columns, names, strict=True)))
