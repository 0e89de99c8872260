"""Columns of a window say what its events say, for every attribute, and nothing that is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.typologies.base.nasty import frames
from tests.typologies.cash_histories import cash_history
from typologies.base.business_days import day_of
from typologies.base.cases import events_frame
from typologies.base.codec import Codec
from typologies.base.encoding import RecordBatch, encode
from typologies.base.errors import ContractError
from typologies.base.events import FRAME_SCHEMA, HIDDEN_FROM_DETECTORS, NULL_CODE, NULL_I64, Side
from typologies.base.explained import explained_in, is_explained
from typologies.base.records import RECORD
from typologies.base.strings import Interner
from typologies.base.window import EPOCH_DATE, DeadlineTrigger, Event, Window, to_datetime
from typologies.base.windowcolumns import READABLE_FIELDS, EventRows, StoredRows, codes_of, n_distinct, total

ENUMS = ("kind", "rail", "channel", "purpose", "institution_type", "counterparty_class")
IDS = (
    "account",
    "party",
    "agent",
    "counterparty_account",
    "counterparty",
    "counterparty_agent",
    "counterparty_country",
    "conductor",
    "on_behalf_of",
    "ctr_conductor",
    "branch",
    "place",
    "merchant_category",
    "cardholder",
)
TRI_STATES = ("reduced_on_notice", "ctr_filed")
PLAIN = ("time_us", "is_self", "is_deposit")
DERIVED = ("is_credit", "is_debit", "is_cash", "has_usd", "usd_or_zero", "business_day")

Made = list[int]
Encoded = tuple[RecordBatch, Codec]


def windows(source: Encoded, sides: Sequence[int], made: Made) -> tuple[Window, Window]:
    """Return the same window of rows of a store and of events; `made` is told how many events the first one made."""
    batch, codec = source
    order = np.argsort(batch.records["time"], kind="stable")

    def make(places: Any, of_sides: Any) -> list[Event]:
        made.append(len(places))
        records = batch.records[places].tolist()
        return [Event(r, Side(s), codec) for r, s in zip(records, of_sides.tolist(), strict=True)]

    chosen = np.array(sides, np.int32)
    stored = StoredRows(batch.records, order, batch.records["time"][order], chosen, make)
    events = [Event(batch.records[i].item(), Side(s), codec) for i, s in zip(order.tolist(), sides, strict=True)]
    trigger = DeadlineTrigger(to_datetime(0), "", "")
    return (
        Window("account", "a", "account", trigger, 0, 1, stored),
        Window("account", "a", "account", trigger, 0, 1, events),
    )


def encoded(frame: pl.DataFrame) -> Encoded:
    """Return a frame as records, and what decodes them."""
    interner = Interner()
    batch = encode(frame, interner)
    return batch, Codec(interner, batch.texts)


def same_partition(codes: Sequence[int], values: Sequence[str | None]) -> bool:
    """Return whether codes are NULL_CODE where values are None, and equal where values are."""
    pairs = set(zip(codes, values, strict=True))
    known = [pair for pair in pairs if pair != (NULL_CODE, None)]
    return all(c != NULL_CODE and v is not None for c, v in known) and len({c for c, _ in known}) == len(
        {v for _, v in known}
    ) == len(known)


def check(window: Window, events: Sequence[Event]) -> None:
    """Assert that every column says what the events say."""
    columns = window.columns
    assert len(columns) == len(window) == len(events)
    for name in ENUMS:
        expected = [int(value) if (value := event.field(name)) is not None else 0 for event in events]  # type: ignore[call-overload]
        assert getattr(columns, name).tolist() == expected, name
    for name in IDS:
        assert same_partition(getattr(columns, name).tolist(), [e.field(name) for e in events]), name  # type: ignore[misc]
    for name in TRI_STATES:
        expected = [-1 if (value := event.field(name)) is None else int(bool(value)) for event in events]
        assert getattr(columns, name).tolist() == expected, name
    for name in PLAIN:
        assert getattr(columns, name).tolist() == [event.field(name) for event in events], name
    cents = [event.amount_usd_cents for event in events]
    assert columns.amount_usd_cents.tolist() == [NULL_I64 if c is None else c for c in cents]
    assert columns.usd_or_zero.tolist() == [c or 0 for c in cents]
    assert columns.has_usd.tolist() == [c is not None for c in cents]
    assert columns.is_all_in_usd == (None not in cents)
    assert columns.is_credit.tolist() == [e.side is Side.CREDIT for e in events]
    assert columns.is_debit.tolist() == [e.side is Side.DEBIT for e in events]
    assert columns.is_cash.tolist() == [e.kind.name == "CASH" for e in events]
    days = [NULL_CODE if (day := e.business_date) is None else (day - EPOCH_DATE).days for e in events]
    assert columns.business_date.tolist() == days
    assert columns.business_day.tolist() == [(day_of(e) - EPOCH_DATE).days for e in events]
    assert explained_in(columns, 200_00).tolist() == [is_explained(e, 200_00) for e in events]


def check_both(source: Encoded, sides: Sequence[int]) -> None:
    made: Made = []
    stored, plain = windows(source, sides, made)
    events = list(plain)
    check(stored, events)
    assert made == []
    check(plain, events)
    assert list(stored.events) == events


@settings(max_examples=30)
@given(frames(12), st.data())
def test_columns_say_what_events_say(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    source = encoded(events_frame([row | {"event_id": f"e{i}"} for i, row in enumerate(rows)]))
    sides = data.draw(st.lists(st.sampled_from((0, 1, 2)), min_size=len(source[0]), max_size=len(source[0])))
    check_both(source, sides)


@pytest.mark.parametrize("seed", range(6))
def test_columns_say_what_cash_events_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame, _ = cash_history(rng, 40, 30, (1_000_00,), with_payments=True)
    rows = frame.to_dicts()
    for row in rows:
        if rng.random() < 0.3:
            row["purpose"] = str(rng.choice(["family_support", "rent", "other"]))
            row["creditor_class"] = str(rng.choice(["individual", "school", "shell"]))
        if rng.random() < 0.2:
            row["amount_usd"] = None
        if rng.random() < 0.1:
            row["creditor_account"] = row["debtor_account"] = "self"
    check_both(encoded(events_frame(rows)), rng.integers(0, 3, len(rows)).tolist())


@pytest.mark.parametrize("side", [Side.NONE, Side.CREDIT, Side.DEBIT])
def test_a_window_of_one_side_reads_that_side(side: Side) -> None:
    frame, _ = cash_history(np.random.default_rng(7), 30, 10, (1_000_00,), with_payments=True)
    check_both(encoded(frame), [side] * frame.height)


def test_an_empty_window_has_empty_columns() -> None:
    source = encoded(events_frame([]))
    check_both(source, [])
    made: Made = []
    for window in windows(source, [], made):
        assert len(window.columns.since(timedelta(days=1))) == 0
        assert window.columns.n_until(0) == 0


def hourly(n: int) -> tuple[Window, Window]:
    """Return two windows of `n` deposits an hour apart from 1970-01-01 on, of rows and of events."""
    rows = [
        {
            "event_id": f"e{i}",
            "event_time": to_datetime(i * 3_600_000_000),
            "kind": "cash",
            "amount": 100 + i,
            "creditor_account": "a",
        }
        for i in range(n)
    ]
    return windows(encoded(events_frame(rows)), [1] * n, [])


def test_the_last_span_excludes_its_start() -> None:
    for window in hourly(10):
        assert window.columns.since(timedelta(hours=3)).amount_usd_cents.tolist() == [107, 108, 109]
        assert window.columns.part(2, 4).amount_usd_cents.tolist() == [102, 103]
        assert window.columns.part(8).amount_usd_cents.tolist() == [108, 109]
        assert window.columns.n_until(4 * 3_600_000_000) == 5
        assert window.columns.n_until(-1) == 0


def test_columns_cannot_be_written() -> None:
    for window in hourly(3):
        for name in (*ENUMS, *IDS, *TRI_STATES, *PLAIN, *DERIVED, "amount_usd_cents", "business_date"):
            with pytest.raises(ValueError, match="read-only"):
                getattr(window.columns, name)[0] = 1


def test_the_length_of_a_window_makes_no_event() -> None:
    made: Made = []
    frame, _ = cash_history(np.random.default_rng(1), 5, 3, (1_000_00,))
    stored, _ = windows(encoded(frame), [1] * 5, made)
    assert len(stored) == 5
    assert stored.columns.since(timedelta(days=2)).kind.shape[0] <= 5
    assert made == []
    assert [len(list(stored)), len(stored.events)] == [5, 5]
    assert made == [5]


def test_hidden_columns_are_not_reachable() -> None:
    (stored, plain) = hourly(3)
    hidden = {*HIDDEN_FROM_DETECTORS, "received", *(f"{name}_len" for name in HIDDEN_FROM_DETECTORS)}
    hidden |= {"text_at", "id_hash", "key_hi", "key_lo"}
    assert hidden.isdisjoint(READABLE_FIELDS)
    assert set(RECORD.names or ()) >= READABLE_FIELDS
    for window in (stored, plain):
        public = {name for name in dir(window.columns) if not name.startswith("_")}
        assert public.isdisjoint({*HIDDEN_FROM_DETECTORS, *set(FRAME_SCHEMA) - set(dir(Event)), "records", "rows"})
        for name in sorted(hidden & set(RECORD.names or ())):
            with pytest.raises(ContractError, match="columns are made of"):
                window.columns._rows.field(name)


def test_columns_are_named_like_the_attributes_of_an_event() -> None:
    more = {"since", "part", "n_until", "is_all_in_usd", *DERIVED}
    columns = {name for name in dir(hourly(1)[0].columns) if not name.startswith("_")}
    assert columns - more <= set(dir(Event))
    assert columns == more | {*ENUMS, *IDS, *TRI_STATES, *PLAIN, "amount_usd_cents", "business_date"}


def test_sums_are_exact_beyond_64_bits() -> None:
    cents = np.array([2**62, 2**62, 2**62], np.int64)
    assert total(cents) == 3 * 2**62
    assert total(cents, np.array([True, False, True])) == 2**63


def test_unknown_codes_are_no_value() -> None:
    assert codes_of(np.array([3, NULL_CODE, 3, 0])) == {0, 3}
    assert n_distinct(np.array([NULL_CODE, NULL_CODE])) == 0


def test_rows_of_events_give_these_events_back() -> None:
    _, plain = hourly(4)
    assert list(EventRows(plain.events).part(1, 3).events()) == list(plain.events)[1:3]
