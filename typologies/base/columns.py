"""Expression columns of records as 64-bit integers: one value, or a matrix of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from typologies.base.chainlayout import Whole
from typologies.base.events import NULL_I64, Side
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
"""Columns that can name a subject, by number for `subject_code`."""

_NULL = NULL_I64
_CREDIT = int(Side.CREDIT)


@kernel
def column_value(records: npt.NDArray[np.void], e: Whole, name: Whole, side: Whole) -> Whole:
    """Return column `name` of `records[e]` as its subject sees it from `side`."""
    if name == 7:
        return np.int64(records[e].amount_usd)
    if name == 0:
        return np.int64(records[e].kind)
    if name == 1:
        return np.int64(records[e].rail)
    if name == 2:
        return np.int64(records[e].channel)
    if name == 3:
        return np.int64(records[e].purpose)
    if name == 4:
        return np.int64(records[e].debtor_class)
    if name == 5:
        return np.int64(records[e].creditor_class)
    if name == 6:
        return np.int64(records[e].institution_type)
    if name == 8:
        if side == _CREDIT and records[e].counter_amount != _NULL:
            return np.int64(records[e].counter_amount)
        return np.int64(records[e].amount)
    if name == 9:
        if side == _CREDIT and records[e].counter_amount != _NULL:
            return np.int64(records[e].counter_exponent)
        return np.int64(records[e].exponent)
    if name == 10:
        date = np.int64(records[e].business_date)
        return np.int64(_NULL) if date == -1 else date
    if name == 11:
        flags = np.int64(records[e].flags)
        return np.int64((flags >> 1) & 1) if flags & 1 else np.int64(_NULL)
    if name == 12:
        flags = np.int64(records[e].flags)
        return np.int64((flags >> 3) & 1) if flags & 4 else np.int64(_NULL)
    if name == 13:
        account = records[e].debtor_account
        return np.int64(account == records[e].creditor_account and account != -1)
    if name == 14:
        return np.int64(records[e].debtor_account != -1)
    if name == 15:
        return np.int64(records[e].creditor_account != -1)
    if name == 16:
        return np.int64(records[e].conductor != -1)
    if name == 17:
        return np.int64(records[e].on_behalf_of != -1)
    if name == 18:
        return np.int64(records[e].branch != -1)
    if name == 19:
        return np.int64(records[e].place != -1)
    return np.int64(side)


@kernel
def load_columns(
    records: npt.NDArray[np.void],
    events: npt.NDArray[np.int32],
    ids: npt.NDArray[np.int64],
    side: Whole,
    out: npt.NDArray[np.int64],
) -> None:
    """Write column `ids[c]` of `records[events[r]]`, seen from `side`, into `out[c, r]`."""
    for c in range(ids.shape[0]):
        for r in range(events.shape[0]):
            out[c, r] = column_value(records, events[r], ids[c], side)


@kernel
def subject_code(records: npt.NDArray[np.void], e: Whole, columns: npt.NDArray[np.int64]) -> Whole:
    """Return the first known of `columns` (numbers in `SUBJECT_COLUMNS`, -1 fills up) of a record; -1 if none is."""
    code = np.int32(-1)
    for c in range(columns.shape[0]):
        name = columns[c]
        if name < 0:
            break
        if name == 0:
            code = records[e].debtor_account
        elif name == 1:
            code = records[e].creditor_account
        elif name == 2:
            code = records[e].debtor
        elif name == 3:
            code = records[e].creditor
        elif name == 4:
            code = records[e].conductor
        else:
            code = records[e].on_behalf_of
        if code != -1:
            break
    return code
