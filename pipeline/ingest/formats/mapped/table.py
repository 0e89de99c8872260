"""The columns of a bank's file as text, by the names and numbers that the mapping uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Lookup
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.mapping import AmountSection, Column, Mapping, TimeSection


@dataclass(frozen=True, slots=True)
class Table:
    """n rows of the columns that a mapping uses.

    Attributes
    ----------
    columns
        Column of the mapping to (n,) series: text, stripped and with null for unknown; in Parquet also times and days.
    height
        n.
    numbers
        Columns that the file stores as numbers.
    """

    columns: Lookup[Column, pl.Series]
    height: int
    numbers: frozenset[Column] = frozenset()

    def text(self, column: Column) -> pl.Series:
        """Return a column as (n,) text."""
        values = self.columns[column]
        return values if values.dtype == pl.String else values.cast(pl.String)


def places(path: Path, header: Sequence[str], width: int, mapping: Mapping, mapping_name: str) -> dict[Column, int]:
    """Return the place (from 0) of every column that the mapping uses.

    Raises
    ------
    UnusableInput
        The file has no such column, or several; the message names the key of the mapping.
    """
    found: dict[Column, int] = {}
    for key, column in used_columns(mapping):
        if isinstance(column, int):
            if not 1 <= column <= width:
                raise UnusableInput(
                    f"{path.name}: {mapping_name}, {key}: expected column {column}; found {width} columns"
                )
            found[column] = column - 1
        elif column not in header:
            has = ", ".join(header)[:300] or "no header"
            raise UnusableInput(f"{path.name}: {mapping_name}, {key}: expected the column {column!r}; found {has}")
        elif header.count(column) > 1:
            numbers = ", ".join(str(place + 1) for place, name in enumerate(header) if name == column)
            raise UnusableInput(
                f"{path.name}: {mapping_name}, {key}: expected one column {column!r}; found it at {numbers}: "
                "use the number instead of the name"
            )
        else:
            found[column] = header.index(column)
    return found


def clean(text: pl.Series, mapping: Mapping) -> pl.Series:
    """Return text without surrounding blanks, and null for what the mapping calls unknown."""
    if mapping.file.strip:
        text = text.str.strip_chars()
    unknown = text.is_in([*mapping.file.nulls, ""])
    return pl.select(pl.when(~unknown).then(text)).to_series() if unknown.any() else text


def used_columns(mapping: Mapping) -> Iterator[tuple[str, Column]]:
    """Yield key of the mapping and column of the file, for all that the mapping uses."""
    times: list[tuple[str, TimeSection | None]] = [("time", mapping.time), ("received_at", mapping.received_at)]
    for key, moment in times:
        for column in moment.columns if moment else ():
            yield key, column
    amounts: list[tuple[str, AmountSection | None]] = [
        ("amount", mapping.amount),
        ("counter_amount", mapping.counter_amount),
    ]
    for key, amount in amounts:
        if amount is not None:
            for column in amount.columns:
                yield key, column
            for column in amount.currency.columns:
                yield f"{key}.currency", column
    if mapping.statement is not None:
        for side in ("own", "other"):
            for name, source in getattr(mapping.statement, side).sources().items():
                for column in source.columns:
                    yield f"statement.{side}.{name}", column
        if mapping.statement.direction is not None:
            for column in mapping.statement.direction.columns:
                yield "statement.direction", column
    for name, source in mapping.fields.items():
        for column in source.columns:
            yield f"fields.{name}", column
