"""What the demo tells: what came in, what was found, one alert explained, where to query next."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.cli.explained import put_story
from pipeline.cli.explanation import collect
from pipeline.cli.outcome import CaseOutcome, DemoOutcome
from pipeline.cli.prose import bullets, heading, paragraph
from pipeline.cli.stores import DEMO_DB, short_ids
from pipeline.cli.tables import Column, put_table
from pipeline.storage.queries import SEVERITIES, AlertFilter, StoreReader
from replay.config import ReplayReport
from replay.synthetic.world import World


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: of generating, of replaying, and from the start of the command to the first alert."""

    generating: float
    replaying: float
    first_alert: float | None


QUERIES: tuple[tuple[str, str], ...] = (
    (
        "The queue: what to look at first",
        "SELECT alert_id, severity, typology, subject_id, amount_usd, main_reason FROM alert_queue LIMIT 10;",
    ),
    (
        "Where the money meets again: accounts paid out of several alerts",
        """SELECT e.creditor_account, count(DISTINCT v.alert_id) AS alerts, sum(e.amount_usd) AS usd
FROM alert_evidence v JOIN events e USING (event_key)
WHERE v.side = 'debit' AND v.role <> 'baseline' AND e.creditor_account IS NOT NULL
GROUP BY e.creditor_account ORDER BY alerts DESC, usd DESC LIMIT 5;""",
    ),
    (
        "Every figure of the alert above, with the query that computes it again",
        "FROM explain_alert('{alert_id}');",
    ),
)
"""Queries that the demo prints; `{alert_id}` is the alert explained."""


def tell(
    folder: Path,
    db: Path,
    world: World,
    manifest: Mapping[str, Any],
    done: ReplayReport,
    outcome: DemoOutcome,
    timing: Timing,
) -> None:
    """Write the story to standard output."""
    _came_in(folder, world, manifest, done)
    _found(done, outcome, timing)
    with StoreReader(db) as reader:
        top = reader.alerts(AlertFilter(limit=1))["alert_id"].to_list()
        if not top:
            heading("NO ALERT WAS FOUND")
            return
        short = short_ids(reader)[top[0]]
        heading("3  ONE ALERT, EXPLAINED: THE FIRST OF THE QUEUE")
        print()
        put_story(collect(reader, top[0]), None, is_brief=True)
    _next(db, top[0], short)


def _came_in(folder: Path, world: World, manifest: Mapping[str, Any], done: ReplayReport) -> None:
    counts, config = manifest["counts"], world.config
    heading("1  WHAT CAME IN")
    span = f"{done.first_event:%d %b} to {done.last_event:%d %b %Y}" if done.first_event and done.last_event else ""
    paragraph(
        f"{counts['events']:,} transactions of a small bank with {config.parties:,} customers over {config.days} days "
        f"({span}), and {counts['facts']:,} facts about accounts, parties, places and reporting lines. All of it is "
        f"synthetic: seed {config.seed}, the same seed gives the same bytes."
    )
    paragraph(
        f"Planted among ordinary lives: {counts['schemes']} laundering schemes, and {counts['twins']} lawful "
        "look-alikes that a hasty rule would take for them. Which is which stands in a folder the replay does not read."
    )
    paragraph(f"{folder / 'transactions.parquet'}, sha256 {manifest['sha256']['transactions.parquet'][:16]}...")
    turned_away = {name: done.counters.get(name, 0) for name in ("rejected", "duplicate", "late")}
    paragraph(
        f"Read {done.counters.get('read', 0):,} records: "
        + ", ".join([f"{done.counters.get('accepted', 0):,} accepted", *(f"{n:,} {k}" for k, n in turned_away.items())])
    )


FOUND_COLUMNS = (
    Column("typology", "TYPOLOGY"),
    Column("alerts", "ALERTS", right=True),
    Column("schemes", "SCHEMES FOUND", right=True),
    Column("twins", "LOOK-ALIKES SILENT", right=True),
)


