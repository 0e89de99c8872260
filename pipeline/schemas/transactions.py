"""Movements of money between accounts: payment, cash, instrument and card. Field names are those of the frame."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from pipeline.schemas.fields import (
    Amount,
    ChannelName,
    Country,
    Currency,
    Day,
    Exponent,
    Identifier,
    InstitutionTypeName,
    PartyClassName,
    PurposeName,
    RailName,
    Text,
    Time,
    WireRecord,
)


class Transaction(WireRecord):
    """A record that becomes rows of the frame.

    `delivery` names one delivery of a record by a source that delivers, withdraws and delivers the same content again
    (a block of a chain); it is null for all others.
    """

    event_time: Time
    delivery: Identifier | None = None


class MoneyMovement(Transaction):
    """What payment, cash, instrument and card have in common: two sides and an amount.

    `amount` is in minor units on the debtor's side, always positive: the direction is in who is debtor and who is
    creditor, and taking something back is a retraction. `counter_*` is the creditor's side where it differs. At least
    one side is named.
    """

    rail: RailName | None = None
    channel: ChannelName | None = None
    purpose: PurposeName | None = None
    debtor_account: Identifier | None = None
    creditor_account: Identifier | None = None
    debtor: Identifier | None = None
    creditor: Identifier | None = None
    debtor_name: Identifier | None = None
    creditor_name: Identifier | None = None
    debtor_agent: Identifier | None = None
    creditor_agent: Identifier | None = None
    debtor_country: Country | None = None
    creditor_country: Country | None = None
    debtor_class: PartyClassName | None = None
    creditor_class: PartyClassName | None = None
    ultimate_debtor: Identifier | None = None
    ultimate_creditor: Identifier | None = None
    conductor: Identifier | None = None
    on_behalf_of: Identifier | None = None
    amount: Amount
    exponent: Exponent
    currency: Currency
    counter_amount: Amount | None = None
    counter_exponent: Exponent | None = None
    counter_currency: Currency | None = None
    branch: Identifier | None = None
    place: Identifier | None = None
    institution_type: InstitutionTypeName | None = None
    memo: Text | None = None

    @model_validator(mode="after")
    def _check_sides(self) -> Self:
        sides = (self.debtor_account, self.creditor_account, self.debtor, self.creditor)
        if all(side is None for side in sides):
            raise ValueError("required an account or party on at least one side, found none")
        counter = (self.counter_amount, self.counter_exponent, self.counter_currency)
        if any(part is None for part in counter) and any(part is not None for part in counter):
            raise ValueError("counter_amount, counter_exponent and counter_currency are given together or not at all")
        return self


class Payment(MoneyMovement):
    """A transfer from account to account or party to party."""

    kind: Literal["payment"]


class Cash(MoneyMovement):
    """Currency handed over. A deposit has a creditor's account, a withdrawal a debtor's.

    `conductor` stood at the counter, `on_behalf_of` is for whom if not for the holder, `ctr_conductor` is whom the
    currency transaction report names, `reduced_on_notice` says that the sum tendered was cut after the customer heard
    of the report. `business_date` is the institution's own; where it is missing it is computed.
    """

    kind: Literal["cash"]
    ctr_conductor: Identifier | None = None
    ctr_filed: bool | None = None
    reduced_on_notice: bool | None = None
    business_date: Day | None = None


class Instrument(MoneyMovement):
    """Issue, deposit or clearing of a cashier's check, money order, cheque or the like."""

    kind: Literal["instrument"]
    instrument_number: Identifier | None = None


class Card(MoneyMovement):
    """A card purchase, or a payment towards a card. `cardholder` is the party whose card it is."""

    kind: Literal["card"]
    merchant_category: Identifier | None = None
    cardholder: Identifier | None = None
