"""Settings of the engine itself: the same for every typology, part of the run's identity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from typologies.base.errors import InvalidParameters
from typologies.base.lazy import lazy
from typologies.base.window import span_us


@dataclass(frozen=True)
class EngineSettings:
    """How late events may come and how large a window may be.

    Attributes
    ----------
    lateness
        L: how far behind its input's latest event an event may arrive. Default 1 day (a judgement: next-day files).
    reversals_within
        How much longer a source may take to reverse an event (semantics B2); freezing and retention wait for it.
    row_cap
        Rows in one window above which whole days become sums.
    max_ahead
        How far event time may lie ahead of `received_at`; without `received_at` there is no check.
    """

    lateness: timedelta = timedelta(days=1)
    reversals_within: timedelta = timedelta(0)
    row_cap: int = 2_000
    max_ahead: timedelta = timedelta(days=2)

    def __post_init__(self) -> None:
        if self.lateness < timedelta(0) or self.reversals_within < timedelta(0) or self.max_ahead < timedelta(0):
            raise InvalidParameters("lateness, reversals_within and max_ahead must not be negative")
        if self.row_cap < 1:
            raise InvalidParameters(f"row_cap must be at least 1, found {self.row_cap}")

    @lazy
    def lateness_us(self) -> int:
        """Lateness in microseconds."""
        return span_us(self.lateness)

    @lazy
    def reversals_us(self) -> int:
        """`reversals_within` in microseconds."""
        return span_us(self.reversals_within)

    @lazy
    def max_ahead_us(self) -> int:
        """`max_ahead` in microseconds."""
        return span_us(self.max_ahead)