def _found(done: ReplayReport, outcome: DemoOutcome, timing: Timing) -> None:
    heading("2  WHAT WAS FOUND")
    rate = done.counters.get("read", 0) / timing.replaying if timing.replaying else 0.0
    first = "" if timing.first_alert is None else f"; first alert {timing.first_alert:.1f} s after the start"
    paragraph(
        f"{len(outcome.alerts)} alerts in {timing.replaying:.1f} s, {rate:,.0f} records a second{first} "
        f"({timing.generating:.1f} s of that for generating the bank)"
    )
    typologies = sorted({case.typology for case in outcome.cases} | set(outcome.alerts.values()))
    rows = [_found_row(name, outcome) for name in typologies]
    put_table(FOUND_COLUMNS, [*rows, _found_row(None, outcome)], indent=2)
    paragraph(
        "Compared with the truth after the run, which no detector can read. A scheme counts as found when at least "
        "half of the events that some alert cites belong to it."
    )
    bullets(_honest(outcome))
    paragraph(
        "These are figures on synthetic data. They show that the rules do what they say, not how often they would be "
        "right in a bank."
    )


def _found_row(typology: str | None, outcome: DemoOutcome) -> dict[str, Any]:
    schemes = [case for case in outcome.schemes if typology in (None, case.typology)]
    twins = [case for case in outcome.twins if typology in (None, case.typology)]
    return {
        "typology": typology or "all",
        "alerts": sum(typology in (None, name) for name in outcome.alerts.values()),
        "schemes": f"{sum(case.is_found for case in schemes)} of {len(schemes)}",
        "twins": f"{sum(not case.is_found for case in twins)} of {len(twins)}",
    }


def _honest(outcome: DemoOutcome) -> list[str]:
    """Return what went wrong, in sentences."""
    sentences = []
    missed = [case for case in outcome.schemes if not case.is_found]
    if missed:
        sentences.append(f"Missed: {_named(missed)}.")
    other = [case for case in outcome.schemes if case.is_found and not case.by_own]
    if other:
        sentences.append(f"Found by another typology than the one they were planted for: {_named(other)}.")
    loud = [case for case in outcome.twins if case.is_found]
    if loud:
        sentences.append(f"Look-alikes that raised an alert: {_named(loud)}.")
    n = len(outcome.on_ordinary_life)
    per = n / len(outcome.alerts) if outcome.alerts else 0.0
    sentences.append(f"False alerts: {n} of {len(outcome.alerts)} ({per:.0%}) are about ordinary lives.")
    sentences.append(f"About schemes, by severity: {_by_severity(outcome)}.")
    return sentences


def _by_severity(outcome: DemoOutcome) -> str:
    parts = []
    for severity in reversed(SEVERITIES):
        alerts = {alert for alert, name in outcome.severities.items() if name == severity}
        if alerts:
            parts.append(f"{len(alerts & outcome.on_schemes)} of {len(alerts)} {severity}")
    return ", ".join(parts)


def _named(cases: Sequence[CaseOutcome]) -> str:
    return "; ".join(
        f"{case.case_id} ({case.typology} {case.scenario}, evasion level {case.evasion}, {case.n_events} events)"
        for case in cases
    )


def _next(db: Path, alert_id: str, short: str) -> None:
    option = "" if db == DEMO_DB else f" --db {db}"
    heading("4  WHERE TO QUERY NEXT")
    paragraph(
        f"{db} is a DuckDB file that any DuckDB client opens; `feiqian sql` runs a query without one. Three that work:"
    )
    for title, query in queries(alert_id):
        print(f"\n  -- {title}")
        print("  " + query.replace("\n", "\n  "))
    heading("5  NEXT")
    commands = (
        (f"feiqian alerts list{option}", "all alerts"),
        (f"feiqian alerts explain {short}{option}", "the alert above in full, with parameters, next steps and SQL"),
        (f"feiqian verify{option}", "compute every figure of every alert again"),
        ("feiqian typologies list", "what is detected, and why"),
        ("feiqian typologies coverage", "the red flags of FIN-2025-A003, and what computes them"),
        ("feiqian mapping draft FILE", "read a file of your own"),
    )
    rows = [{"command": command, "does": does} for command, does in commands]
    put_table((Column("command", "COMMAND"), Column("does", "WHAT IT DOES", shrinks=True)), rows, indent=2)
    if not os.environ.get("VIRTUAL_ENV") and Path(sys.prefix).resolve() == (Path.cwd() / ".venv").resolve():
        paragraph("This puts the command on the path of your shell: source .venv/bin/activate")


def queries(alert_id: str) -> list[tuple[str, str]]:
    """Return title and text of the queries that the demo prints."""
    return [(title, query.format(alert_id=alert_id)) for title, query in QUERIES]
