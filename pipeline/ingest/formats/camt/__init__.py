"""camt.053 (statement), camt.054 (notification) and camt.052 (intraday report), in any version.

What a booked entry becomes
---------------------------
- The statement account is one side, the related party the other. `CRDT` is money into the account. `amount` is on the
  debtor's side, `counter_amount` on the creditor's where the message gives another amount there.
- Only status BOOK is money that moved; PDNG, INFO and FUTR entries are counted and left out. Other states are rejected.
- An entry with several details is those details, which must add up to it (give or take the charges it states) in its
  own currency, else the entry is rejected: a split that does not add up is not to be trusted. An entry with one detail,
  or none, is one event of the entry's amount; a batch that comes without details stays a single event.
- `event_time` is the booking time; of a day without a time, the acceptance or transaction time if it lies on that day,
  else midnight in the configured zone. `business_date` is the booking day.
- Kind, rail and purpose come from the bank transaction code: see `iso20022.booking`. Cash has no other account.
- Opening balance + entries = closing balance, gaps in `ElctrncSeqNb`, and batches whose number or total does not agree
  are checked and said in notes.

The same payment twice
----------------------
`event_id` is the first of these that there is:

1. `uetr:` + UETR;
2. account `|svcr:` + `AcctSvcrRef` of the detail, or of the entry (then `|` + number of the detail, if several);
3. `txid:` + `TxId`;
4. account `|e2e:` + `EndToEndId` + `|` + booking day (standing orders repeat it every month);

and `|rvsl` is added for reversals. The engine drops an event whose id *and* content it has seen.

- Matched: an entry that comes again in 052, 053 and 054 with one of these references and the same details; with a UETR
  or `TxId` also the two statements of debtor and creditor, if both name both sides alike.
- Not matched, and counted twice: entries without any reference; the same entry with a booking time in one message and a
  day in the other, with and without details, with other names or texts (same id, other content: the engine keeps both
  and flags them). `camt_messages=053` reads one kind only.
- Not matched by themselves: the pacs.008 that an entry books. It knows other things (both banks, ultimate parties,
  instructed amount, another time), so its content differs always. `camt_known_payments=PATH` (a file, or a folder)
  names the pacs.008 files of the same run: an entry with the UETR, or the end-to-end id and settlement day, *and* the
  amount of one of their transfers is left out. The amount is required, for UETRs are not as unique as they should be;
  where a bank has taken charges out of it, the two are not matched.

Reversals
---------
`RvslInd` true takes back an earlier entry. If exactly one entry of the same file, account and amount in the opposite
direction shares its UETR, `TxId` or `EndToEndId`, the reversal becomes a retraction of that event. Otherwise it is a
payment in its own direction, and a note says how many there were: an original in another file cannot be named, because
a retraction must repeat its time and content. An event is taken back once; a second reversal of it is a payment.
"""

from pipeline.ingest.formats.camt.reader import READERS

__all__ = ["READERS"]
