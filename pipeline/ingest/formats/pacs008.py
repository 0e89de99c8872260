"""pacs.008, customer credit transfers between banks, in any version.

What a `CdtTrfTxInf` becomes
----------------------------
- `event_id` = instructing agent | MsgId | number of the transfer in its message. The UETR is an index and no key: nine
  of the ten published Fedwire samples carry the same one, and three share a MsgId with different content. Same id and
  content is a duplicate, same id and other content are two events that the engine flags.
- `amount` is what was instructed, else what was settled; `counter_amount` is what was settled, where it differs (other
  currency, or charges). Nothing is recomputed: the message does not say in which direction its rate goes.
- `event_time` = `AccptncDtTm`, else `CreDtTm` of the header, else midnight of `IntrBkSttlmDt`. Without an offset a time
  is of the configured zone. `business_date` = `IntrBkSttlmDt`.
- Settlement date and agents in the header hold for every transfer that has none of its own.
- All five parties stay: `debtor`, `creditor`, `ultimate_debtor`, `ultimate_creditor`, and the initiating party as
  `conductor`. Ids: see `iso20022.parties`. Countries are those of the banks, never of persons: of the agent, else of
  the IBAN. Addresses become `party_profile` facts: see `iso20022.addresses`.
- `memo` is the remittance information (free text, then numbers of documents and references, then the reference of
  remittance sent elsewhere) and the instruction to the creditor's agent. `purpose`: see `iso20022.purposes`.

Not carried over, because the canonical event has no place for it: charges, the chain of intermediary agents, the
service level. Two transfers that differ in nothing else are one event. Wrong check digits, an odd UETR, a header whose
number of transfers or total does not agree are said in notes and reject nothing; unknown currencies and missing
amounts or times reject the transfer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from pipeline.ingest.formats.iso20022.checks import uetr_holds
from pipeline.ingest.formats.iso20022.elements import (
    Element,
    Unreadable,
    day,
    first_text,
    midnight,
    moment,
    money,
    parse,
    parse_one,
    real,
    text,
    texts,
)
from pipeline.ingest.formats.iso20022.framing import Frame, Framer, Grammar
from pipeline.ingest.formats.iso20022.output import Output, Row
from pipeline.ingest.formats.iso20022.parties import Agent, Party, account_of, agent_of, party_of
from pipeline.ingest.formats.iso20022.purposes import purpose_of
from pipeline.ingest.reader import ReadBatch, Reader, ReadOptions

GRAMMAR = Grammar(frozenset({"FIToFICstmrCdtTrf"}), frozenset(), "CdtTrfTxInf")


@dataclass(slots=True)
class Header:
    """`GrpHdr` of one message, and what its transfers add up to so far."""

    message_id: str
    created: datetime | None
    settled_on: date | None
    instructing: Agent | None
    stated_count: str | None
    stated_total: str | None
    count: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class References:
    """By what one payment is known in other messages; see `camt`."""

    uetr: str | None
    end_to_end: str | None
    settled_on: date | None
    amounts: frozenset[tuple[int, int, str]]


class Pacs008Reader:
    """Reads files of one message, of several in an envelope of any name, and of several one after the other."""

    name = "pacs008"
    default_source = "pacs008"

    def recognises(self, path: Path, head: bytes) -> float:
        """Return 1.0 where the message element is at the beginning, else 0.0."""
        return 1.0 if b"FIToFICstmrCdtTrf" in head.replace(b"\0", b"") else 0.0

    def read(self, path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
        """Yield batches in file order.

        Raises
        ------
        UnusableInput
            The file has no such message in it.
        """
        out = Output(path.name, options.source or self.default_source, options)
        for _ in read_transfers(path, options, out):
            yield from out.full()
        yield from out.last()


def read_transfers(path: Path, options: ReadOptions, out: Output) -> Iterator[References | None]:
    """Put the transfers of a file into `out`; yield after each record the references of the transfer it held."""
    header: Header | None = None
    trouble = ""
    for frame in Framer(path, GRAMMAR).frames():
        found: References | None = None
        if frame.kind == "message_head":
            header, trouble = None, ""
            try:
                header = _header(frame, options, out)
            except Unreadable as error:
                trouble = str(error)
        elif frame.kind == "fault":
            if header is not None:
                header.count += 1
                header.is_whole = False
            out.reject(frame.reason, frame.raw)
        elif frame.kind == "record":
            found = _record(frame, header, trouble, options, out)
        elif header is not None:
            _compare(header, out)
        yield found


def _header(frame: Frame, options: ReadOptions, out: Output) -> Header:
    root = _head_root(frame)
    group = root.find("GrpHdr")
    message_id = text(group, "MsgId")
    if group is None or message_id is None:
        raise Unreadable("expected GrpHdr with MsgId before the first transfer; found none")
    return Header(
        message_id,
        moment(text(group, "CreDtTm"), options.timezone),
        day(text(group, "IntrBkSttlmDt")),
        agent_of(group.find("InstgAgt"), out.flags),
        text(group, "NbOfTxs"),
        text(group, "TtlIntrBkSttlmAmt"),
    )


def _head_root(frame: Frame) -> Element:
    try:
        return parse(frame.raw, frame.encoding)
    except Unreadable:
        # A first transfer without its start tag counts as part of the head. What belongs to it ends with GrpHdr.
        end = frame.raw.find(b"GrpHdr>", frame.raw.find(b"</"))
        if end < 0:
            raise
        return parse(frame.raw[: end + len(b"GrpHdr>")], frame.encoding)


def _record(frame: Frame, header: Header | None, trouble: str, options: ReadOptions, out: Output) -> References | None:
    if header is None:
        out.reject(f"the header of the message cannot be used: {trouble}", frame.raw)
        return None
    header.count += 1
    try:
        element = parse_one(frame.raw, frame.encoding)
        row, parties, references = _transfer(element, header, options, out)
    except Unreadable as error:
        header.is_whole = False
        out.reject(str(error), frame.raw)
        return None
    out.event(row, frame.raw)
    for party in parties:
        out.facts(out.addresses.add(party.id, party.address, row["event_time"]))
    return references


def _transfer(
    element: Element, header: Header, options: ReadOptions, out: Output
) -> tuple[Row, list[Party], References]:
    settled = money(element.find("IntrBkSttlmAmt"))
    instructed = money(element.find("InstdAmt"))
    if settled is None:
        raise Unreadable("IntrBkSttlmAmt is required; found none")
    units, exponent, currency = settled
    header.totals[currency] = header.totals.get(currency, Decimal(0)) + Decimal(units).scaleb(-exponent)
    amount = instructed or settled
    counter = settled if amount != settled else (None, None, None)

    settled_on = day(text(element, "IntrBkSttlmDt")) or header.settled_on
    time = moment(text(element, "AccptncDtTm"), options.timezone) or header.created
    if time is None and settled_on is not None:
        time = midnight(settled_on, options.timezone)
    if time is None:
        raise Unreadable("one of AccptncDtTm, CreDtTm and IntrBkSttlmDt is required; found none that is a time")

    flags = out.flags
    debtor_agent = agent_of(element.find("DbtrAgt"), flags)
    creditor_agent = agent_of(element.find("CdtrAgt"), flags)
    debtor_account = account_of(element.find("DbtrAcct"), debtor_agent, flags)
    creditor_account = account_of(element.find("CdtrAcct"), creditor_agent, flags)
    roles = {
        "debtor": "Dbtr",
        "creditor": "Cdtr",
        "ultimate_debtor": "UltmtDbtr",
        "ultimate_creditor": "UltmtCdtr",
        "conductor": "InitgPty",
    }
    parties = {role: party for role, tag in roles.items() if (party := party_of(element.find(tag), flags)) is not None}
    instructing = agent_of(element.find("InstgAgt"), flags) or header.instructing
    uetr = text(element, "PmtId/UETR")
    if uetr and not uetr_holds(uetr):
        flags.add("UETR that is no lower-case UUID of version 4", uetr)
    end_to_end = real(text(element, "PmtId/EndToEndId"))

    row: Row = {
        "event_id": f"{instructing.id if instructing else '-'}|{header.message_id}|{header.count}",
        "event_time": time,
        "kind": "payment",
        "rail": "wire",
        "purpose": purpose_of(first_text(element, "Purp/Cd", "Purp/Prtry")),
        "debtor_account": debtor_account.id if debtor_account else None,
        "creditor_account": creditor_account.id if creditor_account else None,
        **{role: party.id for role, party in parties.items()},
        "debtor_name": parties["debtor"].name if "debtor" in parties else None,
        "creditor_name": parties["creditor"].name if "creditor" in parties else None,
        "debtor_agent": debtor_agent.id if debtor_agent else None,
        "creditor_agent": creditor_agent.id if creditor_agent else None,
        "debtor_country": (debtor_agent.country if debtor_agent else None)
        or (debtor_account.country if debtor_account else None),
        "creditor_country": (creditor_agent.country if creditor_agent else None)
        or (creditor_account.country if creditor_account else None),
        **dict(zip(("amount", "exponent", "currency"), amount, strict=True)),
        **dict(zip(("counter_amount", "counter_exponent", "counter_currency"), counter, strict=True)),
        "business_date": settled_on,
        "memo": remittance(element),
    }
    references = References(uetr, end_to_end, settled_on, frozenset({amount, settled}))
    return row, list(parties.values()), references


def remittance(element: Element) -> str | None:
    """Return what a transfer says in words: what it pays, then where that is told, then instructions."""
    paths = (
        "RmtInf/Ustrd",
        "RmtInf/Strd/RfrdDocInf/Nb",
        "RmtInf/Strd/CdtrRefInf/Ref",
        "RmtInf/Strd/CdtrRefInf/CdtrRef",
        "RmtInf/Strd/TaxRmt/Cdtr/TaxId",
        "RmtInf/Strd/AddtlRmtInf",
        "RltdRmtInf/RmtId",
        "InstrForCdtrAgt/InstrInf",
    )
    return " ".join(said for path in paths for said in texts(element, path)) or None


def _compare(header: Header, out: Output) -> None:
    """Say where a message does not hold what its header announces."""
    if header.stated_count is not None and header.stated_count.lstrip("0") != str(header.count):
        out.flags.add(
            "header that announces another number of transfers",
            f"{header.message_id}: {header.stated_count} announced, {header.count} found",
        )
    if header.stated_total is not None and header.is_whole and len(header.totals) == 1:
        total = next(iter(header.totals.values()))
        try:
            agrees = Decimal(header.stated_total) == total
        except ArithmeticError:
            agrees = False
        if not agrees:
            out.flags.add(
                "header that announces another total", f"{header.message_id}: {header.stated_total}, {total} found"
            )


READERS: tuple[Reader, ...] = (Pacs008Reader(),)
