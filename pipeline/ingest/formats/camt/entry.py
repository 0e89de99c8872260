"""One booked entry: the movements of money in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from pipeline.ingest.formats.camt.statement import Statement
from pipeline.ingest.formats.iso20022.booking import booking_of
from pipeline.ingest.formats.iso20022.checks import Flags, uetr_holds
from pipeline.ingest.formats.iso20022.elements import (
    Element,
    Unreadable,
    day,
    first_text,
    midnight,
    moment,
    money,
    real,
    text,
    texts,
)
from pipeline.ingest.formats.iso20022.output import Row
from pipeline.ingest.formats.iso20022.parties import Party, account_of, agent_of, party_of
from pipeline.ingest.formats.iso20022.purposes import purpose_of

BOOKED = "BOOK"
NOT_MONEY = frozenset({"PDNG", "INFO", "FUTR"})
"""Pending, for information, and future: announced, not moved."""

Money = tuple[int, int, str]
"""Minor units, exponent, currency."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Money into or out of the statement account.

    Attributes
    ----------
    row
        Canonical columns.
    parties
        Those with an address to remember.
    is_credit
        Whether money came into the account.
    is_reversal
        Whether it takes back an earlier entry.
    amounts
        All amounts by which the payment may be known elsewhere.
    references
        Kind ("uetr", "txid", "e2e") and value of references that a payment keeps on its way.
    """

    row: Row
    parties: tuple[Party, ...]
    is_credit: bool
    is_reversal: bool
    amounts: frozenset[Money]
    references: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    element: Element
    statement: Statement
    booked: Money
    is_credit: bool
    is_reversal: bool
    time: datetime
    day: date
    zone: ZoneInfo
    flags: Flags


def status_of(element: Element) -> str:
    """Return the status of an entry: from version 08 on a choice, before that a code.

    Raises
    ------
    Unreadable
        None of BOOK, PDNG, INFO, FUTR.
    """
    status = first_text(element, "Sts/Cd", "Sts/Prtry", "Sts") or "nothing"
    if status != BOOKED and status not in NOT_MONEY:
        raise Unreadable(f"Sts must be BOOK, PDNG, INFO or FUTR; found {status[:20]!r}")
    return status


def signed_amount(element: Element) -> Decimal:
    """Return what an entry adds to the balance, in whole units.

    Raises
    ------
    Unreadable
        No amount, or no direction.
    """
    units, exponent, _ = _amount(element)
    value = Decimal(units).scaleb(-exponent)
    return value if _is_credit(element) else -value


def movements(element: Element, statement: Statement, zone: ZoneInfo, flags: Flags) -> list[Movement]:
    """Return the movements of a booked entry, at least one.

    Raises
    ------
    Unreadable
        A required part is missing or unknown, or details do not add up.
    """
    booked_on = _day(element, "BookgDt") or _day(element, "ValDt")
    time = _time(element, "BookgDt", zone) or _time(element, "ValDt", zone)
    if booked_on is None or time is None:
        raise Unreadable("BookgDt or ValDt is required; found none that is a date")
    entry = _Entry(
        element,
        statement,
        _amount(element),
        _is_credit(element),
        (text(element, "RvslInd") or "false").lower() in {"true", "1"},
        time,
        booked_on,
        zone,
        flags,
    )
    details = list(element.all("NtryDtls/TxDtls"))
    _check_batch(entry, len(details))
    if len(details) > 1:
        return _several(entry, details)
    return [_movement(entry, details[0] if details else None, entry.booked, entry.is_credit, None)]


def _amount(element: Element) -> Money:
    amount = money(element.find("Amt"))
    if amount is None:
        raise Unreadable("Amt is required; found none")
    return amount


def _is_credit(element: Element) -> bool:
    direction = text(element, "CdtDbtInd")
    if direction not in {"CRDT", "DBIT"}:
        raise Unreadable(f"CdtDbtInd must be CRDT or DBIT; found {(direction or 'nothing')[:20]!r}")
    return direction == "CRDT"


def _day(element: Element, path: str) -> date | None:
    return day(text(element, f"{path}/Dt")) or day((text(element, f"{path}/DtTm") or "")[:10])


def _time(element: Element, path: str, zone: ZoneInfo) -> datetime | None:
    exact = moment(text(element, f"{path}/DtTm"), zone)
    if exact is not None:
        return exact
    found = _day(element, path)
    return midnight(found, zone) if found is not None else None


def _several(entry: _Entry, details: list[Element]) -> list[Movement]:
    found = []
    total = Decimal(0)
    for number, detail in enumerate(details, start=1):
        amount = money(detail.find("Amt"))
        if amount is None:
            amount = money(detail.find("AmtDtls/TxAmt/Amt"))
        if amount is None or amount[2] != entry.booked[2]:
            given = amount[2] if amount else "no amount"
            raise Unreadable(f"every detail must have an amount in {entry.booked[2]}; found {given} in number {number}")
        is_credit = _is_credit(detail) if detail.find("CdtDbtInd") is not None else entry.is_credit
        value = Decimal(amount[0]).scaleb(-amount[1])
        total += value if is_credit == entry.is_credit else -value
        found.append(_movement(entry, detail, amount, is_credit, number))
    booked = Decimal(entry.booked[0]).scaleb(-entry.booked[1])
    if total != booked and abs(total - booked) != _charges(entry.element):
        raise Unreadable(f"{len(details)} details must add up to the entry; found {total} in an entry of {booked}")
    return found


def _charges(element: Element) -> Decimal | None:
    """Return the charges an entry states; null where it states none."""
    stated = [money(found) for found in element.all("Chrgs/TtlChrgsAndTaxAmt")]
    stated = stated or [money(found) for path in ("Chrgs/Rcrd/Amt", "Chrgs/Amt") for found in element.all(path)]
    return sum((Decimal(m[0]).scaleb(-m[1]) for m in stated if m is not None), Decimal(0)) or None


def _check_batch(entry: _Entry, details: int) -> None:
    for batch in entry.element.all("NtryDtls/Btch"):
        count = text(batch, "NbOfTxs")
        where = first_text(batch, "PmtInfId", "MsgId") or text(entry.element, "AcctSvcrRef") or entry.statement.id
        if details == 0:
            entry.flags.add("batch without details", f"{where}: {count or '?'} transactions in one entry")
        elif count is not None and count.lstrip("0") != str(details):
            entry.flags.add("batch with another number of details", f"{where}: {count} announced, {details} found")
        try:
            total = money(batch.find("TtlAmt"))
        except Unreadable:
            total = None
        if total is not None and total != entry.booked:
            entry.flags.add("batch with another total than its entry", where)


def _movement(entry: _Entry, detail: Element | None, amount: Money, is_credit: bool, number: int | None) -> Movement:
    statement, flags = entry.statement, entry.flags
    booking = booking_of(entry.element, detail)
    is_cash = booking.kind == "cash"
    own, other = ("creditor", "debtor") if is_credit else ("debtor", "creditor")
    row: Row = {
        "event_id": _event_id(entry, detail, number),
        "event_time": _moment(entry, detail),
        "business_date": entry.day,
        "kind": booking.kind,
        "rail": booking.rail,
        "channel": booking.channel,
        "purpose": purpose_of(first_text(detail, "Purp/Cd", "Purp/Prtry")) or booking.purpose,
        f"{own}_account": statement.account.id,
        f"{own}_agent": statement.agent.id if statement.agent else None,
        f"{own}_country": (statement.agent.country if statement.agent else None) or statement.account.country,
        "memo": _memo(entry, detail),
        "instrument_number": text(detail, "Refs/ChqNb"),
    }
    parties = [statement.owner] if statement.owner else []
    _set_party(row, own, statement.owner)
    if detail is not None:
        parties += _related(row, detail, own, other, entry, is_cash=is_cash)
    foreign = _foreign(detail, amount[2]) if detail is not None else None
    debtor_money, creditor_money = amount, amount
    if foreign is not None:
        debtor_money, creditor_money = (foreign, amount) if is_credit else (amount, foreign)
    row |= dict(zip(("amount", "exponent", "currency"), debtor_money, strict=True))
    if creditor_money != debtor_money:
        row |= dict(zip(("counter_amount", "counter_exponent", "counter_currency"), creditor_money, strict=True))
    amounts = {amount} | ({foreign} if foreign else set())
    return Movement(
        row,
        tuple(parties),
        is_credit,
        entry.is_reversal,
        frozenset(amounts | set(_instructed(detail))),
        tuple(_references(detail, flags)),
    )


def _set_party(row: Row, side: str, party: Party | None) -> None:
    if party is not None:
        row[side] = party.id
        row[f"{side}_name"] = party.name


def _related(row: Row, detail: Element, own: str, other: str, entry: _Entry, *, is_cash: bool) -> list[Party]:
    """Fill in the related parties; return those that were there."""
    flags = entry.flags
    tags = {"debtor": "Dbtr", "creditor": "Cdtr"}
    # In a reversal parties keep the roles of what it reverses: whoever was paid gives back.
    side = tags[own] if entry.is_reversal and _party(detail, tags[own], flags) is not None else tags[other]
    found = []
    if not is_cash:
        agent = agent_of(detail.find(f"RltdAgts/{side}Agt"), flags)
        account = account_of(detail.find(f"RltdPties/{side}Acct"), agent, flags)
        row[f"{other}_account"] = account.id if account else None
        row[f"{other}_agent"] = agent.id if agent else None
        row[f"{other}_country"] = (agent.country if agent else None) or (account.country if account else None)
        party = _party(detail, side, flags)
        _set_party(row, other, party)
        found.append(party)
    if entry.statement.owner is None:
        holder = _party(detail, tags[own] if side != tags[own] else tags[other], flags)
        _set_party(row, own, holder)
        found.append(holder)
    for column, tag in (
        ("ultimate_debtor", "UltmtDbtr"),
        ("ultimate_creditor", "UltmtCdtr"),
        ("conductor", "InitgPty"),
    ):
        party = _party(detail, tag, flags)
        if party is not None:
            row[column] = party.id
            found.append(party)
    return [party for party in found if party is not None]


def _party(detail: Element, tag: str, flags: Flags) -> Party | None:
    return party_of(detail.find(f"RltdPties/{tag}"), flags)


def _foreign(detail: Element, booked_in: str) -> Money | None:
    """Return the amount on the other side, where the detail gives one in another currency."""
    for path in ("AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt"):
        amount = money(detail.find(path))
        if amount is not None and amount[2] != booked_in:
            return amount
    return None


def _instructed(detail: Element | None) -> Iterator[Money]:
    if detail is not None:
        for path in ("AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt"):
            amount = money(detail.find(path))
            if amount is not None:
                yield amount


def _references(detail: Element | None, flags: Flags) -> Iterator[tuple[str, str]]:
    for kind, tag in (("uetr", "UETR"), ("txid", "TxId"), ("e2e", "EndToEndId")):
        value = real(text(detail, f"Refs/{tag}"))
        if value is not None:
            if kind == "uetr" and not uetr_holds(value):
                flags.add("UETR that is no lower-case UUID of version 4", value)
            yield kind, value


def _event_id(entry: _Entry, detail: Element | None, number: int | None) -> str | None:
    account = entry.statement.account.id
    part = f"|{number}" if number is not None else ""
    uetr, txid, end_to_end = (real(text(detail, f"Refs/{tag}")) for tag in ("UETR", "TxId", "EndToEndId"))
    own_reference = real(text(detail, "Refs/AcctSvcrRef"))
    entry_reference = real(text(entry.element, "AcctSvcrRef"))
    found: str | None = None
    if uetr:
        found = f"uetr:{uetr.lower()}"
    elif own_reference and own_reference != entry_reference:
        found = f"{account}|svcr:{own_reference}"
    elif entry_reference:
        found = f"{account}|svcr:{entry_reference}{part}"
    elif txid:
        found = f"txid:{txid}"
    elif end_to_end:
        found = f"{account}|e2e:{end_to_end}|{entry.day.isoformat()}"
    return f"{found}|rvsl" if found and entry.is_reversal else found


def _moment(entry: _Entry, detail: Element | None) -> datetime:
    """Return the booking time, or the time of the payment if it is of the booking day and that has no time."""
    if text(entry.element, "BookgDt/DtTm"):
        return entry.time
    for path in ("RltdDts/AccptncDtTm", "RltdDts/TxDtTm"):
        time = moment(text(detail, path), entry.zone)
        if time is not None and time.astimezone(entry.zone).date() == entry.day:
            return time
    return entry.time


def _memo(entry: _Entry, detail: Element | None) -> str | None:
    said = list(texts(entry.element, "AddtlNtryInf"))
    if detail is not None:
        paths = (
            "RmtInf/Ustrd",
            "RmtInf/Strd/RfrdDocInf/Nb",
            "RmtInf/Strd/CdtrRefInf/Ref",
            "RmtInf/Strd/CdtrRefInf/CdtrRef",
            "RmtInf/Strd/AddtlRmtInf",
            "RltdRmtInf/RmtId",
            "AddtlTxInf",
        )
        said = [found for path in paths for found in texts(detail, path)] + said
    return " ".join(said) or None
