"""What became of events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What became of the events given to a runner; they add up: events = duplicates + retractions + accepted."""

    events: int = 0
    duplicates: int = 0
    retractions: int = 0
    accepted: int = 0
    irrelevant: int = 0
    judged: int = 0
    findings: int = 0
