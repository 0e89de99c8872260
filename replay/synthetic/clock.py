"""Days and hours: weekdays, bank holidays, paydays, local zones, and when in the day people do things."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import numpy.typing as npt

from replay.synthetic.places import PLACES, ZONES

Array: TypeAlias = npt.NDArray[Any]
Rng: TypeAlias = np.random.Generator

PAD = 16
"""Days after the end that still have a calendar, so that "the next business day" exists."""

PROFILES: dict[str, tuple[tuple[int, float], ...]] = {
    # hour of the day, share of the activity that is over by then
    "shopping": ((6, 0.0), (9, 0.08), (12, 0.32), (15, 0.53), (18, 0.8), (21, 0.96), (24, 1.0)),
    "waking": ((0, 0.0), (1, 0.02), (7, 0.05), (10, 0.2), (13, 0.42), (17, 0.66), (21, 0.91), (24, 1.0)),
    "counter": ((9, 0.0), (10, 0.13), (12, 0.42), (15, 0.75), (17, 1.0)),
    "evening": ((17, 0.0), (19, 0.45), (21, 0.85), (23, 1.0)),
    "office": ((8, 0.0), (10, 0.27), (12, 0.52), (16, 0.92), (18, 1.0)),
    "clearing": ((0, 0.0), (3, 0.35), (5, 0.8), (8, 1.0)),
}
"""Local hours (invented): ACH and cheques clear at night, wires leave in office hours, cash follows the doors."""


class Clock:
    """The calendar of one world.

    Attributes
    ----------
    days
        Length of the world; day 0 is `start`.
    weekday, business, next_business
        `(days + PAD,)`: Monday is 0; neither weekend nor federal holiday; first business day at or after.
    """

    def __init__(self, start: date, days: int) -> None:
        self.start = start
        self.days = days
        dates = [start + timedelta(days=i) for i in range(days + PAD)]
        closed = holidays.country_holidays("US", years=range(start.year - 1, dates[-1].year + 2))
        self.dates = dates
        self.weekday: Array = np.array([d.weekday() for d in dates])
        self.business: Array = np.array([d.weekday() < 5 and d not in closed for d in dates])
        self.is_holiday: Array = np.array([d.weekday() < 5 and d in closed for d in dates])
        self.next_business: Array = np.array(
            [
                next(j for j in range(i, len(dates) + 1) if j == len(dates) or self.business[j])
                for i in range(len(dates))
            ]
        )
        self.ordinal = (start - date(1970, 1, 1)).days
        self._offsets: Array = np.array(
            [[_offset_minutes(d, ZoneInfo(zone)) for d in dates] for zone in ZONES], dtype=np.int64
        )
        self._zone_of_place: Array = np.array([ZONES.index(place.zone) for place in PLACES])

    def business_days(self, first: int, count: int) -> Array:
        """Return `count` business days from day `first` on."""
        return np.flatnonzero(self.business[first:])[:count] + first

    def monthly(self, day_of_month: int) -> list[int]:
        """Return the business days on which what falls due on that day of each month is booked."""
        due = [i for i, d in enumerate(self.dates[: self.days]) if d.day == day_of_month]
        return [int(self.next_business[i]) for i in due]

    def paydays(self, cycle: int) -> list[int]:
        """Return the paydays of a cycle: 0 weekly, 1 and 2 every other Friday, 3 the 15th and the last of the month.

        A payday on a closed day is paid on the business day before.
        """
        if cycle == 3:
            due = [i for i, d in enumerate(self.dates) if d.day == 15 or (d + timedelta(days=1)).day == 1]
        else:
            fridays = [i for i in range(self.days) if self.weekday[i] == 4]
            due = fridays if cycle == 0 else [i for i in fridays if ((self.ordinal + i) // 7) % 2 == cycle - 1]
        open_days = [int(np.flatnonzero(self.business[: i + 1])[-1]) for i in due if self.business[: i + 1].any()]
        return [i for i in open_days if i < self.days]

    def to_utc(self, day: Array, minute: Array, place: Array) -> Array:
        """Return microseconds since 1970, UTC, in whole seconds, of local minutes of the day."""
        offset = self._offsets[self._zone_of_place[place], day]
        seconds = (self.ordinal + day.astype(np.int64)) * 86_400 + np.floor(minute * 60).astype(np.int64) - offset * 60
        return np.asarray(seconds * 1_000_000)


def _offset_minutes(day: date, zone: ZoneInfo) -> int:
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset()
    return int(offset.total_seconds() // 60) if offset is not None else 0


def minutes_of(rng: Rng, profile: str, n: int) -> Array:
    """Return `(n,)` local minutes of the day, drawn from a profile of activity."""
    hours, shares = zip(*PROFILES[profile], strict=True)
    return np.asarray(np.interp(rng.random(n), shares, hours) * 60)


def scatter(rng: Rng, rate: Array, weights: Array) -> tuple[Array, Array]:
    """Draw Poisson counts for every (row, day) and return (row, day) of each occurrence.

    Parameters
    ----------
    rate
        `(n,)` expected number a day.
    weights
        `(days,)` factor of each day.
    """
    counts = rng.poisson(rate[:, None] * weights[None, :])
    row, day = np.nonzero(counts)
    times = counts[row, day]
    return np.repeat(row, times), np.repeat(day, times)
