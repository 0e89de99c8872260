"""What people write on a command line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli import values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1d", timedelta(days=1)),
        ("0d", timedelta(0)),
        ("36h", timedelta(hours=36)),
        ("1d12h", timedelta(hours=36)),
        ("90 min", timedelta(minutes=90)),
        ("5m30s", timedelta(minutes=5, seconds=30)),
        ("2w", timedelta(weeks=2)),
        ("1.5h", timedelta(minutes=90)),
        (" 7D ", timedelta(days=7)),
    ],
)
def test_a_span_is_read_with_its_units(text: str, expected: timedelta) -> None:
    assert values.span(text) == expected


@pytest.mark.parametrize("text", ["", "1", "d", "-1d", "1y", "1d foo", "3parsecs", "99999999999999w"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="a span"):
        values.span(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1GiB", 1 << 30), ("1G", 10**9), ("512 MiB", 512 << 20), ("2000000", 2_000_000), ("1.5gb", 1_500_000_000)],
)
def test_a_size_is_read_with_its_unit(text: str, expected: int) -> None:
    assert values.size(text) == expected


@pytest.mark.parametrize("text", ["", "much", "-1GiB", "1PiB", "1KiB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        values.size(text)


def test_a_zone_is_read_by_its_name() -> None:
    assert values.zone("Asia/Shanghai") == ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("text", ["Mars/Olympus", "../etc/passwd", "", "Europe"])
def test_what_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="IANA time zone"):
        values.zone(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-14", datetime(2026, 2, 14, tzinfo=UTC)),
        ("2026-02-14T15:30", datetime(2026, 2, 14, 15, 30, tzinfo=UTC)),
        ("2026-02-14T15:30-05:00", datetime(2026, 2, 14, 20, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_without_zone_is_utc(text: str, expected: datetime) -> None:
    found = values.moment(text)
    assert found == expected
    assert found.utcoffset() == timedelta(0)


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="ISO 8601"):
        values.moment("14/02/2026")


def test_a_pair_keeps_further_equal_signs_in_its_value() -> None:
    assert values.pair("a=b=c") == ("a", "b=c")


@pytest.mark.parametrize("text", ["a", "=b", ""])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="name=value"):
        values.pair(text)


def test_names_come_once_each_in_order_from_lists_and_repetitions() -> None:
    assert values.names(["b,a", "c", " a ,"]) == ("b", "a", "c")
    assert values.names(None) == ()


@given(st.text(), st.sampled_from([values.span, values.size, values.zone, values.moment, values.pair]))
def test_any_text_is_read_or_refused(text: str, read: Callable[[str], object]) -> None:
    with suppress(typer.BadParameter):  # anything else fails
        read(text)
