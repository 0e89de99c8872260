"""Alerts: an episode's content, its id and its digest (semantics C3, C5)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from hashlib import blake2b

from typologies.base.figures import side_name
from typologies.base.findings import BASELINE, Finding, Reason, Severity
from typologies.base.money import usd, usd_text
from typologies.base.window import Event, to_datetime
from typologies.base.words import counted

EVIDENCE_CAP = 4_000
"""Rows of evidence one alert holds at most. Above it, half of the rows are the earliest and half the latest; the
alert's count and amount are always those of the whole list (semantics E6)."""

TriggerKey = tuple[int, int, str]
"""Order of triggers: time in microseconds; 0 deadline, 1 event, 2 context version (semantics C2); event key or hash."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The trigger that starts an episode."""

    key: TriggerKey
    event_id: str

    @property
    def time(self) -> int:
        """Trigger time, microseconds since 1970-01-01 UTC."""
        return self.key[0]


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding at its trigger, with what the engine adds.

    Attributes
    ----------
    anchor
        Its trigger.
    start
        Start of its window, microseconds, excluded.
    context
        Sorted content hashes of the context versions it read.
    is_retroactive
        It follows from something that held before it became known.
    day_sums
        Number of day sums in its window: 0 unless the subject is above the row cap.
    """

    anchor: Anchor
    start: int
    finding: Finding
    context: tuple[str, ...] = ()
    is_retroactive: bool = False
    day_sums: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row of evidence in an alert."""

    event: Event
    role: str


@dataclass(frozen=True, slots=True)
class Citation:
    """Which events a reason's figure is computed from; `mark` is the set they belong to."""

    code: str
    mark: str
    event: Event


class Status(Enum):
    """Of a published alert."""

    STANDING = "standing"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Alert:
    """An episode as it is published. Columns of the public view `alerts` are made from it (design.md §6)."""

    alert_id: str
    digest: str
    status: Status
    typology: str
    typology_version: str
    subject_kind: str
    subject_id: str
    subject_role: str
    trigger_event_id: str
    trigger_key: TriggerKey
    triggered_at: datetime
    window_start: datetime
    window_end: datetime
    first_event_time: datetime
    last_event_time: datetime
    n_events: int
    n_without_usd: int
    amount_usd: Decimal
    severity: Severity
    reasons: tuple[Reason, ...]
    red_flags: tuple[str, ...]
    modes: tuple[str, ...]
    explanation: str
    counter_evidence: tuple[str, ...]
    look_alikes: tuple[str, ...]
    not_computed: tuple[str, ...]
    is_retroactive: bool
    context: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    evidence_omitted: int
    citations: tuple[Citation, ...]
    n_findings: int
    predecessor: str | None
    is_settled: bool
    superseded_by: tuple[str, ...] = ()


def alert_id(typology: str, role: str, subject_kind: str, subject_id: str, anchor: TriggerKey) -> str:
    """Return `AL-` and 24 hex digits over typology, subject and anchor."""
    body = json.dumps([typology, role, subject_kind, subject_id, list(anchor)], ensure_ascii=False)
    return "AL-" + blake2b(body.encode(), digest_size=12).hexdigest()


