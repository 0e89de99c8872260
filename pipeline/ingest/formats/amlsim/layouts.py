"""The files of the three layouts, told apart by their column names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Content = Literal["transfers", "labels", "accounts", "unused"]


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of file.

    Attributes
    ----------
    name
        For messages.
    content
        What it holds.
    required
        Column names, lower case, that it must have; other columns may follow.
    """

    name: str
    content: Content
    required: tuple[str, ...]


TRANSACTIONS = Layout(
    "transactions.csv", "transfers", ("tran_id", "orig_acct", "bene_acct", "tx_type", "base_amt", "tran_timestamp")
)
TX = Layout(
    "tx.csv",
    "transfers",
    (
        "txn_id",
        "account_id",
        "counter_party_account_num",
        "txn_source_type_code",
        "tx_count",
        "txn_amount_orig",
        "start",
    ),
)
CASH_TX = Layout(
    "cash_tx.csv",
    "transfers",
    ("txn_id", "account_id", "branch_id", "txn_source_type_code", "tx_count", "txn_amount_orig", "run_date"),
)
EDGES = Layout("edges", "transfers", ("sourcenodeid", "targetnodeid", "value", "time"))

ALERT_TRANSACTIONS = Layout("alert_transactions.csv", "labels", ("alert_id", "alert_type", "tran_id"))
ALERT_ACCOUNTS = Layout("alert_accounts.csv", "labels", ("alert_id", "alert_type", "acct_id"))
SAR_ACCOUNTS = Layout("sar_accounts.csv", "labels", ("alert_id", "account_id", "alert_type", "is_sar"))
ALERTS = Layout(
    "alerts.csv", "labels", ("alert_key", "account_id", "event_date", "check_name", "escalated_to_case_investigation")
)
NODES = Layout("nodes", "labels", ("nodeid", "isfraud"))

ACCOUNTS = Layout("accounts.csv", "accounts", ("acct_id", "acct_stat", "open_dt", "close_dt"))
OLDER_ACCOUNTS = Layout("accounts.csv (older)", "accounts", ("account_id", "primary_customer_id", "start", "end"))

PARTIES = Layout("individuals or organizations", "unused", ("partyid", "partytype"))
MAPPING = Layout("accountMapping.csv", "unused", ("cust_acct_mapping_id", "acct_id", "cust_id"))
RESOLVED = Layout("resolvedentities.csv", "unused", ("entityrefid", "partyid1", "partyid2"))

# alert_transactions.csv repeats all columns of transactions.csv: the more telling name comes first.
LAYOUTS = (
    ALERT_TRANSACTIONS,
    ALERT_ACCOUNTS,
    SAR_ACCOUNTS,
    ALERTS,
    TRANSACTIONS,
    TX,
    CASH_TX,
    EDGES,
    NODES,
    ACCOUNTS,
    OLDER_ACCOUNTS,
    PARTIES,
    MAPPING,
    RESOLVED,
)


def layout_of(header: list[str]) -> Layout | None:
    """Return the layout whose columns a header has; None if there is none."""
    names = {name.lower() for name in header}
    return next((layout for layout in LAYOUTS if set(layout.required) <= names), None)
