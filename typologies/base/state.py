"""Writing a runner's state down and reading it back, at any point between two batches.

The form is a NumPy archive without pickled objects: arrays as they are, everything else as JSON. It belongs to one set
of typologies, versions, parameters and settings; anything else is refused.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import numpy as np

from typologies.base.alerts import Anchor, Standing, TriggerKey
from typologies.base.errors import IncompatibleState
from typologies.base.facts import Fact, FactValue
from typologies.base.figures import Figure
from typologies.base.findings import Cited, Finding, Reason, Severity
from typologies.base.parameters import params_hash
from typologies.base.pins import Pin
from typologies.base.reference import Bound
from typologies.base.settings import EngineSettings
from typologies.base.window import Event

FORMAT = "feiqian.state.v1"

Json = Any


def fingerprint(bound: Sequence[Bound], settings: EngineSettings) -> str:
    """Return 32 hex digits over everything a state depends on."""
    body = [
        FORMAT,
        [[b.typology, b.version, params_hash({b.typology: b.detector.params})] for b in bound],
        {name: str(value) for name, value in asdict(settings).items()},
    ]
    return blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=16).hexdigest()


def pack(arrays: dict[str, np.ndarray], document: Json) -> bytes:
    """Return arrays and a JSON document as one archive."""
    buffer = io.BytesIO()
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    np.savez(buffer, **arrays, document=np.frombuffer(text, np.uint8))  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack(blob: bytes) -> tuple[dict[str, np.ndarray], Json]:
    """Return what `pack` wrote.

    Raises
    ------
    IncompatibleState
        The bytes are no such archive.
    """
    try:
        with np.load(io.BytesIO(blob), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        document = json.loads(arrays.pop("document").tobytes())
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise IncompatibleState(
            f"a state written by this program is required; found {len(blob)} other bytes"
        ) from error
    return arrays, document


class EventTable:
    """Events of findings by reference, so that an event cited ten times is written once."""

    def __init__(self, pins: dict[str, Pin]) -> None:
        self._pins = pins
        self._made: dict[tuple[str, int], Event] = {}

    @staticmethod
    def reference(event: Event) -> list[Json]:
        """Return what `event` finds the event by."""
        return [event.event_key, int(event.side)]

    def event(self, reference: list[Json]) -> Event:
        """Return the event of a reference; equal references give one object."""
        key = (str(reference[0]), int(reference[1]))
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._pins[key[0]].event(key[1])
        return made


def anchor_to_json(anchor: Anchor) -> Json:
    """Return an anchor as JSON."""
    return [*anchor.key, anchor.event_id]


def anchor_from_json(value: Json) -> Anchor:
    """Return the anchor written by `anchor_to_json`."""
    return Anchor(trigger_key(value[:3]), value[3])


def trigger_key(value: Json) -> TriggerKey:
    """Return a trigger key from JSON."""
    return int(value[0]), int(value[1]), str(value[2])


def figure_to_json(figure: Figure) -> Json:
    """Return a figure as JSON."""
    marks = {mark: [EventTable.reference(e) for e in events] for mark, events in figure.marks.items()}
    return [str(figure.value), figure.unit, figure.sql, marks, figure.source]


def figure_from_json(value: Json, table: EventTable) -> Figure:
    """Return the figure written by `figure_to_json`."""
    marks = {mark: tuple(table.event(r) for r in events) for mark, events in value[3].items()}
    return Figure(Decimal(value[0]), value[1], value[2], marks, value[4])


def standing_to_json(standing: Standing) -> Json:
    """Return a standing finding as JSON."""
    f = standing.finding
    return {
        "anchor": anchor_to_json(standing.anchor),
        "start": standing.start,
        "context": list(standing.context),
        "is_retroactive": standing.is_retroactive,
        "day_sums": standing.day_sums,
        "explanation": f.explanation,
        "reasons": [[r.code, r.text, figure_to_json(r.observed), r.expected, r.weight] for r in f.reasons],
        "evidence": [[*EventTable.reference(c.event), c.role] for c in f.evidence],
        "severity": int(f.severity),
        "mode": f.mode,
        "lists": [
            list(f.red_flags),
            list(f.principal),
            list(f.counter_evidence),
            list(f.look_alikes),
            list(f.not_computed),
        ],
    }


def standing_from_json(value: Json, table: EventTable) -> Standing:
    """Return the standing finding written by `standing_to_json`."""
    red_flags, principal, counter_evidence, look_alikes, not_computed = map(tuple, value["lists"])
    finding = Finding(
        explanation=value["explanation"],
        reasons=tuple(Reason(c, t, figure_from_json(o, table), e, w) for c, t, o, e, w in value["reasons"]),
        evidence=tuple(Cited(table.event([key, side]), role) for key, side, role in value["evidence"]),
        severity=Severity(value["severity"]),
        red_flags=red_flags,
        mode=value["mode"],
        principal=principal,
        counter_evidence=counter_evidence,
        look_alikes=look_alikes,
        not_computed=not_computed,
    )
    return Standing(
        anchor_from_json(value["anchor"]),
        value["start"],
        finding,
        tuple(value["context"]),
        value["is_retroactive"],
        value["day_sums"],
    )


def fact_to_json(fact: Fact) -> Json:
    """Return a fact as JSON; lists stay apart from strings."""
    return {
        "table": fact.table,
        "key": fact.key,
        "valid_from": fact.valid_from.isoformat(),
        "known_at": fact.known_at.isoformat(),
        "valid_to": fact.valid_to.isoformat() if fact.valid_to else None,
        "values": {name: list(v) if isinstance(v, tuple) else v for name, v in fact.values.items()},
    }


def fact_from_json(value: Json) -> Fact:
    """Return the fact written by `fact_to_json`."""
    values: dict[str, FactValue] = {n: tuple(v) if isinstance(v, list) else v for n, v in value["values"].items()}
    return Fact(
        value["table"],
        value["key"],
        datetime.fromisoformat(value["valid_from"]),
        datetime.fromisoformat(value["known_at"]),
        values,
        datetime.fromisoformat(value["valid_to"]) if value["valid_to"] else None,
    )
