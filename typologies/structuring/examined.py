"""What the signs of design are read from: the deposits of one subject under one line, as seen at one trigger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from typologies.base.business_days import Calendar, day_of
from typologies.base.customer import Customer
from typologies.base.events import InstitutionType
from typologies.base.window import Event, Window
from typologies.base.windowcolumns import BoolArray, WindowColumns, n_distinct
from typologies.structuring.days import recent
from typologies.structuring.deposits import BusinessDay, by_day, candidates, known, total
from typologies.structuring.lines import SMALL_LINE_RAILS, Line
from typologies.structuring.params import StructuringParams

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Examined:
    """Deposits of the sliding window.

    Attributes
    ----------
    line, role, trigger
        The line, the lens of the window, the deposit that is judged.
    window
        All cash paid in in the look-back, under whatever line, in order.
    look_back
        All deposits under the line in the look-back, in order.
    days
        Business days of the sliding window, oldest first, with all deposits under the line.
    candidates
        Deposits that count: in the band of the line, on days that may have kept below a report; in order.
    side_by_side
        Groups of candidates of one business day made within `visit_hours`, oldest first. Of a subject with many
        deposits only the group that ends with the trigger: the finding stands where a split is completed.
    least
        Deposits that make a series.
    is_trade
        The deposits may well be takings: the holder is a business, or pays in cash on most days.
    is_near_all_along
        Over the whole look-back too, enough deposits lie near the line.
    """

    line: Line
    role: str
    trigger: Event
    window: Sequence[Event]
    look_back: Sequence[Event]
    days: Sequence[BusinessDay]
    candidates: Sequence[Event]
    side_by_side: Sequence[tuple[Event, ...]]
    least: int
    is_trade: bool
    is_near_all_along: bool

    @property
    def is_series(self) -> bool:
        """Whether the deposits are many enough, end with the trigger and add up to more than the line."""
        enough = len(self.candidates) >= self.least and self.trigger in self.candidates
        return enough and self.line.is_above(total(self.candidates))

    @staticmethod
    def day_of(event: Event) -> date:
        """Return the business day of a deposit."""
        return day_of(event)


def examine(
    window: Window,
    trigger: Event,
    line: Line,
    under: Sequence[Event],
    holder: Customer,
    calendar: Calendar,
    params: StructuringParams,
) -> Examined:
    """Return what the window shows under a line.

    Parameters
    ----------
    window, trigger
        The judged window and its last event.
    line, under
        A line and the deposits to which it applies, in order, the trigger among them.
    holder, calendar, params
        What is on file, business days, parameters.
    """
    days = by_day(recent(under, trigger, params.business_days, calendar), line, has_staff=holder.is_business)
    is_many = len(window) >= params.cash_business_deposits
    is_trade = is_many or holder.is_business
    counting = candidates(days, line, params, is_trade=is_trade)
    reach = timedelta(hours=params.visit_hours)
    ends = [trigger] if is_many else counting
    return Examined(
        line=line,
        role=window.role,
        trigger=trigger,
        window=window.events,
        look_back=under,
        days=days,
        candidates=counting,
        side_by_side=[group for last in ends if len(group := _beside(counting, last, reach)) > 1],
        least=params.min_deposits_business if _must_show_rhythm(window.role, counting, holder) else params.min_deposits,
        is_trade=is_trade,
        is_near_all_along=not is_many or _is_near_all_along(window, params),
    )


def _must_show_rhythm(role: str, counting: Sequence[Event], holder: Customer) -> bool:
    """Return whether it takes more deposits to tell them from takings: a business, or an unknown at one branch."""
    if holder.is_business:
        return True
    return role != "conductor" and holder.holder_class is None and len(known(counting, "branch")) == 1


def _beside(counting: Sequence[Event], last: Event, reach: timedelta) -> tuple[Event, ...]:
    """Return the deposits of one business day with known branch or conductor, made within `reach` up to `last`."""
    if last not in counting:
        return ()
    day, end = day_of(last), last.sort_key
    return tuple(
        event
        for event in counting
        if event.sort_key <= end and last.time - event.time < reach and day_of(event) == day and is_at_counter(event)
    )


def is_at_counter(event: Event) -> bool:
    """Return whether the source names the branch or who stood there: without either a split cannot be followed up."""
    return event.branch is not None or event.conductor is not None


def _is_near_all_along(window: Window, params: StructuringParams) -> bool:
    """Return whether enough of all deposits in the band of any line lie near it (the figures of the screen)."""
    columns = window.columns
    if not columns.is_all_in_usd:
        return True
    floor = params.lowest_line_usd_cents * params.floor_percent // 100
    near = params.lowest_line_usd_cents * params.near_percent // 100
    cents = columns.amount_usd_cents
    in_band = cents[(cents >= floor) & (cents <= params.highest_line_usd_cents)]
    n_near = int(np.count_nonzero(in_band >= near))
    return n_near * 100 >= params.near_share_percent * len(in_band)


def may_show_design(window: Window, params: StructuringParams) -> bool:
    """Return whether a sign of design is possible at all: a cheap bound, wider than every sign in `signals`.

    Most windows that pass the screen are those of a shop: one branch, days apart, few sums near the line.
    """
    columns = window.columns
    if len(columns) >= params.cash_business_deposits and not _may_show_design_of_many(window, params):
        return False
    if n_distinct(columns.branch) >= branches_side_by_side(window.role):
        return True
    cents = columns.amount_usd_cents
    near = params.lowest_line_usd_cents * params.near_percent // 100
    is_near = (cents >= near) & (cents <= params.highest_line_usd_cents) | ~columns.has_usd
    if np.count_nonzero(is_near) > 1 or np.count_nonzero(columns.reduced_on_notice > 0):
        return True
    if np.count_nonzero(_small_lines(columns, params)):
        return True
    people, times = columns.conductor, columns.time_us
    takes_turns = (people[1:] != people[:-1]) & (times[1:] - times[:-1] < params.visit_hours * HOUR_US)
    return bool(np.count_nonzero(takes_turns))


def _may_show_design_of_many(window: Window, params: StructuringParams) -> bool:
    """Return whether a subject with many deposits may show a sign: near the line all along, cut, or split just now."""
    if _is_near_all_along(window, params) or np.count_nonzero(window.columns.reduced_on_notice > 0):
        return True
    beside = window.columns.since(timedelta(hours=params.visit_hours))
    if len(beside) < 2:
        return False
    if n_distinct(beside.branch) >= branches_side_by_side(window.role):
        return True
    return window.role != "conductor" and n_distinct(beside.conductor) > 1


def _small_lines(columns: WindowColumns, params: StructuringParams) -> BoolArray:
    """Return (n,) `is_small_line` for every event."""
    institution = columns.institution_type
    is_small: BoolArray = np.isin(columns.rail, SMALL_LINE_RAILS) | (institution == int(InstitutionType.MSB))
    return is_small | (institution == 0) if params.institution_type == InstitutionType.MSB.name.lower() else is_small


def branches_side_by_side(role: str) -> int:
    """Return how many branches on a day are a sign: staff of two firms are at two."""
    return 3 if role == "conductor" else 2


def goes_round(examined: Examined) -> bool:
    """Return whether a conductor serves several beneficiaries in the way a courier does, not as one firm's staff."""
    beneficiaries = known(examined.candidates, "on_behalf_of")
    return len(beneficiaries) >= 3 or any(len(known(group, "branch")) > 1 for group in examined.side_by_side)
