"""From alerts to rows: the columns of `core.alert_revision` as one Arrow table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import combinations
from typing import Any

import pyarrow as pa

from typologies.base.alerts import Alert
from typologies.base.events import Side
from typologies.base.figures import side_name
from typologies.base.findings import BASELINE

TRIGGER_KINDS = ("deadline", "event", "context")
"""Names of the second part of a trigger key."""

MAX_ROLES_TRIED = 10
"""Roles of evidence up to which `principal_roles` tries every subset."""

_SIDES = {side: side_name(side) for side in Side}

_TIME = pa.timestamp("us", "UTC")
_STRINGS = pa.list_(pa.string())
_REASON = pa.struct(
    [
        *[pa.field(n, pa.string()) for n in ("code", "text", "observed", "expected", "unit")],
        pa.field("weight", pa.float64()),
        *[pa.field(n, pa.string()) for n in ("figure_sql", "figure_source")],
    ]
)
_EVIDENCE = pa.struct([pa.field(n, pa.string()) for n in ("event_key", "role", "side")])
_CITATION = pa.struct([pa.field(n, pa.string()) for n in ("code", "mark", "event_key", "side")])

ROW_SCHEMA = pa.schema(
    [
        ("alert_id", pa.string()),
        ("revision", pa.int32()),
        ("content_hash", pa.string()),
        ("digest", pa.string()),
        ("status", pa.string()),
        ("typology", pa.string()),
        ("typology_version", pa.string()),
        ("subject_kind", pa.string()),
        ("subject_id", pa.string()),
        ("subject_role", pa.string()),
        ("trigger_event_id", pa.string()),
        ("trigger_kind", pa.string()),
        ("trigger_key", pa.string()),
        ("triggered_at", _TIME),
        ("window_start", _TIME),
        ("window_end", _TIME),
        ("first_event_time", _TIME),
        ("last_event_time", _TIME),
        ("n_events", pa.int64()),
        ("n_without_usd", pa.int64()),
        ("amount_usd", pa.decimal128(38, 2)),
        ("severity", pa.string()),
        ("reasons", pa.list_(_REASON)),
        ("red_flags", _STRINGS),
        ("modes", _STRINGS),
        ("explanation", pa.string()),
        ("counter_evidence", _STRINGS),
        ("look_alikes", _STRINGS),
        ("not_computed", _STRINGS),
        ("is_retroactive", pa.bool_()),
        ("context", _STRINGS),
        ("evidence", pa.list_(_EVIDENCE)),
        ("evidence_omitted", pa.int64()),
        ("principal_roles", _STRINGS),
        ("citations", pa.list_(_CITATION)),
        ("n_findings", pa.int64()),
        ("predecessor", pa.string()),
        ("is_settled", pa.bool_()),
        ("superseded_by", _STRINGS),
        ("raised_at", _TIME),
        ("recorded_at", _TIME),
    ]
)
"""Columns of a revision, without the run."""


@dataclass(frozen=True, slots=True)
class Content:
    """One alert as values of columns, with the hash of them all.

    Attributes
    ----------
    row
        Column to value; struct lists as lists of tuples in the order of the struct's fields.
    hash
        32 hex digits over `row`.
    """

    row: dict[str, Any]
    hash: str

    @classmethod
    def of(cls, alert: Alert) -> Content:
        """Return the content of an alert."""
        time_us, kind, trigger = alert.trigger_key
        row: dict[str, Any] = {
            "alert_id": alert.alert_id,
            "digest": alert.digest,
            "status": alert.status.value,
            "typology": alert.typology,
            "typology_version": alert.typology_version,
            "subject_kind": alert.subject_kind,
            "subject_id": alert.subject_id,
            "subject_role": alert.subject_role,
            "trigger_event_id": alert.trigger_event_id,
            "trigger_kind": TRIGGER_KINDS[kind],
            "trigger_key": trigger,
            "triggered_at": alert.triggered_at,
            "window_start": alert.window_start,
            "window_end": alert.window_end,
            "first_event_time": alert.first_event_time,
            "last_event_time": alert.last_event_time,
            "n_events": alert.n_events,
            "n_without_usd": alert.n_without_usd,
            "amount_usd": alert.amount_usd,
            "severity": alert.severity.name.lower(),
            "reasons": [
                (
                    reason.code,
                    reason.text,
                    f"{reason.observed.value:f}",
                    reason.expected,
                    reason.observed.unit,
                    float(reason.weight),
                    reason.observed.sql,
                    reason.observed.source or None,
                )
                for reason in alert.reasons
            ],
            "red_flags": alert.red_flags,
            "modes": alert.modes,
            "explanation": alert.explanation,
            "counter_evidence": alert.counter_evidence,
            "look_alikes": alert.look_alikes,
            "not_computed": alert.not_computed,
            "is_retroactive": alert.is_retroactive,
            "context": alert.context,
            "evidence": [(item.event.event_key, item.role, _SIDES[item.event.side]) for item in alert.evidence],
            "evidence_omitted": alert.evidence_omitted,
            "principal_roles": principal_roles(alert),
            "citations": [
                (item.code, item.mark, item.event.event_key, _SIDES[item.event.side]) for item in alert.citations
            ],
            "n_findings": alert.n_findings,
            "predecessor": alert.predecessor,
            "is_settled": alert.is_settled,
            "superseded_by": alert.superseded_by,
        }
        body = json.dumps([*row.values(), time_us], ensure_ascii=False, separators=(",", ":"), default=str)
        return cls(row, blake2b(body.encode(), digest_size=16).hexdigest())

    def cited_keys(self) -> Iterable[str]:
        """Return the keys of all events that evidence and figures name, with repetitions."""
        yield from (item[0] for item in self.row["evidence"])
        yield from (item[2] for item in self.row["citations"])


def principal_roles(alert: Alert) -> tuple[str, ...] | None:
    """Return roles of the evidence whose events add up to the alert's amount and to its events without USD value.

    All roles but the baseline, if they do; else the smallest set that does, the first in alphabetical order. None if
    no set does, as when evidence was left out.
    """
    cents: dict[str, dict[str, int | None]] = {}
    for item in alert.evidence:
        cents.setdefault(item.role, {})[item.event.event_key] = item.event.amount_usd_cents
    names = sorted(role for role in cents if role != BASELINE)
    wanted = (int(alert.amount_usd.scaleb(2)), alert.n_without_usd)
    if not alert.evidence_omitted and _added_up([cents[role] for role in names]) == wanted:
        return tuple(names)
    if alert.evidence_omitted or len(cents) > MAX_ROLES_TRIED:
        return None
    for size in range(1, len(cents) + 1):
        for roles in combinations(sorted(cents), size):
            if _added_up([cents[role] for role in roles]) == wanted:
                return roles
    return None


def _added_up(events: Sequence[dict[str, int | None]]) -> tuple[int, int]:
    union: dict[str, int | None] = {}
    for part in events:
        union |= part
    return sum(value or 0 for value in union.values()), sum(value is None for value in union.values())


@dataclass(frozen=True, slots=True)
class Revision:
    """A numbered content with its times of writing."""

    content: Content
    number: int
    raised_at: datetime
    recorded_at: datetime


def to_table(revisions: Sequence[Revision]) -> pa.Table:
    """Return the revisions as an Arrow table of `ROW_SCHEMA`."""
    columns = []
    for field in ROW_SCHEMA:
        if field.name == "revision":
            values: list[Any] = [r.number for r in revisions]
        elif field.name == "content_hash":
            values = [r.content.hash for r in revisions]
        elif field.name in ("raised_at", "recorded_at"):
            values = [getattr(r, field.name) for r in revisions]
        else:
            values = [r.content.row[field.name] for r in revisions]
        is_struct_list = pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type)
        columns.append(_struct_lists(values, field.type.value_type) if is_struct_list else pa.array(values, field.type))
    return pa.Table.from_arrays(columns, schema=ROW_SCHEMA)


def _struct_lists(values: Sequence[Sequence[tuple[Any, ...]]], struct: pa.StructType) -> pa.Array:
    # Column by column: a list of dictionaries a row costs Arrow several times as long.
    offsets = [0]
    for items in values:
        offsets.append(offsets[-1] + len(items))
    flat = [item for items in values for item in items]
    columns = list(zip(*flat, strict=True)) if flat else [()] * struct.num_fields
    arrays = [pa.array(column, struct.field(i).type) for i, column in enumerate(columns)]
    structs = pa.StructArray.from_arrays(arrays, fields=list(struct))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs)
