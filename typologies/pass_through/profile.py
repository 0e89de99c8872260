"""What the account's profile means for a passage. Nothing here is about who a person is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from typologies.base.customer import Customer, customer_of
from typologies.base.explained import UNEXPLAINED_CLASSES
from typologies.base.facts import Fact
from typologies.base.money import usd

LOW_INCOME_OCCUPATIONS = frozenset(
    {"student", "retired", "retiree", "pensioner", "homemaker", "housewife", "unemployed", "labourer", "day labourer"}
)
"""Occupations that flags A003-3 and A003-4 and section 3.1 of the typology reference name, as feeds spell them."""

TRUST_ACCOUNTS = frozenset({"escrow", "client_money", "trust", "correspondent"})
"""Account types whose purpose is other people's money."""

_MAY_NOT_PASS_ON = frozenset(name.name.lower() for name in UNEXPLAINED_CLASSES)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile row, read.

    Attributes
    ----------
    customer
        The file of the institution.
    account_type
        As the source spells it.
    source
        Where it stands, for an analyst.
    """

    customer: Customer
    account_type: str | None = None
    source: str = ""

    @property
    def holds_money_for_others(self) -> bool:
        """Whether passing money on is what the account or its holder is for (escrow, landlord, lender, ...)."""
        holder = self.customer.holder_class
        return self.account_type in TRUST_ACCOUNTS or (holder is not None and holder not in _MAY_NOT_PASS_ON)

    @property
    def is_personal(self) -> bool:
        """Whether the account is known to be a person's."""
        return self.customer.holder_class == "individual"

    @property
    def is_low_income(self) -> bool:
        """Whether the occupation is one that the advisory names."""
        return self.occupation in LOW_INCOME_OCCUPATIONS

    @property
    def occupation(self) -> str | None:
        """Declared occupation in lower case."""
        declared = self.customer.occupation
        return None if declared is None else declared.strip().lower()

    @property
    def opened_on(self) -> date | None:
        """Day of opening."""
        return self.customer.opened_on

    @property
    def income_usd(self) -> Decimal | None:
        """Declared income in US dollars a year, None if unknown or not above 0."""
        cents = self.customer.declared_income_usd_cents
        return usd(cents) if cents is not None and cents > 0 else None

    def age_days(self, moment: datetime) -> int | None:
        """Return the age of the account in days at `moment`, None if it is unknown."""
        return None if self.opened_on is None else (moment.astimezone(UTC).date() - self.opened_on).days


def read_profile(fact: Fact | None) -> Profile:
    """Return the profile in a fact; without one everything is unknown."""
    if fact is None:
        return Profile(Customer())
    account_type = fact.values.get("account_type")
    return Profile(
        customer=customer_of(fact),
        account_type=account_type if isinstance(account_type, str) else None,
        source=f"account_profile {fact.key}, version of {fact.valid_from:%Y-%m-%d}",
    )
