"""Reading of times: fixed layouts and general ones agree, zones are applied, nonsense is null."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.times import parse_format, parse_iso, to_utc

LONDON_SUMMER = datetime(2024, 7, 1, 11, 30, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.datetimes(datetime.fromisoformat("0001-01-02"), datetime.fromisoformat("9999-12-30"))
SINCE_1980 = st.timedeltas(timedelta(), timedelta(days=20_000)).map(
    lambda span: datetime.fromisoformat("1980-01-01") + span
)


def one(text: str | None, zone: ZoneInfo = UTC_ZONE) -> datetime | None:
    """Read one time alone and beside one that takes the general way; both must agree."""
    alone = parse_iso(pl.Series([text], dtype=pl.String), zone)[0]
    beside = parse_iso(pl.Series([text, "2024-01-01T00:00+00:00"]), zone)[0]
    assert alone == beside
    assert alone is None or isinstance(alone, datetime)
    return alone


@given(
    st.lists(st.one_of(st.none(), MOMENTS), min_size=1), st.sampled_from(["seconds", "milliseconds", "microseconds"])
)
def test_iso_times_of_one_layout_are_read_as_python_reads_them(moments: list[datetime | None], precision: str) -> None:
    text = [None if moment is None else moment.isoformat(timespec=precision) + "Z" for moment in moments]
    expected = [None if written is None else datetime.fromisoformat(written) for written in text]
    assert parse_iso(pl.Series(text, dtype=pl.String), UTC_ZONE).to_list() == expected


@given(MOMENTS, st.integers(-23 * 60, 23 * 60))
def test_offsets_are_taken_off(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert one(aware.isoformat()) == aware


@given(SINCE_1980)
def test_times_without_a_zone_are_in_the_zone_given(moment: datetime) -> None:
    expected = moment.replace(tzinfo=BERLIN).astimezone(UTC)
    if expected.astimezone(BERLIN).replace(tzinfo=None) == moment:
        assert one(moment.isoformat(), BERLIN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-07-01T11:30:00Z", LONDON_SUMMER),
        ("2024-07-01 11:30:00", LONDON_SUMMER),
        ("2024-07-01t11:30:00z", LONDON_SUMMER),
        ("2024-07-01T11:30", LONDON_SUMMER),
        ("2024-07-01T12:30+01", LONDON_SUMMER),
        ("2024-07-01T06:00:00-0530", LONDON_SUMMER),
        ("2024-07-01T11:30:00,25", LONDON_SUMMER + timedelta(milliseconds=250)),
        ("2024-07-01T11:30:00.123456789Z", LONDON_SUMMER + timedelta(microseconds=123456)),
        ("2024-06-30T23:59:60Z", datetime(2024, 7, 1, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2023-02-29T00:00:00Z", None),
        ("2024-13-01T00:00:00Z", None),
        ("2024-00-01T00:00:00Z", None),
        ("2024-01-00T00:00:00Z", None),
        ("2024-01-01T24:00:00Z", None),
        ("2024-01-01T00:60:00Z", None),
        ("2024-01-01T00:00:00+24:00", None),
        ("2024-01-01T00:00:00+01:60", None),
        ("0000-06-01T00:00:00Z", None),
        ("2024-01-01", None),
        ("20240101T000000Z", None),
        ("01.02.2024 10:00", None),
        ("2024-1-1T0:0:0", None),
        (" 2024-01-01T00:00:00", None),
        ("2024-01-01T00:00:00.Z", None),
        ("2024-01-01T00:0x:00Z", None),
        ("2024-01-01X00:00:00Z", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_read_or_null(text: str | None, expected: datetime | None) -> None:
    assert one(text) == expected


def test_an_hour_that_happens_twice_is_the_earlier_one() -> None:
    assert one("2024-10-27T02:30:00", BERLIN) == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)


def test_an_hour_that_never_happens_is_null() -> None:
    assert one("2024-03-31T02:30:00", BERLIN) is None


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("31/12/2023 23:05", "%d/%m/%Y %H:%M", datetime(2023, 12, 31, 22, 5, tzinfo=UTC)),
        ("12/31/2023 11:05 PM", "%m/%d/%Y %I:%M %p", datetime(2023, 12, 31, 22, 5, tzinfo=UTC)),
        ("20231231", "%Y%m%d", datetime(2023, 12, 30, 23, tzinfo=UTC)),
        ("31.12.2023", "%d.%m.%Y", datetime(2023, 12, 30, 23, tzinfo=UTC)),
        ("2023-12-31T10:00:00-0500", "%Y-%m-%dT%H:%M:%S%z", datetime(2023, 12, 31, 15, tzinfo=UTC)),
        ("32/12/2023 23:05", "%d/%m/%Y %H:%M", None),
        ("31/12/2023", "%d/%m/%Y %H:%M", None),
    ],
)
def test_a_stated_layout_is_followed(text: str, layout: str, expected: datetime | None) -> None:
    assert parse_format(pl.Series([text]), layout, BERLIN).to_list() == [expected]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_typed_times_of_any_unit_become_microseconds_in_utc(unit: str) -> None:
    kind = pl.Datetime(unit)  # type: ignore[arg-type]
    naive = pl.Series([datetime.fromisoformat("2024-07-01T13:30"), None], dtype=kind)
    assert to_utc(naive, BERLIN).to_list() == [LONDON_SUMMER, None]
    aware = pl.Series([LONDON_SUMMER, None]).dt.cast_time_unit(unit).dt.convert_time_zone("Asia/Tokyo")  # type: ignore[arg-type]
    assert to_utc(aware, BERLIN).to_list() == [LONDON_SUMMER, None]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("ticks", [2**63 - 1, -(2**63) + 1, 253_402_300_800_000_000, -62_135_596_800_000_001])
def test_typed_times_outside_the_calendar_are_null_and_stop_nothing(unit: str, ticks: int) -> None:
    times = pl.Series([ticks]).cast(pl.Datetime(unit))  # type: ignore[arg-type]
    answer = to_utc(times, BERLIN)
    assert unit == "ns" or answer.to_list() == [None]
