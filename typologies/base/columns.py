"""Expression columns of records as a matrix of 64-bit integers, the input of `programs`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from typologies.base.events import NULL_I64
from typologies.base.jit import kernel

COLUMN_IDS: dict[str, int] = {
    name: i
    for i, name in enumerate(
        (
            "kind",
            "rail",
            "channel",
            "purpose",
            "debtor_class",
            "creditor_class",
            "institution_type",
            "amount_usd",
            "amount",
            "exponent",
            "business_date",
            "ctr_filed",
            "reduced_on_notice",
            "is_self",
            "has_debtor_account",
            "has_creditor_account",
            "has_conductor",
            "has_on_behalf_of",
            "has_branch",
            "has_place",
            "side",
        )
    )
}
"""Number of each column of `expressions.EVENT_COLUMNS`."""

SUBJECT_COLUMNS = ("debtor_account", "creditor_account", "debtor", "creditor", "conductor", "on_behalf_of")
"""Columns that can name a subject, by number for `subject_codes`."""

_NULL = NULL_I64


@kernel
def load_columns(
    records: npt.NDArray[np.void],
    events: npt.NDArray[np.int32],
    ids: npt.NDArray[np.int64],
    side: int,
    sides: npt.NDArray[np.int32],
    out: npt.NDArray[np.int64],
) -> None:
    """Write column `ids[c]` of `records[events]` into `out[c]`.

    `side` is the side of all rows; if it is negative, `sides` holds one for each row.
    """
    n = events.shape[0]
    for c in range(ids.shape[0]):
        name = ids[c]
        for r in range(n):
            e = events[r]
            value = np.int64(0)
            if name == 0:
                value = np.int64(records[e].kind)
            elif name == 1:
                value = np.int64(records[e].rail)
            elif name == 2:
                value = np.int64(records[e].channel)
            elif name == 3:
                value = np.int64(records[e].purpose)
            elif name == 4:
                value = np.int64(records[e].debtor_class)
            elif name == 5:
                value = np.int64(records[e].creditor_class)
            elif name == 6:
                value = np.int64(records[e].institution_type)
            elif name == 7:
                value = records[e].amount_usd
            elif name == 8:
                value = records[e].amount
            elif name == 9:
                value = np.int64(records[e].exponent)
            elif name == 10:
                value = np.int64(records[e].business_date)
                if value == -1:
                    value = np.int64(_NULL)
            elif name == 11:
                flags = np.int64(records[e].flags)
                value = np.int64((flags >> 1) & 1) if flags & 1 else np.int64(_NULL)
            elif name == 12:
                flags = np.int64(records[e].flags)
                value = np.int64((flags >> 3) & 1) if flags & 4 else np.int64(_NULL)
            elif name == 13:
                account = records[e].debtor_account
                value = np.int64(account == records[e].creditor_account and account != -1)
            elif name == 14:
                value = np.int64(records[e].debtor_account != -1)
            elif name == 15:
                value = np.int64(records[e].creditor_account != -1)
            elif name == 16:
                value = np.int64(records[e].conductor != -1)
            elif name == 17:
                value = np.int64(records[e].on_behalf_of != -1)
            elif name == 18:
                value = np.int64(records[e].branch != -1)
            elif name == 19:
                value = np.int64(records[e].place != -1)
            else:
                value = np.int64(side) if side >= 0 else np.int64(sides[r])
            out[c, r] = value


@kernel
def subject_codes(records: npt.NDArray[np.void], columns: npt.NDArray[np.int64], out: npt.NDArray[np.int32]) -> int:
    """Write the first known of `columns` (numbers in `SUBJECT_COLUMNS`) of every record; -1 where none is known.

    Returns
    -------
    How many records name a subject.
    """
    known = 0
    for r in range(records.shape[0]):
        code = np.int32(-1)
        for c in range(columns.shape[0]):
            name = columns[c]
            if name == 0:
                code = records[r].debtor_account
            elif name == 1:
                code = records[r].creditor_account
            elif name == 2:
                code = records[r].debtor
            elif name == 3:
                code = records[r].creditor
            elif name == 4:
                code = records[r].conductor
            else:
                code = records[r].on_behalf_of
            if code != -1:
                break
        out[r] = code
        if code != -1:
            known += 1
    return known
