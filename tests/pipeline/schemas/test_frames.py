"""Records become rows of the frame or context facts, and personal fields go nowhere."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from pipeline.schemas.frames import DERIVED_COLUMNS, to_facts, to_frame
from pipeline.schemas.profiles import PERSONAL_FIELDS
from pipeline.schemas.wire import WireEvent, parse_event
from tests.pipeline.schemas.payloads import GOLDEN, encode
from typologies.base.events import FRAME_SCHEMA
from typologies.base.identity import content_hashes, event_keys, key_text


def event(name: str, **changes: Any) -> WireEvent:
    return parse_event(encode({**GOLDEN[name], **changes}))


def test_every_column_of_the_frame_is_filled_by_some_record_or_derived() -> None:
    frame = to_frame([event(name) for name in GOLDEN if not name.startswith("retraction")])
    filled = {name for name in frame.columns if frame[name].null_count() < frame.height}
    assert filled | DERIVED_COLUMNS == set(FRAME_SCHEMA)
    assert not filled & DERIVED_COLUMNS


def test_a_frame_has_exactly_the_canonical_columns_whatever_is_in_it() -> None:
    assert dict(to_frame([]).schema) == dict(pl.Schema(FRAME_SCHEMA))
    assert to_frame([event("payment"), event("retraction")]).schema == to_frame([]).schema


def test_a_row_holds_what_the_record_holds() -> None:
    row = to_frame([event("cash")]).row(0, named=True)
    assert row["event_time"] == datetime(2026, 3, 30, 22, 41, tzinfo=UTC)
    assert row["business_date"] == date(2026, 3, 31)
    known = {name: value for name, value in row.items() if value is not None}
    del known["event_time"], known["business_date"]
    assert known == {k: v for k, v in GOLDEN["cash"].items() if k not in ("event_time", "business_date")}


def test_context_has_no_rows_and_transactions_no_facts() -> None:
    reference = ("fx_fixing", "place", "list_entry")
    context = ("account_profile", "party_profile", "registry_statement", "trade_document", *reference)
    assert to_frame([event(name) for name in context]).is_empty()
    for name in ("payment", "cash", "card", "instrument", "onchain.utxo", "retraction", "registry_statement"):
        assert to_facts(event(name)) == []


def test_a_transaction_of_outputs_has_a_row_for_each_output_with_an_address() -> None:
    rows = to_frame([event("onchain.utxo")]).rows(named=True)
    spender = "bc1qexampleexampleexampleexampleexamplea"
    assert [row["event_id"].rpartition(":")[2] for row in rows] == ["0", "1"]
    assert [row["amount"] for row in rows] == [100_000_000, 49_990_000]
    assert {row["debtor_account"] for row in rows} == {spender}
    assert {(row["currency"], row["asset"], row["chain"], row["exponent"]) for row in rows} == {
        ("BTC", "BTC", "bitcoin", 8)
    }


def test_inputs_of_several_addresses_name_no_debtor() -> None:
    payload = deepcopy(GOLDEN["onchain.utxo"])
    payload["transfer"]["inputs"].append({"spent_transaction": "d" * 64, "spent_index": 0, "address": "bc1qother"})
    assert to_frame([parse_event(encode(payload))])["debtor_account"].to_list() == [None, None]


def test_a_coinbase_has_no_debtor() -> None:
    assert to_frame([event("onchain.coinbase")])["debtor_account"].to_list() == [None]


def test_wei_stay_exact_in_the_frame() -> None:
    assert to_frame([event("onchain.account")])["amount"].to_list() == [123456789012345678901234567]


@pytest.mark.parametrize("name", ["retraction", "retraction.block"])
def test_a_retraction_repeats_the_row_and_names_its_key(name: str) -> None:
    retraction = event(name)
    original = to_frame([parse_event(encode(GOLDEN[name]["retracts"]))])
    keys = [key_text(high, low) for high, low in event_keys(original, content_hashes(original))]
    frame = to_frame([event("cash"), retraction, event("cash")])
    rows = frame[1 : 1 + original.height]
    assert rows["retracts_key"].to_list() == keys
    assert rows["kind"].unique().to_list() == ["retraction"]
    own = ("kind", "retracts_key", "received_at")
    assert rows.drop(own).equals(original.drop(own))
    others = frame.filter(pl.col("kind") != "retraction")
    assert others["kind"].to_list() == ["cash", "cash"]
    assert others["retracts_key"].null_count() == 2


def test_a_profile_becomes_a_fact_with_its_times() -> None:
    (fact,) = to_facts(event("account_profile"))
    assert (fact.table, fact.key) == ("account_profile", "ACC-5531")
    assert fact.valid_from == datetime(2026, 2, 1, tzinfo=UTC)
    assert fact.valid_to == datetime(2026, 8, 1, tzinfo=UTC)
    assert fact.known_at == datetime(2026, 3, 1, 8, 59, tzinfo=UTC)
    assert fact.values["holders"] == ("party-31", "party-32")
    assert fact.values["opened_on"] == "2025-11-20"
    assert fact.values["expected_cash_in_per_month"] == 4_000_000
    assert "closed_on" not in fact.values


def test_declared_income_keeps_its_unit() -> None:
    (fact,) = to_facts(event("party_profile"))
    income = {name: value for name, value in fact.values.items() if name.startswith("declared_income")}
    assert income == {
        "declared_income": 1_200_000,
        "declared_income_exponent": 2,
        "declared_income_currency": "USD",
        "declared_income_period": "year",
    }


def test_personal_fields_change_no_fact() -> None:
    (known,) = to_facts(event("party_profile"))
    payload = {name: value for name, value in GOLDEN["party_profile"].items() if name not in PERSONAL_FIELDS}
    (unknown,) = to_facts(parse_event(encode(payload)))
    assert set(GOLDEN["party_profile"]) >= PERSONAL_FIELDS
    assert unknown == known
    assert unknown.content_hash() == known.content_hash()
    assert not set(known.values) & PERSONAL_FIELDS


def test_each_identifier_of_a_list_entry_is_a_fact() -> None:
    facts = to_facts(event("list_entry"))
    assert [(fact.key, fact.values["scheme"]) for fact in facts] == [
        ("bc1qexampleexampleexampleexampleexamplez", "address"),
        ("Invented Vendor", "name"),
    ]
    assert {fact.values["version"] for fact in facts} == {"2026-03-30"}


def test_a_place_becomes_a_fact_with_its_position_in_millionths_of_a_degree() -> None:
    (fact,) = to_facts(event("place"))
    assert (fact.table, fact.key) == ("place", "US-TX-78040")
    assert (fact.values["latitude"], fact.values["longitude"]) == (27_515_600, -99_498_600)


def test_a_fixing_becomes_a_fact_of_its_currency() -> None:
    (fact,) = to_facts(event("fx_fixing"))
    assert (fact.table, fact.key, fact.values["usd_per_unit"]) == ("fx_fixing", "EUR", "1.0876")
