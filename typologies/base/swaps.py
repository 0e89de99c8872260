"""The same history under other ids and under other people: what may not change a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from typologies.base.alerts import Alert
from typologies.base.facts import PROFILE_TABLES, Fact, FactValue
from typologies.base.figures import side_name
from typologies.base.trials import History

ID_COLUMNS = (
    "event_id",
    "debtor_account",
    "creditor_account",
    "debtor",
    "creditor",
    "debtor_agent",
    "creditor_agent",
    "ultimate_debtor",
    "ultimate_creditor",
    "conductor",
    "on_behalf_of",
    "ctr_conductor",
    "cardholder",
)
"""Columns whose values are only names for something."""

_KEYED_BY_ID = frozenset({*PROFILE_TABLES, "allowlist", "institution", "party_class"})
_ID_VALUES = frozenset({"holders", "account", "accounts", "party", "parties", "institution", "signatories"})

MARK = "~"
"""Prefix of every new id: it keeps the order of ids, and no id or text has it."""

OTHER_PEOPLE: Mapping[str, FactValue] = {
    "name": "Ana Example",
    "other_names": ("A. Example",),
    "nationality": "XA",
    "nationalities": ("XA", "XB"),
    "document_country": "XB",
    "id_document_country": "XB",
    "place_of_birth": "Elsewhere",
    "country_of_birth": "XC",
    "date_of_birth": "1970-01-01",
    "country_of_residence": "XD",
    "languages": ("xx",),
    "language": "xx",
    "phone_prefix": "+999",
}
"""What may be known about a person and never reaches a score (typologies.md rule 1)."""


def renamed(history: History) -> History:
    """Return the history with every id prefixed by `MARK`.

    The same events keep their times, so only ids and what is derived from them may differ. Events at one time are
    ordered by their key, which is derived from ids: use histories without ties (`without_ties`).
    """
    frame = history.frame.with_columns(
        pl.when(pl.col(name).is_not_null()).then(pl.lit(MARK) + pl.col(name)).alias(name) for name in ID_COLUMNS
    )
    facts = tuple(map(_renamed_fact, history.facts))
    return History(history.label, frame, facts, history.settings, history.clock_us)


def _renamed_fact(fact: Fact) -> Fact:
    if fact.table not in _KEYED_BY_ID:
        return fact
    values = {name: _renamed_value(v) if name in _ID_VALUES else v for name, v in fact.values.items()}
    return Fact(fact.table, MARK + fact.key, fact.valid_from, fact.known_at, values, fact.valid_to)


def _renamed_value(value: FactValue) -> FactValue:
    if isinstance(value, str):
        return MARK + value
    return tuple(MARK + v for v in value) if isinstance(value, tuple) else value


def without_ties(history: History) -> History:
    """Return the history without retractions, with one event at a time and one version of a fact at a time."""
    frame = history.frame.filter(pl.col("kind") != "retraction").unique("event_time", keep="first", maintain_order=True)
    facts = {(f.table, f.key, f.valid_from, f.known_at): f for f in history.facts}
    return History(history.label, frame, tuple(facts.values()), history.settings, history.clock_us)


def with_other_people(history: History) -> History:
    """Return the history with other names in every event and other personal values in every profile."""
    frame = history.frame.with_columns(
        pl.lit("Ana Example").alias("debtor_name"), pl.lit("Bo Muster").alias("creditor_name")
    )
    facts = tuple(
        Fact(f.table, f.key, f.valid_from, f.known_at, {**f.values, **OTHER_PEOPLE}, f.valid_to)
        if f.table in PROFILE_TABLES
        else f
        for f in history.facts
    )
    return History(history.label, frame, facts, history.settings, history.clock_us)


def shape(alert: Alert, plain: Callable[[str], str] = str) -> tuple[object, ...]:
    """Return everything an alert says, free of hashes; `plain` is applied to every id and text."""
    reasons = [
        (r.code, plain(r.text), str(r.observed.value), r.observed.unit, plain(r.expected), r.weight)
        for r in alert.reasons
    ]
    evidence = [(plain(e.event.event_id), side_name(e.event.side), e.role) for e in alert.evidence]
    return (
        alert.triggered_at,
        alert.typology,
        alert.subject_kind,
        plain(alert.subject_id),
        alert.subject_role,
        plain(alert.trigger_event_id) if alert.trigger_key[1] == 1 else "",
        alert.window_start,
        alert.window_end,
        alert.severity,
        alert.amount_usd,
        alert.n_events,
        alert.n_findings,
        alert.red_flags,
        alert.modes,
        alert.is_retroactive,
        reasons,
        evidence,
        [plain(t) for t in (alert.explanation, *alert.counter_evidence, *alert.look_alikes, *alert.not_computed)],
    )


def shapes(alerts: Mapping[str, Alert], plain: Callable[[str], str] = str) -> list[tuple[object, ...]]:
    """Return the shapes of alerts, ordered by trigger time, typology and subject."""
    return sorted((shape(alert, plain) for alert in alerts.values()), key=lambda s: tuple(map(str, s[:6])))


def unmarked(text: str) -> str:
    """Return a text with new ids turned back into the old ones."""
    return text.replace(MARK, "")
