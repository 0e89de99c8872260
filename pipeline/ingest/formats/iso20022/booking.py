"""Bank transaction codes of account statements (BkTxCd: domain, family, sub-family) to kind, rail and purpose.

Families and sub-families are those of the ISO 20022 external code set for bank transactions, domain PMNT. What is not
listed, and every proprietary code, is a `payment` on the rail `other`: money has moved in any case.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.ingest.formats.iso20022.elements import Element, text

CASH = frozenset({"CDPT", "CWDL", "FCDP", "FCWD"})
"""Cash deposit and withdrawal, in own and in foreign currency."""

CREDIT_TRANSFERS = frozenset({"RCDT", "ICDT", "RRCT", "IRCT"})
DIRECT_DEBITS = frozenset({"RDDT", "IDDT"})
CARDS = frozenset({"CCRD", "MCRD"})
CHEQUES = frozenset({"RCHQ", "ICHQ"})
COUNTER = "CNTR"

# ESCT, ESDD and BBDD are SEPA schemes, ACCT and DMCT domestic clearing: files of many small payments. XBCT is across
# borders, from bank to bank.
_RAIL_OF_TRANSFER = {
    "ESCT": "ach",
    "DMCT": "ach",
    "SALA": "ach",
    "ACDT": "ach",
    "XBCT": "wire",
    "SDVA": "wire",
    "BOOK": "internal",
}
_PURPOSE = {"SALA": "payroll", "CHRG": "fee", "FEES": "fee", "COMM": "fee"}


@dataclass(frozen=True, slots=True)
class Booking:
    """What an entry is. `channel` is known for cash only."""

    kind: str
    rail: str
    channel: str | None = None
    purpose: str | None = None


def booking_of(entry: Element, detail: Element | None) -> Booking:
    """Read the code of a detail, else of its entry."""
    code = next(
        (
            found
            for element in (detail, entry)
            if element is not None and (found := element.find("BkTxCd/Domn")) is not None
        ),
        None,
    )
    family = text(code, "Fmly/Cd") or ""
    sub_family = text(code, "Fmly/SubFmlyCd") or ""
    has_notes = any(element is not None and element.find("CshDpst") is not None for element in (detail, entry))
    purpose = _PURPOSE.get(sub_family)
    if sub_family in CASH or has_notes:
        channel = "teller" if family == COUNTER else "atm" if family in CARDS else None
        return Booking("cash", "cash", channel)
    if family in CHEQUES:
        return Booking("payment", "cheque")
    if family in CARDS:
        return Booking("card", "card", purpose=purpose)
    if family in DIRECT_DEBITS:
        return Booking("payment", "ach", purpose=purpose)
    if family in CREDIT_TRANSFERS:
        return Booking("payment", _RAIL_OF_TRANSFER.get(sub_family, "wire"), purpose=purpose)
    return Booking("payment", "other", purpose=purpose)
