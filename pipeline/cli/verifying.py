"""`feiqian verify`: every figure of every alert, computed again from the events in the store."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli import exits
from pipeline.cli.options import DbOption, Output, OutputOption
from pipeline.cli.tables import Column, emit_csv, emit_json, put_table

COLUMNS = (
    Column("alert_id", "ALERT"),
    Column("figure", "FIGURE"),
    Column("observed", "THE ALERT SAYS", right=True),
    Column("recomputed", "THE QUERY GIVES", right=True, shrinks=True),
)

_COUNT = """
    SELECT count(*) FILTER (WHERE is_computed) AS n_computed, count(*) FILTER (WHERE NOT is_computed) AS n_stated,
        count(DISTINCT alert_id) AS n_alerts
    FROM (
        SELECT alert_id, recompute_sql IS NOT NULL AS is_computed FROM alert_reasons
        UNION ALL
        SELECT alert_id, recompute_sql IS NOT NULL FROM alert_figures
    )
    WHERE $id IS NULL OR alert_id = $id
"""


def verify(
    db: DbOption = None,
    alert: Annotated[str | None, typer.Option("--alert", metavar="ID", help="Only this alert.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Compute every figure again by the query that its alert carries; exit code 1 if one differs."""
    from pipeline.cli.stores import chosen
    from pipeline.storage.queries import StoreReader
    from pipeline.storage.recompute import verify as run

    path = chosen(db)
    with StoreReader(path) as reader:
        alert_id = None if alert is None else reader.resolve(alert)
        counts = reader.query(_COUNT, {"id": alert_id}).row(0, named=True)
    found = run(path, alert_id)
    rows = [
        {"alert_id": m.alert_id, "figure": m.figure, "observed": m.observed, "recomputed": m.recomputed, "sql": m.sql}
        for m in found
    ]
    if output is Output.JSON:
        emit_json("verification", {"agrees": not found, **counts, "mismatches": rows})
    elif output is Output.CSV:
        emit_csv(("alert_id", "figure", "observed", "recomputed", "sql"), rows)
    else:
        told = f"{counts['n_computed']:,} figures of {counts['n_alerts']:,} alerts computed again"
        stated = counts["n_stated"]
        rest = f"; {stated:,} more come from a profile, a parameter or day sums and have no query" if stated else ""
        print(f"{told}: {'all agree' if not found else f'{len(found):,} differ'}{rest}")
        if found:
            put_table(COLUMNS, rows)
    exits.leave(exits.FAILURE if found else exits.OK)
