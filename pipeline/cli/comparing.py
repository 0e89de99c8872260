"""`feiqian compare`: are the alerts of two stores the same, or what did a change of rules win and lose."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import exits
from pipeline.cli.console import one_line, say
from pipeline.cli.options import Output, OutputOption
from pipeline.cli.tables import Column, Row, emit_csv, emit_json, put_table

if TYPE_CHECKING:
    from pipeline.storage.comparison import AlertRef, Comparison, Difference, Group


class MatchName(StrEnum):
    """How alerts of the two stores are paired."""

    EXACT = "exact"
    OVERLAP = "overlap"


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Alert store.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Alert store to compare with.")],
    match: Annotated[
        MatchName, typer.Option("--match", help="exact: by id and digest; overlap: by subject and shared evidence.")
    ] = MatchName.EXACT,
    sample: Annotated[int, typer.Option("--sample", min=0, metavar="N", help="Alerts listed of each kind.")] = 20,
    output: OutputOption = Output.TABLE,
) -> None:
    """Compare the standing alerts of two stores; exit code 1 if they differ.

    \b
    feiqian compare a.duckdb b.duckdb                    same input, another order: identical?
    feiqian compare before.duckdb after.duckdb --match overlap   another threshold: gained, lost, changed
    """
    from pipeline.storage.compare import compare as run

    found = run(a, b, match.value, sample)
    for side in (found.a, found.b):
        if not side.is_finished:
            say(f"the run in {side.path} has not ended: what is said of it is about the alerts so far")
    if output is Output.JSON:
        emit_json("comparison", _body(found))
    elif output is Output.CSV:
        emit_csv(_CSV_FIELDS, list(_lines(found)))
    else:
        _tell(found)
    exits.leave(exits.OK if found.identical else exits.FAILURE)


def _words(found: Comparison) -> tuple[str, str]:
    return ("lost", "gained") if found.match == "overlap" else ("only in A", "only in B")


def _tell(found: Comparison) -> None:
    if found.identical:
        print(f"identical: {found.n_same:,} {'alert' if found.n_same == 1 else 'alerts'}")
        return
    only_a, only_b = _words(found)
    print(f"different: {found.n_same:,} the same, {found.only_a.n:,} {only_a}, {found.only_b.n:,} {only_b}, ", end="")
    print(f"{found.changed.n:,} changed")
    for name, side in (("A", found.a), ("B", found.b)):
        print(f"{name}: {side.path}, run {side.run_id}, {side.n_alerts:,} alerts")
    print()
    rows = [
        {"typology": typology, "same": same, "a": a, "b": b, "changed": changed}
        for typology, (same, a, b, changed) in found.by_typology.items()
    ]
    columns = [Column("typology", "TYPOLOGY"), Column("same", "SAME", right=True)]
    columns += [Column("a", only_a.upper(), right=True), Column("b", only_b.upper(), right=True)]
    put_table([*columns, Column("changed", "CHANGED", right=True)], rows)
    for title, group in ((only_a, found.only_a), (only_b, found.only_b)):
        _tell_group(title, group)
    _tell_changed(found)


_REF_COLUMNS = (
    Column("alert_id", "ID"),
    Column("severity", "SEVERITY"),
    Column("typology", "TYPOLOGY"),
    Column("subject", "SUBJECT", shrinks=True),
    Column("amount_usd", "AMOUNT USD", right=True),
    Column("n_events", "EVENTS", right=True),
    Column("triggered_at", "TRIGGERED AT (UTC)"),
)


def _tell_group(title: str, group: Group) -> None:
    if group.n:
        print(f"\n{title.upper()}: {group.n:,} alerts, {group.amount_usd:,} USD")
        put_table(_REF_COLUMNS, [_ref(alert) for alert in group.sample], indent=2)
        _tell_rest(group.n, len(group.sample))


def _tell_changed(found: Comparison) -> None:
    if not found.changed.n:
        return
    before, after = found.changed.amount_usd_a, found.changed.amount_usd_b
    print(f"\nCHANGED: {found.changed.n:,} pairs, {before:,} USD in A, {after:,} USD in B")
    for pair in found.changed.sample:
        ids = pair.a.alert_id if pair.a.alert_id == pair.b.alert_id else f"{pair.a.alert_id} / {pair.b.alert_id}"
        print(f"  {ids}  {pair.a.typology}  {one_line(f'{pair.a.subject_kind} {pair.a.subject_id}')}")
        if not pair.fields:
            print("    nothing differs but that it has another counterpart too")
            continue
        rows = _fields(pair)
        columns = (Column("field", "FIELD"), Column("a", "A", shrinks=True), Column("b", "B", shrinks=True))
        put_table(columns, rows, indent=4)
    _tell_rest(found.changed.n, len(found.changed.sample))


def _tell_rest(n: int, listed: int) -> None:
    if listed < n:
        print(f"  ... {n - listed:,} more (--sample {n} lists all)")


def _ref(alert: AlertRef) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "typology": alert.typology,
        "subject_kind": alert.subject_kind,
        "subject_id": alert.subject_id,
        "subject": f"{alert.subject_kind} {alert.subject_id}",
        "severity": alert.severity,
        "triggered_at": alert.triggered_at,
        "n_events": alert.n_events,
        "amount_usd": alert.amount_usd,
    }


_CSV_FIELDS = (
    *("change", "alert_id", "alert_id_b", "typology", "subject_kind", "subject_id", "severity", "triggered_at"),
    *("n_events", "amount_usd", "fields"),
)


def _lines(found: Comparison) -> Iterable[Row]:
    only_a, only_b = (word.replace(" ", "_").lower() for word in _words(found))
    for word, group in ((only_a, found.only_a), (only_b, found.only_b)):
        for alert in group.sample:
            yield {"change": word, **_ref(alert)}
    for pair in found.changed.sample:
        yield {"change": "changed", **_ref(pair.a), "alert_id_b": pair.b.alert_id, "fields": _fields(pair)}


def _fields(pair: Difference) -> list[dict[str, Any]]:
    return [{"field": f.field, "a": f.a, "b": f.b} for f in pair.fields]


def _body(found: Comparison) -> dict[str, object]:
    return {
        "identical": found.identical,
        "match": found.match,
        "a": found.a,
        "b": found.b,
        "n_same": found.n_same,
        "only_a": found.only_a,
        "only_b": found.only_b,
        "changed": found.changed,
        "by_typology": {
            name: dict(zip(("same", "only_a", "only_b", "changed"), counts, strict=True))
            for name, counts in found.by_typology.items()
        },
    }
