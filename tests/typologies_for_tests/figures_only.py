"""Reasons and findings for detectors that exist to exercise the engine, not to find anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typologies.base import figures
from typologies.base.detector import Detector
from typologies.base.findings import Finding, Reason, cite
from typologies.base.reference import Bound
from typologies.base.window import Event


def reason(code: str, events: Iterable[Event], text: str = "", weight: float = 1.0) -> Reason:
    """Return a reason whose figure is the number of events."""
    return Reason(code, text or code, figures.count(events), ">= 1", weight)


def finding(code: str, events: Iterable[Event], text: str = "", mode: str | None = None) -> Finding:
    """Return a finding with one reason that cites all `events`."""
    cited = tuple(events)
    return Finding(
        explanation=text or code, reasons=(reason(code, cited, text),), evidence=cite(cited, "event"), mode=mode
    )


def bind(detector: Detector[Any]) -> Bound:
    """Return a detector under the name of its class."""
    return Bound(type(detector).__name__.lower(), "1.0.0", detector)
