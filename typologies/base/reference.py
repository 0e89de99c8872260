"""The slow, obvious engine: all events at once, every trigger judged, no screen, no increments, no eviction.

It is the oracle of the property tests and of the contract checks, and the runner must agree with it to the last
digest. Nothing here is clever on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from typologies.base.alerts import Alert, AlertHead, Anchor, Standing, build_alert, event_anchor
from typologies.base.codec import Codec
from typologies.base.context import FactStore, JudgeContext
from typologies.base.detector import Detector, Lens, Position
from typologies.base.encoding import RecordBatch, encode
from typologies.base.events import NULL_I64, Flag, Kind, Side
from typologies.base.expressions import Expr, Op
from typologies.base.facts import Fact
from typologies.base.findings import Deadline, Finding
from typologies.base.hubs import collapse
from typologies.base.records import FIELD_INDEX
from typologies.base.roles import belongs_to_earlier_role
from typologies.base.settings import EngineSettings
from typologies.base.strings import Interner
from typologies.base.window import DeadlineTrigger, Event, Trigger, Window, span_us, to_datetime, to_microseconds

_I = FIELD_INDEX


@dataclass(frozen=True, slots=True)
class Bound:
    """A detector with the identity it publishes under."""

    typology: str
    version: str
    detector: Detector[Any]


def column_value(name: str, record: tuple[int, ...], side: Side) -> int | None:
    """Return an expression column of one record, None if unknown."""
    flags = record[_I["flags"]]
    if name == "side":
        return int(side)
    if name in ("amount", "exponent") and side is Side.CREDIT and record[_I["counter_amount"]] != NULL_I64:
        return record[_I[f"counter_{name}"]]
    if name in ("amount_usd", "amount"):
        value = record[_I[name]]
        return None if value == NULL_I64 else value
    if name == "business_date":
        return None if record[_I[name]] == -1 else record[_I[name]]
    if name == "ctr_filed":
        return int(bool(flags & Flag.CTR_FILED)) if flags & Flag.CTR_KNOWN else None
    if name == "reduced_on_notice":
        return int(bool(flags & Flag.REDUCED_ON_NOTICE)) if flags & Flag.REDUCED_KNOWN else None
    if name == "is_self":
        return int(record[_I["debtor_account"]] == record[_I["creditor_account"]] != -1)
    if name.startswith("has_"):
        return int(record[_I[name[4:]]] != -1)
    return record[_I[name]]


def truth(expr: Expr, record: tuple[int, ...], side: Side) -> bool | None:
    """Evaluate a logical expression on one record; None is unknown."""
    if expr.op is Op.NOT:
        inner = truth(expr.args[0], record, side)
        return None if inner is None else not inner
    if expr.op in (Op.AND, Op.OR):
        a, b = (truth(arg, record, side) for arg in expr.args)
        decisive = expr.op is Op.OR
        if decisive in (a, b):
            return decisive
        return None if None in (a, b) else not decisive
    x, y = (number(arg, record, side) for arg in expr.args)
    if x is None or y is None:
        return None
    return {Op.EQ: x == y, Op.NE: x != y, Op.LT: x < y, Op.LE: x <= y, Op.GT: x > y, Op.GE: x >= y}[expr.op]


def number(expr: Expr, record: tuple[int, ...], side: Side) -> int | None:
    """Evaluate a numeric expression on one record; None is unknown."""
    if expr.op is Op.CONST:
        return expr.value
    if expr.op is Op.COLUMN:
        return column_value(expr.name, record, side)
    x, y = (number(arg, record, side) for arg in expr.args)
    if x is None or y is None:
        return None
    return {Op.ADD: x + y, Op.SUB: x - y, Op.MUL: x * y}[expr.op]


class ReferenceEngine:
    """Judges a whole set of events.

    Parameters
    ----------
    bound
        Detectors with id and version.
    settings
        Lateness and row cap; the rest is not used.
    facts
        Context.
    """

    def __init__(self, bound: Sequence[Bound], settings: EngineSettings, facts: Iterable[Fact] = ()) -> None:
        self._bound = bound
        self._settings = settings
        self._facts = list(facts)
        self._store = FactStore(self._facts)

    def run(self, frame: pl.DataFrame, clock_us: int | None = None) -> list[Alert]:
        """Return the standing alerts of all events in `frame`.

        Parameters
        ----------
        frame
            Canonical frame in any order; duplicates and retractions allowed; event ids needed.
        clock_us
            Event time up to which deadlines pass; None: the last event's.
        """
        interner = Interner()
        batch = encode(frame, interner)
        codec = Codec(interner, batch.texts)
        records = self._live(batch)
        if clock_us is None:
            clock_us = max((int(t) for t in batch.records["time"]), default=0)
        alerts: list[Alert] = []
        for bound in self._bound:
            for lens in bound.detector.lenses:
                for subject, events in sorted(self._subjects(bound.detector, lens, records, codec).items()):
                    alerts += self._subject(bound, lens, subject, events, clock_us)
        return sorted(alerts, key=lambda alert: alert.alert_id)

    @staticmethod
    def _live(batch: RecordBatch) -> list[tuple[int, ...]]:
        """Return each event once, without those that a retraction takes out."""
        rows: list[tuple[int, ...]] = batch.records.tolist()
        taken_out: set[tuple[int, int, str, str]] = set()
        for i, row in enumerate(rows):
            if row[_I["kind"]] == Kind.RETRACTION:
                taken_out.add(
                    (row[_I["id_hash"]], row[_I["time"]], batch.deliveries.get(i, ""), batch.retracts.get(i, ""))
                )
        live: dict[str, tuple[int, ...]] = {}
        for i, row in enumerate(rows):
            if row[_I["kind"]] == Kind.RETRACTION:
                continue
            key = f"{row[_I['key_hi']]:016x}{row[_I['key_lo']]:016x}"
            delivery = batch.deliveries.get(i, "")
            where = (row[_I["id_hash"]], row[_I["time"]], delivery)
            if (*where, "") not in taken_out and (*where, key) not in taken_out:
                live.setdefault(key, row)
        return list(live.values())

    @staticmethod
    def _subjects(
        detector: Detector[Any], lens: Lens, records: Iterable[tuple[int, ...]], codec: Codec
    ) -> dict[str, list[Event]]:
        relevant = detector.relevant()
        subjects: dict[str, list[Event]] = {}
        for record in records:
            for position in lens.positions:
                subject = _subject_of(position, record, codec)
                if subject is None:
                    continue
                if position.where is not None and truth(position.where, record, position.side) is False:
                    continue
                if truth(relevant, record, position.side) is not False:
                    subjects.setdefault(subject, []).append(Event(record, position.side, codec))
        for events in subjects.values():
            events.sort(key=lambda e: e.sort_key)
        return subjects

    def _subject(self, bound: Bound, lens: Lens, subject: str, events: list[Event], clock_us: int) -> list[Alert]:
        look_back = span_us(bound.detector.look_back)
        standing: list[Standing] = []
        deadlines: dict[tuple[int, str], DeadlineTrigger] = {}

        def judged(trigger: Trigger, anchor: Anchor, window_events: list[Event]) -> None:
            at = anchor.time
            start = at - look_back
            inside = [e for e in window_events if e.time_us > start]
            sums: list[Any] = []
            if len(inside) > self._settings.row_cap:
                inside, sums = collapse(inside, start, at, self._settings.lateness_us)
            window = Window(lens.subject_kind, subject, lens.name, trigger, start, at, inside, sums)
            context = JudgeContext(self._store, bound.detector.context_tables, lens.subject_kind, subject, at)
            for result in bound.detector.judge(window, context):
                if isinstance(result, Deadline):
                    due = at + span_us(result.after)
                    key = anchor.key[2]
                    deadlines[due, f"{key}:{result.name}"] = DeadlineTrigger(to_datetime(due), key[:32], result.name)
                elif not belongs_to_earlier_role(result, bound.detector.lenses, lens):
                    standing.append(_standing(result, anchor, start, context, trigger, len(sums)))

        for i, event in enumerate(events):
            judged(event, event_anchor(event), events[: i + 1])
        for fact in self._own_facts(bound.detector, lens, subject):
            at = to_microseconds(fact.known_at)
            if at > clock_us:
                continue
            anchor = Anchor((at, 2, fact.content_hash()), f"{fact.table}:{fact.key}")
            judged(fact, anchor, [e for e in events if e.time_us <= at])
        done: set[tuple[int, str]] = set()
        while True:
            due = sorted(k for k in deadlines if k[0] <= clock_us and k not in done)
            if not due:
                break
            at, name = due[0]
            done.add(due[0])
            trigger = deadlines[at, name]
            anchor = Anchor((at, 0, name), name)
            judged(trigger, anchor, [e for e in events if e.time_us < at])
        standing.sort(key=lambda s: s.anchor.key)
        return _episodes(
            AlertHead(bound.typology, bound.version, lens.name, lens.subject_kind, subject), standing, look_back
        )

    def _own_facts(self, detector: Detector[Any], lens: Lens, subject: str) -> list[Fact]:
        table = f"{lens.subject_kind}_profile"
        return list(self._store.versions(table, subject)) if table in detector.retrigger_tables else []


def _subject_of(position: Position, record: tuple[int, ...], codec: Codec) -> str | None:
    for column in position.columns:
        code = record[_I[column]]
        if code != -1:
            return codec.string(code)
    return None


def _standing(
    finding: Finding, anchor: Anchor, start: int, context: JudgeContext, trigger: Trigger, day_sums: int
) -> Standing:
    retroactive = isinstance(trigger, Fact) and trigger.valid_from < trigger.known_at
    return Standing(anchor, start, finding, tuple(sorted(context.read)), retroactive, day_sums)


def _episodes(head: AlertHead, standing: Sequence[Standing], look_back: int) -> list[Alert]:
    groups: list[list[Standing]] = []
    for s in standing:
        if groups and s.anchor.time <= groups[-1][0].anchor.time + look_back:
            groups[-1].append(s)
        else:
            groups.append([s])
    alerts: list[Alert] = []
    for i, group in enumerate(groups):
        predecessor = None
        if i and group[0].anchor.time - groups[i - 1][0].anchor.time <= 2 * look_back:
            predecessor = alerts[-1].alert_id
        alerts.append(build_alert(head, group, look_back, predecessor, is_settled=False))
    return alerts


def digests(alerts: Iterable[Alert]) -> Mapping[str, str]:
    """Return alert id to digest: what two runs are compared by."""
    return {alert.alert_id: alert.digest for alert in alerts}
