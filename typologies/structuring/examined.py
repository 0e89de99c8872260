"""What the signs of design are read from: the deposits of one subject under one line, as seen at one trigger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from typologies.base.business_days import Calendar, day_of
from typologies.base.customer import Customer
from typologies.base.window import Event, Window
from typologies.structuring.days import recent
from typologies.structuring.deposits import BusinessDay, by_day, candidates, known, total
from typologies.structuring.lines import Line, is_small_line
from typologies.structuring.params import StructuringParams


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
    floor = params.lowest_line_usd_cents * params.floor_percent // 100
    near = params.lowest_line_usd_cents * params.near_percent // 100
    sizes = [e.amount_usd_cents for e in window if e.amount_usd_cents is not None]
    in_band = [cents for cents in sizes if floor <= cents <= params.highest_line_usd_cents]
    if len(sizes) < len(window):
        return True
    return sum(cents >= near for cents in in_band) * 100 >= params.near_share_percent * len(in_band)


def may_show_design(window: Window, params: StructuringParams) -> bool:
    """Return whether a sign of design is possible at all: a cheap bound, wider than every sign in `signals`.

    Most windows that pass the screen are those of a shop: one branch, days apart, few sums near the line.
    """
    reach = timedelta(hours=params.visit_hours)
    near = params.lowest_line_usd_cents * params.near_percent // 100
    telling = branches_side_by_side(window.role)
    branches: set[str] = set()
    n_near = 0
    before: Event | None = None
    for event in window:
        if event.branch is not None:
            branches.add(event.branch)
        if event.reduced_on_notice or len(branches) >= telling:
            return True
        institution = params.institution_type if event.institution_type is None else event.institution_type.name.lower()
        if is_small_line(institution, event.rail):
            return True
        cents = event.amount_usd_cents
        n_near += cents is None or near <= cents <= params.highest_line_usd_cents
        if before is not None and event.conductor != before.conductor and event.time - before.time < reach:
            return True
        before = event
    return n_near > 1


def branches_side_by_side(role: str) -> int:
    """Return how many branches on a day are a sign: staff of two firms are at two."""
    return 3 if role == "conductor" else 2


def goes_round(examined: Examined) -> bool:
    """Return whether a conductor serves several beneficiaries in the way a courier does, not as one firm's staff."""
    beneficiaries = known(examined.candidates, "on_behalf_of")
    return len(beneficiaries) >= 3 or any(len(known(group, "branch")) > 1 for group in examined.side_by_side)
