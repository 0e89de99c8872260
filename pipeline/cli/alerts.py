"""`feiqian alerts`: list, show, explain and export what stands in a store."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import values
from pipeline.cli.console import say, terminal_width
from pipeline.cli.exits import WrongUsage
from pipeline.cli.groups import group
from pipeline.cli.options import DbOption, Output, OutputOption, SeverityName, TypologiesOption
from pipeline.cli.tables import Column, emit

if TYPE_CHECKING:
    from pipeline.storage.queries import AlertFilter

app = group("Read the alerts of a store.")


class ListOrder(StrEnum):
    """Order of a list."""

    QUEUE = "queue"
    NEWEST = "newest"
    OLDEST = "oldest"
    AMOUNT = "amount"


class What(StrEnum):
    """What can be exported."""

    ALERTS = "alerts"
    REASONS = "reasons"
    EVIDENCE = "evidence"
    EVENTS = "events"


class FileFormat(StrEnum):
    """Form of an export."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


TABLE_LIMIT = 50
"""Alerts in a table unless --limit says otherwise; JSON and CSV have all."""

COLUMNS = (
    Column("short_id", "ID"),
    Column("severity", "SEVERITY"),
    Column("typology", "TYPOLOGY", shrinks=True),
    Column("subject", "SUBJECT", shrinks=True),
    Column("amount_usd", "AMOUNT USD", right=True),
    Column("events", "EVENTS", right=True),
    Column("triggered_at", "TRIGGERED", show=lambda moment: f"{moment:%Y-%m-%d}"),
)

WIDE = 92
"""Columns of a terminal from which the kind of a subject is written before its id."""

FIELDS = (
    *("alert_id", "severity", "rank_score", "typology", "typology_version", "subject_kind", "subject_id"),
    *("subject_role", "amount_usd", "n_events", "n_without_usd", "triggered_at", "first_event_time"),
    *("last_event_time", "red_flags", "modes", "main_reason", "retracted_late", "is_settled", "revision", "run_id"),
)

SeverityOption = Annotated[
    list[SeverityName] | None, typer.Option("--severity", "-s", help="Only of this severity; may be repeated.")
]
SubjectOption = Annotated[str | None, typer.Option("--subject", metavar="ID", help="Only about this subject.")]
SinceOption = Annotated[
    datetime | None,
    typer.Option("--since", metavar="TIME", parser=values.moment, help="Triggered at or after; ISO 8601, UTC."),
]
UntilOption = Annotated[
    datetime | None, typer.Option("--until", metavar="TIME", parser=values.moment, help="Triggered before.")
]
OrderOption = Annotated[ListOrder, typer.Option("--order", help="queue: severity, rank, amount; or by time or amount.")]
LimitOption = Annotated[int | None, typer.Option("--limit", "-n", min=0, metavar="N", help="At most so many; 0: all.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Alert id, or a beginning of it that names one alert.")]


def _filter(
    typologies: list[str] | None,
    severity: list[SeverityName] | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
    order: ListOrder,
    limit: int | None,
) -> AlertFilter:
    from pipeline.storage.queries import AlertFilter

    return AlertFilter(
        typologies=values.names(typologies),
        severities=tuple(name.value for name in severity or ()),
        subject=subject,
        since=since,
        until=until,
        order=order.value,
        limit=limit or None,
    )


