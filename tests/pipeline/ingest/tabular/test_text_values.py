"""Values out of text columns against slow, obvious readings of the same text."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.tabular.text_values import Words, exact_units, local_times, minor_units, only

NUMBERS = st.one_of(
    st.decimals(min_value=0, max_value=10**12, places=9).map(str),
    st.decimals(min_value=0, max_value=10**12, places=2).map(str),
    st.floats(min_value=0, max_value=1e12, allow_nan=False).map(repr),
    st.sampled_from(
        ["", "1e-8", "1.5e3", ".5", "5.", "NaN", "inf", "1,000", "x", "1e999", "5.000000000000001", "15e-9"]
    ),
)


def oracle(text: str | None, exponent: int) -> int | None:
    try:
        value = Decimal(text or "x") * 10**exponent
    except ArithmeticError:
        return None
    return int(value) if value.is_finite() and value == value.to_integral_value() and value < 10**30 else None


@given(st.lists(st.tuples(NUMBERS, st.sampled_from([0, 2, 8])), min_size=1, max_size=30))
def test_amounts_are_what_decimal_arithmetic_says_or_nothing(rows: list[tuple[str, int]]) -> None:
    texts = [text for text, _ in rows]
    found = minor_units(pl.Series(texts), pl.Series([e for _, e in rows], dtype=pl.Int8)).to_list()
    assert found == [oracle(text, exponent) for text, exponent in rows]
    same = minor_units(pl.Series(texts), 2).to_list()
    assert same == [oracle(text, 2) for text in texts]


def test_amounts_without_a_known_unit_are_unknown() -> None:
    nothing = pl.Series([None, None], dtype=pl.Int8)
    assert minor_units(pl.Series(["1.00", "2.00"]), nothing).to_list() == [None, None]
    assert minor_units(pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.Int8)).to_list() == []
    assert minor_units(pl.Series([None, "3"], dtype=pl.String), 2).to_list() == [None, 300]


def test_an_absurd_exponent_costs_no_memory() -> None:
    assert exact_units("1e99999999", 2) is None
    assert exact_units("9" * 5000, 2) is None


def test_times_are_read_in_the_first_layout_that_fits_each() -> None:
    layouts = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S")
    text = pl.Series(["2022-09-01 00:20:31", "2022/09/01 00:20", "2022-09-01", None, "2022/02/30 00:00"])
    assert local_times(text, layouts, ZoneInfo("UTC")).to_list() == [
        datetime(2022, 9, 1, 0, 20, 31, tzinfo=UTC),
        datetime(2022, 9, 1, 0, 20, tzinfo=UTC),
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(("text", "fits"), [("0189", True), ("01a9", False), ("", False), ("٣", False), (None, None)])
def test_identifiers_hold_only_what_is_allowed(text: str | None, fits: bool | None) -> None:
    alone = only(pl.Series([text], dtype=pl.String), "0-9").to_list()[0]
    beside = only(pl.Series([text, "12", "x"], dtype=pl.String), "0-9").to_list()
    assert bool(alone) == bool(fits)
    assert bool(beside[0]) == bool(fits)
    assert beside[1:] == [True, False]


def test_words_are_found_once_and_give_any_column() -> None:
    words = Words(("Wire", "Cash"))
    places = words.find(pl.Series(["Cash", "wire", None, "Wire"]))
    assert words.column(places, ("wire", "cash"), pl.String()).to_list() == ["cash", None, None, "wire"]
    assert words.column(places, (1, 2), pl.Int8()).to_list() == [2, None, None, 1]
    assert str(words) == "Wire, Cash"
