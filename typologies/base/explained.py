"""Entries that explain themselves: as an expression for the screen, as a test on an event and on columns: one rule.

What the source states is taken at its word. On data without purposes and classes nothing explains itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from typologies.base.events import PartyClass, Purpose, Side
from typologies.base.expressions import Expr, col
from typologies.base.window import Event
from typologies.base.windowcolumns import BoolArray, WindowColumns

UNEXPLAINED_PURPOSES = frozenset({Purpose.OTHER})
LIMITED_PURPOSES = frozenset({Purpose.FAMILY_SUPPORT, Purpose.LIVING_EXPENSES})
"""Explain an entry up to the family limit only: the wording that flag A003-3 warns of."""

UNEXPLAINED_CLASSES = frozenset(
    {PartyClass.INDIVIDUAL, PartyClass.BUSINESS, PartyClass.EXCHANGE, PartyClass.MSB, PartyClass.SHELL}
)
"""Every other class (employers, schools, escrow, landlords, lenders, marketplaces, ...) explains an entry."""

UNKNOWN = 0


def explained(family_limit_usd_cents: int) -> Expr:
    """Return whether an entry explains itself by its purpose or by the class of the counterparty."""
    not_by_purpose = [UNKNOWN, *sorted(UNEXPLAINED_PURPOSES | LIMITED_PURPOSES)]
    by_purpose = ~col.purpose.is_in(not_by_purpose)
    within_limit = col.purpose.is_in(sorted(LIMITED_PURPOSES)) & (col.amount_usd <= family_limit_usd_cents)
    not_by_class = [UNKNOWN, *sorted(UNEXPLAINED_CLASSES)]
    by_payer = (col.side == Side.CREDIT) & ~col.debtor_class.is_in(not_by_class)
    by_payee = (col.side == Side.DEBIT) & ~col.creditor_class.is_in(not_by_class)
    return by_purpose | within_limit | by_payer | by_payee


def is_explained(event: Event, family_limit_usd_cents: int) -> bool:
    """Return `explained` for one event; within the limit if its USD value is unknown."""
    purpose = event.purpose
    if purpose is not None and purpose not in UNEXPLAINED_PURPOSES:
        if purpose not in LIMITED_PURPOSES:
            return True
        cents = event.amount_usd_cents
        if cents is None or cents <= family_limit_usd_cents:
            return True
    other = event.counterparty_class
    return other is not None and other not in UNEXPLAINED_CLASSES


def _table(codes: Iterable[int]) -> BoolArray:
    """Return (256,): which codes of an enum are among `codes`."""
    return np.isin(np.arange(256), sorted(codes))


_BY_PURPOSE = _table(set(Purpose) - UNEXPLAINED_PURPOSES - LIMITED_PURPOSES)
_WITHIN_LIMIT = _table(set(LIMITED_PURPOSES))
_BY_CLASS = _table(set(PartyClass) - UNEXPLAINED_CLASSES)


def explained_in(columns: WindowColumns, family_limit_usd_cents: int) -> BoolArray:
    """Return (n,) `is_explained` for every event of some columns."""
    purpose = columns.purpose
    found: BoolArray = _BY_PURPOSE.take(purpose) | _BY_CLASS.take(columns.counterparty_class)
    limited = _WITHIN_LIMIT.take(purpose)
    if np.count_nonzero(limited):
        # Unknown is the least of all numbers: within the limit.
        found |= limited & (columns.amount_usd_cents <= family_limit_usd_cents)
    return found


def says_what_it_is(event: Event) -> bool:
    """Return whether the source names a purpose or a class of the counterparty at all."""
    return event.purpose is not None or event.counterparty_class is not None
