"""An explanation as a person reads it, as SQL, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.cli.console import one_line, printable, put, width
from pipeline.cli.explanation import Explanation, Row
from pipeline.cli.prose import bar, bullets, heading, number, paragraph
from pipeline.cli.tables import SEVERITY_STYLES, Column, emit_json, put_table, shown

BRIEF_EVIDENCE = 6
"""Rows of evidence in a brief explanation."""


CONTEXT_LISTED = 12
"""Context versions in an explanation; profiles come first."""


def put_story(found: Explanation, n_evidence: int | None, *, is_brief: bool = False) -> None:
    """Write an explanation to standard output.

    Parameters
    ----------
    found
        What to tell.
    n_evidence
        Rows of evidence at most; None: all.
    is_brief
        Only what a first look needs.
    """
    _title(found)
    heading("WHAT")
    paragraph(found.alert["explanation"])
    heading("WHY")
    put(_reasons(found.reasons), width())
    _evidence(found, min(n_evidence or BRIEF_EVIDENCE, BRIEF_EVIDENCE) if is_brief else n_evidence)
    heading("WHAT SPEAKS AGAINST IT")
    bullets(found.alert["counter_evidence"] or ("nothing in the window or the context",))
    heading("LOOK-ALIKES CONSIDERED")
    bullets(found.alert["look_alikes"] or ("none that the data suggest",))
    if found.alert["not_computed"]:
        heading("NOT COMPUTED, BECAUSE THE DATA DO NOT SAY")
        bullets(found.alert["not_computed"])
    heading("RED FLAGS")
    bullets(_flags(found) or ("no published flag is met as such; the references of the typology describe it",))
    if is_brief:
        return
    _rule(found)
    if found.typology is not None:
        heading("NEXT STEPS")
        bullets(found.typology.meta.investigation_steps, numbered=True)
        if found.typology.meta.report_hints:
            heading("FOR A DRAFT REPORT")
            bullets(found.typology.meta.report_hints)
    heading("SQL THAT COMPUTES EVERY FIGURE AGAIN")
    print("\n" + sql(found))


def _title(found: Explanation) -> None:
    alert = found.alert
    title = found.typology.meta.title if found.typology else alert["typology"]
    severity = str(alert["severity"])
    line = Text.assemble(
        (alert["alert_id"], "bold"), "  ", printable(title), "  ", (severity, SEVERITY_STYLES.get(severity, ""))
    )
    paragraph(line, indent=0)
    names = f" ({', '.join(one_line(name) for name in found.names)})" if found.names else ""
    seen = "" if alert["subject_role"] == alert["subject_kind"] else f", seen as {alert['subject_role']}"
    paragraph(f"{alert['subject_kind']} {one_line(alert['subject_id'])}{names}{seen}", indent=0)
    begin, end = found.span()
    without = f", {alert['n_without_usd']:,} of them without a USD rate" if alert["n_without_usd"] else ""
    paragraph(
        f"{shown(alert['amount_usd'])} USD suspected in {alert['n_events']:,} events{without}, "
        f"{_period(begin, end)}; found {_minute(alert['triggered_at'])}",
        indent=0,
    )
    states = []
    if alert["modes"]:
        states.append(f"mode: {', '.join(alert['modes'])}")
    if alert["predecessor"]:
        states.append(f"follows {alert['predecessor']}")
    if alert["is_retroactive"]:
        states.append("found later, when it became known")
    states.append(
        "settled: nothing that is on time can change it"
        if alert["is_settled"]
        else "may still change with events that are not late yet"
    )
    paragraph(Text(printable("; ".join(states)), style="dim"), indent=0)


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _period(begin: datetime, end: datetime) -> str:
    first, last = begin.astimezone(UTC).date(), end.astimezone(UTC).date()
    return f"on {first}" if first == last else f"from {first} to {last}"


def _reasons(reasons: Sequence[Row]) -> Padding:
    """Return the reasons with their weights as bars under each other, so that they compare at a glance."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for reason in reasons:
        grid.add_row(f"{bar(reason['weight'])} {reason['weight']:.2f}", one_line(reason["text"]))
        figures = Text.assemble(
            ("observed ", "dim"),
            (f"{number(reason['observed'])} {one_line(reason['unit'])}", "bold"),
            ("; expected ", "dim"),
            one_line(reason["expected"]),
            (f"  [{one_line(reason['code'])}]", "dim"),
        )
        grid.add_row("", figures)
        if reason["figure_source"]:
            grid.add_row("", Text(f"from {one_line(reason['figure_source'])}", style="dim"))
    return Padding(grid, (0, 0, 0, 2))


def _evidence(found: Explanation, limit: int | None) -> None:
    rows = [_evidence_row(row) for row in found.evidence]
    counted = len(rows) - found.n_baseline
    baseline = f" and {found.n_baseline:,} of the baseline" if found.n_baseline else ""
    heading(f"EVIDENCE: {counted:,} {'row' if counted == 1 else 'rows'}{baseline}")
    listed = rows if limit is None else rows[:limit]
    put_table([column for column in _EVIDENCE_COLUMNS if _has(column, listed)], listed, indent=2)
    if len(listed) < len(rows):
        paragraph(f"... {len(rows) - len(listed):,} more rows (--evidence 0 shows all)")
    if found.alert["retracted_late"]:
        n = len(found.alert["retracted_late"])
        paragraph(
            f"{n:,} cited {'event was' if n == 1 else 'events were'} retracted too late to leave the alert; every "
            f"figure above still contains {'it' if n == 1 else 'them'}. The retractions are in late_events."
        )
    if found.alert["evidence_omitted"]:
        paragraph(f"{found.alert['evidence_omitted']:,} more are counted in the figures and not listed in the store")


