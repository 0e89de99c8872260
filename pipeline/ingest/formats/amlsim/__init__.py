"""AMLSim (IBM), in its three layouts.

current
    `transactions.csv`, `cash_tx.csv`, `accounts.csv`; labels in `is_sar`, `alert_transactions.csv`,
    `alert_accounts.csv`, `sar_accounts.csv`.
older
    `tx.csv`, `cash_tx.csv`, `accounts.csv`; labels in `alerts.csv`.
node and edge
    `sourceNodeId,targetNodeId,value,time`; labels in `nodeid,isFraud,init_balance,fraudStep`.

What a row becomes
------------------
- Integer times are steps of one day from a base date: option `amlsim_base_date`, default 2017-01-01, at midnight of the
  configured zone. Times of the current layout carry their zone.
- Amounts are in `amlsim_currency`, default USD: the transfers name none. Two decimals.
- The id of a transfer is its number, which both files of a layout share; edges have none. Two simulations in one run
  need different sources (option `source`), or their numbers meet.
- Transaction types are made-up words on transfers between two accounts: WIRE is the rail wire, CHECK cheque, all others
  `other`. DEPOSIT is no cash. Transfers from an account to itself occur and stay.
- Cash: CASH-IN is a deposit at a branch, CASH-OUT a withdrawal. The simulator writes (from, to) under the headers
  (ACCOUNT_ID, BRANCH_ID): for CASH-OUT the *first* column is the branch and the *second* the account. In the published
  sample all 80 CASH-OUT rows have 0 in the first column and all 8 CASH-IN rows 0 in the second: one branch.
- Holders (`PRIMARY_CUSTOMER_ID`) of the older layout come from the `accounts.csv` beside `tx.csv`.
- What says who launders (`is_sar`, `isFraud`, `suspicious`, `prior_sar_count`, alerts) leaves as labels only. Labels
  on accounts, not on transfers, are in their column `account`.
"""

from pipeline.ingest.formats.amlsim.reader import READERS

__all__ = ["READERS"]
