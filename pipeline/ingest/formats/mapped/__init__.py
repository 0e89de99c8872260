"""Any bank's own CSV or Parquet file, read through a mapping file (`pipeline.ingest.mapping`).

One row of the file is one event. Files with both sides in columns of their own give them as they stand; statements
(one account and its counterparty) are turned by the direction of each entry: a credit pays the own account, a debit is
paid by it. Amounts are unsigned after that. A row whose value the mapping does not know, whose amount does not have the
grouping and the decimal sign it should have, or whose direction is unclear, is rejected with the reason.
"""

from __future__ import annotations

from pipeline.ingest.formats.mapped.reader import READER, READERS, MappedReader

__all__ = ["READER", "READERS", "MappedReader"]
