"""What a replay reports when it is done."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pipeline.cli.console import say
from pipeline.cli.label_outcome import LabelOutcome, against_labels
from pipeline.cli.options import Output
from pipeline.cli.prose import bullets, heading, paragraph
from pipeline.cli.tables import Column, Row, emit_csv, emit_json, put_table
from pipeline.storage.queries import StoreReader
from replay.config import ReplayReport

COUNTERS = {
    "read": "records read",
    "accepted": "events that took part",
    "retraction": "retractions: events taken out",
    "duplicate": "seen before, changed nothing",
    "late": "later than their input allows: table late_events",
    "rejected": "could not be used: table rejected",
    "context": "profiles, labels and other context",
    "irrelevant": "accepted events that no typology looks at",
    "refused_files": "files in a folder that are no input: table rejected",
}
"""Counters that everyone should see, in order, with what they mean."""


def put(done: ReplayReport, db: Path, output: Output) -> None:
    """Write the report of a finished replay to standard output."""
    found = by_severity(db)
    labels = None if done.labels is None else against_labels(db, done.labels)
    if output is Output.JSON:
        emit_json("replay", _body(done, db, found, labels))
    elif output is Output.CSV:
        emit_csv(("part", "name", "value"), _lines(done, found, labels))
    else:
        _tell(done, db, found, labels)


def by_severity(db: Path) -> list[Row]:
    """Return standing alerts by typology: rows with typology, high, medium, low, n_alerts, amount_usd."""
    with StoreReader(db) as reader:
        return list(
            reader.query(
                "SELECT typology, count(*) FILTER (WHERE severity = 'high') AS high, "
                "count(*) FILTER (WHERE severity = 'medium') AS medium, "
                "count(*) FILTER (WHERE severity = 'low') AS low, count(*) AS n_alerts, sum(amount_usd) AS amount_usd "
                "FROM alerts GROUP BY typology ORDER BY typology"
            ).iter_rows(named=True)
        )


ALERT_COLUMNS = (
    Column("typology", "TYPOLOGY"),
    Column("high", "HIGH", right=True),
    Column("medium", "MEDIUM", right=True),
    Column("low", "LOW", right=True),
    Column("n_alerts", "ALERTS", right=True),
    Column("amount_usd", "SUSPECTED USD", right=True),
)


def _tell(done: ReplayReport, db: Path, found: list[Row], labels: LabelOutcome | None) -> None:
    rate = done.counters.get("read", 0) / done.seconds if done.seconds else 0.0
    span = ""
    if done.first_event and done.last_event:
        span = f", events from {done.first_event:%Y-%m-%d} to {done.last_event:%Y-%m-%d}"
    paragraph(f"Run {done.run_id}: {done.seconds:.1f} s, {rate:,.0f} records/s{span}", indent=0)
    heading("RECORDS")
    rows = [
        {"name": name, "value": done.counters.get(name, 0), "means": means}
        for name, means in COUNTERS.items()
        if done.counters.get(name) or name in ("read", "accepted", "rejected")
    ]
    columns = (Column("name", "WHAT"), Column("value", "COUNT", right=True), Column("means", "MEANING", shrinks=True))
    put_table(columns, rows, indent=2)
    if done.rejected_reasons:
        heading("WHY RECORDS WERE REJECTED")
        bullets(f"{'once' if n == 1 else f'{n:,} times'}: {reason}" for reason, n in done.rejected_reasons)
    heading("ALERTS")
    if found:
        put_table(ALERT_COLUMNS, found, indent=2)
    else:
        paragraph("none")
    if labels is not None:
        heading("LABELS IN THE FILES (looked at after the run; no detector has read them)")
        bullets(_label_sentences(labels))
    if done.notes:
        heading("NOTES")
        bullets(done.notes)
    say()
    say(f"wrote {db}")
    say(f"Next: feiqian alerts list --db {db}")


def _label_sentences(labels: LabelOutcome) -> list[str]:
    sentences = []
    if labels.events:
        sentences.append(f"{labels.cited_events:,} of {labels.events:,} events labelled illicit are cited by an alert")
    if labels.accounts:
        sentences.append(
            f"{labels.seen_accounts:,} of {labels.accounts:,} accounts labelled illicit appear in an alert"
        )
    if labels.patterns:
        sentences.append(f"{labels.found_patterns:,} of {labels.patterns:,} labelled patterns appear in an alert")
    sentences.append(
        f"{labels.alerts_on_labels:,} of {labels.alerts:,} alerts have to do with something labelled illicit; "
        f"{labels.alerts - labels.alerts_on_labels:,} have not"
    )
    return sentences


def _body(done: ReplayReport, db: Path, found: list[Row], labels: LabelOutcome | None) -> dict[str, object]:
    return {
        "run_id": done.run_id,
        "db": db,
        "seconds": round(done.seconds, 3),
        "stages": {name: round(seconds, 3) for name, seconds in done.stages.items()},
        "first_event": done.first_event,
        "last_event": done.last_event,
        "counters": done.counters,
        "alerts": found,
        "rejected_reasons": [{"reason": reason, "n": n} for reason, n in done.rejected_reasons],
        "labels": labels,
        "notes": done.notes,
    }


def _lines(done: ReplayReport, found: list[Row], labels: LabelOutcome | None) -> list[Row]:
    values: list[tuple[str, str, object]] = [("run", "run_id", done.run_id), ("run", "seconds", round(done.seconds, 3))]
    values += [("counter", name, n) for name, n in done.counters.items()]
    values += [("alerts", row["typology"], row["n_alerts"]) for row in found]
    values += [("rejected", reason, n) for reason, n in done.rejected_reasons]
    values += [("labels", name, n) for name, n in asdict(labels).items()] if labels else []
    return [{"part": part, "name": name, "value": value} for part, name, value in values]
