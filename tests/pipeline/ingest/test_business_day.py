"""Cash counts on the business day of 31 CFR 1010.313: nights, weekends and holidays count on the next one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.business_day import business_dates, fill_business_dates
from typologies.base.events import FRAME_SCHEMA

NEW_YORK = ZoneInfo("America/New_York")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def day_of(moment: datetime, zone: ZoneInfo = NEW_YORK, cut_off: time = time(18)) -> date | None:
    day: date | None = business_dates(_series([moment]), zone, cut_off).item()
    return day


def _series(moments: list[datetime | None]) -> pl.Series:
    return pl.Series("event_time", [m and m.astimezone(UTC) for m in moments], pl.Datetime("us", "UTC"))


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-31 10:00", "2026-03-31"),  # a Tuesday
        ("2026-03-31 17:59", "2026-03-31"),
        ("2026-03-31 18:00", "2026-04-01"),  # from the cut-off: night
        ("2026-04-01 02:00", "2026-04-01"),  # the night before the same day's opening
        ("2026-03-27 17:00", "2026-03-27"),  # Friday
        ("2026-03-27 19:00", "2026-03-30"),  # Friday night: Monday
        ("2026-03-28 11:00", "2026-03-30"),  # Saturday
        ("2026-03-29 23:00", "2026-03-30"),  # Sunday night is already Monday's
        ("2026-01-16 18:30", "2026-01-20"),  # Friday night before a Monday holiday: Tuesday
        ("2026-01-19 09:00", "2026-01-20"),  # Martin Luther King Jr. Day, a Monday
        ("2026-01-19 20:00", "2026-01-20"),
        ("2026-11-26 12:00", "2026-11-27"),  # Thanksgiving, a Thursday
        ("2026-07-03 12:00", "2026-07-03"),  # Independence Day on Saturday does not move to Friday for banks
        ("2027-07-05 12:00", "2027-07-06"),  # on Sunday it moves to Monday
        ("2025-12-31 18:00", "2026-01-02"),  # the night before New Year's Day
    ],
)
def test_cash_counts_on_the_next_business_day(local: str, expected: str) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=NEW_YORK)
    assert day_of(moment) == date.fromisoformat(expected)


def test_the_day_is_that_of_the_institutions_zone() -> None:
    moment = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)  # 20:30 on 31 March in New York, 17:30 in Los Angeles
    assert day_of(moment, NEW_YORK) == date(2026, 4, 1)
    assert day_of(moment, LOS_ANGELES) == date(2026, 3, 31)


def test_the_cut_off_is_local_on_both_sides_of_a_change_of_clocks() -> None:
    before, after = datetime(2026, 3, 6, 23, 0, tzinfo=UTC), datetime(2026, 3, 9, 22, 0, tzinfo=UTC)
    assert day_of(before) == date(2026, 3, 9)  # 18:00 EST on a Friday
    assert day_of(after) == date(2026, 3, 10)  # 18:00 EDT on a Monday


def test_another_cut_off_moves_the_line() -> None:
    moment = datetime(2026, 3, 31, 15, 0, tzinfo=NEW_YORK)
    assert day_of(moment, cut_off=time(14)) == date(2026, 4, 1)
    assert day_of(moment, cut_off=time(15, 1)) == date(2026, 3, 31)


def test_without_a_time_or_a_calendar_there_is_no_day() -> None:
    moments = [None, datetime(1980, 1, 2, 12, tzinfo=UTC), datetime(2150, 1, 2, tzinfo=UTC)]
    assert business_dates(_series(list(moments)), NEW_YORK).to_list() == [None, None, None]
    mixed = business_dates(_series([None, datetime(2026, 3, 31, 15, tzinfo=UTC)]), NEW_YORK)
    assert mixed.to_list() == [None, date(2026, 3, 31)]
    assert mixed.dtype == pl.Date
    assert business_dates(_series([]), NEW_YORK).dtype == pl.Date


def test_only_cash_without_a_business_day_is_filled() -> None:
    moment = datetime(2026, 3, 28, 16, tzinfo=UTC)
    rows: dict[str, list[Any]] = {
        "kind": ["cash", "cash", "payment", None],
        "event_time": [moment] * 4,
        "business_date": [None, date(2026, 3, 27), None, None],
    }
    frame = pl.DataFrame([pl.Series(n, rows.get(n, [None] * 4), dtype) for n, dtype in FRAME_SCHEMA.items()])
    filled = fill_business_dates(frame, NEW_YORK)
    assert filled["business_date"].to_list() == [date(2026, 3, 30), date(2026, 3, 27), None, None]
    assert filled.drop("business_date").equals(frame.drop("business_date"))
    assert filled.schema == frame.schema
    assert fill_business_dates(frame.clear(), NEW_YORK).schema == frame.schema


@given(moment=st.datetimes(datetime(1999, 1, 5), datetime(2097, 12, 1), timezones=st.just(UTC)))
def test_a_business_day_is_the_first_open_day_that_is_not_over(moment: datetime) -> None:
    local = moment.astimezone(NEW_YORK)
    day = day_of(moment)
    assert day is not None
    closed = holidays.financial_holidays("XFED", years=range(local.year, local.year + 2))
    earliest = date.fromordinal(local.date().toordinal() + (local.time() >= time(18)))
    passed = [date.fromordinal(ordinal) for ordinal in range(earliest.toordinal(), day.toordinal())]
    assert day >= earliest
    assert day.weekday() < 5
    assert day not in closed
    assert all(skipped.weekday() >= 5 or skipped in closed for skipped in passed)
