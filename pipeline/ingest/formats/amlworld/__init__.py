"""AMLworld (IBM): `*_Trans.csv`, `*_Patterns.txt`, `*_accounts.csv`, of any of the six sets.

What a row becomes
------------------
- Columns are taken by position, for the name `Account` stands in the header twice. IBM's header, the one that pandas
  writes (`Account.1`) and `From Account`/`To Account` are accepted.
- Account key = bank id without leading zeros + "/" + account id. Trans and Patterns write `010`, accounts write `10`;
  account ids alone are not unique.
- `amount` is what was paid, in the payment currency; `counter_amount` what was received, where it differs. Fiat has two
  decimals here whatever the currency (yen too), bitcoin is in satoshi.
- Cash is kind `cash`, with both accounts: the file does not say whether cash was paid in or out, so the debtor's side
  reads as a withdrawal and the creditor's as a deposit. Credit Card is kind `card`. All others are `payment` on the
  rail of that name; Bitcoin is the crypto rail, not a chain transaction (no address, no txid).
- Payments from an account to itself (mostly Reinvestment) stay. Rows have no id: `event_id` is null, and rows alike in
  all columns stay too.

Labels never reach events: see `reader`. The accounts file: see `accounts`.
"""

from pipeline.ingest.formats.amlworld.reader import READERS

__all__ = ["READERS"]
