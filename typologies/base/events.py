"""The canonical event, as columns: the one list of fields that readers fill and detectors may ask for.

Three forms of one event exist. The *wire* form (`pipeline.schemas`) is validated JSON. The *frame* is a Polars
frame with exactly the columns of `FRAME_SCHEMA`; every reader produces it. The *record* (`RECORD`) is what the engine
keeps: fixed-width numbers, strings replaced by dictionary codes. This module defines frame and record and which
fields a detector may see.

Conventions of the frame: unknown is null, never ""; ids are strings; times are aware UTC; money is an integer with its
exponent (`amount` 1050, `exponent` 2, `currency` "USD" is 10.50 USD).
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import polars as pl

NULL_I64 = np.iinfo(np.int64).min
"""Null in a 64-bit column of a record (an unknown USD value, for example)."""

NULL_CODE = -1
"""Null in a dictionary-coded column of a record."""


class Kind(IntEnum):
    """What sort of event a row is. Profiles and lists do not come as rows: they are context (`base.context`)."""

    PAYMENT = 1
    CASH = 2
    INSTRUMENT = 3
    CARD = 4
    ONCHAIN = 5
    RETRACTION = 15


class Rail(IntEnum):
    """How value moved."""

    WIRE = 1
    ACH = 2
    P2P = 3
    CHEQUE = 4
    CARD = 5
    CASH = 6
    INTERNAL = 7
    INSTRUMENT = 8
    REMITTANCE = 9
    CRYPTO = 10
    REINVESTMENT = 11
    OTHER = 12


class Channel(IntEnum):
    """Where cash was handed over."""

    TELLER = 1
    ATM = 2
    NIGHT_DEPOSIT = 3
    KIOSK = 4
    ARMOURED_CAR = 5
    ONLINE = 6
    OTHER = 7


class Purpose(IntEnum):
    """What an entry was for, where the source says so. `ORDINARY_LIFE` lists the entries of an ordinary household."""

    PAYROLL = 1
    RENT = 2
    GROCERIES = 3
    UTILITIES = 4
    TAX = 5
    LOAN = 6
    INSURANCE = 7
    TUITION = 8
    MEDICAL = 9
    PENSION = 10
    CARD_PAYMENT = 11
    SUPPLIER = 12
    SALES = 13
    EXPORT = 14
    PROPERTY = 15
    FAMILY_SUPPORT = 16
    SAVINGS = 17
    REFUND = 18
    FEE = 19
    LIVING_EXPENSES = 20
    OTHER = 21


class PartyClass(IntEnum):
    """Class of the counterparty, where the source says so."""

    INDIVIDUAL = 1
    BUSINESS = 2
    EMPLOYER = 3
    GOVERNMENT = 4
    SCHOOL = 5
    REAL_ESTATE = 6
    ESCROW = 7
    EXCHANGE = 8
    MARKETPLACE = 9
    MSB = 10
    MERCHANT = 11
    SUPPLIER = 12
    LANDLORD = 13
    BANK = 14
    SHELL = 15
    CHARITY = 16


class InstitutionType(IntEnum):
    """Type of the reporting institution: the first key of the threshold table."""

    BANK = 1
    MSB = 2
    CREDIT_UNION = 3
    CASINO = 4
    EXCHANGE = 5


class Side(IntEnum):
    """From which side a subject sees an event. NONE: a person who stands beside the money (a conductor)."""

    NONE = 0
    CREDIT = 1
    DEBIT = 2


class Flag:
    """Bits of the record's `flags`. A tri-state fact has a bit for "known" and one for "yes"."""

    CTR_KNOWN = 1
    CTR_FILED = 2
    REDUCED_KNOWN = 4
    REDUCED_ON_NOTICE = 8
    USD_MISSING = 16
    AMOUNT_WIDE = 32


ENUM_COLUMNS: dict[str, type[IntEnum]] = {
    "kind": Kind,
    "rail": Rail,
    "channel": Channel,
    "purpose": Purpose,
    "debtor_class": PartyClass,
    "creditor_class": PartyClass,
    "institution_type": InstitutionType,
}
"""Frame columns whose values are the lower-case names of an enum ("payment", "night_deposit")."""

