"""How far a replay is, on standard error: one line that is written over, lines now and then, or JSON."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

from pipeline.cli.console import is_terminal, say
from pipeline.cli.jsontext import iso

if TYPE_CHECKING:
    from replay.config import Progress

SECONDS_BETWEEN_LINES = 10.0
"""Where no terminal is: a log of a night's replay stays readable."""


class ProgressMode(StrEnum):
    """What `--progress` can be."""

    AUTO = "auto"
    JSON = "json"
    OFF = "off"


class Reporter:
    """Shows progress; a context manager that leaves a clean line behind.

    Parameters
    ----------
    mode
        auto: a line that is written over on a terminal, else a line every ten seconds; json: an object a line.
    """

    def __init__(self, mode: ProgressMode) -> None:
        self._mode = mode
        self._is_animated = mode is ProgressMode.AUTO and is_terminal(sys.stderr)
        self._is_dirty = False
        self._told_at = 0.0

    def __enter__(self) -> Reporter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_dirty:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __call__(self, state: Progress) -> None:
        """Show a state."""
        if self._mode is ProgressMode.JSON:
            print(json.dumps(as_json(state)), file=sys.stderr, flush=True)
        elif self._is_animated:
            sys.stderr.write(f"\r{line(state)}\x1b[K")
            sys.stderr.flush()
            self._is_dirty = True
        elif self._mode is ProgressMode.AUTO and state.seconds - self._told_at >= SECONDS_BETWEEN_LINES:
            self._told_at = state.seconds
            say(line(state))


def line(state: Progress) -> str:
    """Return a state in one line."""
    parts = [f"{state.events:,} events", f"{_rate(state):,.0f}/s"]
    if state.event_time is not None:
        parts.append(f"at {state.event_time:%Y-%m-%d %H:%M}")
    parts.append(f"{state.alerts:,} alerts")
    if state.total_bytes:
        parts.append(f"{min(state.done_bytes / state.total_bytes, 1.0):.0%} read")
    return "  " + " · ".join(parts)


def as_json(state: Progress) -> dict[str, object]:
    """Return a state as JSON values."""
    return {
        "events": state.events,
        "events_per_second": round(_rate(state)),
        "event_time": None if state.event_time is None else iso(state.event_time),
        "alerts": state.alerts,
        "seconds": round(state.seconds, 3),
        "done_bytes": state.done_bytes,
        "total_bytes": state.total_bytes,
    }


def _rate(state: Progress) -> float:
    return state.events / state.seconds if state.seconds else 0.0
