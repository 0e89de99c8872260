"""Reading of amounts: exact, never guessed."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.amounts import default_exponent, parse_amounts

Read = tuple[int | None, int | None, str | None]


def read(
    text: str | None, currency: str | None = "USD", exponent: int | None = None, *, has_exponents: bool = False
) -> Read:
    """Read one amount alone and beside others that take the general way; both must agree."""
    answers = []
    for others in ([], ["x"], ["1.234"]):
        stated = pl.Series([exponent] * (1 + len(others)), dtype=pl.Int8) if has_exponents else None
        found = parse_amounts(
            pl.Series([text, *others], dtype=pl.String),
            stated,
            pl.Series([currency, *(["USD"] * len(others))], dtype=pl.String),
            "amount",
        )
        reason = found.reason[0] if found.reason is not None else None
        answers.append((None, None, reason) if reason else (found.amount[0], found.exponent[0], None))
    assert answers[0] == answers[1] == answers[2]
    return answers[0]


@given(st.decimals(0, 10**15, places=2, allow_nan=False), st.sampled_from(["USD", "JPY", "KWD", "BTC", "XAU"]))
def test_decimals_are_read_exactly(value: Decimal, currency: str) -> None:
    amount, exponent, reason = read(f"{value:.2f}", currency)
    assert reason is None
    assert amount is not None
    assert exponent is not None
    assert Decimal(amount).scaleb(-exponent) == value
    own = {"USD": 2, "JPY": 0, "KWD": 3, "BTC": 8, "XAU": 0}[currency]
    needed = -int(Decimal(value).normalize().as_tuple().exponent)
    assert exponent == max(own, needed)


@given(st.integers(-(10**30), 10**30), st.integers(0, 18))
def test_integers_with_a_stated_exponent_are_taken_as_they_are(amount: int, exponent: int) -> None:
    assert read(str(amount), "USD", exponent, has_exponents=True) == (amount, exponent, None)


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("10.5", "USD", (1050, 2)),
        ("10.500", "USD", (1050, 2)),
        ("10.505", "USD", (10505, 3)),
        ("00010.50", "USD", (1050, 2)),
        ("-10.50", "USD", (-1050, 2)),
        ("0.00", "USD", (0, 2)),
        ("100.0", "JPY", (100, 0)),
        ("100", "JPY", (100, 0)),
        ("0.00000001", "BTC", (1, 8)),
        ("1.000000000000000001", "ETH", (10**18 + 1, 18)),
        ("9999999999999999.99", "USD", (999_999_999_999_999_999, 2)),
    ],
)
def test_major_units_are_read_by_the_decimals_of_the_currency(
    text: str, currency: str, expected: tuple[int, int]
) -> None:
    assert read(text, currency) == (*expected, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1050", "amount 1050 is ambiguous"),
        ("10,50", "must be a number in digits; found 10,50"),
        ("1,050.00", "must be a number in digits"),
        ("1e5", "must be a number in digits"),
        ("nan", "must be a number in digits"),
        ("+5.00", "must be a number in digits"),
        (".50", "must be a number in digits"),
        ("5.", "must be a number in digits"),
        (" 5.00", "must be a number in digits"),
        ("1.2.3", "must be a number in digits"),
        ("٣.٠٠", "must be a number in digits"),
        ("99999999999999999.00", "at most 16 digits before"),
        ("0.0000000000000000001", "18 behind the point"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_text(text: str, message: str) -> None:
    amount, exponent, reason = read(text)
    assert (amount, exponent) == (None, None)
    assert reason is not None
    assert message in reason


def test_a_file_with_an_exponent_column_has_minor_units_of_the_currency_where_it_is_empty() -> None:
    assert read("1050", "USD", None, has_exponents=True) == (1050, 2, None)
    assert read("1050", "KWD", None, has_exponents=True) == (1050, 3, None)
    assert read("10.50", "USD", None, has_exponents=True) == (1050, 2, None)


def test_a_decimal_point_contradicts_a_stated_exponent() -> None:
    assert "integer of minor units" in str(read("10.50", "USD", 2, has_exponents=True)[2])


def test_minor_units_of_a_currency_without_any_need_their_exponent() -> None:
    for currency in ("XAU", "USDT", "ZZZ", None):
        assert "needs its exponent" in str(read("5", currency, None, has_exponents=True)[2])


def test_a_plus_sign_is_refused_with_and_without_exponents() -> None:
    assert read("+5", "USD", 2, has_exponents=True)[2] == "amount must be a number in digits; found +5"


def test_a_missing_amount_is_no_reason_here() -> None:
    assert read(None, "USD", None)[2] is None
    assert read(None, "USD", 2, has_exponents=True)[2] is None


def test_withdrawn_currencies_keep_their_decimals() -> None:
    assert default_exponent(pl.Series(["EUR", "HRK", "ITL", "XAU", "???", None])).to_list() == [
        2,
        2,
        0,
        None,
        None,
        None,
    ]
