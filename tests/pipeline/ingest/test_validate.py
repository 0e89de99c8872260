"""The one check of canonical rows that all readers share: what it promises to them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipeline.ingest.reader import MAX_RAW_BYTES, REJECTED_SCHEMA
from pipeline.ingest.validate import MAX_ID_BYTES, conform, rejected_rows, validate
from tests.pipeline.ingest.canonical_rows import FRAMES, frame, row
from typologies.base.errors import BrokenInvariant
from typologies.base.events import FRAME_SCHEMA

BAD = {"amount": 0, "event_id": "bad"}


@given(FRAMES)
def test_valid_rows_pass_unchanged(rows: pl.DataFrame) -> None:
    events, rejected = validate(rows)
    assert_frame_equal(events, rows)
    assert dict(rejected.schema) == REJECTED_SCHEMA
    assert rejected.height == 0


@given(FRAMES, st.integers(0, 6))
def test_a_bad_row_among_good_ones_is_the_only_one_to_leave(rows: pl.DataFrame, place: int) -> None:
    place = min(place, rows.height)
    mixed = pl.concat([rows[:place], frame([row(**BAD)]), rows[place:]])
    mixed = mixed.with_columns(position=pl.int_range(1, mixed.height + 1, dtype=pl.Int64), origin=pl.lit("a.csv"))
    events, rejected = validate(mixed)
    assert_frame_equal(events, mixed.filter(pl.col("position") != place + 1))
    assert rejected.select("source", "position", "reason").rows() == [
        ("a.csv", place + 1, "amount must be greater than 0; found 0")
    ]


def test_absent_columns_are_added_as_null_in_order() -> None:
    made = conform(pl.DataFrame({"amount": pl.Series([1], dtype=pl.Int128), "kind": ["cash"]}))
    assert dict(made.schema) == FRAME_SCHEMA
    assert made.columns == list(FRAME_SCHEMA)
    assert made.row(0, named=True)["memo"] is None


def test_a_column_of_another_type_is_a_fault_of_the_reader() -> None:
    with pytest.raises(BrokenInvariant, match="column amount must be Int128; found Int64"):
        validate(pl.DataFrame({"amount": [1]}))
    with pytest.raises(BrokenInvariant, match="column colour must be absent"):
        validate(pl.DataFrame({"colour": ["red"]}))


def test_an_empty_frame_is_valid() -> None:
    events, rejected = validate(pl.DataFrame(schema=FRAME_SCHEMA))
    assert (events.height, rejected.height) == (0, 0)


def test_reasons_of_the_reader_come_first() -> None:
    rows = frame([row(**BAD), row(), row()])
    _, rejected = validate(rows, reasons=pl.Series(["unreadable", None, "torn"]))
    assert rejected["reason"].to_list() == ["unreadable", "torn"]


def test_raw_bytes_are_asked_for_bad_rows_only_and_cut() -> None:
    asked: list[list[int]] = []

    def raw(rows: npt.NDArray[np.intp]) -> list[bytes]:
        asked.append(rows.tolist())
        return [b"x" * (MAX_RAW_BYTES + 1) for _ in rows]

    rows = frame([row(), row(**BAD), row(), row(**BAD)])
    _, rejected = validate(rows, raw)
    assert asked == [[1, 3]]
    assert rejected["raw"].bin.size().to_list() == [MAX_RAW_BYTES] * 2
    validate(rows[:1], raw)
    assert len(asked) == 1


def test_raw_bytes_can_be_a_column() -> None:
    rows = frame([row(), row(**BAD)])
    for column in (pl.Series(["good", "é"]), pl.Series([b"good", "é".encode()])):
        assert validate(rows, column)[1]["raw"].to_list() == ["é".encode()]


def test_every_check_speaks_of_its_row_alone() -> None:
    changes = {
        "source": None,
        "event_time": None,
        "kind": "gossip",
        "rail": "pigeon",
        "amount": -1,
        "exponent": 19,
        "currency": "XYZ",
        "debtor_country": "usa",
        "debtor_account": "a\x00b",
        "creditor_account": "x" * (MAX_ID_BYTES + 1),
        "memo": "a\x00b",
        "counter_amount": 5,
        "retracts_key": "k",
        "received_at": datetime(2300, 1, 1, tzinfo=UTC),
    }
    rows = [row(**{name: value}) for name, value in changes.items()]
    events, rejected = validate(frame([row(), *rows, row(memo="line\nbreak\tand tab")]))
    assert events.height == 2
    assert [reason.split()[0].rstrip(",") for reason in rejected["reason"]] == list(changes)


def test_times_that_no_calendar_holds_are_rejected_and_stop_nothing() -> None:
    far = pl.Series("event_time", [2**63 - 1, -(2**63) + 1, 0]).cast(pl.Datetime("us", "UTC"))
    events, rejected = validate(frame([row(), row(), row()]).with_columns(far))
    assert events.height == 1
    assert all("event_time must lie between 1970-01-01 and 2200-01-01" in reason for reason in rejected["reason"])


def test_the_shape_of_assets_is_checked_on_chains_only() -> None:
    rows = [
        row(currency="WETH", chain="ethereum"),
        row(currency="WETH"),
        row(currency="a b", asset="x"),
        row(currency="BTC"),
    ]
    events, rejected = validate(frame(rows))
    assert events["currency"].to_list() == ["WETH", "BTC"]
    assert rejected.height == 2


def test_rejected_rows_of_a_whole_file_have_no_position() -> None:
    made = rejected_rows("a.csv", [None], ["torn"], [b"x"])
    assert made.rows() == [("a.csv", None, "torn", b"x")]
