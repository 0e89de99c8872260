"""The sliding window of business days that ends with the trigger's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from typologies.base.business_days import ROLL_OVER, Calendar, day_of
from typologies.base.window import Event


def recent(events: Sequence[Event], trigger: Event, count: int, calendar: Calendar) -> list[Event]:
    """Return the deposits of the `count` business days that end with the trigger's, in order.

    A deposit at a machine can count on an earlier business day than one at the counter an hour before: such a pair is
    kept together, so days up to one roll-over after the trigger's are taken in.
    """
    last = day_of(trigger)
    days = {day_of(event) for event in events}
    after = last + ROLL_OVER
    # Up to `count` calendar days need no calendar: they cannot hold more business days than that.
    first = min(days) if last - min(days) < timedelta(days=count) else calendar.first_of(last, count)
    return [event for event in events if first <= day_of(event) <= after]
