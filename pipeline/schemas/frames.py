"""From wire records to the frame and to context facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, get_args

import polars as pl

from pipeline.schemas.fields import ContextRecord
from pipeline.schemas.onchain import AccountTransfer, OnChain, UtxoTransfer
from pipeline.schemas.profiles import AccountProfile, ExpectedActivity, Flow, Income, PartyProfile, Profile
from pipeline.schemas.reference import FxFixing, ListEntry, Place
from pipeline.schemas.transactions import Card, Cash, Instrument, Payment
from pipeline.schemas.wire import Retraction, WireEvent
from typologies.base.events import FRAME_SCHEMA
from typologies.base.facts import Fact, FactValue

DERIVED_COLUMNS: Final = frozenset({"origin", "position", "amount_usd", "fx_source", "retracts_key"})
"""Columns of the frame that no record carries: places are added by who reads, USD by the FX table, keys by identity."""

Row = Mapping[str, object]

_PLACE_FIELDS: Final = ("name", "country", "latitude", "longitude", "zone")


def to_frame(models: Sequence[WireEvent]) -> pl.DataFrame:
    """Return the rows of transactions and of retractions of transactions, in the order given.

    Records that are context have no rows (`to_facts`). A retraction repeats the row that it takes out; its kind, its
    `retracts_key` and when it arrived are its own. A chain transaction of the output model has a row for each
    output with an address: its `event_id` is "<event_id>:<index>", its debtor account the one address that all inputs
    share, null where they differ (whose money it is then is a question for clustering) or are unknown.

    Returns
    -------
    Frame with exactly the columns of `FRAME_SCHEMA`; those of `DERIVED_COLUMNS` are null, except `retracts_key`.
    """
    rows: list[Row] = []
    retracted: list[int] = []
    for model in models:
        if isinstance(model, Retraction):
            before = len(rows)
            rows.extend({**row, "received_at": model.received_at} for row in _rows(model.retracts))
            retracted.extend(range(before, len(rows)))
        else:
            rows.extend(_rows(model))
    frame = _frame(rows)
    return _retract(frame, retracted) if retracted else frame


def to_facts(model: WireEvent) -> list[Fact]:
    """Return the context versions in a profile, fixing, place or list entry; an empty list for every other kind.

    Fields that are unknown are left out, and so are all `PERSONAL_FIELDS`: what a fact does not carry, no detector can
    read. Registry statements and trade documents become context in stages of their own.
    """
    if isinstance(model, AccountProfile):
        return [_fact(model, "account_profile", model.account, _account_values(model))]
    if isinstance(model, PartyProfile):
        return [_fact(model, "party_profile", model.party, _party_values(model))]
    if isinstance(model, FxFixing):
        values = {
            "usd_per_unit": model.usd_per_unit,
            "fixed_on": model.fixed_on.isoformat(),
            "fixing": model.fixing,
        }
        return [_fact(model, "fx_fixing", model.currency, values)]
    if isinstance(model, Place):
        return [_fact(model, "place", model.place, {name: getattr(model, name) for name in _PLACE_FIELDS})]
    if isinstance(model, ListEntry):
        shared: dict[str, FactValue] = {
            "list": model.list_name,
            "version": model.list_version,
            "entry": model.entry,
            "category": model.category,
            "label": model.label,
            "programmes": model.programmes,
            "confidence": model.confidence,
        }
        return [
            _fact(model, "list_entry", listed.value, {**shared, "scheme": listed.scheme, "chain": listed.chain})
            for listed in model.identifiers
        ]
    return []


def profile_fields() -> dict[str, frozenset[str]]:
    """Return the fields that a profile can have as a fact, by table: the one name of each.

    Whatever writes profiles (readers, generators, scenarios, golden cases) and reads them (typologies) uses these.
    """
    income = Income(amount=0, exponent=0, currency="USD", period="year")
    flows = tuple(ExpectedActivity(flow=flow, amount=1, exponent=0, currency="USD") for flow in get_args(Flow))
    full: dict[str, Any] = {"declared_income": income, "expected_activity": flows}
    account, party = AccountProfile.model_construct(**full), PartyProfile.model_construct(**full)
    return {
        "account_profile": frozenset(_account_values(account)),
        "party_profile": frozenset(_party_values(party)),
    }


def _rows(model: object) -> Iterable[Row]:
    if isinstance(model, Payment | Cash | Instrument | Card):
        # The fields are named as the columns, so the record's own dictionary is the row.
        return (model.__dict__,)
    if isinstance(model, OnChain):
        return _chain_rows(model)
    return ()


def _chain_rows(model: OnChain) -> list[Row]:
    shared = {
        **{name: getattr(model, name) for name in ("source", "delivery", "event_time", "received_at", "exponent")},
        "kind": "onchain",
        "rail": "crypto",
        "currency": model.asset,
        "chain": model.chain,
        "asset": model.asset,
    }
    transfer = model.transfer
    if isinstance(transfer, AccountTransfer):
        ends = {
            "event_id": model.event_id,
            "debtor_account": transfer.debtor_account,
            "creditor_account": transfer.creditor_account,
            "amount": transfer.amount,
        }
        return [{**shared, **ends}]
    debtor = _only_debtor(transfer)
    return [
        {
            **shared,
            "event_id": f"{model.event_id}:{output.index}",
            "debtor_account": debtor,
            "creditor_account": output.address,
            "amount": output.value,
        }
        for output in transfer.outputs
        if output.address is not None
    ]


def _only_debtor(transfer: UtxoTransfer) -> str | None:
    addresses = {spent.address for spent in transfer.inputs}
    return addresses.pop() if len(addresses) == 1 else None


def _frame(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(
        [pl.Series(name, [row.get(name) for row in rows], dtype) for name, dtype in FRAME_SCHEMA.items()]
    )


def _retract(frame: pl.DataFrame, retracted: Sequence[int]) -> pl.DataFrame:
    """Turn the rows at `retracted` into retractions: the key is that of the row as it was delivered."""
    # Identity compiles its hash on first use: only streams with retractions pay for that here.
    from typologies.base.identity import content_hashes, event_keys, key_text

    rows = frame[list(retracted)]
    keys = event_keys(rows, content_hashes(rows))
    texts: list[str | None] = [None] * frame.height
    for index, (high, low) in zip(retracted, keys, strict=True):
        texts[index] = key_text(high, low)
    key = pl.Series("retracts_key", texts, pl.String)
    return frame.with_columns(
        key, pl.when(key.is_not_null()).then(pl.lit("retraction")).otherwise("kind").alias("kind")
    )


def _fact(model: ContextRecord, table: str, key: str, values: Mapping[str, FactValue]) -> Fact:
    known = {name: value for name, value in values.items() if value is not None}
    return Fact(table, key, model.valid_from, model.known_at, known, model.valid_to)


def _profile_values(model: Profile) -> dict[str, FactValue]:
    values: dict[str, FactValue] = {"exemptions": model.exemptions, "is_ctr_exempt": model.is_ctr_exempt}
    for expected in model.expected_activity or ():
        values |= {
            f"expected_{expected.flow}_per_month": expected.amount,
            f"expected_{expected.flow}_exponent": expected.exponent,
            f"expected_{expected.flow}_currency": expected.currency,
        }
    return values


def _income_values(income: Income | None) -> dict[str, FactValue]:
    if income is None:
        return {}
    return {
        "declared_income": income.amount,
        "declared_income_exponent": income.exponent,
        "declared_income_currency": income.currency,
        "declared_income_period": income.period,
    }


def _account_values(model: AccountProfile) -> dict[str, FactValue]:
    return _profile_values(model) | {
        "holders": model.holders,
        "account_type": model.account_type,
        "holder_class": model.holder_class,
        "occupation": model.occupation,
        **_income_values(model.declared_income),
        "status": model.status,
        "opened_on": model.opened_on.isoformat() if model.opened_on else None,
        "closed_on": model.closed_on.isoformat() if model.closed_on else None,
        "currency": model.currency,
        "institution": model.institution,
        "institution_type": model.institution_type,
        "branch": model.branch,
        "place": model.place,
    }


def _party_values(model: PartyProfile) -> dict[str, FactValue]:
    return _profile_values(model) | {
        "party_class": model.party_class,
        "occupation": model.occupation,
        "employer": model.employer,
        "industry_code": model.industry_code,
        **_income_values(model.declared_income),
        "customer_since": model.customer_since.isoformat() if model.customer_since else None,
    }