def content_hash(alert: Alert) -> str:
    """Return 32 hex digits over the digest, the predecessor and all that is told beside them.

    The digest leaves out texts and counts of findings (semantics C5); what is published must have the newest of both,
    or they would depend on the order of arrival.
    """
    told = (
        *(alert.digest, alert.predecessor, alert.explanation, alert.counter_evidence, alert.look_alikes),
        *(alert.not_computed, alert.red_flags, alert.modes, alert.n_findings, alert.is_retroactive),
    )
    return blake2b(json.dumps(told, ensure_ascii=False).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class AlertHead:
    """What all alerts of one typology and subject share."""

    typology: str
    typology_version: str
    role: str
    subject_kind: str
    subject_id: str


def build_alert(
    head: AlertHead,
    episode: Sequence[Standing],
    look_back_us: int,
    predecessor: str | None,
    is_settled: bool,
) -> Alert:
    """Return the alert of one episode.

    Parameters
    ----------
    head
        Typology and subject.
    episode
        Findings in trigger order, the anchor first; at least one.
    look_back_us
        W in microseconds.
    predecessor
        Alert id of the episode before, if its anchor lies within 2W.
    is_settled
        Nothing on time can change it any more.

    Notes
    -----
    Merging is a function of the set of findings. The alert speaks with one of them, the strongest (`_strength`):
    explanation, reasons with their figures, what speaks against it, look-alikes and gaps are all its own, so no text
    contradicts another. The other findings add evidence, red flags, modes, and reasons of codes that the strongest
    lacks, each with the time at which it was found. Count, amount and times are those of all the evidence; the
    explanation says so where there is more than one finding.
    """
    first, last = episode[0], episode[-1]
    by_strength = sorted(episode, key=_strength, reverse=True)
    lead = by_strength[0]
    evidence = _merge_evidence(episode)
    principal = _principal(episode, evidence)
    known = [e.amount_usd_cents for e in principal]
    times = [item.event.time_us for item in evidence]
    reasons = _merge_reasons(by_strength)
    kept = evidence
    if len(evidence) > EVIDENCE_CAP:
        half = EVIDENCE_CAP // 2
        kept = (*evidence[:half], *evidence[-half:])
    severity = max(s.finding.severity for s in episode)
    red_flags = tuple(sorted({flag for s in episode for flag in s.finding.red_flags}))
    amount = usd(sum(cents for cents in known if cents is not None))
    context = tuple(sorted({version for s in episode for version in s.context}))
    window = (min(s.start for s in episode), last.anchor.time)
    digest = _digest(head, first.anchor, window, kept, reasons, severity, amount, context)
    n_events = len({item.event.event_key for item in evidence if item.role != BASELINE})
    explanation = lead.finding.explanation
    if len(episode) > 1:
        explanation += (
            f" These figures are those of the strongest of {len(episode)} findings, of {_minute(lead.anchor.time)}; "
            f"together the findings from {_minute(first.anchor.time)} to {_minute(last.anchor.time)} cite "
            f"{counted(n_events, 'event')}, {usd_text(int(amount.scaleb(2)))} suspected."
        )
    return Alert(
        alert_id=alert_id(head.typology, head.role, head.subject_kind, head.subject_id, first.anchor.key),
        digest=digest,
        status=Status.STANDING,
        typology=head.typology,
        typology_version=head.typology_version,
        subject_kind=head.subject_kind,
        subject_id=head.subject_id,
        subject_role=head.role,
        trigger_event_id=first.anchor.event_id,
        trigger_key=first.anchor.key,
        triggered_at=to_datetime(first.anchor.time),
        window_start=to_datetime(window[0]),
        window_end=to_datetime(window[1]),
        first_event_time=to_datetime(min(times)),
        last_event_time=to_datetime(max(times)),
        n_events=n_events,
        n_without_usd=sum(cents is None for cents in known),
        amount_usd=amount,
        severity=severity,
        reasons=reasons,
        red_flags=red_flags,
        modes=tuple(sorted({s.finding.mode for s in episode if s.finding.mode})),
        explanation=explanation,
        counter_evidence=lead.finding.counter_evidence,
        look_alikes=lead.finding.look_alikes,
        not_computed=lead.finding.not_computed,
        is_retroactive=any(s.is_retroactive for s in episode),
        context=context,
        evidence=kept,
        evidence_omitted=len(evidence) - len(kept),
        citations=_citations(reasons),
        n_findings=len(episode),
        predecessor=predecessor,
        is_settled=is_settled,
    )


def _merge_evidence(episode: Sequence[Standing]) -> tuple[Evidence, ...]:
    """Return each (event, role) once, ordered by (event time, event key, side, role)."""
    rows: dict[tuple[tuple[int, int, int, int], str], Evidence] = {}
    for standing in episode:
        for item in standing.finding.evidence:
            rows[item.event.sort_key, item.role] = Evidence(item.event, item.role)
    return tuple(rows[key] for key in sorted(rows))


def _principal(episode: Sequence[Standing], evidence: Iterable[Evidence]) -> list[Event]:
    """Return the events whose USD values add up to the alert's amount, each once."""
    roles = {role for s in episode for role in s.finding.principal}
    chosen = {}
    for item in evidence:
        if item.role in roles or (not roles and item.role != BASELINE):
            chosen[item.event.event_key] = item.event
    return list(chosen.values())


def _strength(standing: Standing) -> tuple[int, int, int, TriggerKey]:
    """Return what makes a finding the one that speaks: severity, amount, number of events, then the later trigger."""
    finding = standing.finding
    roles = set(finding.principal)
    cents: dict[str, int] = {}
    events: set[str] = set()
    for item in finding.evidence:
        key = item.event.event_key
        if item.role != BASELINE:
            events.add(key)
        if item.role in roles or (not roles and item.role != BASELINE):
            cents[key] = item.event.amount_usd_cents or 0
    return int(finding.severity), sum(cents.values()), len(events), standing.anchor.key


def _merge_reasons(by_strength: Sequence[Standing]) -> tuple[Reason, ...]:
    """Return the reasons of the strongest finding, the heaviest first, then those of codes that only others have."""
    own: dict[str, Reason] = {}
    others: dict[str, Reason] = {}
    for place, standing in enumerate(by_strength):
        for reason in sorted(standing.finding.reasons, key=_by_weight):
            if place == 0:
                own.setdefault(reason.code, reason)
            elif reason.code not in own and reason.code not in others:
                text = f"{reason.text} (Found {_minute(standing.anchor.time)}.)"
                others[reason.code] = replace(reason, text=text)
    return (*own.values(), *sorted(others.values(), key=_by_weight))


def _by_weight(reason: Reason) -> tuple[float, str]:
    return -reason.weight, reason.code


def _minute(time_us: int) -> str:
    return f"{to_datetime(time_us):%Y-%m-%d %H:%M} UTC"


def _citations(reasons: Iterable[Reason]) -> tuple[Citation, ...]:
    return tuple(
        Citation(reason.code, mark, event)
        for reason in reasons
        for mark, events in sorted(reason.observed.marks.items())
        for event in sorted(events, key=lambda e: e.sort_key)
    )


def _digest(
    head: AlertHead,
    anchor: Anchor,
    window: tuple[int, int],
    evidence: Iterable[Evidence],
    reasons: Iterable[Reason],
    severity: Severity,
    amount: Decimal,
    context: tuple[str, ...],
) -> str:
    body = [
        head.typology,
        head.typology_version,
        [head.role, head.subject_kind, head.subject_id],
        list(anchor.key),
        list(window),
        [[item.event.event_key, side_name(item.event.side), item.role] for item in evidence],
        [[r.code, r.text, f"{r.observed.value:f}", r.observed.unit, r.expected, repr(r.weight)] for r in reasons],
        int(severity),
        f"{amount:f}",
        list(context),
    ]
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def event_anchor(event: Event) -> Anchor:
    """Return the anchor of a finding whose trigger is an event."""
    return Anchor((event.time_us, 1, f"{event.event_key}{int(event.side)}"), event.event_id)


__all__ = [
    "EVIDENCE_CAP",
    "Alert",
    "AlertHead",
    "Anchor",
    "Citation",
    "Evidence",
    "Standing",
    "Status",
    "TriggerKey",
    "alert_id",
    "build_alert",
    "content_hash",
    "event_anchor",
]
