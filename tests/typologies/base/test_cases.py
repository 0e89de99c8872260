"""Golden cases: what a line may leave out, what it may not say, and how a difference reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.typologies.base.nasty import DETECTORS, key_of
from typologies.base.cases import EXPECTABLE, differences, events_frame, load_cases, parse_case
from typologies.base.errors import CatalogueError
from typologies.base.events import FRAME_SCHEMA
from typologies.base.trials import history, reference

NOON = "2026-03-02T12:00:00Z"


def case(**changes: Any) -> str:
    body = {"name": "One event", "events": [{"event_time": NOON, "amount": 100}], "expect": [], **changes}
    return json.dumps({key: value for key, value in body.items() if value is not None})


def test_what_an_event_leaves_out_is_filled_in() -> None:
    (row,) = parse_case(case(), "here:1").frame.to_dicts()
    known = {name: value for name, value in row.items() if value is not None}
    assert known == {
        "source": "case",
        "event_id": "e1",
        "origin": "case",
        "position": 1,
        "event_time": datetime(2026, 3, 2, 12, tzinfo=UTC),
        "kind": "payment",
        "amount": 100,
        "exponent": 2,
        "currency": "USD",
        "amount_usd": 100,
    }
    assert list(row) == list(FRAME_SCHEMA)


def test_usd_in_other_minor_units_is_turned_into_cents_and_other_currencies_are_left_without_a_rate() -> None:
    rows = [
        {"event_time": NOON, "amount": 7, "exponent": 0},
        {"event_time": NOON, "amount": 7_000, "exponent": 3},
        {"event_time": NOON, "amount": 7, "currency": "EUR"},
        {"event_time": NOON, "amount": 7, "amount_usd": None},
    ]
    assert events_frame(rows)["amount_usd"].to_list() == [700, 700, None, None]


def test_a_retraction_repeats_the_event_it_names() -> None:
    event = {"event_time": NOON, "amount": 100, "creditor_account": "a", "event_id": "x"}
    frame = events_frame([event, {"kind": "retraction", "event_id": "x"}])
    first, second = frame.drop("kind", "position").to_dicts()
    assert first == second
    assert frame["kind"].to_list() == ["payment", "retraction"]


def test_times_and_dates_are_read_with_their_zone() -> None:
    frame = events_frame([{"event_time": "2026-03-02T12:00:00+02:00", "amount": 1, "business_date": "2026-03-03"}])
    assert frame["event_time"].to_list() == [datetime(2026, 3, 2, 10, tzinfo=UTC)]
    assert frame["business_date"].to_list() == [date(2026, 3, 3)]


def test_facts_have_dates_and_lists() -> None:
    fact = {"table": "place", "key": "k", "values": {"areas": ["x", "y"]}, "known_at": NOON}
    (read,) = parse_case(case(facts=[fact]), "here:1").facts
    assert read.values == {"areas": ("x", "y")}
    assert read.valid_from < read.known_at == datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "here:1: a case must be one JSON object"),
        ("[]", "here:1: a case must be one JSON object, found list"),
        (case(name=None), "here:1: name is required"),
        (case(expects=[]), "here:1: no key expects; there are"),
        (case(events=[{"event_time": NOON, "amount": 1, "colour": "red"}]), "event 1: no column colour"),
        (case(events=[{"event_time": NOON}]), "event 1: amount is required"),
        (case(events=[{"amount": 1}]), "event 1: event_time is required"),
        (case(events=[{"event_time": "2026-03-02T12:00:00", "amount": 1}]), "event_time must be a time with a zone"),
        (case(events=[{"event_time": "noon", "amount": 1}]), "event_time must be an ISO 8601 time"),
        (case(events=[{"event_time": NOON, "amount": 1, "business_date": "x"}]), "business_date must be an ISO date"),
        (case(events=[{"event_time": NOON, "amount": 1, "branch": 7}]), "a value does not fit its column"),
        (case(expect=[{"subject_id": "a"}]), "expect 1: role is required"),
        (case(expect=[{"subject_id": "a", "role": "account", "size": 1}]), "expect 1: no key size"),
        (case(facts=[{"table": "place", "key": "k"}]), "fact 1: values is required"),
        (case(clock="soon"), "clock must be an ISO 8601 time"),
    ],
)
def test_a_wrong_case_is_refused_with_its_place(line: str, message: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        parse_case(line, "here:1")
    assert message in str(refused.value)


def test_cases_come_by_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    (folder / "cases").mkdir(parents=True)
    (folder / "cases" / "b.jsonl").write_text(case(name="third") + "\n", encoding="utf-8")
    (folder / "cases" / "a.jsonl").write_text(case(name="first") + "\n\n" + case(name="second"), encoding="utf-8")
    assert [(c.name, c.where) for c in load_cases(folder)] == [
        ("first", "sample/cases/a.jsonl:1"),
        ("second", "sample/cases/a.jsonl:3"),
        ("third", "sample/cases/b.jsonl:1"),
    ]


def test_a_difference_says_what_was_expected_and_what_was_found() -> None:
    rows = [
        {"event_time": f"2026-03-0{day}T12:00:00Z", "amount": 400_00, "creditor_account": account}
        for day, account in ((2, "a"), (3, "b"))
    ]
    past = history("two alerts", events_frame(rows))
    alerts = reference([DETECTORS["broadcast_line"]], past).values()
    expect: list[Mapping[str, object]] = [
        {"subject_id": "a", "role": "account", "n_events": 2, "amount_usd": "400.00"},
        {"subject_id": "c", "role": "account"},
    ]
    summary = "modes [], reason_codes ['above_line'], n_events 1, amount_usd 400.00, trigger_event_id e2"
    assert differences(expect, alerts) == [
        "a (account): n_events expected 2, found 1",
        "expected an alert for c (account), found none",
        f"found an alert nobody expected: b (account): {summary}",
    ]


def test_everything_that_can_be_expected_can_be_shown() -> None:
    rows = [{"event_time": NOON, "amount": 400_00, "creditor_account": "a"}]
    (alert,) = reference([DETECTORS["broadcast_line"]], history("one", events_frame(rows))).values()
    shown = {name: show(alert) for name, show in EXPECTABLE.items()}
    line = case(events=rows, expect=[shown])
    assert differences(parse_case(line, "here:1").expect, [alert]) == []
    assert shown["evidence"] == ["e1"]
    assert len(key_of(events_frame(rows).to_dicts()[0])) == 32
