"""`feiqian replay`: from files to alerts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from pipeline.cli import exits, values
from pipeline.cli.console import say
from pipeline.cli.options import Output, OutputOption, SeverityName, TypologiesOption
from pipeline.cli.progress import ProgressMode, Reporter

if TYPE_CHECKING:
    from replay.config import ReplayReport

UTC = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")

SEVERITIES = [name.value for name in SeverityName]


def replay(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and folders; a folder without truth/.")],
    db: Annotated[Path, typer.Option("--db", metavar="FILE", help="Alert store to write; made if missing.")],
    form: Annotated[
        str, typer.Option("--format", "-f", metavar="NAME", help="Format of all files; auto: told apart one by one.")
    ] = "auto",
    mapping: Annotated[
        Path | None, typer.Option("--mapping", metavar="FILE", help="Your own columns (see: feiqian mapping draft).")
    ] = None,
    timezone: Annotated[
        ZoneInfo, typer.Option("--timezone", metavar="ZONE", parser=values.zone, help="Zone of times without one.")
    ] = UTC,
    business_zone: Annotated[
        ZoneInfo,
        typer.Option("--business-zone", metavar="ZONE", parser=values.zone, help="Zone of business days of cash."),
    ] = NEW_YORK,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Name of the feed; part of an event's identity.")
    ] = None,
    typologies: TypologiesOption = None,
    params: Annotated[
        Path | None,
        typer.Option("--params", metavar="FILE", help="TOML, a table a typology (see: feiqian typologies show)."),
    ] = None,
    rates: Annotated[Path | None, typer.Option("--rates", metavar="FILE", help="Exchange rates of your own.")] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, metavar="N", help="Events at a time; changes no alert.")
    ] = None,
    shuffle: Annotated[
        int | None,
        typer.Option("--shuffle", min=0, metavar="SEED", help="Random arrival within the lateness; changes no alert."),
    ] = None,
    as_arrived: Annotated[
        bool, typer.Option("--as-arrived", help="Order in the files is order of arrival: events can be late.")
    ] = False,
    lateness: Annotated[
        timedelta,
        typer.Option(
            "--lateness",
            metavar="SPAN",
            parser=values.span,
            show_default=False,
            help="How late events may arrive. [default: 1d]",
        ),
    ] = timedelta(days=1),
    reversals: Annotated[
        timedelta,
        typer.Option(
            "--reversals",
            metavar="SPAN",
            parser=values.span,
            show_default=False,
            help="How much later reversals may. [default: 0d]",
        ),
    ] = timedelta(0),
    row_cap: Annotated[
        int, typer.Option("--row-cap", min=1, metavar="N", help="Events in a window above which days become sums.")
    ] = 2_000,
    memory: Annotated[
        int,
        typer.Option(
            "--memory",
            metavar="SIZE",
            parser=values.size,
            show_default=False,
            help="For rows that wait to be merged. [default: 1GiB]",
        ),
    ] = 1 << 30,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="Option of one format; may be repeated."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 3 if any record was rejected.")] = False,
    fail_on: Annotated[
        SeverityName | None, typer.Option("--fail-on", help="Exit code 5 if an alert at least as severe stands.")
    ] = None,
    progress: Annotated[
        ProgressMode, typer.Option("--progress", help="Progress on standard error.")
    ] = ProgressMode.AUTO,
    output: OutputOption = Output.TABLE,
) -> None:
    """Replay files of transactions and write alerts into a DuckDB file.

    \b
    feiqian replay transactions.parquet --db alerts.duckdb
    feiqian replay HI-Small_Trans.csv HI-Small_Patterns.txt --db hi.duckdb
    feiqian replay 2026/*.csv.gz --format mapped --mapping bank.toml --db alerts.duckdb

    The same files, parameters and versions again change nothing in the file; a run that was broken off is completed.
    """
    from pipeline.cli import params_file, report
    from pipeline.storage.store import utc_now
    from replay.config import ReplayConfig
    from replay.engine import replay as run
    from typologies.base.settings import EngineSettings

    if mapping is not None and form == "auto":
        form = "mapped"
    config = ReplayConfig(
        paths=tuple(paths),
        db=db,
        format=form,
        mapping=mapping,
        timezone=timezone,
        business_zone=business_zone,
        source=source,
        typologies=values.names(typologies) or None,
        params=params_file.load(params) if params else {},
        settings=EngineSettings(lateness=lateness, reversals_within=reversals, row_cap=row_cap),
        batch=batch,
        shuffle=shuffle,
        as_arrived=as_arrived,
        rates=rates,
        memory_bytes=memory,
        extra=dict(values.pair(text) for text in option or ()),
    )
    try:
        with Reporter(progress) as reporter:
            done = run(config, now=utc_now, progress=reporter)
    except KeyboardInterrupt:
        say(f"{db} is a valid file and holds what was found so far; the same command completes it")
        raise
    report.put(done, db, output)
    exits.leave(_code(done, db, strict=strict, fail_on=fail_on))


def _code(done: ReplayReport, db: Path, *, strict: bool, fail_on: SeverityName | None) -> int:
    """Return the exit code that the outcome of a replay deserves."""
    rejected = done.counters.get("rejected", 0)
    usable = sum(done.counters.get(name, 0) for name in ("accepted", "retraction", "duplicate", "late", "context"))
    if rejected and not usable:
        say(f"none of {rejected:,} records could be used; the reasons are above and in the table rejected")
        return exits.UNUSABLE
    if strict and rejected:
        say(f"{rejected:,} records were rejected (--strict)")
        return exits.UNUSABLE
    if fail_on is not None:
        n = _at_least(db, fail_on)
        if n:
            say(f"{n:,} alerts of severity {fail_on.value} or above stand (--fail-on)")
            return exits.ALERTS
    return exits.OK


def _at_least(db: Path, severity: SeverityName) -> int:
    from pipeline.storage.queries import AlertFilter, StoreReader

    chosen = AlertFilter(severities=tuple(SEVERITIES[SEVERITIES.index(severity.value) :]))
    with StoreReader(db) as reader:
        return reader.alerts(chosen).height
