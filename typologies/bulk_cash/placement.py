"""A placement: the cash of one business day, or of 24 hours, and what was usual for the subject before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from typologies.base.business_days import ROLL_OVER, day_of
from typologies.base.events import Kind, Side
from typologies.base.window import DaySum, Event, Window
from typologies.bulk_cash.params import BulkCashParams

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Cash paid in more than 24 hours before the placement.

    Attributes
    ----------
    deposits
        In order.
    sums
        Whole days of a subject above the row cap, which are there as sums only.
    """

    deposits: tuple[Event, ...]
    sums: tuple[DaySum, ...]

    @property
    def total_usd_cents(self) -> int:
        """Sum of the known USD values."""
        return total(self.deposits) + sum(s.amount_usd_cents for s in self.sums)

    @property
    def n_days(self) -> int:
        """Days with cash."""
        return len({day_of(event) for event in self.deposits} | {s.day for s in self.sums})


@dataclass(frozen=True, slots=True)
class Placement:
    """Much cash at once.

    Attributes
    ----------
    deposits
        What makes the placement, in order, its last deposit at the end.
    is_large_day
        The business day reaches the absolute size.
    is_above_mean
        The 24 hours reach the multiple of the subject's own mean.
    of_24_hours
        Deposits of the 24 hours that end with the last one.
    baseline
        What came before.
    """

    deposits: tuple[Event, ...]
    is_large_day: bool
    is_above_mean: bool
    of_24_hours: tuple[Event, ...]
    baseline: Baseline

    @property
    def last(self) -> Event:
        """The deposit that completes the placement."""
        return self.deposits[-1]

    @property
    def total_usd_cents(self) -> int:
        """Sum of the known USD values."""
        return total(self.deposits)


def total(events: Iterable[Event]) -> int:
    """Return the sum of the known USD values, in cents."""
    return sum(event.amount_usd_cents or 0 for event in events)


def is_cash_in(event: Event) -> bool:
    """Return whether cash came in."""
    return event.kind is Kind.CASH and event.side is Side.CREDIT


def find_placement(window: Window, last: Event, params: BulkCashParams, *, only_large: bool) -> Placement | None:
    """Return the placement that `last` completes, None if the cash is not much.

    Parameters
    ----------
    window
        The judged window.
    last
        A deposit in it; later events do not count.
    params
        Parameters.
    only_large
        Whether only the absolute size counts.
    """
    of_day, of_24_hours = _lately(window, last)
    is_large_day = total(of_day) >= params.day_usd_cents
    if not is_large_day and (only_large or total(of_24_hours) <= params.mean_floor_usd_cents):
        return None
    before = tuple(e for e in window if last.time - e.time >= DAY and is_cash_in(e))
    baseline = Baseline(before, tuple(s for s in window.day_sums if s.side is Side.CREDIT))
    is_above_mean = _is_above_mean(total(of_24_hours), baseline, params)
    if not is_large_day and not is_above_mean:
        return None
    return Placement(of_day if is_large_day else of_24_hours, is_large_day, is_above_mean, of_24_hours, baseline)


def _lately(window: Window, last: Event) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Return the deposits of the last one's business day, and those of the 24 hours up to it, in order."""
    of_day: list[Event] = []
    of_24_hours: list[Event] = []
    day, end = day_of(last), last.sort_key
    for event in reversed(window.events):
        age = last.time - event.time
        if age >= ROLL_OVER:
            break
        if event.sort_key > end or not is_cash_in(event):
            continue
        if day_of(event) == day:
            of_day.append(event)
        if age < DAY:
            of_24_hours.append(event)
    return tuple(reversed(of_day)), tuple(reversed(of_24_hours))


def _is_above_mean(cents: int, baseline: Baseline, params: BulkCashParams) -> bool:
    if cents <= params.mean_floor_usd_cents or baseline.n_days < params.mean_days:
        return False
    return cents * baseline.n_days * 100 >= params.mean_percent * baseline.total_usd_cents


def last_deposit(events: Sequence[Event], within: timedelta) -> Event | None:
    """Return the last deposit up to `within` before the last event, None if there is none."""
    end = events[-1].time
    return next((e for e in reversed(events) if is_cash_in(e) and end - e.time < within), None)
