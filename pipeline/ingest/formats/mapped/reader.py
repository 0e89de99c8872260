"""The reader of mapped files: the bank's columns in, canonical rows out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipeline.ingest.delimited import DelimitedFile, Dialect
from pipeline.ingest.errors import MappingError, UnusableInput
from pipeline.ingest.formats.mapped.table import Table, clean, places
from pipeline.ingest.formats.mapped.values import Money, money_of, times_of, values_of
from pipeline.ingest.mapping import AmountSection, Column, Mapping, StatementSection, load_mapping
from pipeline.ingest.parquet import JsonRows, parquet_columns, pieces
from pipeline.ingest.reader import REJECTED_SCHEMA, ReadBatch, Reader, ReadOptions
from pipeline.ingest.typed import Reasons, type_columns
from pipeline.ingest.validate import RawRows, validate
from typologies.base.events import FRAME_SCHEMA

_SIDE_COLUMNS = {
    "account": "{}_account",
    "party": "{}",
    "name": "{}_name",
    "agent": "{}_agent",
    "country": "{}_country",
    "class": "{}_class",
    "ultimate": "ultimate_{}",
}
"""What a side of a statement says, and the column it fills for a debtor or creditor."""


class MappedReader:
    """Files read through `ReadOptions.mapping`. Never chosen by itself: nothing in a file says that it is mapped."""

    name = "mapped"
    default_source = "mapped"

    def recognises(self, path: Path, head: bytes) -> float:
        """See `Reader.recognises`; always 0.0."""
        return 0.0

    def read(self, path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
        """See `Reader.read`.

        Raises
        ------
        MappingError
            No mapping was given, or it is wrong.
        UnusableInput
            The file lacks a column that the mapping names.
        """
        if options.mapping is None:
            raise MappingError("format mapped: expected a mapping file (--mapping FILE); found none")
        mapping = load_mapping(options.mapping)
        read = _parquet if mapping.file.format == "parquet" else _delimited
        return read(path, mapping, options.mapping.name, options)


def _delimited(path: Path, mapping: Mapping, mapping_name: str, options: ReadOptions) -> Iterator[ReadBatch]:
    how = mapping.file
    file = DelimitedFile(path, Dialect(how.delimiter, how.quote or None, how.encoding, how.header, how.skip_lines))
    found = places(path, file.header, file.width, mapping, mapping_name)
    for rows in file.rows(options.batch_rows):
        columns = {column: clean(rows.text[str(place)], mapping) for column, place in found.items()}
        table = Table(columns, rows.text.height)
        yield _batch(path, table, rows.position, mapping, options, rows.raw, rows.rejected)


def _parquet(path: Path, mapping: Mapping, mapping_name: str, options: ReadOptions) -> Iterator[ReadBatch]:
    kinds = parquet_columns(path)
    header = list(kinds)
    found = places(path, header, len(header), mapping, mapping_name)
    notes = _check_types(path, mapping, mapping_name, {column: kinds[header[place]] for column, place in found.items()})
    numbers = frozenset(column for column, place in found.items() if kinds[header[place]].is_numeric())
    names = list(dict.fromkeys(header[place] for place in found.values()))
    for piece in pieces(path, names, options.batch_rows):
        if piece.rows is None:
            yield ReadBatch(pl.DataFrame(schema=FRAME_SCHEMA), piece.lost, piece.lost.height, notes=notes)
        else:
            rows = piece.rows
            columns = {column: _as_text(rows[header[place]], mapping) for column, place in found.items()}
            position = pl.int_range(piece.first, piece.first + rows.height, dtype=pl.Int64, eager=True)
            nothing = pl.DataFrame(schema=REJECTED_SCHEMA)
            table = Table(columns, rows.height, numbers)
            read = _batch(path, table, position, mapping, options, JsonRows(rows), nothing)
            read.notes = notes
            yield read
        notes = []


def _check_types(path: Path, mapping: Mapping, mapping_name: str, kinds: dict[Column, pl.DataType]) -> list[str]:
    """Refuse types that cannot be read exactly; return notes on those that may have lost something before."""
    amounts: list[AmountSection] = [part for part in (mapping.amount, mapping.counter_amount) if part is not None]
    money = {column: part for part in amounts for column in part.columns}
    numbers = []
    for column, kind in kinds.items():
        if kind.is_nested() or kind == pl.Binary:
            raise UnusableInput(f"{path.name}: expected column {column!r} to hold text, numbers or times; found {kind}")
        if kind.is_float():
            part = money.get(column)
            if part is None or not part.accept_floats:
                allowed = f"; {mapping_name} can say accept_floats = true if their decimals are right" if part else ""
                raise UnusableInput(f"{path.name}: expected column {column!r} to be exact; found {kind}{allowed}")
        elif kind.is_integer() and column not in money:
            numbers.append(str(column))
    if not numbers:
        return []
    return [
        f"{path.name}: ids that are stored as numbers have lost leading zeros, if they had any: {', '.join(numbers)}"
    ]


def _as_text(values: pl.Series, mapping: Mapping) -> pl.Series:
    # The shortest decimal text that stands for a float is the number somebody once wrote, up to 15 digits.
    return values if values.dtype.is_temporal() else clean(values.cast(pl.String), mapping)


def _batch(
    path: Path,
    table: Table,
    position: pl.Series,
    mapping: Mapping,
    options: ReadOptions,
    raw: RawRows,
    rejected: pl.DataFrame,
) -> ReadBatch:
    reasons = Reasons()
    text = {name: values_of(name, source, table, reasons) for name, source in mapping.fields.items()}
    money = money_of("amount", mapping.amount, table, reasons)
    if mapping.statement is not None:
        text |= _sides(mapping, mapping.statement, table, money, reasons)
    frame, untyped = type_columns(text, options.timezone)
    reasons.add(untyped.first())
    if mapping.statement is None:
        frame = _by_sign(frame, mapping.amount.negative, money, reasons)
    made = [
        times_of("event_time", mapping.time, table, options.timezone, reasons),
        money.amount.alias("amount"),
        money.exponent.alias("exponent"),
        money.currency.alias("currency"),
    ]
    if mapping.received_at is not None:
        made.append(times_of("received_at", mapping.received_at, table, options.timezone, reasons))
    if mapping.counter_amount is not None:
        counter = money_of("counter_amount", mapping.counter_amount, table, reasons)
        there = counter.amount.is_not_null()
        for name, values in (("exponent", counter.exponent), ("currency", counter.currency)):
            made.append(pl.select(pl.when(there).then(values).alias(f"counter_{name}")).to_series())
        made.append(counter.amount.alias("counter_amount"))
    frame = frame.with_columns(
        *made,
        pl.lit(options.source or mapping.source).alias("source"),
        pl.lit(path.name).alias("origin"),
        position.alias("position"),
    )
    events, refused = validate(frame, raw, reasons.first())
    if rejected.height:
        refused = pl.concat([rejected, refused]).sort("position")
    return ReadBatch(events, refused, events.height + refused.height)


def _sides(
    mapping: Mapping, statement: StatementSection, table: Table, money: Money, reasons: Reasons
) -> dict[str, pl.Series]:
    """Return debtor and creditor of the rows of a statement: a debit is paid by the own account, a credit to it."""
    if statement.direction is not None:
        said = values_of("direction", statement.direction, table, reasons)
        unclear = said.is_null()
        reasons.add(pl.select(pl.when(unclear).then(pl.lit("direction is required; found nothing"))).to_series())
        is_debit = (said == "debit").fill_null(value=False)
        _unsigned(mapping.amount.negative, money, reasons)
    elif money.in_debit is not None:
        is_debit = money.in_debit
        _unsigned(mapping.amount.negative, money, reasons)
    else:
        is_debit = money.is_negative if mapping.amount.negative == "debit" else ~money.is_negative
    own = {name: values_of(f"own.{name}", source, table, reasons) for name, source in statement.own.sources().items()}
    other = {
        name: values_of(f"other.{name}", source, table, reasons) for name, source in statement.other.sources().items()
    }
    sides: dict[str, pl.Series] = {}
    for name, column in _SIDE_COLUMNS.items():
        if name not in own and name not in other:
            continue
        nobody = pl.Series([None], dtype=pl.String).new_from_index(0, table.height)
        mine, theirs = own.get(name, nobody), other.get(name, nobody)
        sides[column.format("debtor")] = pl.select(pl.when(is_debit).then(mine).otherwise(theirs)).to_series()
        sides[column.format("creditor")] = pl.select(pl.when(is_debit).then(theirs).otherwise(mine)).to_series()
    return sides


def _by_sign(frame: pl.DataFrame, negative: str, money: Money, reasons: Reasons) -> pl.DataFrame:
    """Return rows with both sides given, turned round where a negative amount says so."""
    if negative != "reverse":
        _unsigned(negative, money, reasons)
        return frame
    absent = {
        column.format(side): pl.lit(None, dtype=pl.String)
        for column in _SIDE_COLUMNS.values()
        for side in ("debtor", "creditor")
        if column.format("debtor") in frame.columns or column.format("creditor") in frame.columns
    }
    frame = frame.with_columns(**{name: value for name, value in absent.items() if name not in frame.columns})
    turned = []
    for column in _SIDE_COLUMNS.values():
        debtor, creditor = column.format("debtor"), column.format("creditor")
        if debtor in frame.columns:
            sign = pl.lit(money.is_negative)
            turned.append(pl.when(sign).then(creditor).otherwise(debtor).alias(debtor))
            turned.append(pl.when(sign).then(debtor).otherwise(creditor).alias(creditor))
    return frame.with_columns(turned)


def _unsigned(negative: str, money: Money, reasons: Reasons) -> None:
    """Give rows with a negative amount a reason, unless the sign is to be left off."""
    if negative != "absolute" and money.is_negative.any():
        said = pl.format("amount must not be negative by the mapping; found -{}", pl.lit(money.amount).cast(pl.String))
        reasons.add(pl.select(pl.when(money.is_negative).then(said)).to_series())


READER: Reader = MappedReader()
READERS: tuple[Reader, ...] = (READER,)
