"""Golden cases: events and the alerts they must give, one case a line, readable by an analyst.

A line of `cases/*.jsonl` is an object:

- `name`: a sentence that says what the case shows;
- `events`: sparse rows with columns of `events.FRAME_SCHEMA`, in order of arrival; times as ISO 8601 with a zone, money
  as whole minor units;
- `facts` (optional): context versions with `table`, `key`, `values`, and `valid_from`, `known_at`, `valid_to` as ISO;
- `params` (optional): parameters that differ from their defaults;
- `clock` (optional): event time up to which deadlines pass, if later than the last event;
- `expect`: the standing alerts, each with any of the keys of `EXPECTABLE`; an empty list: silence.

What an event leaves out is filled in: `event_id` e1, e2, ... by place, `source` "case", `kind` "payment", `exponent` 2,
`currency` "USD", and for USD `amount_usd` from `amount`. A retraction repeats every column of the event whose id it
names, so `{"kind": "retraction", "event_id": "e3"}` is enough.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from typologies.base.alerts import Alert
from typologies.base.errors import CatalogueError
from typologies.base.events import FRAME_SCHEMA
from typologies.base.facts import Fact, position_problem
from typologies.base.window import to_microseconds

Row = Mapping[str, Any]

EXPECTABLE: dict[str, Callable[[Alert], object]] = {
    "subject_id": lambda alert: alert.subject_id,
    "role": lambda alert: alert.subject_role,
    "modes": lambda alert: sorted(alert.modes),
    "reason_codes": lambda alert: sorted({reason.code for reason in alert.reasons}),
    "red_flags": lambda alert: sorted(alert.red_flags),
    "n_events": lambda alert: alert.n_events,
    "n_findings": lambda alert: alert.n_findings,
    "amount_usd": lambda alert: f"{alert.amount_usd:f}",
    "severity": lambda alert: alert.severity.name.lower(),
    "trigger_event_id": lambda alert: alert.trigger_event_id,
    "triggered_at": lambda alert: alert.triggered_at.isoformat(),
    "evidence": lambda alert: sorted({item.event.event_id for item in alert.evidence if item.role != "baseline"}),
    "is_retroactive": lambda alert: alert.is_retroactive,
}
"""Keys of an expected alert, and how an alert shows them. `evidence`: ids of all cited events but the baseline."""

_LISTS = frozenset({"modes", "reason_codes", "red_flags", "evidence"})
_REQUIRED = ("subject_id", "role")


@dataclass(frozen=True, slots=True)
class Case:
    """One golden case.

    Attributes
    ----------
    name
        Sentence.
    where
        File and line, for messages.
    frame
        Canonical frame, rows in order of arrival.
    facts
        Context.
    expect
        Expected standing alerts, values normalised as in `EXPECTABLE`.
    params
        Parameters that differ from their defaults.
    clock_us
        Event time up to which deadlines pass, microseconds; None: the last event or fact.
    """

    name: str
    where: str
    frame: pl.DataFrame
    facts: tuple[Fact, ...]
    expect: tuple[Mapping[str, object], ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    clock_us: int | None = None


def load_cases(folder: Path) -> tuple[Case, ...]:
    """Return all cases of a typology's folder (`folder/cases/*.jsonl`), by file name and line.

    Raises
    ------
    CatalogueError
        A line is not a case; the message names file, line and key.
    """
    cases: list[Case] = []
    for path in sorted((folder / "cases").glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                cases.append(parse_case(line, f"{folder.name}/cases/{path.name}:{number}"))
    return tuple(cases)


def parse_case(line: str, where: str) -> Case:
    """Return the case written in one line.

    Raises
    ------
    CatalogueError
        See `load_cases`.
    """
    try:
        body = json.loads(line)
    except json.JSONDecodeError as error:
        raise CatalogueError(f"{where}: a case must be one JSON object, found {error}") from error
    if not isinstance(body, dict):
        raise CatalogueError(f"{where}: a case must be one JSON object, found {type(body).__name__}")
    _known_keys(body, {"name", "events", "facts", "params", "clock", "expect"}, ("name", "events", "expect"), where)
    clock = body.get("clock")
    return Case(
        name=body["name"],
        where=where,
        frame=events_frame(body["events"], where),
        facts=tuple(_fact(fact, f"{where}: fact {i}") for i, fact in enumerate(body.get("facts", ()), start=1)),
        expect=tuple(_expected(alert, f"{where}: expect {i}") for i, alert in enumerate(body["expect"], start=1)),
        params=body.get("params", {}),
        clock_us=None if clock is None else to_microseconds(_moment(clock, f"{where}: clock")),
    )


def events_frame(events: Sequence[Row], where: str = "events") -> pl.DataFrame:
    """Return sparse rows as a canonical frame, defaults filled in, in the given order.

    Parameters
    ----------
    events
        Rows as in a case; times may be aware datetimes and dates may be dates.
    where
        Named in messages.

    Raises
    ------
    CatalogueError
        An unknown column or a value of the wrong form.
    """
    rows = [_row(event, i, events, f"{where}: event {i + 1}") for i, event in enumerate(events)]
    try:
        return pl.DataFrame(
            {name: pl.Series(name, [row.get(name) for row in rows], dtype=kind) for name, kind in FRAME_SCHEMA.items()}
        )
    except (TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        raise CatalogueError(f"{where}: a value does not fit its column: {error}") from error


def _row(event: Row, place: int, events: Sequence[Row], where: str) -> dict[str, Any]:
    row = dict(event)
    unknown = sorted(row.keys() - FRAME_SCHEMA.keys())
    if unknown:
        raise CatalogueError(f"{where}: no column {', '.join(unknown)} in an event")
    if row.get("kind") == "retraction":
        taken_out = next((e for i, e in enumerate(events) if _names(e, i, row.get("event_id"))), None)
        if taken_out is not None:
            row = {**taken_out, **row}
    row.setdefault("event_id", f"e{place + 1}")
    for name, default in (("source", "case"), ("kind", "payment"), ("exponent", 2), ("currency", "USD")):
        row.setdefault(name, default)
    row.setdefault("origin", "case")
    row.setdefault("position", place + 1)
    for name in ("event_time", "amount"):
        if row.get(name) is None:
            raise CatalogueError(f"{where}: {name} is required")
    if "amount_usd" not in row and row["currency"] == "USD":
        row["amount_usd"] = int(Decimal(row["amount"]).scaleb(2 - row["exponent"]))
    for name in ("event_time", "received_at"):
        if row.get(name) is not None:
            row[name] = _moment(row[name], f"{where}: {name}")
    if isinstance(row.get("business_date"), str):
        try:
            row["business_date"] = date.fromisoformat(row["business_date"])
        except ValueError as error:
            raise CatalogueError(f"{where}: business_date must be an ISO date; {error}") from error
    return row


def _names(event: Row, place: int, event_id: object) -> bool:
    return event.get("kind") != "retraction" and event.get("event_id", f"e{place + 1}") == event_id


def _moment(value: object, where: str) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise CatalogueError(f"{where} must be an ISO 8601 time; {error}") from error
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise CatalogueError(f"{where} must be a time with a zone, found {value!r}")
    return value.astimezone(UTC)


def _fact(body: Row, where: str) -> Fact:
    required = ("table", "key", "values")
    _known_keys(body, {"valid_from", "known_at", "valid_to", *required}, required, where)
    begin = _moment(body.get("valid_from", "2000-01-01T00:00:00Z"), f"{where}: valid_from")
    end = body.get("valid_to")
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in body["values"].items()}
    problem = position_problem(values) if body["table"] == "place" else None
    if problem is not None:
        raise CatalogueError(f"{where}: {problem}")
    return Fact(
        table=body["table"],
        key=body["key"],
        valid_from=begin,
        known_at=_moment(body.get("known_at", begin), f"{where}: known_at"),
        values=values,
        valid_to=None if end is None else _moment(end, f"{where}: valid_to"),
    )


def _expected(body: Row, where: str) -> Mapping[str, object]:
    _known_keys(body, set(EXPECTABLE), _REQUIRED, where)
    expected: dict[str, object] = {}
    for name, value in body.items():
        if name in _LISTS:
            value = sorted(value)
        elif name == "amount_usd":
            value = f"{Decimal(str(value)).quantize(Decimal('0.01')):f}"
        elif name == "triggered_at":
            value = _moment(value, f"{where}: {name}").isoformat()
        expected[name] = value
    return expected


def _known_keys(body: Row, known: Iterable[str], required: Iterable[str], where: str) -> None:
    unknown = sorted(body.keys() - set(known))
    if unknown:
        raise CatalogueError(f"{where}: no key {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    missing = sorted(set(required) - body.keys())
    if missing:
        raise CatalogueError(f"{where}: {', '.join(missing)} is required")


def differences(expect: Iterable[Mapping[str, object]], alerts: Iterable[Alert]) -> list[str]:
    """Return what differs between expected and found alerts, a sentence each; empty: nothing.

    An expected alert is compared with the found one of the same subject and role that differs least.
    """
    left = list(alerts)
    found: list[str] = []
    for expected in expect:
        same = [a for a in left if a.subject_id == expected["subject_id"] and a.subject_role == expected["role"]]
        if not same:
            found.append(f"expected an alert for {_who(expected)}, found none")
            continue
        best = min(same, key=lambda alert: len(_unequal(expected, alert)))
        left.remove(best)
        found += [f"{_who(expected)}: {difference}" for difference in _unequal(expected, best)]
    found += [f"found an alert nobody expected: {summary(alert)}" for alert in left]
    return found


def _who(expected: Mapping[str, object]) -> str:
    return f"{expected['subject_id']} ({expected['role']})"


def _unequal(expected: Mapping[str, object], alert: Alert) -> list[str]:
    shown = {name: EXPECTABLE[name](alert) for name in expected}
    return [
        f"{name} expected {expected[name]}, found {shown[name]}" for name in expected if shown[name] != expected[name]
    ]


def summary(alert: Alert) -> str:
    """Return an alert in one line, in the words of a case."""
    names = ("modes", "reason_codes", "n_events", "amount_usd", "trigger_event_id")
    values = ", ".join(f"{name} {EXPECTABLE[name](alert)}" for name in names)
    return f"{alert.subject_id} ({alert.subject_role}): {values}"
