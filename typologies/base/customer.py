"""What the institution's file says about a subject, as of a trigger: one typed reading of the profile tables.

Profiles reach a judge as facts whose fields are those of the wire contract (`pipeline.schemas.profiles`), one name
each: readers and generators translate to them. This is the place that reads them, so that no detector spells them.
Nothing personal is here to be read: names, nationality and documents are dropped before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from typologies.base.detector import Context
from typologies.base.facts import Fact, FactValue

_CLASS_OF_ACCOUNT_TYPE = {
    "personal": "individual",
    "business": "business",
    "escrow": "escrow",
    "correspondent": "bank",
}

INSTITUTIONS = frozenset({"bank", "msb", "exchange"})
"""Classes of holders who handle the money of others by trade."""

_NOT_A_TRADE = frozenset({"individual", "shell"})


@dataclass(frozen=True, slots=True)
class Customer:
    """What is on file; None or empty: not on file.

    Attributes
    ----------
    holders
        Party ids of the holders of an account.
    holder_class
        Lower-case name of a `PartyClass`.
    occupation
        As declared.
    opened_on
        Day the account was opened, or the party became a customer.
    is_exempt
        Exempt from currency transaction reports (31 CFR 1020.315).
    expected_cash_usd_cents
        Cash to be paid in a month, in US cents, as the customer said.
    declared_income_usd_cents
        A year's income in US cents, as the customer said.
    fact
        The profile version, None without a profile.
    """

    holders: tuple[str, ...] = ()
    holder_class: str | None = None
    occupation: str | None = None
    opened_on: date | None = None
    is_exempt: bool = False
    expected_cash_usd_cents: int | None = None
    declared_income_usd_cents: int | None = None
    fact: Fact | None = None

    @property
    def is_on_file(self) -> bool:
        """Whether there is a profile at all."""
        return self.fact is not None

    @property
    def version(self) -> str | None:
        """Content hash of the profile version."""
        return None if self.fact is None else self.fact.content_hash()

    @property
    def is_business(self) -> bool:
        """Whether the holder is known to run a trade or an institution."""
        return self.holder_class is not None and self.holder_class not in _NOT_A_TRADE

    @property
    def is_institution(self) -> bool:
        """Whether the holder is a bank, a money services business or an exchange."""
        return self.holder_class in INSTITUTIONS


def customer(context: Context, subject_kind: str) -> Customer:
    """Return what is on file about the window's subject.

    Parameters
    ----------
    context
        Of the judgement; the detector declares `f"{subject_kind}_profile"` in `context_tables`.
    subject_kind
        "account" or "party".
    """
    fact = context.profile(f"{subject_kind}_profile")
    return Customer() if fact is None else customer_of(fact)


def customer_of(fact: Fact) -> Customer:
    """Return a profile version as a `Customer`.

    Notes
    -----
    A value whose currency is not USD is left out: a ratio is only taken inside one currency.
    """
    values = fact.values
    is_party = fact.table == "party_profile"
    return Customer(
        holders=() if is_party else _texts(values, "holders"),
        holder_class=_text(values, "party_class") if is_party else _holder_class(values),
        occupation=_text(values, "occupation"),
        opened_on=_day(values, "customer_since" if is_party else "opened_on"),
        is_exempt=values.get("is_ctr_exempt") is True,
        expected_cash_usd_cents=_usd_cents(values, "expected_cash_in", "expected_cash_in_per_month"),
        declared_income_usd_cents=_income(values),
        fact=fact,
    )


def allowed_because(context: Context, subject_id: str, typology: str) -> str | None:
    """Return why the institution allowlisted a subject for a typology, None if it did not.

    A row of `allowlist` is keyed by the subject's id; `typologies` lists what it covers, everything if it is absent.
    """
    fact = context.lookup("allowlist", subject_id)
    if fact is None:
        return None
    covered = _texts(fact.values, "typologies")
    if covered and typology not in covered:
        return None
    return _text(fact.values, "reason") or "allowlisted"


def _text(values: Mapping[str, FactValue], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def _texts(values: Mapping[str, FactValue], name: str) -> tuple[str, ...]:
    value = values.get(name)
    if isinstance(value, str):
        return (value,)
    return value if isinstance(value, tuple) else ()


def _number(values: Mapping[str, FactValue], name: str) -> int | None:
    value = values.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _day(values: Mapping[str, FactValue], name: str) -> date | None:
    text = _text(values, name)
    return None if text is None else date.fromisoformat(text)


def _holder_class(values: Mapping[str, FactValue]) -> str | None:
    return _text(values, "holder_class") or _CLASS_OF_ACCOUNT_TYPE.get(_text(values, "account_type") or "")


def _usd_cents(values: Mapping[str, FactValue], stem: str, name: str) -> int | None:
    """Return US cents from minor units with exponent and currency beside them, None if unknown or not dollars."""
    amount = _number(values, name)
    if amount is None or values.get(f"{stem}_currency") != "USD":
        return None
    return amount * 100 // int(10 ** (_number(values, f"{stem}_exponent") or 0))


def _income(values: Mapping[str, FactValue]) -> int | None:
    cents = _usd_cents(values, "declared_income", "declared_income")
    return cents * 12 if cents is not None and values.get("declared_income_period") == "month" else cents
