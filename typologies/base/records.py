"""The record: an event at fixed width, as the engine stores it.

About 240 bytes an event. Strings that repeat (accounts, branches) are dictionary codes (`interner`); strings that are
mostly unique (event id, memo) lie in a heap of bytes beside the records (`encoding`), the record holds offset and
lengths.
"""

from __future__ import annotations

import numpy as np

from typologies.base.events import CODED_COLUMNS, ENUM_COLUMNS, TEXT_COLUMNS

RECORD = np.dtype(
    [
        ("time", "i8"),  # event time, microseconds since 1970-01-01 UTC
        ("key_hi", "u8"),  # event key, first and second half
        ("key_lo", "u8"),
        ("id_hash", "u8"),  # hash of (source, event id): finds other contents of one id, and what a retraction names
        ("position", "i8"),
        ("received", "i8"),
        ("amount", "i8"),  # NULL_I64 where it does not fit: see amount_high
        ("amount_high", "i8"),  # a wide amount is amount_high * 2**63 + amount_low
        ("amount_low", "i8"),
        ("amount_usd", "i8"),
        ("counter_amount", "i8"),
        ("text_at", "i8"),
        ("business_date", "i4"),  # days since 1970-01-01; NULL_CODE unknown
        *[(name, "i4") for name in CODED_COLUMNS],
        *[(f"{name}_len", "i4") for name in TEXT_COLUMNS],  # NULL_CODE: null
        *[(name, "u1") for name in ENUM_COLUMNS],  # 0: null
        ("exponent", "i1"),
        ("counter_exponent", "i1"),
        ("flags", "u2"),
    ],
    align=True,
)
"""One event. Field order is part of the written state."""

FIELD_INDEX: dict[str, int] = {name: i for i, name in enumerate(RECORD.names or ())}
"""Place of a field in the tuple that `numpy.ndarray.tolist` makes of a record."""
