"""Parties, accounts, agents and addresses of a record, under ids that join across messages.

| what | id |
|---|---|
| party | `lei:` + LEI, else `bic:` + BIC, else scheme + `:` + identification, else `name:` + name |
| account | the IBAN as it is, else agent + `/` + number (a bare number is unique only within its agent) |
| agent | BIC (eight characters where the branch is XXX), else clearing system + member, else LEI, else name |

A name in an id is case-folded, its blanks collapsed, and nothing else: renaming everybody maps ids one to one. The
issuer of an identification is part of the id of organisations (company numbers repeat between registers), not of
persons: a passport's country must not tell two people apart or make them alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.ingest.formats.iso20022.addresses import Address, address_of
from pipeline.ingest.formats.iso20022.checks import Flags, aba_holds, bic_holds, iban_holds, lei_holds
from pipeline.ingest.formats.iso20022.elements import Element, first_text, real, text


@dataclass(frozen=True, slots=True)
class Agent:
    """A bank. `country` is where it says it is, null where nothing says so."""

    id: str
    country: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Party:
    """A person or firm; `id` is null where nothing identifies it."""

    id: str | None
    name: str | None
    address: Address | None


@dataclass(frozen=True, slots=True)
class Account:
    """An account; `country` is that of its IBAN."""

    id: str
    country: str | None


def name_id(name: str) -> str:
    """Return the id of a party or agent known by name only.

    Examples
    --------
    >>> name_id("  Golden  Dragon TRADING ")
    'name:golden dragon trading'
    """
    return "name:" + " ".join(name.casefold().split())


def agent_of(element: Element | None, flags: Flags) -> Agent | None:
    """Read an agent: the element that holds `FinInstnId`."""
    if element is None:
        return None
    institution = element.find("FinInstnId")
    if institution is None:
        return None
    combined = institution.find("CmbndId")
    if combined is not None:
        institution = combined
    bic = first_text(institution, "BICFI", "BIC")
    member = text(institution, "ClrSysMmbId/MmbId")
    system = first_text(institution, "ClrSysMmbId/ClrSysId/Cd", "ClrSysMmbId/ClrSysId/Prtry") or ""
    lei = text(institution, "LEI")
    name = real(text(institution, "Nm"))
    country = text(institution, "PstlAdr/Ctry")
    other = first_text(institution, "Othr/Id", "PrtryId/Id")
    found: str | None = None
    if lei:
        _check(lei_holds(lei), "LEI with wrong check digits", lei, flags)
        found = f"lei:{lei}"
    if member:
        if system == "USABA":
            _check(aba_holds(member), "ABA routing number with wrong check digit", member, flags)
        # Codes of national clearing systems begin with their country: USABA, DEBLZ, GBDSC.
        country = country or (system[:2] if len(system) == 5 and system.isalpha() else None)
        found = system + member
    if bic:
        bic = bic.upper()
        _check(bic_holds(bic), "BIC of another shape or with an unknown country", bic, flags)
        country = country or (bic[4:6] if bic_holds(bic) else None)
        found = bic[:8] if len(bic) == 11 and bic.endswith("XXX") else bic
    found = found or (f"id:{other}" if other else None) or (name_id(name) if name else None)
    return Agent(found, _country(country), name) if found else None


def party_of(element: Element | None, flags: Flags) -> Party | None:
    """Read a party: `Dbtr` and the like; from version 08 of camt it is a choice of `Pty` and `Agt`."""
    if element is None:
        return None
    as_agent = agent_of(element.find("Agt"), flags)
    if as_agent is not None:
        return Party(as_agent.id, as_agent.name, None)
    chosen = element.find("Pty")
    if chosen is not None:
        element = chosen
    name = real(text(element, "Nm"))
    identified = _identification(element, flags)
    return Party(identified or (name_id(name) if name else None), name, address_of(element.find("PstlAdr"), flags))


def _identification(element: Element, flags: Flags) -> str | None:
    lei = first_text(element, "Id/OrgId/LEI")
    if lei:
        _check(lei_holds(lei), "LEI with wrong check digits", lei, flags)
        return f"lei:{lei}"
    bic = first_text(element, "Id/OrgId/AnyBIC", "Id/OrgId/BICOrBEI", "Id/OrgId/BIC")
    if bic:
        return f"bic:{bic.upper()}"
    found = []
    for kind in ("OrgId", "PrvtId"):
        for other in element.all(f"Id/{kind}/Othr"):
            number = real(text(other, "Id"))
            if number:
                scheme = first_text(other, "SchmeNm/Cd", "SchmeNm/Prtry") or "id"
                issuer = text(other, "Issr") if kind == "OrgId" else None
                found.append(f"{scheme}:{number}@{issuer}" if issuer else f"{scheme}:{number}")
    # Messages list several in any order; the smallest is the same in all of them.
    return min(found) if found else None


def account_of(element: Element | None, agent: Agent | None, flags: Flags) -> Account | None:
    """Read an account: `DbtrAcct` and the like, held with `agent`."""
    if element is None:
        return None
    iban = text(element, "Id/IBAN")
    if iban:
        iban = iban.replace(" ", "").upper()
        _check(iban_holds(iban), "IBAN with wrong check digits (mod 97)", iban, flags)
        return Account(iban, _country(iban[:2]))
    number = first_text(element, "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN", "Id/UPIC")
    if number:
        return Account(f"{agent.id if agent else '?'}/{number}", None)
    alias = text(element, "Prxy/Id")
    if alias:
        kind = first_text(element, "Prxy/Tp/Cd", "Prxy/Tp/Prtry") or "alias"
        return Account(f"proxy:{kind}:{alias}", None)
    return None


def _check(holds: bool, what: str, value: str, flags: Flags) -> None:
    if not holds:
        flags.add(what, value)


def _country(code: str | None) -> str | None:
    if code is None or len(code) != 2:
        return None
    return code if code.isascii() and code.isalpha() and code.isupper() else None
