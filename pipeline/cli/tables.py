"""Rows as a table, JSON or CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipeline.cli import jsontext
from pipeline.cli.console import one_line, put, terminal_width
from pipeline.cli.options import Output

if TYPE_CHECKING:
    from rich.text import Text

Row = Mapping[str, Any]

SEVERITY_STYLES = {"high": "bold red", "medium": "yellow", "low": "dim"}

GAP = 2
"""Blanks between columns."""

MIN_WIDTH = 8
"""A column that gives way keeps this much."""

FOLD_WIDTH = 120
"""Width of a table with folding columns where there is no terminal."""


def shown(value: object) -> str:
    """Return a value as a person reads it: thousands apart, times in UTC to the minute, lists with commas."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.2f}"
        case Decimal():
            return f"{value:,f}"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        case date():
            return value.isoformat()
        case list() | tuple():
            return ", ".join(shown(item) for item in value)
        case _:
            return one_line(str(value))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Key in the rows.
    title
        Heading.
    show
        How a value is written.
    right
        Numbers stand to the right.
    shrinks
        Cut first where the terminal is too narrow.
    folds
        Goes on in further lines instead of being cut.
    """

    name: str
    title: str
    show: Callable[[Any], str] = shown
    right: bool = False
    shrinks: bool = False
    folds: bool = False


def emit(
    output: Output,
    kind: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    fields: Sequence[str] | None = None,
    more: Mapping[str, object] | None = None,
) -> None:
    """Write rows to standard output.

    Parameters
    ----------
    output
        Form.
    kind
        Plural noun: key of the rows in JSON, and part of the name of its schema (`feiqian.<kind>.v1`).
    columns
        Columns of the table.
    rows
        What to write.
    fields
        Keys in JSON and CSV; None: those of the columns.
    more
        Further keys of the JSON object.
    """
    names = list(fields) if fields is not None else [column.name for column in columns]
    if output is Output.JSON:
        listed = [{name: row.get(name) for name in names} for row in rows]
        emit_json(kind, {**(more or {}), kind: listed})
    elif output is Output.CSV:
        emit_csv(names, rows)
    else:
        put_table(columns, rows)


def emit_json(kind: str, body: Mapping[str, object]) -> None:
    """Write one JSON object; its first key names the schema."""
    print(jsontext.dumps({"schema": f"feiqian.{kind.replace('_', '-')}.v1", **body}))


def emit_csv(names: Sequence[str], rows: Sequence[Row]) -> None:
    """Write CSV with a header; times in ISO 8601, nested values as JSON, unknown as nothing."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return jsontext.iso(value)
        case list() | tuple() | dict():
            return jsontext.dumps(value, indent=False)
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def put_table(columns: Sequence[Column], rows: Sequence[Row], indent: int = 0) -> None:
    """Write rows as a table: cut to the terminal if there is one; nothing is cut, only folded, if there is none."""
    from rich.padding import Padding
    from rich.table import Table

    available = terminal_width()
    is_cut = available is not None
    if available is None and any(column.folds for column in columns):
        available = FOLD_WIDTH
    widths = [_natural(column, rows) for column in columns]
    gaps = GAP * (len(columns) - 1) + indent
    if available is not None:
        widths = fitted(widths, [column.folds or (column.shrinks and is_cut) for column in columns], available - gaps)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.folds,
            overflow="fold" if column.folds else "ellipsis",
            width=width,
        )
    for row in rows:
        table.add_row(*(_styled(column, row) for column in columns))
    put(Padding(table, (0, 0, 0, indent)), sum(widths) + gaps)


def fitted(widths: Sequence[int], may_shrink: Sequence[bool], available: int) -> list[int]:
    """Return widths that add up to at most `available`, if that can be: the widest that may shrink give way first."""
    fit = list(widths)
    excess = sum(fit) - available
    while excess > 0:
        able = [i for i, may in enumerate(may_shrink) if may and fit[i] > MIN_WIDTH]
        if not able:
            break
        widest = max(fit[i] for i in able)
        top = [i for i in able if fit[i] == widest]
        below = max([fit[i] for i in able if fit[i] < widest], default=MIN_WIDTH)
        # All of the widest go down together, to the next one or as far as needed.
        step = min(widest - below, -(-excess // len(top)))
        for i in top:
            fit[i] -= step
        excess = sum(fit) - available
    return fit


def _natural(column: Column, rows: Sequence[Row]) -> int:
    from rich.cells import cell_len

    return max([cell_len(column.title), *(cell_len(column.show(row.get(column.name))) for row in rows)])


def _styled(column: Column, row: Row) -> Text:
    from rich.text import Text

    text = column.show(row.get(column.name))
    return Text(text, style=SEVERITY_STYLES.get(text, "") if column.name == "severity" else "")
