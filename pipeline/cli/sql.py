"""`feiqian sql`: queries on a store, for those without a DuckDB client."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from pipeline.cli.exits import WrongUsage
from pipeline.cli.options import DbOption, Output, OutputOption
from pipeline.cli.tables import Column, emit, shown

UNCUT = 30
"""Values up to this length are not cut where the terminal is too narrow: ids and amounts."""

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UINTEGER", "UBIGINT", "DECIMAL", "FLOAT", "DOUBLE")


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="SQL of DuckDB; - reads it from standard input.")],
    db: DbOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run SQL on a store, which is opened for reading only.

    \b
    feiqian sql "FROM alert_queue LIMIT 5"
    feiqian sql "DESCRIBE alerts"
    feiqian alerts explain AL-... --sql | feiqian sql -
    """
    import duckdb

    from pipeline.cli.stores import open_reader

    text = sys.stdin.read() if query == "-" else query
    with open_reader(db) as reader:
        try:
            statements = reader.connection.extract_statements(text)
            if len(statements) > 1 and output is not Output.TABLE:
                raise WrongUsage(f"--output {output.value} is for one query, found {len(statements)}")
            for i, statement in enumerate(statements):
                result: Any = reader.connection.execute(statement)
                if i:
                    print()
                _put(result, output)
        except duckdb.Error as error:
            raise WrongUsage(f"the query does not work: {error}") from error


def _put(result: Any, output: Output) -> None:
    described = result.description
    if not described:
        return
    names = [column[0] for column in described]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    columns = [
        Column(
            name,
            name,
            right=str(kind).startswith(_NUMBERS),
            shrinks=any(len(shown(row[name])) > UNCUT for row in rows),
        )
        for name, kind, *_ in described
    ]
    emit(output, "rows", columns, rows)
