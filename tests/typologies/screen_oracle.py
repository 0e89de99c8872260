"""A detector that checks its own screen: every trigger with a result must have passed it.

Trailing figures are computed from the judged window by their definition (`slow_screen`), not by the engine, and a
screen that is unknown passes. Wrap a detector, run the reference engine, ask for `missed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import polars as pl

from typologies.base.alerts import Alert
from typologies.base.detector import Context, Detector
from typologies.base.expressions import Expr
from typologies.base.facts import Fact
from typologies.base.findings import Deadline, Finding
from typologies.base.reference import Bound, ReferenceEngine
from typologies.base.settings import EngineSettings
from typologies.base.slow_screen import screen_passes
from typologies.base.window import Event, Window


@dataclass
class Tally:
    """What happened to the triggers of one run.

    Attributes
    ----------
    n_triggers, n_passed, n_fired
        Events judged, events the screen lets through, events with a finding or a deadline.
    missed
        A line for each event with a result that the screen would have stopped.
    """

    n_triggers: int = 0
    n_passed: int = 0
    n_fired: int = 0
    missed: list[str] = field(default_factory=list)


class Screened(Detector[Any]):
    """The wrapped detector, with its screen checked at every event that triggers it."""

    def __init__(self, inner: Detector[Any], tally: Tally) -> None:
        super().__init__(inner.params)
        self._inner = inner
        self._tally = tally
        # The engine reads these from the instance.
        self.lenses = inner.lenses  # type: ignore[misc]
        self.context_tables = inner.context_tables  # type: ignore[misc]
        self.retrigger_tables = inner.retrigger_tables  # type: ignore[misc]

    @property
    def look_back(self) -> timedelta:
        return self._inner.look_back

    def relevant(self) -> Expr:
        return self._inner.relevant()

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        results = list(self._inner.judge(window, context))
        trigger = window.trigger
        if isinstance(trigger, Event) and not window.is_collapsed:
            passes = screen_passes(self._inner, window.events, trigger)
            self._tally.n_triggers += 1
            self._tally.n_passed += passes
            self._tally.n_fired += bool(results)
            if results and not passes:
                self._tally.missed.append(f"{window.role} {window.subject_id}: {trigger!r}")
        return results


def run_screened(
    detector: Detector[Any],
    frame: pl.DataFrame,
    facts: Sequence[Fact] = (),
    settings: EngineSettings | None = None,
    clock_us: int | None = None,
) -> tuple[list[Alert], Tally]:
    """Return the alerts of the slow engine and what the screen did at each of its triggers.

    Parameters
    ----------
    detector
        The detector under test.
    frame, facts
        Canonical events in any order, and context.
    settings, clock_us
        As for `ReferenceEngine`.
    """
    tally = Tally()
    bound = Bound("under_test", "0.0.0", Screened(detector, tally))
    alerts = ReferenceEngine([bound], settings or EngineSettings(), facts).run(frame, clock_us)
    return alerts, tally
