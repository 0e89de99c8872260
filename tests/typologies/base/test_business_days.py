"""Business days of cash deposits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from typologies.base.business_days import ROLL_OVER, Calendar, longest_span
from typologies.base.context import FactStore, JudgeContext
from typologies.base.facts import Fact
from typologies.base.window import to_microseconds

NOW = datetime(2026, 3, 16, 15, tzinfo=UTC)
SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def calendar(*holidays: str) -> Calendar:
    """Return the calendar with some holidays of the US known."""
    facts = [Fact("holiday", f"US|{day}", SINCE, SINCE, {}) for day in holidays]
    return Calendar(JudgeContext(FactStore(facts), frozenset({"holiday"}), "account", "A1", to_microseconds(NOW)), "US")


def test_ten_business_days_skip_weekends_and_holidays() -> None:
    assert calendar().first_of(date(2026, 3, 16), 10) == date(2026, 3, 3)
    assert calendar("2026-03-10").first_of(date(2026, 3, 16), 10) == date(2026, 3, 2)


def test_a_window_that_ends_on_a_closed_day_counts_that_day() -> None:
    assert calendar().first_of(date(2026, 3, 15), 2) == date(2026, 3, 13)


def test_takings_of_several_days_come_after_weekends_and_holidays() -> None:
    known = calendar("2026-03-10")
    assert [known.follows_closed_day(date(2026, 3, day)) for day in (9, 10, 11, 12)] == [True, False, True, False]


def test_a_holiday_of_another_place_changes_nothing() -> None:
    fact = Fact("holiday", "CA|2026-03-10", SINCE, SINCE, {})
    context = JudgeContext(FactStore([fact]), frozenset({"holiday"}), "account", "A1", to_microseconds(NOW))
    assert Calendar(context, "US").is_business_day(date(2026, 3, 10))


def test_the_roll_over_reaches_from_friday_evening_to_the_close_after_a_monday_holiday() -> None:
    friday_close, tuesday_close = datetime(2026, 2, 13, 17), datetime(2026, 2, 17, 20)
    assert tuesday_close - friday_close < ROLL_OVER


@pytest.mark.parametrize("count", [1, 2, 5, 6, 7, 10, 12, 20])
def test_the_longest_span_holds_the_days_two_holidays_a_roll_over_and_the_hours_of_zones(count: int) -> None:
    week = [date(2026, 3, 16) + timedelta(days=i) for i in range(5)]
    longest = max(last - calendar().first_of(last, count) for last in week)
    assert longest_span(count) >= longest + timedelta(days=2 + 4 + 1)
