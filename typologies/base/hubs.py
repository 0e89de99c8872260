"""Subjects above the row cap: which days of a window become sums is a function of that window alone (semantics C6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from typologies.base.events import Side
from typologies.base.window import DaySum, Event

DAY_US = 86_400_000_000


def day_bounds(start: int, end: int, lateness_us: int) -> tuple[int, int]:
    """Return [first, last) microseconds of the whole UTC days that are collapsed; empty if first >= last.

    A day is collapsed if it lies wholly inside the window and wholly before end - lateness; a day partly inside the
    window is dropped from both events and sums, so that the sums stay sums of whole days.
    """
    first = -(-(start + 1) // DAY_US) * DAY_US
    last = (end - lateness_us) // DAY_US * DAY_US
    return first, last


def collapse(events: Sequence[Event], start: int, end: int, lateness_us: int) -> tuple[list[Event], list[DaySum]]:
    """Return what is left of a window above the cap: recent events, and day sums for the days before."""
    first, last = day_bounds(start, end, lateness_us)
    if first >= last:
        return list(events), []
    recent = [e for e in events if e.time_us >= last]
    groups: dict[tuple[int, Side], list[Event]] = {}
    for event in events:
        if first <= event.time_us < last:
            groups.setdefault((event.time_us // DAY_US, event.side), []).append(event)
    sums = [
        DaySum(
            day=date(1970, 1, 1) + timedelta(days=day),
            side=side,
            n_events=len(group),
            n_counterparties=len({e.counterparty for e in group} - {None}),
            amount_usd_cents=sum(e.amount_usd_cents or 0 for e in group),
            n_without_usd=sum(e.amount_usd_cents is None for e in group),
        )
        for (day, side), group in sorted(groups.items())
    ]
    return recent, sums
