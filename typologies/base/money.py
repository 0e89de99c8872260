"""Exact money: an integer of minor units, its exponent, and a currency or asset code."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units of `currency`, of which 10**`exponent` make one unit.

    Examples
    --------
    >>> str(Money(1050, 2, "USD"))
    '10.50 USD'
    >>> Money(1, 8, "BTC").decimal
    Decimal('1E-8')
    """

    minor: int
    exponent: int
    currency: str

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units, exact."""
        return Decimal(self.minor).scaleb(-self.exponent)

    def __str__(self) -> str:
        return f"{self.decimal:,.{self.exponent}f} {self.currency}"


def usd(cents: int) -> Decimal:
    """Return US cents as dollars, exact."""
    return Decimal(cents).scaleb(-2)


def usd_text(cents: int) -> str:
    """Return US cents for a sentence.

    Examples
    --------
    >>> usd_text(1234550)
    'USD 12,345.50'
    """
    return f"USD {usd(cents):,.2f}"
