"""What the contract accepts and what it refuses, with the words that a person reads."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from pipeline.schemas import fields, profiles
from pipeline.schemas.transactions import Payment
from pipeline.schemas.wire import MAX_EVENT_BYTES, MODELS, parse_event
from tests.pipeline.schemas.payloads import GOLDEN, encode
from typologies.base.errors import InvalidEvent
from typologies.base.events import Channel, InstitutionType, PartyClass, Purpose, Rail


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_payload_parses_to_its_kind(name: str) -> None:
    event = parse_event(encode(GOLDEN[name]))
    assert type(event) is MODELS[name.partition(".")[0]]


def test_every_kind_has_a_golden_payload() -> None:
    assert {name.partition(".")[0] for name in GOLDEN} == set(MODELS)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_record_written_and_read_again_is_the_same(name: str) -> None:
    event = parse_event(encode(GOLDEN[name]))
    again = parse_event(event.model_dump_json(by_alias=True, exclude_none=True).encode())
    assert again == event


@pytest.mark.parametrize(
    ("literal", "enum"),
    [
        (fields.RailName, Rail),
        (fields.ChannelName, Channel),
        (fields.PurposeName, Purpose),
        (fields.PartyClassName, PartyClass),
        (fields.InstitutionTypeName, InstitutionType),
    ],
)
def test_names_on_the_wire_are_those_of_the_core(literal: Any, enum: Any) -> None:
    assert list(get_args(literal)) == [member.name.lower() for member in enum]


def test_personal_fields_are_fields_of_the_party_profile() -> None:
    assert set(profiles.PartyProfile.model_fields) >= profiles.PERSONAL_FIELDS


def test_a_time_with_an_offset_becomes_utc() -> None:
    event = parse_event(encode(GOLDEN["payment.minimal"]))
    assert isinstance(event, Payment)
    assert event.event_time == datetime(2026, 4, 1, 4, 30, tzinfo=UTC)
    assert event.event_time.utcoffset() == timedelta(0)


def test_an_amount_of_wei_keeps_every_digit() -> None:
    payload = deepcopy(GOLDEN["onchain.account"])
    payload["transfer"]["amount"] = 10**38 - 1
    assert parse_event(encode(payload)).model_dump()["transfer"]["amount"] == 10**38 - 1


def test_hexadecimal_addresses_are_compared_without_case_and_others_with_it() -> None:
    account = parse_event(encode(GOLDEN["onchain.account"])).model_dump()["transfer"]
    assert account["debtor_account"] == "0x00000000000000000000000000000000deadbeef"
    payload = deepcopy(GOLDEN["onchain.coinbase"])
    payload["transfer"]["outputs"][0]["address"] = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
    outputs = parse_event(encode(payload)).model_dump()["transfer"]["outputs"]
    assert outputs[0]["address"] == "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("payment", {"event_id": None}, "event_id: required a valid string, was None"),
    ("payment", {"event_id": ""}, 'never ""'),
    ("payment", {"memo": "   "}, "text with something in it"),
    ("payment", {"debtor": " x"}, "without blanks around it"),
    ("payment", {"debtor": "a\x00b"}, r"without control characters and without blanks around it (unknown is null)"),
    ("payment", {"memo": "bell \x07"}, "control characters"),
    ("payment", {"memo": "x" * 5_000}, "at most 4096 characters, was 'xxx"),
    ("payment", {"amount": 0}, "amount: required greater than 0, was 0"),
    ("payment", {"amount": -5}, "amount: required greater than 0, was -5"),
    ("payment", {"amount": 10.5}, "amount: required a valid integer, was 10.5"),
    ("payment", {"amount": "1050"}, "amount: required a valid integer, was '1050'"),
    ("payment", {"amount": True}, "amount: required a valid integer, was True"),
    ("payment", {"amount": 10**38}, "amount: required less than 1000"),
    ("payment", {"exponent": 25}, "exponent: required less than or equal to 24"),
    ("payment", {"currency": "US Dollar"}, "an ISO 4217 or asset code"),
    ("payment", {"debtor_country": "USA"}, "two capital letters"),
    ("payment", {"rail": "Wire"}, "was 'Wire'"),
    ("payment", {"counter_currency": None}, "given together or not at all"),
    ("payment", {"event_time": "2026-03-31T14:05:00"}, "required a time with its offset from UTC"),
    ("payment", {"event_time": "2026-03-31"}, "required an ISO 8601 date and time"),
    ("payment", {"event_time": 1774965907}, "required an ISO 8601 date and time"),
    ("payment", {"event_time": "1774965907"}, "required an ISO 8601 date and time"),
    ("payment", {"event_time": "2026-02-30T00:00:00Z"}, "event_time: required a valid datetime"),
    ("payment", {"event_time": "1969-12-31T23:59:59Z"}, "required a time from 1970-01-01"),
    ("payment", {"event_time": "2200-01-01T00:00:00Z"}, "to before 2200-01-01"),
    ("payment", {"event_time": "0001-01-01T00:00:00+14:00"}, "required a time from 1970-01-01"),
    ("payment", {"nationality": "NZ"}, "nationality: not a field of this kind of record"),
    ("payment", {"kind": "transfer"}, "required 'kind' to be one of 'payment'"),
    ("payment.minimal", {"debtor_account": None, "creditor_account": None}, "at least one side, found none"),
    ("cash", {"business_date": "20260331"}, "required a calendar day like 2026-03-31"),
    ("cash", {"business_date": "1500-01-01"}, "required a day from 1600-01-01"),
    ("cash", {"ctr_filed": "no"}, "ctr_filed: required a valid boolean, was 'no'"),
    ("account_profile", {"holders": ["a", ""]}, "holders.1"),
    ("account_profile", {"known_at": None}, "known_at"),
    (
        "account_profile",
        {"expected_activity": [{"flow": "credits", "amount": 1, "exponent": 2, "currency": "USD"}] * 2},
        "names each flow at most once, found credits, credits",
    ),
    ("trade_document", {"currency": None}, "needs exponent and currency"),
    ("fx_fixing", {"usd_per_unit": 1.0876}, "usd_per_unit: required a valid string, was 1.0876"),
    ("fx_fixing", {"usd_per_unit": "1e3"}, "a decimal number as text"),
    ("place", {"latitude": "27.5156"}, "latitude"),
    ("place", {"latitude": 27.5156}, "latitude"),
    ("place", {"longitude": -180_000_001}, "longitude"),
    ("place", {"longitude": None}, "latitude and longitude come together"),
    ("list_entry", {"identifiers": []}, "identifiers"),
    ("retraction", {"retracts": None}, "retracts"),
]


@pytest.mark.parametrize(("name", "change", "words"), REFUSED)
def test_a_broken_record_is_refused_in_words(name: str, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        parse_event(encode({**GOLDEN[name], **change}))
    assert words in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "required one JSON object in UTF-8"),
        (b"[]", "required an object, was a list"),
        (b"{}", "required the field 'kind' at the top, found none"),
        (b"\xff\xfe{}", "required one JSON object in UTF-8"),
        (b"[" * 100_000, "recursion limit"),
        (b" " * (MAX_EVENT_BYTES + 1), f"required a record of at most {MAX_EVENT_BYTES} bytes"),
        (b'{"kind":"payment","amount":' + b"9" * 5_000 + b"}", "number out of range"),
    ],
)
def test_bytes_that_are_no_record_are_refused_in_words(raw: bytes, words: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        parse_event(raw)
    assert words in str(refused.value)


def test_many_errors_are_counted_and_the_first_are_told() -> None:
    payload = {**GOLDEN["payment"], **dict.fromkeys("abcdef", 1)}
    with pytest.raises(InvalidEvent) as refused:
        parse_event(encode(payload))
    assert str(refused.value).endswith("and 3 more")


def _statement(change: dict[str, Any]) -> bytes:
    payload = deepcopy(GOLDEN["registry_statement"])
    payload["statement"] |= change
    return encode(payload)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"statementID": "x"}, "found the shape of BODS 0.1 to 0.3"),
        ({"publicationDetails": {"bodsVersion": "0.3"}}, "required bodsVersion 0.4, was '0.3'"),
        ({"statementId": "short"}, "at least 32 characters"),
        ({"recordDetails": {"name": "a\x00"}}, "found U+0000"),
        ({"recordDetails": {"a\x01": 1}}, "found U+0001"),
        ({"recordDetails": {"name": ""}}, 'never ""'),
        ({"recordDetails": {"share": float("nan")}}, "finite numbers"),
        ({"recordDetails": {"list": [0] * 6_000}}, "at most 5000 values"),
        ({"recordDetails": json.loads('{"a":' * 20 + "1" + "}" * 20)}, "in at most 12 levels"),
    ],
)
def test_a_registry_statement_outside_the_standard_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidEvent) as refused:
        parse_event(_statement(change))
    assert words in str(refused.value)