FRAME_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    # identity and place of the row
    "source": pl.String,  # name of the feed, not of the file: the same row in two exports is one event
    "event_id": pl.String,  # null where the source has none: the identity is then made from content (base.identity)
    "delivery": pl.String,  # null unless the source delivers, withdraws and delivers the same content again
    "origin": pl.String,  # file name, or topic-partition: outside identity, shown as `source` in alert_evidence
    "position": pl.Int64,  # data row in the file (1-based), or offset: outside identity
    "event_time": pl.Datetime("us", "UTC"),
    "received_at": pl.Datetime("us", "UTC"),
    # what happened
    "kind": pl.String,
    "rail": pl.String,
    "channel": pl.String,
    "purpose": pl.String,
    # who
    "debtor_account": pl.String,
    "creditor_account": pl.String,
    "debtor": pl.String,  # party id of the holder, where known
    "creditor": pl.String,
    "debtor_name": pl.String,  # display only: no detector can read names, addresses or nationalities
    "creditor_name": pl.String,
    "debtor_agent": pl.String,  # the bank of the debtor
    "creditor_agent": pl.String,
    "debtor_country": pl.String,  # country of the debtor's bank: a corridor, never a person
    "creditor_country": pl.String,
    "debtor_class": pl.String,
    "creditor_class": pl.String,
    "ultimate_debtor": pl.String,
    "ultimate_creditor": pl.String,
    "conductor": pl.String,  # who stood at the counter
    "on_behalf_of": pl.String,  # for whom, if not for the holder
    "ctr_conductor": pl.String,  # whom the currency transaction report names
    # money
    "amount": pl.Int128,  # on the debtor's side, in minor units
    "exponent": pl.Int8,
    "currency": pl.String,  # ISO 4217, or asset code on a chain
    "counter_amount": pl.Int128,  # on the creditor's side, where it differs
    "counter_exponent": pl.Int8,
    "counter_currency": pl.String,
    "amount_usd": pl.Int64,  # US cents at the fixing valid at event time; null: no rate
    "fx_source": pl.String,  # which fixing, with its date; null for USD itself and for a missing rate
    # cash
    "branch": pl.String,
    "place": pl.String,  # area of the branch or machine ("US-TX", "US-CA-90001")
    "institution_type": pl.String,
    "business_date": pl.Date,
    "ctr_filed": pl.Boolean,
    "reduced_on_notice": pl.Boolean,  # the sum tendered was cut after the customer heard of the report
    # text and instruments
    "memo": pl.String,
    "instrument_number": pl.String,
    "merchant_category": pl.String,
    "cardholder": pl.String,
    # chains (subjects and readers come with the wallet flows)
    "chain": pl.String,
    "asset": pl.String,
    # retractions only: what is taken out. The other columns repeat its identity, time and subject keys.
    "retracts_key": pl.String,
}
"""Column name to Polars type of a canonical frame, in the order in which frames are written."""

OUTSIDE_IDENTITY = frozenset(
    {"source", "event_id", "delivery", "origin", "position", "received_at", "amount_usd", "fx_source", "retracts_key"}
    | {"debtor_name", "creditor_name", "business_date"}
)
"""Columns that do not enter the content hash: identity itself, places, what is derived from other columns (the
business day follows from event time and configuration), and names
(behaviour, not people: another spelling of a name must not change an id or an order)."""

CODED_COLUMNS: tuple[str, ...] = (
    "source",
    "origin",
    "debtor_account",
    "creditor_account",
    "debtor",
    "creditor",
    "debtor_agent",
    "creditor_agent",
    "debtor_country",
    "creditor_country",
    "ultimate_debtor",
    "ultimate_creditor",
    "conductor",
    "on_behalf_of",
    "ctr_conductor",
    "currency",
    "counter_currency",
    "fx_source",
    "branch",
    "place",
    "merchant_category",
    "cardholder",
    "chain",
    "asset",
)
"""String columns that a record carries as a dictionary code."""

TEXT_COLUMNS: tuple[str, ...] = ("event_id", "delivery", "debtor_name", "creditor_name", "memo", "instrument_number")
"""String columns that are mostly unique: kept as text beside the record, not in a dictionary."""

HIDDEN_FROM_DETECTORS = frozenset({"debtor_name", "creditor_name", "received_at", "origin", "position", "delivery"})
"""Columns no detector can read: names (behaviour, not people) and what depends on how an event arrived."""
