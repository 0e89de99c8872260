"""Amounts in US dollars: the right fixing, exact arithmetic, and an explicit nothing where there is no rate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.fx import FxTable
from pipeline.ingest.fx_exact import MAX_CENTS
from pipeline.ingest.fx_rates import OwnRate, package_segments
from tests.pipeline.ingest.fx_oracle import Fixing, ecb_history, usd_cents
from typologies.base.events import FRAME_SCHEMA

FX = FxTable.from_package()
FRIDAY = datetime(2022, 9, 2, 14, 0, tzinfo=UTC)
"""16:00 in Berlin: EUR/USD 0.9993, EUR/JPY 140.36, EUR/HKD 7.8439 begin to hold."""

Money = tuple[int | None, int | None, str | None, datetime | None]


def frame_of(rows: Sequence[Money]) -> pl.DataFrame:
    """Return a canonical frame with these amounts, exponents, currencies and times."""
    columns = dict(zip(("amount", "exponent", "currency", "event_time"), zip(*rows, strict=True), strict=True))
    return pl.DataFrame(
        [pl.Series(name, columns.get(name, [None] * len(rows)), dtype) for name, dtype in FRAME_SCHEMA.items()]
    )


def convert(
    amount: int, exponent: int, currency: str, moment: datetime = FRIDAY, table: FxTable = FX
) -> tuple[int | None, str | None]:
    row = table.apply(frame_of([(amount, exponent, currency, moment)])).row(0, named=True)
    return row["amount_usd"], row["fx_source"]


# 14,036 yen are exactly 100 euros, which are 99.93 dollars.
@pytest.mark.parametrize(
    ("amount", "exponent", "currency", "cents"),
    [
        (10_000, 2, "EUR", 9_993),
        (14_036, 0, "JPY", 9_993),
        (1_403_600, 2, "JPY", 9_993),
        (78_439, 2, "HKD", 9_993),
        (100_000_000_000_000_000_000, 18, "EUR", 9_993),
        (1, 2, "JPY", 0),
        (0, 2, "EUR", 0),
        (123_456_789, 2, "MXN", round(Fraction(123_456_789) * Fraction("0.9993") / Fraction("20.1024"))),
    ],
)
def test_a_cross_rate_is_exact(amount: int, exponent: int, currency: str, cents: int) -> None:
    assert convert(amount, exponent, currency) == (cents, "ECB 2022-09-02")


def test_a_fixing_begins_at_four_in_the_afternoon_in_frankfurt_in_summer_and_winter() -> None:
    microsecond = timedelta(microseconds=1)
    assert convert(100, 2, "EUR", FRIDAY - microsecond)[1] == "ECB 2022-09-01"
    assert convert(100, 2, "EUR", FRIDAY)[1] == "ECB 2022-09-02"
    winter = datetime(2022, 12, 2, 15, tzinfo=UTC)
    assert convert(100, 2, "EUR", winter - microsecond)[1] == "ECB 2022-12-01"
    assert convert(100, 2, "EUR", winter)[1] == "ECB 2022-12-02"


def test_the_weekend_uses_friday_and_monday_morning_still_does() -> None:
    for days, hours in ((1, 0), (2, 3), (2, 23)):
        assert convert(10_000, 2, "EUR", FRIDAY + timedelta(days=days, hours=hours)) == (9_993, "ECB 2022-09-02")
    assert convert(10_000, 2, "EUR", FRIDAY + timedelta(days=3))[1] == "ECB 2022-09-05"


def test_before_the_euro_there_is_no_rate() -> None:
    begin = datetime(1999, 1, 4, 15, tzinfo=UTC)
    assert convert(10_000, 2, "EUR", begin - timedelta(seconds=1)) == (None, None)
    assert convert(10_000, 2, "EUR", begin) == (11_789, "ECB 1999-01-04")
    assert convert(10_000, 2, "USD", begin - timedelta(days=9_000)) == (10_000, None)


def test_a_fixing_of_seven_days_ago_is_no_rate() -> None:
    last = datetime(2022, 3, 1, 15, tzinfo=UTC)  # the ECB's last rouble
    assert convert(11_720, 2, "RUB", last + timedelta(days=7, microseconds=-1))[1] == "ECB 2022-03-01"
    assert convert(11_720, 2, "RUB", last + timedelta(days=7)) == (None, None)


def test_after_the_end_of_the_history_there_is_no_rate() -> None:
    assert convert(10_000, 2, "EUR", datetime(2199, 1, 1, tzinfo=UTC)) == (None, None)


@pytest.mark.parametrize("currency", ["BTC", "XXX", "MAD", "usd", "US Dollar"])
def test_an_unknown_currency_has_no_rate(currency: str) -> None:
    assert convert(10_000, 2, currency) == (None, None)


@pytest.mark.parametrize(
    ("amount", "exponent", "currency", "cents", "source"),
    [
        (36_725, 2, "AED", 10_000, "peg 3.6725 AED = 1 USD"),
        (37_500, 2, "SAR", 10_000, "peg 3.75 SAR = 1 USD"),
        (1_000, 3, "OMR", 260, "peg 1 OMR = 2.6008 USD"),
        (376, 3, "BHD", 100, "peg 0.376 BHD = 1 USD"),
        (100, 2, "KYD", 120, "peg 1 KYD = 1.2 USD"),
        (655_957, 0, "XOF", 99_930, "peg 655.957 XOF = 1 EUR, ECB 2022-09-02"),
        (195_583, 2, "BAM", 99_930, "peg 1.95583 BAM = 1 EUR, ECB 2022-09-02"),
        (1_000, 0, "XPF", 837, "peg 1000 XPF = 8.38 EUR, ECB 2022-09-02"),
    ],
)
def test_a_pegged_currency_uses_its_official_parity(
    amount: int, exponent: int, currency: str, cents: int, source: str
) -> None:
    assert convert(amount, exponent, currency) == (cents, source)


def test_a_peg_to_the_euro_waits_for_the_first_fixing_and_a_peg_to_the_dollar_does_not() -> None:
    new_year = datetime(1999, 1, 2, tzinfo=UTC)
    assert convert(655_957, 0, "XOF", new_year) == (None, None)
    assert convert(36_725, 2, "AED", new_year)[0] == 10_000


def test_a_peg_ends_when_the_currency_does() -> None:
    end = datetime(2025, 7, 1, tzinfo=UTC)
    assert convert(17_900, 2, "ANG", end - timedelta(seconds=1))[0] == 10_000
    assert convert(17_900, 2, "ANG", end) == (None, None)
    assert convert(17_900, 2, "XCG", end)[0] == 10_000


def test_a_fixing_comes_before_a_peg() -> None:
    assert convert(10_000, 2, "BGN")[1] == "ECB 2022-09-02"
    assert convert(10_000, 2, "BGN", datetime(1999, 6, 1, 16, tzinfo=UTC))[1] == (
        "peg 1.95583 BGN = 1 EUR, ECB 1999-06-01"
    )


@pytest.mark.parametrize(
    ("amount", "exponent", "cents"),
    [
        (1_005, 2, 1_005),
        (7, 0, 700),
        (10_005, 4, 100),
        (1_005, 3, 100),  # 100.5 cents: to the even cent
        (1_015, 3, 102),
        (1_025, 3, 102),
        (10_251, 4, 103),
        (-1_005, 3, -100),
        (-1_015, 3, -102),
        (MAX_CENTS, 2, MAX_CENTS),
        (MAX_CENTS + 1, 2, None),
        (-MAX_CENTS - 1, 2, None),
        (MAX_CENTS, 1, None),
        (10**37, 37, 100),
        (10**38 - 1, 0, None),
        (5, 127, 0),
        (5, -3, 500_000),
    ],
)
def test_dollars_are_their_own_value_in_cents(amount: int, exponent: int, cents: int | None) -> None:
    assert convert(amount, exponent, "USD") == (cents, None)


@pytest.mark.parametrize(("amount", "cents"), [(1, 0), (3, 2), (5, 2), (7, 4), (9, 4), (11, 6), (2, 1)])
def test_a_tie_goes_to_the_even_cent(amount: int, cents: int) -> None:
    half = FX.with_rates([OwnRate("XTS", FRIDAY, Decimal("0.5"), "test")])
    assert convert(amount, 2, "XTS", table=half) == (cents, "test")


def test_unknown_parts_give_no_value_and_rows_keep_their_order() -> None:
    rows: list[Money] = [
        (10_000, 2, "EUR", FRIDAY),
        (None, 2, "USD", FRIDAY),
        (10_000, None, "EUR", FRIDAY),
        (10_000, 2, None, FRIDAY),
        (10_000, 2, "EUR", None),
        (10_000, 2, "USD", None),
        (14_036, 0, "JPY", FRIDAY),
    ]
    frame = FX.apply(frame_of(rows))
    assert frame["amount_usd"].to_list() == [9_993, None, None, None, None, 10_000, 9_993]
    assert frame["fx_source"].to_list() == ["ECB 2022-09-02", *[None] * 5, "ECB 2022-09-02"]
    assert dict(frame.schema) == dict(pl.Schema(FRAME_SCHEMA))


@pytest.mark.parametrize("rows", [[], [(None, None, None, None)], [(5, 2, "USD", FRIDAY), (None, 2, "USD", FRIDAY)]])
def test_a_frame_with_little_in_it_keeps_its_shape(rows: list[Money]) -> None:
    frame = frame_of(rows) if rows else frame_of([(1, 1, "USD", FRIDAY)]).clear()
    applied = FX.apply(frame)
    assert applied.schema == frame.schema
    assert applied.height == frame.height


def test_applying_twice_changes_nothing() -> None:
    once = FX.apply(frame_of([(10_000, 2, "EUR", FRIDAY), (5, 2, "USD", FRIDAY), (5, 2, "XXX", FRIDAY)]))
    assert FX.apply(once).equals(once)


def test_the_history_is_read_once_per_process() -> None:
    assert package_segments() is package_segments()


def test_one_rate_can_be_asked_for() -> None:
    rate = FX.rate_at("JPY", FRIDAY)
    assert rate is not None
    assert rate.usd_per_unit == Fraction("0.9993") / Fraction("140.36")
    assert rate.source == "ECB 2022-09-02"
    dollar = FX.rate_at("USD", FRIDAY)
    assert dollar is not None
    assert (dollar.usd_per_unit, dollar.source) == (Fraction(1), None)
    assert FX.rate_at("XXX", FRIDAY) is None


# Own rates


def rates_file(folder: Path, text: str) -> Path:
    path = folder / "rates.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_own_rate_comes_first_where_it_holds(tmp_path: Path) -> None:
    path = rates_file(
        tmp_path,
        "currency,valid_from,usd_per_unit,source,valid_until\n"
        "EUR,2022-09-03T00:00:00Z,1.25,treasury,2022-09-04T00:00:00Z\n"
        "BTC,2022-09-01,20000.5,desk,\n"
        "BTC,2022-09-03T12:00:00+02:00,19999,desk,\n",
    )
    table = FX.with_rates_file(path)
    saturday = datetime(2022, 9, 3, tzinfo=UTC)
    assert convert(100, 2, "EUR", saturday - timedelta(seconds=1), table)[1] == "ECB 2022-09-02"
    assert convert(100, 2, "EUR", saturday, table) == (125, "treasury")
    assert convert(100, 2, "EUR", saturday + timedelta(days=1), table)[1] == "ECB 2022-09-02"
    assert convert(150_000_000, 8, "BTC", saturday, table) == (3_000_075, "desk")
    assert convert(150_000_000, 8, "BTC", saturday + timedelta(hours=10), table) == (2_999_850, "desk")
    assert convert(150_000_000, 8, "BTC", saturday + timedelta(days=4_000), table) == (2_999_850, "desk")
    assert convert(100, 2, "EUR", saturday) == (100, "ECB 2022-09-02")


def test_what_is_added_later_counts(tmp_path: Path) -> None:
    first = FX.with_rates([OwnRate("EUR", FRIDAY, Decimal("1.5"), "first")])
    second = first.with_rates([OwnRate("EUR", FRIDAY + timedelta(days=1), Decimal(2), "second")])
    assert convert(100, 2, "EUR", FRIDAY, second) == (150, "first")
    assert convert(100, 2, "EUR", FRIDAY + timedelta(days=1), second) == (200, "second")


def test_wei_at_a_rate_of_many_digits_are_exact() -> None:
    price = Decimal("2517.123456789012345678")
    table = FX.with_rates([OwnRate("ETH", FRIDAY, price, "desk")])
    wei = 1_234_567_890_123_456_789_012
    expected = round(Fraction(wei) * Fraction(price) * 100 / 10**18)
    assert convert(wei, 18, "ETH", table=table) == (expected, "desk")


HEADER = "currency,valid_from,usd_per_unit,source\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("currency,usd\nEUR,1\n", "rates.csv: required the columns"),
        ("", "rates.csv: required the columns"),
        (HEADER + "EUR,2022-09-01,abc,x\n", "rates.csv, line 2: usd_per_unit: required a decimal number, was 'abc'"),
        (HEADER + "EUR,2022-09-01,NaN,x\n", "required a positive number of dollars, was NaN"),
        (HEADER + "EUR,2022-09-01,-1,x\n", "required a positive number of dollars, was -1"),
        (HEADER + "EUR,2022-09-01,0,x\n", "required a positive number of dollars, was 0"),
        (HEADER + "EUR,2022-09-01,1e30,x\n", "at most 18 digits"),
        (HEADER + "EUR,2022-09-01,0.1234567890123456789,x\n", "at most 18 digits"),
        (HEADER + "EUR,01.09.2022,1,x\n", "line 2: required a day or an ISO 8601 time, was '01.09.2022'"),
        (HEADER + "EUR,2022-09-01T10:00,1,x\n", "line 2: required a time with its offset from UTC"),
        (HEADER + "EUR,2022-09-01T10:00:00.5Z,1,x\n", "required times in whole seconds"),
        (HEADER + "EUR,2022-09-01,1\n", "line 2: source is empty"),
        (HEADER + ",2022-09-01,1,x\n", "line 2: currency is empty"),
        (
            HEADER + "USD,2022-09-01,1,x\n",
            "rates.csv: own rate of USD from 2022-09-01T00:00:00+00:00: USD needs no rate",
        ),
        (HEADER + "EUR,2022-09-01,1,x\nEUR,2022-09-01T00:00:00Z,2,y\n", "given twice"),
        (HEADER.strip() + ",valid_until\nEUR,2022-09-01,1,x,2022-09-01\n", "required an end after its start"),
        (HEADER + 'EUR,2022-09-01,1,"x\n', "unexpected end of data"),
    ],
)
def test_a_wrong_rate_file_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UnusableInput) as refused:
        FX.with_rates_file(rates_file(tmp_path, text))
    assert words in str(refused.value)


def test_a_missing_or_undecodable_rate_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"none\.csv: required a readable CSV file"):
        FX.with_rates_file(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnusableInput, match=r"bad\.csv: required a readable CSV file in UTF-8"):
        FX.with_rates_file(tmp_path / "bad.csv")


# Against the slow version


@cache
def history() -> list[Fixing]:
    return ecb_history()


moments = st.datetimes(datetime(1998, 12, 20), datetime(2026, 11, 15), timezones=st.just(UTC))
amounts = st.integers(0, 10**7) | st.integers(0, 10**18) | st.integers(0, 10**38 - 1)
currencies = st.sampled_from(
    ["USD", "EUR", "JPY", "MXN", "CNY", "HKD", "GBP", "IDR", "KRW", "RUB", "TRL", "ISK", "XXX"]
)


@given(rows=st.lists(st.tuples(amounts, st.integers(0, 24), currencies, moments), min_size=1, max_size=12))
def test_every_amount_agrees_with_the_slow_version(rows: list[tuple[int, int, str, datetime]]) -> None:
    frame = FX.apply(frame_of(rows))
    expected = [usd_cents(history(), *row) for row in rows]
    assert list(zip(frame["amount_usd"], frame["fx_source"], strict=True)) == expected


@given(
    rows=st.lists(
        st.tuples(st.integers(60, 66), st.integers(-3, 3), st.integers(0, 20), st.sampled_from(["EUR", "JPY", "USD"])),
        min_size=1,
        max_size=12,
    )
)
def test_amounts_at_the_limits_of_the_machine_agree_with_the_slow_version(
    rows: list[tuple[int, int, int, str]],
) -> None:
    for divisor in (1, 100, 9_993, 999_300, 99_930_000):
        money = [
            (max(2**bits // divisor + offset, 0), exponent, currency, FRIDAY)
            for bits, offset, exponent, currency in rows
        ]
        frame = FX.apply(frame_of(money))
        expected = [usd_cents(history(), *row) for row in money]
        assert list(zip(frame["amount_usd"], frame["fx_source"], strict=True)) == expected