@app.command("list")
def list_alerts(
    db: DbOption = None,
    typologies: TypologiesOption = None,
    severity: SeverityOption = None,
    subject: SubjectOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    order: OrderOption = ListOrder.QUEUE,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List alerts, one a line, the most urgent first.

    A table shows at most 50 unless --limit says otherwise; JSON and CSV have all.
    """
    from pipeline.cli.stores import open_reader, short_ids

    if limit is None and output is Output.TABLE:
        limit = TABLE_LIMIT
    with open_reader(db) as reader:
        chosen = _filter(typologies, severity, subject, since, until, order, limit)
        rows = list(reader.alerts(chosen).iter_rows(named=True))
        where, bound = chosen.where()
        total = int(reader.query(f"SELECT count(*) FROM alerts WHERE {where}", bound).item())
        short = short_ids(reader) if output is Output.TABLE else {}
        run = reader.current_run()
    columns = terminal_width()
    is_wide = columns is None or columns >= WIDE
    for row in rows:
        row["short_id"] = short.get(row["alert_id"])
        row["subject"] = f"{row['subject_kind']} {row['subject_id']}" if is_wide else row["subject_id"]
        n_gone = len(row["retracted_late"])
        row["events"] = f"{row['n_events']:,}" + (f" ({n_gone:,} retracted)" if n_gone else "")
        row["main_reason"] = row["reasons"][0]["text"] if row["reasons"] else None
    emit(output, "alerts", COLUMNS, rows, FIELDS, {"total": total})
    if run is not None and not run.is_finished:
        say(f"run {run.run_id} has not ended: this is what it had found so far")
    if output is Output.TABLE:
        say(f"{len(rows):,} of {total:,} alerts" + ("; --limit 0 shows all" if len(rows) < total else ""))
        if rows:
            say(f"Next: feiqian alerts explain {rows[0]['short_id']}")


@app.command()
def show(
    alert: IdArgument,
    db: DbOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show one alert: its row of the view `alerts`, column by column."""
    from pipeline.cli.stores import open_reader

    with open_reader(db) as reader:
        row = reader.alert(alert)
    if output is Output.TABLE:
        lines = [{"column": name, "value": _value(name, value)} for name, value in row.items()]
        emit(output, "columns", (Column("column", "COLUMN"), Column("value", "VALUE", folds=True)), lines)
    else:
        emit(output, "alerts", (), [row], list(row))


def _value(name: str, value: object) -> object:
    if name == "reasons" and isinstance(value, list):
        return [f"{reason['code']} ({reason['weight']:.2f})" for reason in value]
    return value


@app.command()
def explain(
    alert: IdArgument,
    db: DbOption = None,
    sql: Annotated[bool, typer.Option("--sql", help="Only the queries that compute every figure again.")] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Without long evidence, parameters and SQL.")] = False,
    evidence: Annotated[int, typer.Option("--evidence", min=0, metavar="N", help="Rows of evidence; 0: all.")] = 20,
    output: OutputOption = Output.TABLE,
) -> None:
    """Explain one alert: reasons, evidence, what speaks against it, and the SQL behind every figure."""
    from pipeline.cli import explained
    from pipeline.cli.explanation import collect
    from pipeline.cli.stores import open_reader

    if sql and (brief or output is not Output.TABLE):
        raise WrongUsage("--sql prints SQL alone; leave out --brief and --output")
    with open_reader(db) as reader:
        found = collect(reader, alert)
        if output is Output.CSV:
            frame = reader.explanation(found.alert_id)
            emit(output, "explanation", (), list(frame.iter_rows(named=True)), frame.columns)
            return
    if sql:
        print(explained.sql(found))
    elif output is Output.JSON:
        explained.put_json(found)
    else:
        explained.put_story(found, evidence or None, is_brief=brief)


@app.command()
def export(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="File to write; - is standard output.")],
    what: Annotated[What, typer.Option("--what", help="Alerts, or what belongs to them.")] = What.ALERTS,
    form: Annotated[
        FileFormat | None, typer.Option("--format", help="[default: by the ending of the file, else csv]")
    ] = None,
    db: DbOption = None,
    typologies: TypologiesOption = None,
    severity: SeverityOption = None,
    subject: SubjectOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    order: OrderOption = ListOrder.QUEUE,
    limit: LimitOption = None,
) -> None:
    """Write alerts, or their reasons, evidence or events, to a file: CSV, JSON lines or Parquet."""
    from pipeline.cli.files import replaced
    from pipeline.cli.stores import open_reader
    from pipeline.storage.export import export as write

    if form is None:
        endings = {".json": FileFormat.JSON, ".jsonl": FileFormat.JSON, ".ndjson": FileFormat.JSON}
        form = {**endings, ".parquet": FileFormat.PARQUET}.get(to.suffix.lower(), FileFormat.CSV)
    chosen = _filter(typologies, severity, subject, since, until, order, limit)
    with open_reader(db) as reader:
        if str(to) == "-":
            sys.stdout.flush()
            n_rows = write(reader, what.value, form.value, sys.stdout.buffer, chosen)
            sys.stdout.buffer.flush()
        else:
            with replaced(to) as file:
                n_rows = write(reader, what.value, form.value, file, chosen)
    say(f"wrote {n_rows:,} rows of {what.value}" + ("" if str(to) == "-" else f" to {to}"))
