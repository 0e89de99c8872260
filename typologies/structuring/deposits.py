"""Deposits of one subject under one line, sorted into business days that were reported and days that were not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from typologies.base.business_days import day_of
from typologies.base.window import Event
from typologies.structuring.lines import Line
from typologies.structuring.params import StructuringParams


class DayStatus(Enum):
    """What became of a business day under the line."""

    BELOW = "below the line"
    REPORTED = "above the line and reported"
    ATTEMPTED = "above the line in smaller sums at several branches, and reported all the same"
    ASSUMED_REPORTED = "above the line at one branch; the source does not say whether a report was filed"
    WHOLE = "above the line without a report, but not split between branches or people"
    SPLIT = "above the line, split between branches or people, and no report was filed"
    UNSURE = "above the line at several branches; the source does not say whether a report was filed"


STILL_AVOIDING = frozenset({DayStatus.BELOW, DayStatus.SPLIT, DayStatus.UNSURE})
"""Days whose deposits may have kept below a report."""


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """The deposits of one business day."""

    day: date
    deposits: tuple[Event, ...]
    status: DayStatus

    @property
    def total_usd_cents(self) -> int:
        """Sum of the known USD values."""
        return total(self.deposits)


def total(deposits: Iterable[Event]) -> int:
    """Return the sum of the known USD values, in cents."""
    return sum(event.amount_usd_cents or 0 for event in deposits)


def known(deposits: Iterable[Event], attribute: str) -> set[object]:
    """Return the known values of an attribute."""
    return {value for event in deposits if (value := event.field(attribute)) is not None}


def by_day(deposits: Sequence[Event], line: Line, *, has_staff: bool) -> list[BusinessDay]:
    """Return the business days of some deposits in order, each with its status.

    `has_staff`: the holder is a business, whose people take turns; its day is only split between branches.
    """
    days: dict[date, list[Event]] = {}
    for event in deposits:
        days.setdefault(day_of(event), []).append(event)
    return [
        BusinessDay(day, tuple(events), _status(events, line, has_staff=has_staff))
        for day, events in sorted(days.items())
    ]


def _status(events: Sequence[Event], line: Line, *, has_staff: bool) -> DayStatus:
    if not line.is_above(total(events)):
        return DayStatus.BELOW
    filed = {event.ctr_filed for event in events} if line.is_reported_in_ctr else {None}
    several_branches = len(known(events, "branch")) > 1
    if True in filed:
        return DayStatus.ATTEMPTED if several_branches else DayStatus.REPORTED
    if filed == {False}:
        is_split = several_branches or (not has_staff and len(known(events, "conductor")) > 1)
        whole = any(line.is_above(event.amount_usd_cents or 0) for event in events)
        return DayStatus.SPLIT if is_split and not whole else DayStatus.WHOLE
    return DayStatus.UNSURE if several_branches else DayStatus.ASSUMED_REPORTED


def candidates(days: Iterable[BusinessDay], line: Line, params: StructuringParams, *, is_trade: bool) -> list[Event]:
    """Return the deposits that count, in order.

    Those between the floor and the line on days that may have kept below a report. Where the institution saw through a
    split, the pieces near the line count as well, unless they may be the takings of a trade with several branches. A
    deposit of unknown USD value counts.
    """
    found: list[Event] = []
    for day in days:
        if day.status in STILL_AVOIDING:
            percent = params.floor_percent
        elif day.status is DayStatus.ATTEMPTED and not is_trade:
            percent = params.near_percent
        else:
            continue
        for event in day.deposits:
            cents = event.amount_usd_cents
            if cents is None or line.is_in_band(cents, percent):
                found.append(event)
    return sorted(found, key=lambda event: event.sort_key)


def largest_share(deposits: Iterable[Event], attribute: str) -> tuple[int, int]:
    """Return how many deposits have the most frequent value of an attribute, and how many have a known one."""
    counts: dict[object, int] = {}
    for event in deposits:
        value = event.field(attribute)
        if value is not None:
            counts[value] = counts.get(value, 0) + 1
    return max(counts.values(), default=0), sum(counts.values())