def _evidence_row(row: Row) -> Mapping[str, Any]:
    ways = [row["kind"], *(row[name] for name in ("rail", "channel") if row[name] and row[name] != row["kind"])]
    return {
        **row,
        "way": " ".join(way for way in ways if way),
        "money": None if row["amount"] is None else f"{row['amount']:,.2f} {row['currency']}",
        "usd": None if row["currency"] == "USD" else row["amount_usd"],
        "from": row["debtor_account"] or row["debtor"],
        "to": row["creditor_account"] or row["creditor"],
        "gone": "too late" if row["is_retracted_late"] else None,
        "place_of_row": f"{row['source']}:{row['position']}" if row["source"] else None,
    }


_EVIDENCE_COLUMNS = (
    Column("event_time", "TIME (UTC)"),
    Column("role", "ROLE"),
    Column("way", "WAY", shrinks=True),
    Column("money", "AMOUNT", right=True),
    Column("usd", "IN USD", right=True),
    Column("from", "FROM", shrinks=True),
    Column("to", "TO", shrinks=True),
    Column("conductor", "CONDUCTOR", shrinks=True),
    Column("branch", "BRANCH", shrinks=True),
    Column("place", "PLACE", shrinks=True),
    Column("gone", "RETRACTED"),
    Column("event_id", "EVENT", shrinks=True),
)


def _has(column: Column, rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(row.get(column.name) is not None for row in rows)


def _flags(found: Explanation) -> list[Text]:
    return [
        Text.assemble((flag.id, "bold"), f" {one_line(flag.text or '')}", (f" [{one_line(flag.source)}]", "dim"))
        if flag.text and flag.source
        else Text(flag.id, style="bold")
        for flag in found.red_flags
    ]


def _rule(found: Explanation) -> None:
    alert, versions = found.alert, found.run["versions"]
    heading("RULE, PARAMETERS, CONTEXT")
    status = f" ({found.typology.meta.status})" if found.typology else ""
    program = f"feiqian {versions['feiqian']}, " if "feiqian" in versions else ""
    paragraph(
        f"{alert['typology']} {alert['typology_version']}{status}; {program}run {alert['run_id']}, parameters "
        f"{alert['params_hash']}; revision {alert['revision']}, digest {alert['digest']}"
    )
    if found.note:
        paragraph(found.note)
    if found.parameters:
        rows = [
            {
                "name": p.name,
                "value": shown(p.value),
                "unit": p.info.unit,
                "from": "default" if p.is_default else "changed",
            }
            for p in found.parameters
        ]
        columns = (
            Column("name", "PARAMETER"),
            Column("value", "VALUE", right=True, shrinks=True),
            Column("unit", "UNIT", shrinks=True),
            Column("from", "FROM"),
        )
        put_table(columns, rows, indent=2)
    _context(found.context)


def _context(versions: Sequence[Row]) -> None:
    if not versions:
        paragraph("no context was used")
        return
    n = len(versions)
    paragraph(f"{n:,} {'version' if n == 1 else 'versions'} of context used, as valid and known then:")
    listed = versions[:CONTEXT_LISTED]
    bullets(tuple(_told(version) for version in listed))
    if n > len(listed):
        paragraph(f"... {n - len(listed):,} more in the view alert_context")


def _told(version: Row) -> str:
    if version["content"] is None:
        return f"{version['version']} (this file holds its hash only)"
    begin, end = (version[name] and f"{version[name].astimezone(UTC):%Y-%m-%d}" for name in ("valid_from", "valid_to"))
    known = f"{version['known_at'].astimezone(UTC):%Y-%m-%d}"
    span = f"valid from {begin}" + (f" to before {end}" if end else "") + ("" if known == begin else f", known {known}")
    values = "; ".join(f"{name} {shown(value)}" for name, value in version["content"].items())
    return one_line(f"{version['context_table']} {version['key']} ({span}): {values}")


def sql(found: Explanation) -> str:
    """Return the queries of all figures, each under a comment that says what it must give.

    Figures that do not come from events alone have a comment only.
    """
    parts = []
    for row in (*found.reasons, *found.figures):
        name = row.get("code") or row.get("figure")
        expected = f"; expected {row['expected']}" if row.get("expected") else ""
        comment = one_line(f"-- {name}: {row['observed']} {row['unit']}{expected}")
        if row["recompute_sql"]:
            parts.append(f"{comment}\n{row['recompute_sql']};")
        else:
            source = row.get("figure_source") or "evidence was left out of the list"
            parts.append(one_line(f"{comment}; not from events alone: {source}"))
    return "\n\n".join(parts)


def put_json(found: Explanation) -> None:
    """Write everything as one JSON object."""
    typology = found.typology
    emit_json(
        "alert",
        {
            "alert": found.alert,
            "subject_names": found.names,
            "reasons": found.reasons,
            "figures": found.figures,
            "evidence": found.evidence,
            "red_flags": found.red_flags,
            "context": found.context,
            "parameters": [
                {"name": p.name, "value": p.value, "is_default": p.is_default, "unit": p.info.unit, "why": p.info.why}
                for p in found.parameters
            ],
            "investigation_steps": typology.meta.investigation_steps if typology else [],
            "report_hints": typology.meta.report_hints if typology else [],
            "note": found.note,
            "run": found.run,
        },
    )
