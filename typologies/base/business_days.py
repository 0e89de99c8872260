"""Business days: on which one a cash deposit counts, and how far its event time can lie from it (31 CFR 1010.313)."""

from __future__ import annotations

from datetime import date, timedelta

from typologies.base.detector import Context
from typologies.base.window import Event

ROLL_OVER = timedelta(hours=108)
"""Longest time between two deposits that count on one business day: from the close on Friday to the close on the
Tuesday after a Monday holiday are four days; half a day for counters and machines that close at different hours."""

SATURDAY = 5


def day_of(event: Event) -> date:
    """Return the business day on which a deposit counts; where the source has none, the calendar day UTC."""
    return event.business_date or event.time.date()


def longest_span(business_days: int) -> timedelta:
    """Return the longest time that deposits of some successive business days can span.

    The days themselves with the weekends between them, two holidays, four days between the close before a long weekend
    and its business day, and a day for time zones and counters that close late.

    Examples
    --------
    >>> longest_span(10).days
    20
    """
    weeks, rest = divmod(business_days - 1, 5)
    return timedelta(days=7 * weeks + (rest + 2 if rest else 0) + 2 + 4 + 1)


class Calendar:
    """Monday to Friday without the days that the context table `holiday` names ("US|2026-07-03").

    Parameters
    ----------
    context
        Of the judgement; the detector declares `holiday` in `context_tables`.
    place
        Whose holidays ("US").
    """

    def __init__(self, context: Context, place: str) -> None:
        self._context = context
        self._place = place

    def is_business_day(self, day: date) -> bool:
        """Return whether banks are open."""
        return day.weekday() < SATURDAY and self._context.lookup("holiday", f"{self._place}|{day}") is None

    def follows_closed_day(self, day: date) -> bool:
        """Return whether takings of more than one day are paid in on this day."""
        return not self.is_business_day(day - timedelta(days=1))

    def first_of(self, last: date, count: int) -> date:
        """Return the first of `count` business days that end with `last` (which counts as one, whatever it is)."""
        day = last
        while count > 1:
            day -= timedelta(days=1)
            count -= self.is_business_day(day)
        return day
