"""Looking things up in chains: windows, single rows, days of hubs. Nothing here changes a row."""

from __future__ import annotations

import numpy as np

from typologies.base.chainlayout import STATE, TAIL, Int32Array, Int64Array, Rows, UInt64Array, Whole
from typologies.base.chains import new_state
from typologies.base.chainstate import bring
from typologies.base.events import NULL_I64, Side
from typologies.base.hubs import DAY_US
from typologies.base.jit import kernel

_NULL = NULL_I64
_DAY_US = DAY_US
_CREDIT = int(Side.CREDIT)


@kernel
def rows_at(rows: Rows, slots: Int64Array, slot: Whole, time: Whole, out: Int32Array) -> Whole:
    """Write the rows of a subject at exactly `time`; return how many there are (more than len(out): call again)."""
    row = slots[slot, TAIL]
    n = 0
    while row >= 0 and rows[row].time >= time:
        if rows[row].time == time:
            if n < out.shape[0]:
                out[n] = row
            n += 1
        row = np.int64(rows[row].prev)
    return n


@kernel
def window_rows(
    rows: Rows,
    mask: UInt64Array,
    unknown: UInt64Array,
    last: Whole,
    start: Whole,
    stop: Whole,
    bit: Whole,
    out: Int32Array,
) -> Whole:
    """Write the rows in (start, time of `last`], newest first, for which filter `bit` is true or unknown.

    The walk also ends at row `stop`, which is left out (-1: nowhere).

    Returns
    -------
    How many there are; more than len(out): call again with a longer array.
    """
    n = 0
    flag = np.uint64(1) << np.uint64(bit)
    row = np.int64(last)
    while row >= 0 and row != stop and rows[row].time > start:
        k = rows[row].klass
        if (mask[k] | unknown[k]) & flag:
            if n < out.shape[0]:
                out[n] = row
            n += 1
        row = np.int64(rows[row].prev)
    return n


@kernel
def row_until(rows: Rows, mask: UInt64Array, unknown: UInt64Array, last: Whole, time: Whole, bit: Whole) -> Whole:
    """Return the last row at or before both row `last` and `time` that matters to filter `bit`, -1 if none does."""
    flag = np.uint64(1) << np.uint64(bit)
    row = np.int64(last)
    while row >= 0:
        k = rows[row].klass
        if rows[row].time <= time and (mask[k] | unknown[k]) & flag:
            break
        row = np.int64(rows[row].prev)
    return row


@kernel
def window_count(
    rows: Rows,
    values: Int64Array,
    row: Whole,
    figure: Whole,
    slots: Int64Array,
    state: Int64Array,
    nulls: Int32Array,
    free_states: Int32Array,
    counters: Int64Array,
    windows: Int64Array,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
) -> Whole:
    """Return how many rows a count's window holds at `row`, unknown ones included."""
    slot = rows[row].subject
    s = slots[slot, STATE]
    if s < 0:
        s = new_state(slots, slot, state, nulls, windows.shape[0], free_states, counters)
    bring(rows, values, row, figures[figure, 0], windows, figures, item_starts, items, state, nulls, s)
    return np.int64(state[s, 3 * windows.shape[0] + figure] + nulls[s, figure])


@kernel
def day_sums(
    rows: Rows,
    mask: UInt64Array,
    unknown: UInt64Array,
    last: Whole,
    first_us: Whole,
    after_us: Whole,
    bit: Whole,
    records: Rows,
    parties: Int32Array,
    out: Int64Array,
) -> Whole:
    """Sum up the rows in [first_us, after_us) for which filter `bit` is true or unknown, by day and side.

    Parameters
    ----------
    parties
        (3, n) room for the counterparties of a day.
    out
        (n, 6), written from the latest day to the first: day, side, rows, counterparties, USD cents, rows without USD.

    Returns
    -------
    Number of sums.
    """
    n_out = 0
    flag = np.uint64(1) << np.uint64(bit)
    day = np.int64(0)
    counts = np.zeros((3, 4), np.int64)  # by side: rows, USD cents, rows without, known counterparties
    row = np.int64(last)
    while True:
        is_end = row < 0 or rows[row].time < first_us
        if not is_end:
            k = rows[row].klass
            if rows[row].time >= after_us or not (mask[k] | unknown[k]) & flag:
                row = np.int64(rows[row].prev)
                continue
        here = np.int64(-1) if is_end else rows[row].time // _DAY_US
        if is_end or here != day:
            for side in range(3):
                if counts[side, 0]:
                    known = np.sort(parties[side, : counts[side, 3]])
                    n_parties = 0
                    for i in range(known.shape[0]):
                        if i == 0 or known[i] != known[i - 1]:
                            n_parties += 1
                    out[n_out, 0] = day
                    out[n_out, 1] = side
                    out[n_out, 2] = counts[side, 0]
                    out[n_out, 3] = n_parties
                    out[n_out, 4] = counts[side, 1]
                    out[n_out, 5] = counts[side, 2]
                    n_out += 1
            if is_end:
                return n_out
            counts[:] = 0
            day = here
        side = rows[row].side
        e = rows[row].event
        counts[side, 0] += 1
        if records[e].amount_usd == _NULL:
            counts[side, 2] += 1
        else:
            counts[side, 1] += records[e].amount_usd
        if side == _CREDIT:
            party = records[e].debtor if records[e].debtor != -1 else records[e].debtor_account
        else:
            party = records[e].creditor if records[e].creditor != -1 else records[e].creditor_account
        if party != -1:
            parties[side, counts[side, 3]] = party
            counts[side, 3] += 1
        row = np.int64(rows[row].prev)


@kernel
def last_row_before(rows: Rows, slots: Int64Array, slot: Whole, time: Whole, inclusive: bool) -> Whole:
    """Return the last row of a subject before (or at) `time`, -1 if there is none."""
    row = slots[slot, TAIL]
    while row >= 0 and (rows[row].time > time or (rows[row].time == time and not inclusive)):
        row = np.int64(rows[row].prev)
    return np.int64(row)
