"""Statements, notifications and reports: whose account, which balances, which number."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pipeline.ingest.formats.iso20022.checks import Flags
from pipeline.ingest.formats.iso20022.elements import Element, Unreadable, first_text, money, parse, text
from pipeline.ingest.formats.iso20022.framing import Frame, Grammar
from pipeline.ingest.formats.iso20022.parties import Account, Agent, Party, account_of, agent_of, party_of

MESSAGES = {"BkToCstmrAcctRpt": "052", "BkToCstmrStmt": "053", "BkToCstmrDbtCdtNtfctn": "054"}
GRAMMAR = Grammar(frozenset(MESSAGES), frozenset({"Rpt", "Stmt", "Ntfctn"}), "Ntry")

OPENING = ("OPBD", "PRCD")
CLOSING = "CLBD"


@dataclass(slots=True)
class Statement:
    """Head of one container, and the sum of its booked entries so far.

    Attributes
    ----------
    message
        "052", "053" or "054".
    opening, closing
        Signed booked balances in whole units; None where the statement has none, or is one page of several.
    total
        Signed sum of booked entries.
    lost
        Records that could not be used.
    """

    message: str
    id: str
    account: Account
    agent: Agent | None
    owner: Party | None
    sequence: int | None
    opening: Decimal | None
    closing: Decimal | None
    total: Decimal = Decimal(0)
    lost: int = 0

    def check_balance(self, flags: Flags) -> None:
        """Say it if opening balance and entries do not make the closing balance."""
        if self.opening is None or self.closing is None:
            return
        gap = self.closing - self.opening - self.total
        if gap:
            lost = f", {self.lost} entries rejected" if self.lost else ""
            flags.add(
                "statement whose entries do not lead from opening to closing balance",
                f"{self.id}: {self.opening} + {self.total} <> {self.closing}{lost}",
            )


def statement_of(frame: Frame, message: str, flags: Flags) -> Statement:
    """Read the head of a container.

    Raises
    ------
    Unreadable
        No well-formed XML, or no account.
    """
    root = parse(frame.raw, frame.encoding)
    agent = agent_of(root.find("Acct/Svcr"), flags)
    account = account_of(root.find("Acct"), agent, flags)
    if account is None:
        raise Unreadable("expected Acct with an IBAN or another number; found none")
    sequence = text(root, "ElctrncSeqNb")
    is_whole = _is_whole(root)
    return Statement(
        message,
        text(root, "Id") or "?",
        account,
        agent,
        party_of(root.find("Acct/Ownr"), flags),
        int(sequence) if sequence is not None and sequence.isascii() and sequence.isdigit() else None,
        _balance(root, OPENING) if is_whole else None,
        _balance(root, (CLOSING,)) if is_whole else None,
    )


def _is_whole(root: Element) -> bool:
    """Return whether this is the only page of its statement: balances of a page are not those of the statement."""
    page = first_text(root, "StmtPgntn/PgNb", "RptPgntn/PgNb", "NtfctnPgntn/PgNb")
    last = first_text(root, "StmtPgntn/LastPgInd", "RptPgntn/LastPgInd", "NtfctnPgntn/LastPgInd")
    return page in {None, "1"} and last in {None, "true", "1"}


def _balance(root: Element, codes: tuple[str, ...]) -> Decimal | None:
    for code in codes:
        for balance in root.all("Bal"):
            if text(balance, "Tp/CdOrPrtry/Cd") == code:
                try:
                    found = money(balance.find("Amt"))
                except Unreadable:
                    return None
                if found is None:
                    return None
                value = Decimal(found[0]).scaleb(-found[1])
                return -value if text(balance, "CdtDbtInd") == "DBIT" else value
    return None
