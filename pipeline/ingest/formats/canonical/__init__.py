"""The project's own format: the canonical columns as Parquet, CSV, tab-separated text or JSON lines.

A file has the columns of `typologies.base.events.FRAME_SCHEMA`, any subset that holds `event_time`, `kind`, `amount`,
`currency` and at least one of `debtor_account` and `creditor_account`. All ids are text. `event_id` may be missing: the
identity of such rows is made from their content.

Money
    `amount` is an integer of minor units with its `exponent` (1050 and 2 for 10.50). Where a row has no exponent, an
    integer means minor units of the currency by ISO 4217, a decimal with a point (10.50) major units. A text file
    without an `exponent` column must write the point: a plain `1050` there is refused as ambiguous.
Time
    ISO 8601 with date and time of day. Times without a zone are in `ReadOptions.timezone`.
Source
    A row's own `source` is the feed that enters its identity; rows without one take that of the options.
Context
    JSON lines may hold context besides events (`pipeline.ingest.formats.canonical.facts`), and records of the wire
    contract (`pipeline.schemas.wire`).

Other columns are ignored and named in a note, and so are `amount_usd` and `fx_source`, which are computed here.
"""

from __future__ import annotations

from pipeline.ingest.formats.canonical.reader import READER, READERS, CanonicalReader
from pipeline.ingest.formats.canonical.write import write_canonical

__all__ = ["READER", "READERS", "CanonicalReader", "write_canonical"]
