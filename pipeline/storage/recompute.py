"""Every figure of an alert, computed again from the file by the query that the alert itself carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import duckdb

from pipeline.storage.connection import Connection, first, literal
from pipeline.storage.queries import StoreReader

OWN_FIGURES = ("n_events", "amount_usd", "n_without_usd", "first_event_time", "last_event_time")
"""Columns of `alerts` that follow from its evidence."""

_CITED = "SELECT c.mark, c.side, e.* FROM {citations} c JOIN events e USING (event_key)"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A figure whose query gives something else than the alert says.

    Attributes
    ----------
    alert_id
        The alert.
    figure
        Code of the reason, or column of `alerts`.
    observed
        What the alert says.
    recomputed
        What the query gave, None for null or no row; the error's text if it could not run.
    sql
        The query.
    """

    alert_id: str
    figure: str
    observed: str
    recomputed: str | None
    sql: str


def recompute_sql(alert_id: str, code: str, figure_sql: str) -> str:
    """Return the whole query behind a reason's figure: what the macro of the same name writes in the file."""
    return (
        f"WITH cited AS (\n    {_CITED.format(citations='alert_citations')}\n"
        f"    WHERE c.alert_id = {literal(alert_id)} AND c.code = {literal(code)}\n)\n{figure_sql}"
    )


def verify(path: Path, alert_id: str | None = None) -> list[Mismatch]:
    """Compute figures again and return those that differ, in order of alert and figure.

    Parameters
    ----------
    path
        The store.
    alert_id
        One standing alert; None: all of them.

    Notes
    -----
    Of one alert, every query is executed word for word. Of all alerts, each different figure query is executed once
    over all alerts that carry it, as a correlated subquery; that is the same query with the alert id as a column.

    Raises
    ------
    UnknownAlert
        No such alert stands.
    StoreNotFound, StoreLocked, NotAStore, NewerStore, OlderStore
        The path cannot be opened for reading.
    """
    with StoreReader(path) as reader:
        connection = reader.connection
        found = _all(connection) if alert_id is None else _one(connection, reader.resolve(alert_id))
        return sorted(found, key=lambda m: (m.alert_id, m.figure))


def _one(connection: Connection, alert_id: str) -> Iterator[Mismatch]:
    queries = connection.execute(
        "SELECT code, observed, recompute_sql FROM alert_reasons WHERE alert_id = $id AND recompute_sql IS NOT NULL "
        "UNION ALL "
        "SELECT figure, observed, recompute_sql FROM alert_figures WHERE alert_id = $id AND recompute_sql IS NOT NULL",
        {"id": alert_id},
    ).fetchall()
    return _executed(connection, [(alert_id, *query) for query in queries])


def _executed(connection: Connection, queries: Sequence[tuple[str, str, str, str]]) -> Iterator[Mismatch]:
    """Execute (alert id, figure, observed, query) one by one."""
    for alert_id, figure, observed, sql in queries:
        try:
            rows = connection.execute(f"SELECT CAST(v AS VARCHAR) FROM ({sql}) AS figure(v)").fetchall()
        except duckdb.Error as error:
            yield Mismatch(alert_id, figure, observed, str(error).splitlines()[0], sql)
            continue
        value = rows[0][0] if len(rows) == 1 else None
        if not _agree(observed, value):
            yield Mismatch(alert_id, figure, observed, value, sql)


def _all(connection: Connection) -> Iterator[Mismatch]:
    # Once, not once a query: the views would unnest the same lists again for each.
    connection.execute("CREATE OR REPLACE TEMP TABLE all_citations AS FROM alert_citations")
    connection.execute("CREATE OR REPLACE TEMP TABLE all_reasons AS FROM alert_reasons WHERE figure_sql IS NOT NULL")
    texts = connection.execute("SELECT DISTINCT figure_sql FROM all_reasons ORDER BY ALL").fetchall()
    cited = f"{_CITED.format(citations='all_citations')} WHERE c.alert_id = r.alert_id AND c.code = r.code"
    for (text,) in texts:
        where = f"FROM all_reasons r WHERE r.figure_sql = {literal(text)}"
        yield from _together(connection, "code", f"WITH cited AS ({cited}) {text}", where)
    for figure in OWN_FIGURES:
        row = first(connection, "SELECT own_figure_sql($figure, 'r.alert_id')", {"figure": figure})
        where = f"FROM alert_figures r WHERE r.figure = {literal(figure)} AND r.recompute_sql IS NOT NULL"
        yield from _together(connection, "figure", str(row[0] if row else ""), where)


def _together(connection: Connection, name: str, subquery: str, where: str) -> Iterator[Mismatch]:
    columns = f"r.alert_id, r.{name}, r.observed"
    try:
        rows = connection.execute(
            f"SELECT * FROM (SELECT {columns}, CAST(({subquery}) AS VARCHAR) AS v, r.recompute_sql {where}) "
            "WHERE v IS DISTINCT FROM observed"
        ).fetchall()
    except duckdb.Error:
        # One figure that cannot be computed must not hide the others.
        rows = connection.execute(f"SELECT {columns}, r.recompute_sql {where}").fetchall()
        yield from _executed(connection, rows)
        return
    for alert_id, figure, observed, value, sql in rows:
        if not _agree(observed, value):
            yield Mismatch(alert_id, figure, observed, value, sql)


def _agree(observed: str, value: str | None) -> bool:
    """Compare as numbers, exactly ("0" and "0.00" agree); as texts what is not a number."""
    if value is None or observed == value:
        return observed == value
    try:
        return Decimal(observed) == Decimal(value)
    except InvalidOperation:
        return False
