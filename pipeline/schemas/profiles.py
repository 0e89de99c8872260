"""Profiles of accounts and parties: what the institution knows, as versions with valid and known time."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.schemas.fields import (
    Amount,
    AmountOrNothing,
    ContextRecord,
    Country,
    Currency,
    Day,
    Exponent,
    Identifier,
    InstitutionTypeName,
    PartyClassName,
    WireModel,
)

PERSONAL_FIELDS = frozenset(
    {
        "name",
        "other_names",
        "nationalities",
        "document_country",
        "place_of_birth",
        "country_of_birth",
        "date_of_birth",
        "country_of_residence",
        "languages",
    }
)
"""Fields of a party profile that may arrive and are dropped before anything is scored: behaviour, not people."""

Flow = Literal["credits", "debits", "cash_in", "cash_out"]
Identifiers = Annotated[tuple[Identifier, ...], Field(max_length=1_000)]
Countries = Annotated[tuple[Country, ...], Field(max_length=20)]


class Income(WireModel):
    """Declared income in minor units per period."""

    amount: AmountOrNothing
    exponent: Exponent
    currency: Currency
    period: Literal["month", "year"]


class ExpectedActivity(WireModel):
    """What the customer said to expect of one flow, in minor units per calendar month."""

    flow: Flow
    amount: Amount
    exponent: Exponent
    currency: Currency


class Profile(ContextRecord):
    """What account and party profiles share.

    `exemptions` are codes of the institution ("ctr_phase_1", "payroll_customer"); `is_ctr_exempt` says whether
    currency transaction reports are waived (31 CFR 1020.315).
    """

    exemptions: Identifiers | None = None
    is_ctr_exempt: bool | None = None
    expected_activity: Annotated[tuple[ExpectedActivity, ...], Field(max_length=4)] | None = None

    @model_validator(mode="after")
    def _check_flows(self) -> Self:
        flows = [expected.flow for expected in self.expected_activity or ()]
        if len(flows) != len(set(flows)):
            raise ValueError(f"expected_activity names each flow at most once, found {', '.join(flows)}")
        return self


class AccountProfile(Profile):
    """One version of what is known about an account. `holders` are party ids, the primary one first.

    `holder_class`, `occupation` and `declared_income` repeat what is known about the primary holder: a judgement of an
    account sees the account's own profile and no party's. `place` is the place code of the home branch, or of the
    holder where the institution knows that instead.
    """

    kind: Literal["account_profile"]
    account: Identifier
    holders: Identifiers | None = None
    account_type: (
        Literal["personal", "business", "escrow", "client_money", "trust", "correspondent", "other"] | None
    ) = None
    holder_class: PartyClassName | None = None
    occupation: Identifier | None = None
    declared_income: Income | None = None
    status: Literal["open", "dormant", "restricted", "closed"] | None = None
    opened_on: Day | None = None
    closed_on: Day | None = None
    currency: Currency | None = None
    institution: Identifier | None = None
    institution_type: InstitutionTypeName | None = None
    branch: Identifier | None = None
    place: Identifier | None = None


class PartyProfile(Profile):
    """One version of what is known about a party. The fields of `PERSONAL_FIELDS` go no further than this model."""

    kind: Literal["party_profile"]
    party: Identifier
    party_class: PartyClassName | None = None
    occupation: Identifier | None = None
    employer: Identifier | None = None
    industry_code: Identifier | None = None
    declared_income: Income | None = None
    customer_since: Day | None = None
    name: Identifier | None = None
    other_names: Identifiers | None = None
    nationalities: Countries | None = None
    document_country: Country | None = None
    place_of_birth: Identifier | None = None
    country_of_birth: Country | None = None
    date_of_birth: Day | None = None
    country_of_residence: Country | None = None
    languages: Identifiers | None = None
