"""Builds small ISO 20022 messages out of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"

UETR = "8a562c67-ca16-48ba-b074-65581be6f011"
OTHER_UETR = "8a562c67-ca16-48ba-b074-65581be6f012"

IBAN_A = "DE89370400440532013000"
IBAN_B = "GB29NWBK60161331926819"


def element(tag: str, *content: str, **attributes: str) -> str:
    """Return an element; empty content gives nothing at all."""
    body = "".join(content)
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{given}>{body}</{tag}>" if body else ""


def path(tags: str, *content: str, **attributes: str) -> str:
    """Return nested elements: `path("Acct/Id/IBAN", "...")`; attributes belong to the innermost."""
    outer, _, inner = tags.partition("/")
    return element(outer, path(inner, *content, **attributes)) if inner else element(outer, *content, **attributes)


def document(message: str, *content: str, version: str, declaration: str = '<?xml version="1.0"?>') -> str:
    """Return a `Document` with one message."""
    body = element(message, *content) or f"<{message}/>"
    return f'{declaration}\n<Document xmlns="{NAMESPACE}{version}">{body}</Document>\n'


def party(name: str, *, identification: str = "", address: str = "") -> str:
    """Return the content of a party."""
    return element("Nm", name) + address + identification


def structured() -> str:
    return element(
        "PstlAdr", element("StrtNm", "Main"), element("PstCd", "1000"), element("TwnNm", "Bern"), path("Ctry", "CH")
    )


def hybrid(*lines: str) -> str:
    rest = lines or ("Main 1", "Back yard")
    return element("PstlAdr", element("TwnNm", "Bern"), element("Ctry", "CH"), *(element("AdrLine", x) for x in rest))


def unstructured(*lines: str) -> str:
    rest = lines or ("Main 1", "1000 Bern", "Switzerland")
    return element("PstlAdr", *(element("AdrLine", x) for x in rest))


def bic(code: str) -> str:
    return path("FinInstnId/BICFI", code)


def member(number: str, system: str = "USABA") -> str:
    return path("FinInstnId/ClrSysMmbId", path("ClrSysId/Cd", system), element("MmbId", number))


def transfer(**parts: str) -> str:
    """Return a `CdtTrfTxInf` of version 08; `parts` replace the content of elements, "" leaves one out.

    `amount` and `currency` are those of `IntrBkSttlmAmt`; `extra` goes before the agents.
    """
    amount, currency = parts.pop("amount", "100.00"), parts.pop("currency", "EUR")
    extra = parts.pop("extra", "")
    content = {
        "PmtId": element("InstrId", "i1") + element("EndToEndId", "e1") + element("UETR", UETR),
        "IntrBkSttlmAmt": amount,
        "IntrBkSttlmDt": "2024-03-05",
        "AccptncDtTm": "",
        "InstdAmt": "",
        "ChrgBr": "SHAR",
        "InstgAgt": "",
        "UltmtDbtr": "",
        "InitgPty": "",
        "Dbtr": party("Alpha Ltd"),
        "DbtrAcct": path("Id/IBAN", IBAN_A),
        "DbtrAgt": bic("DEUTDEFF"),
        "CdtrAgt": bic("NWBKGB2LXXX"),
        "Cdtr": party("Beta Ltd"),
        "CdtrAcct": path("Id/Othr/Id", "778899"),
        "UltmtCdtr": "",
        "Purp": "",
        "RmtInf": "",
    } | parts
    attributes = {"IntrBkSttlmAmt": {"Ccy": currency}, "InstdAmt": {"Ccy": parts.pop("instructed_in", "USD")}}
    content.pop("instructed_in", None)
    body = "".join(
        element(tag, text, **attributes.get(tag, {})) + (extra if tag == "ChrgBr" else "")
        for tag, text in content.items()
    )
    return element("CdtTrfTxInf", body)


def pacs008(
    *transfers: str,
    message_id: str = "M1",
    created: str = "2024-03-05T09:30:00+01:00",
    header: str = "",
    count: str | None = None,
    version: str = "pacs.008.001.08",
    agent: str = "",
) -> str:
    """Return a document with one pacs.008; `header` goes into `GrpHdr` after `NbOfTxs`."""
    head = element(
        "GrpHdr",
        element("MsgId", message_id),
        element("CreDtTm", created),
        element("NbOfTxs", count if count is not None else str(len(transfers))),
        header,
        path("SttlmInf/SttlmMtd", "CLRG"),
        element("InstgAgt", agent),
    )
    return document("FIToFICstmrCdtTrf", head, *transfers, version=version)


def entry(
    amount: str = "100.00",
    direction: str = "CRDT",
    *,
    currency: str = "EUR",
    status: str = "BOOK",
    old: bool = False,
    reversal: bool = False,
    booked: str = "2024-03-05",
    reference: str = "",
    code: str = "PMNT/RCDT/ESCT",
    details: Sequence[str] = (),
    batch: str = "",
    charges: str = "",
    info: str = "",
) -> str:
    """Return an `Ntry`; `booked` is a day or a date-time, `old` writes the status as before version 08."""
    domain, family, sub_family = code.split("/")
    return element(
        "Ntry",
        element("Amt", amount, Ccy=currency),
        element("CdtDbtInd", direction),
        element("RvslInd", "true") if reversal else "",
        element("Sts", status) if old else path("Sts/Cd", status),
        path("BookgDt/DtTm" if "T" in booked else "BookgDt/Dt", booked) if booked else "",
        element("AcctSvcrRef", reference),
        path(
            "BkTxCd/Domn",
            element("Cd", domain),
            element("Fmly", element("Cd", family), element("SubFmlyCd", sub_family)),
        ),
        charges,
        element("NtryDtls", batch, *details),
        element("AddtlNtryInf", info),
    )


def detail(
    *,
    uetr: str = "",
    end_to_end: str = "",
    tx_id: str = "",
    reference: str = "",
    amount: str = "",
    currency: str = "EUR",
    direction: str = "",
    debtor: str = "",
    debtor_account: str = "",
    debtor_agent: str = "",
    creditor: str = "",
    creditor_account: str = "",
    creditor_agent: str = "",
    foreign: str = "",
    text: str = "",
    dates: str = "",
    cash: str = "",
    old: bool = False,
) -> str:
    """Return a `TxDtls`. Parties are names, accounts IBANs, agents BICs; `old` writes parties as before version 08."""

    def named(tag: str, name: str) -> str:
        return element(tag, element("Nm", name) if old else path("Pty/Nm", name))

    return element(
        "TxDtls",
        element(
            "Refs",
            element("AcctSvcrRef", reference),
            element("EndToEndId", end_to_end),
            element("UETR", uetr),
            element("TxId", tx_id),
        ),
        element("Amt", amount, Ccy=currency),
        element("CdtDbtInd", direction),
        element("AmtDtls", foreign),
        element(
            "RltdPties",
            named("Dbtr", debtor),
            path("DbtrAcct/Id/IBAN", debtor_account),
            named("Cdtr", creditor),
            path("CdtrAcct/Id/IBAN", creditor_account),
        ),
        element(
            "RltdAgts",
            path("DbtrAgt/FinInstnId/BICFI", debtor_agent),
            path("CdtrAgt/FinInstnId/BICFI", creditor_agent),
        ),
        path("RmtInf/Ustrd", text),
        element("RltdDts", dates),
        cash,
    )


def balance(code: str, amount: str, direction: str = "CRDT", currency: str = "EUR") -> str:
    return element(
        "Bal",
        path("Tp/CdOrPrtry/Cd", code),
        element("Amt", amount, Ccy=currency),
        element("CdtDbtInd", direction),
        path("Dt/Dt", "2024-03-05"),
    )


def statement(
    *entries: str,
    identification: str = "S1",
    account: str = "",
    owner: str = "Alpha Ltd",
    servicer: str = "DEUTDEFF",
    balances: str = "",
    sequence: str = "",
    pages: str = "",
    tag: str = "Stmt",
) -> str:
    """Return one statement (`tag` Ntfctn or Rpt: notification or report)."""
    return element(
        tag,
        element("Id", identification),
        pages,
        element("ElctrncSeqNb", sequence),
        element("CreDtTm", "2024-03-06T06:00:00Z"),
        element(
            "Acct",
            account or path("Id/IBAN", IBAN_A),
            path("Ownr/Nm", owner),
            path("Svcr/FinInstnId/BICFI", servicer),
        ),
        balances,
        *entries,
    )


_CAMT = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def camt(*statements: str, kind: str = "053", version: str = "08") -> str:
    """Return a document with one camt message; statements are renamed to what the kind calls them."""
    message, tag = _CAMT[kind]
    head = element("GrpHdr", element("MsgId", "C1"), element("CreDtTm", "2024-03-06T06:00:00Z"))
    renamed = [s.replace("<Stmt>", f"<{tag}>").replace("</Stmt>", f"</{tag}>") for s in statements]
    return document(message, head, *renamed, version=f"camt.{kind}.001.{version}")


def save(folder: Path, text: str, name: str = "message.xml", encoding: str = "utf-8") -> Path:
    """Write a message."""
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file
