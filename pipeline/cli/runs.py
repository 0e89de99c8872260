"""`feiqian runs`: what is in a store, run by run."""

from __future__ import annotations

import json

from pipeline.cli.groups import group
from pipeline.cli.options import DbOption, Output, OutputOption
from pipeline.cli.tables import Column, emit

app = group("See which runs a store holds.")


@app.callback()
def _runs() -> None:
    pass


COLUMNS = (
    Column("run_id", "RUN"),
    Column("is_current", "SHOWN"),
    Column("is_finished", "ENDED"),
    Column("started_at", "STARTED (UTC)"),
    Column("n_alerts", "ALERTS", right=True),
    Column("n_read", "READ", right=True),
    Column("n_rejected", "REJECTED", right=True),
    Column("n_late", "LATE", right=True),
    Column("files", "INPUTS", shrinks=True),
)

FIELDS = (
    *("run_id", "is_current", "is_finished", "started_at", "finished_at", "n_alerts", "n_read", "n_accepted"),
    *("n_rejected", "n_duplicate", "n_late", "n_ignored", "inputs", "params_hash", "params", "versions"),
)


@app.command("list")
def list_runs(db: DbOption = None, output: OutputOption = Output.TABLE) -> None:
    """List the runs of a store, the oldest first; views show the alerts of the one marked."""
    from pipeline.cli.stores import open_reader

    with open_reader(db) as reader:
        rows = list(reader.query("FROM runs ORDER BY started_at, run_id").iter_rows(named=True))
    for row in rows:
        names = [item["name"] for item in row["inputs"] or ()]
        row["files"] = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        row["params"] = json.loads(row["params"] or "{}")
        row["versions"] = {item["name"]: item["version"] for item in row["versions"] or ()}
    emit(output, "runs", COLUMNS, rows, FIELDS)
