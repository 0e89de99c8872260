"""Dated segments: pegs are well formed, and one table over another gives at each time the upper one's rate."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from zipfile import ZipFile

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.fx_rates import SEGMENT_SCHEMA, ecb_segments, overlay, package_segments, read_pegs, seconds

WITHDRAWN = {"ANG", "BGN", "STD", "ATS", "BEF", "DEM", "ESP", "FIM", "FRF", "GRD", "IEP", "ITL", "LUF", "NLG", "PTE"}
"""Pegged currencies that no longer exist, or may be dropped from the list of codes at any release."""


def test_every_peg_names_a_currency_an_anchor_and_a_source() -> None:
    codes = {currency.code for currency in Currency}
    for peg in read_pegs():
        assert peg.currency in codes | WITHDRAWN | {"XCG"}
        assert peg.anchor in ("USD", "EUR")
        assert peg.units > 0
        assert peg.anchor_units > 0
        assert len(peg.source) > 10
        assert peg.valid_from < (peg.valid_until or date.max)


def test_only_pegs_of_withdrawn_currencies_end() -> None:
    assert {peg.currency for peg in read_pegs() if peg.valid_until} == WITHDRAWN


def test_pegs_of_one_currency_do_not_overlap() -> None:
    rows = defaultdict(list)
    for peg in read_pegs():
        rows[peg.currency].append(peg)
    for pegs in rows.values():
        for earlier, later in pairwise(sorted(pegs, key=lambda peg: peg.valid_from)):
            assert earlier.valid_until is not None
            assert earlier.valid_until <= later.valid_from


def test_currencies_that_float_or_move_in_a_band_have_no_peg() -> None:
    assert not {"HKD", "MAD", "DKK", "CNY", "KWD", "LBP"} & {peg.currency for peg in read_pegs()}


def test_segments_are_in_order_and_positive() -> None:
    for currency, table in package_segments().items():
        assert table.schema == pl.Schema(SEGMENT_SCHEMA), currency
        assert (table["valid_from"] < table["valid_until"]).all(), currency
        assert (table["valid_until"].head(-1) <= table["valid_from"].tail(-1)).all(), currency
        assert table["numerator"].cast(pl.Int64).min() > 0, currency  # type: ignore[operator]
        assert table["denominator"].cast(pl.Int64).min() > 0, currency  # type: ignore[operator]


def test_the_fixed_parity_of_the_lev_agrees_with_its_fixings() -> None:
    (peg,) = [peg for peg in read_pegs() if peg.currency == "BGN"]
    at = seconds(datetime(2020, 6, 2, tzinfo=UTC))
    euro, lev = (
        package_segments()[currency].filter(pl.col("valid_from") <= at, pl.col("valid_until") > at).row(0)
        for currency in ("EUR", "BGN")
    )
    fixed = Fraction(euro[2], euro[3]) / Fraction(lev[2], lev[3])
    assert abs(fixed - Fraction(peg.units)) < Fraction(1, 10_000)


def test_another_table_than_the_central_banks_is_refused() -> None:
    archive = BytesIO()
    with ZipFile(archive, "w") as file:
        file.writestr("x.csv", "a,b\n1,2\n")
    with pytest.raises(UnusableInput, match="required ECB history with the columns Date, USD"):
        ecb_segments(archive.getvalue())


def _table(cuts: list[int], name: str) -> pl.DataFrame:
    """Return segments [c0, c1), [c2, c3), ... of sorted distinct cuts."""
    rows = [(start, end, 1, 1, f"{name}{start}") for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    return pl.DataFrame(rows, schema=SEGMENT_SCHEMA, orient="row")


def _at(table: pl.DataFrame, moment: int) -> str | None:
    held = table.filter(pl.col("valid_from") <= moment, pl.col("valid_until") > moment)["source"].to_list()
    assert len(held) <= 1
    return held[0] if held else None


cuts = st.lists(st.integers(0, 20), unique=True, max_size=10).map(sorted)


@given(below=cuts, above=cuts)
def test_at_each_time_the_upper_segment_counts_and_else_the_lower(below: list[int], above: list[int]) -> None:
    lower, upper = _table(below, "b"), _table(above, "a")
    joined = overlay({"X": lower, "L": lower}, {"X": upper, "U": upper})
    assert joined["L"].equals(lower)
    assert joined["U"].equals(upper)
    assert joined["X"]["valid_from"].is_sorted()
    for moment in range(-1, 22):
        assert _at(joined["X"], moment) == (_at(upper, moment) or _at(lower, moment))
