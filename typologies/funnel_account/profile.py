"""What the account's profile means for a gathering. Nothing here is about who a person is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from typologies.base.customer import Customer, customer_of
from typologies.base.explained import UNEXPLAINED_CLASSES
from typologies.base.facts import Fact
from typologies.funnel_account.params import FunnelAccountParams

TRUST_ACCOUNTS = frozenset({"escrow", "client_money", "trust", "correspondent"})
"""Account types whose purpose is other people's money."""

BORDER_STATES = ("US-AZ", "US-CA", "US-NM", "US-TX")
"""States at the south-west border, as place codes begin: flag F14-2."""

_MAY_NOT_COLLECT = frozenset(name.name.lower() for name in UNEXPLAINED_CLASSES)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile row, read.

    Attributes
    ----------
    home_place
        Place code of the home branch, else of the holder.
    source
        Where it stands, for an analyst.
    """

    customer: Customer
    account_type: str | None = None
    home_place: str | None = None
    source: str = ""

    @property
    def collects_for_others(self) -> bool:
        """Whether collecting is what the account or its holder is for (escrow, landlord, charity, school, ...)."""
        holder = self.customer.holder_class
        return self.account_type in TRUST_ACCOUNTS or (holder is not None and holder not in _MAY_NOT_COLLECT)

    @property
    def is_personal(self) -> bool:
        """Whether the account is known to be a person's."""
        return self.customer.holder_class == "individual"

    @property
    def is_at_the_border(self) -> bool:
        """Whether home lies in a state at the south-west border of the US."""
        return self.home_place is not None and self.home_place.startswith(BORDER_STATES)

    def age_days(self, moment: datetime) -> int | None:
        """Return the age of the account in days at `moment`, None if it is unknown."""
        opened = self.customer.opened_on
        return None if opened is None else (moment.astimezone(UTC).date() - opened).days

    def is_new(self, moment: datetime, params: FunnelAccountParams) -> bool:
        """Return whether the account is known to be new at `moment`."""
        age = self.age_days(moment)
        return age is not None and age <= params.new_account_days


def read_profile(fact: Fact | None) -> Profile:
    """Return the profile in a fact; without one everything is unknown."""
    if fact is None:
        return Profile(Customer())
    account_type = fact.values.get("account_type")
    home = fact.values.get("place")
    return Profile(
        customer=customer_of(fact),
        account_type=account_type if isinstance(account_type, str) else None,
        home_place=home if isinstance(home, str) else None,
        source=f"account_profile {fact.key}, version of {fact.valid_from:%Y-%m-%d}",
    )
