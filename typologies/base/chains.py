"""Chains: the rows of every subject in order, and which of them a judge must see.

A row is one event seen by one subject from one side. Rows of a subject form a doubly linked chain ordered by
`(event time, event key, side)`. A new row is linked and counted, no more. Where a screen can pass by what is counted
(`residuals`: bounds), the figures it reads are brought to the row (`chainstate`), one window after the other until the
answer stands. A late row first has the windows that stand after it moved back.

Measured alternatives and figures: benchmarks/README.md.
"""

from __future__ import annotations

import numpy as np

from typologies.base.chaincode import holds, may_hold
from typologies.base.chainlayout import (
    CODE,
    COUNTED,
    EPOCH,
    EPOCH_US,
    FROM,
    HEAD,
    N_EPOCHS,
    N_GROUPS,
    N_ODD,
    RECENT,
    SLOT_WIDTH,
    STATE,
    SUMMED,
    TAIL,
    WATCHED,
    BoolArray,
    Int32Array,
    Int64Array,
    Rows,
    UInt64Array,
    Whole,
)
from typologies.base.chainstate import before, clear_all, forget_until, is_before, make_room
from typologies.base.columns import column_value
from typologies.base.events import NULL_I64
from typologies.base.jit import kernel

_NULL = NULL_I64

_MOST_SUMMED = 1_000_000_000_000
"""Values above this (USD 10 bn in cents) are not summed in bounds: a sum must not overflow and look small."""


@kernel
def _count(
    rows: Rows, slots: Int64Array, slot: Whole, row: Whole, unknown: UInt64Array, group: Int32Array, by: Whole
) -> None:
    """Count a row in (1) or out (-1) of what bounds the figures of its subject."""
    k = rows[row].klass
    value = rows[row].value
    if unknown[k] or value < 0 or value > _MOST_SUMMED:  # an unknown value is below 0
        slots[slot, N_ODD] += by
        return
    g = group[k]
    slots[slot, COUNTED + g] += by
    slots[slot, SUMMED + g] += by * value
    age = slots[slot, EPOCH] - rows[row].time // EPOCH_US
    if age < 0:
        for e in range(N_EPOCHS - 1, -1, -1):
            for h in range(N_GROUPS):
                known = np.int64(0)
                if e + age >= 0:
                    known = slots[slot, RECENT + (e + age) * N_GROUPS + h]
                slots[slot, RECENT + e * N_GROUPS + h] = known
        slots[slot, EPOCH] -= age
        age = np.int64(0)
    if age < N_EPOCHS:
        slots[slot, RECENT + age * N_GROUPS + g] += by * value


@kernel
def _free(rows: Rows, row: Whole, free_rows: Int32Array, counters: Int64Array) -> None:
    rows[row].subject = -1
    free_rows[counters[1]] = row
    counters[1] += 1


@kernel
def _evict(
    rows: Rows,
    slots: Int64Array,
    slot: Whole,
    cutoff: Whole,
    unknown: UInt64Array,
    group: Int32Array,
    free_rows: Int32Array,
    counters: Int64Array,
    values: Int64Array,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
) -> Whole:
    """Free a subject's rows at or before `cutoff`; return how many there were. No changeable trigger can need them."""
    row = slots[slot, HEAD]
    if row < 0 or rows[row].time > cutoff:
        return 0
    if slots[slot, STATE] >= 0:
        n_windows = item_starts.shape[1] - 1
        forget_until(
            rows, values, cutoff, n_windows, figures, item_starts, items, state, nulls, slots[slot, STATE]
        )  # fmt: skip
    n = 0
    while row >= 0 and rows[row].time <= cutoff:
        following = np.int64(rows[row].next)
        _count(rows, slots, slot, row, unknown, group, -1)
        _free(rows, row, free_rows, counters)
        n += 1
        row = following
    slots[slot, HEAD] = row
    if row >= 0:
        rows[row].prev = -1
    else:
        slots[slot, TAIL] = -1
    return n


@kernel
def _mark(rows: Rows, slots: Int64Array, slot: Whole, row: Whole, touched: Int32Array, n_touched: Whole) -> Whole:
    """Have a subject screened from `row` on; return the new number of touched subjects."""
    known = slots[slot, FROM]
    if known < 0:
        touched[n_touched] = slot
        slots[slot, FROM] = row
        return n_touched + 1
    if is_before(rows, row, known):
        slots[slot, FROM] = row
    return n_touched


@kernel
def link(
    # events, sorted by (time, key), and what `rowclasses` found
    records: Rows,
    places: Int32Array,
    codes: Int32Array,
    klass: Int32Array,
    sides: Int64Array,
    value_columns: Int64Array,
    computed: Int64Array,
    # store
    rows: Rows,
    values: Int64Array,
    free_rows: Int32Array,
    slot_of_code: Int32Array,
    slots: Int64Array,
    free_slots: Int32Array,
    watched: Int64Array,
    state: Int64Array,
    nulls: Int32Array,
    counters: Int64Array,  # rows used, free rows, slots used, free slots, states used, free states
    # declaration
    windows: Int64Array,
    figures: Int64Array,
    unknown: UInt64Array,
    group: Int32Array,
    item_starts: Int32Array,
    items: Int32Array,
    cutoff: Whole,
    # results
    touched: Int32Array,
    n_touched: Whole,
) -> Whole:
    """Put rows into their chains. Return the number of subjects that `screen` has to look at."""
    for r in range(records.shape[0]):
        for p in range(klass.shape[0]):
            k = klass[p, r]
            if k < 0:
                continue
            code = codes[p, r]
            slot = slot_of_code[code]
            if slot < 0:
                slot = _new_slot(code, slot_of_code, slots, free_slots, watched, counters)
            time = records[r].time
            key_hi = records[r].key_hi
            key_lo = records[r].key_lo
            side = sides[p]
            place = slots[slot, TAIL]
            while place >= 0 and not before(rows, place, time, key_hi, key_lo, side):
                if (
                    rows[place].time == time
                    and rows[place].key_hi == key_hi
                    and rows[place].key_lo == key_lo
                    and rows[place].side == side
                ):
                    break
                place = np.int64(rows[place].prev)
            if place >= 0 and not before(rows, place, time, key_hi, key_lo, side):
                continue  # the same row is there already
            after = np.int64(rows[place].next) if place >= 0 else slots[slot, HEAD]
            if after >= 0 and slots[slot, STATE] >= 0:
                make_room(
                    rows, values, place, time, key_hi, key_lo, side, windows, figures, item_starts, items, state, nulls,
                    slots[slot, STATE],
                )  # fmt: skip
            if counters[1] > 0:
                counters[1] -= 1
                row = np.int64(free_rows[counters[1]])
            else:
                row = counters[0]
                counters[0] += 1
            rows[row].time = time
            rows[row].key_hi = key_hi
            rows[row].key_lo = key_lo
            rows[row].klass = k
            rows[row].event = places[r]
            rows[row].subject = slot
            rows[row].side = side
            rows[row].value = 0
            for v in range(value_columns.shape[0]):
                source = value_columns[v]
                value = column_value(records, r, source, side) if source >= 0 else computed[p, -1 - source, r]
                if v == 0:
                    rows[row].value = value
                else:
                    values[row, v - 1] = value
            rows[row].prev = place
            rows[row].next = after
            if place >= 0:
                rows[place].next = row
            else:
                slots[slot, HEAD] = row
            if after >= 0:
                rows[after].prev = row
            else:
                slots[slot, TAIL] = row
            _count(rows, slots, slot, row, unknown, group, 1)
            if after >= 0 or slots[slot, FROM] < 0:  # else it comes after a row that is marked
                n_touched = _mark(rows, slots, slot, row, touched, n_touched)
            if cutoff > _NULL and time > cutoff:
                _evict(
                    rows, slots, slot, cutoff, unknown, group, free_rows, counters, values, figures, item_starts, items,
                    state, nulls,
                )  # fmt: skip
    return n_touched


@kernel
def _new_slot(
    code: Whole,
    slot_of_code: Int32Array,
    slots: Int64Array,
    free_slots: Int32Array,
    watched: Int64Array,
    counters: Int64Array,
) -> Whole:
    if counters[3] > 0:
        counters[3] -= 1
        slot = np.int64(free_slots[counters[3]])
    else:
        slot = counters[2]
        counters[2] += 1
    slot_of_code[code] = slot
    for c in range(SLOT_WIDTH):
        slots[slot, c] = -1 if c <= STATE else 0
    slots[slot, EPOCH] = -1_000_000
    slots[slot, CODE] = code
    slots[slot, WATCHED] = watched[code]
    return slot


@kernel
def new_state(
    slots: Int64Array,
    slot: Whole,
    state: Int64Array,
    nulls: Int32Array,
    n_windows: Whole,
    free_states: Int32Array,
    counters: Int64Array,
) -> Whole:
    """Give a subject a state in which no window stands anywhere; return its place."""
    if counters[5] > 0:
        counters[5] -= 1
        s = np.int64(free_states[counters[5]])
    else:
        s = counters[4]
        counters[4] += 1
    slots[slot, STATE] = s
    clear_all(state, nulls, s, n_windows)
    return s


@kernel
def screen(
    rows: Rows,
    values: Int64Array,
    slots: Int64Array,
    state: Int64Array,
    nulls: Int32Array,
    free_states: Int32Array,
    counters: Int64Array,
    windows: Int64Array,
    figures: Int64Array,
    mask: UInt64Array,
    unknown: UInt64Array,
    rests: Int32Array,
    item_starts: Int32Array,
    items: Int32Array,
    code: Int64Array,
    spans: Int64Array,
    groups_of_bit: Int64Array,
    relevance_bits: Int64Array,
    records: Rows,
    not_before: Whole,
    touched: Int32Array,
    n_touched: Whole,
    registers: Int64Array,
    out_members: Int32Array,
    out_rows: Int32Array,
    out_passed: BoolArray,
    first: Whole,
) -> tuple[Whole, Whole]:
    """Write (member, row, passed its screen) for rows a judge must see or whose subject already has findings.

    Returns
    -------
    Number of results, and how many subjects of `touched` are done. Fewer than `n_touched`: there was no room for
    more; call again with `first` at that number.
    """
    n_out = 0
    n_members = relevance_bits.shape[0]
    for t in range(first, n_touched):
        slot = touched[t]
        row = slots[slot, FROM]
        while row >= 0:
            if rows[row].time < not_before:
                row = np.int64(rows[row].next)
                continue
            if n_out + n_members > out_rows.shape[0]:
                slots[slot, FROM] = row
                return n_out, t
            k = rows[row].klass
            seen = mask[k] | unknown[k]
            for m in range(n_members):
                rest = rests[k, m]
                is_passed = rest == 1
                if rest > 1:
                    s = slots[slot, STATE]
                    start = spans[rest, 2]
                    if (
                        start < 0
                        or slots[slot, N_ODD] != 0
                        or may_hold(
                            code, start, spans[rest, 3], registers, slots, slot, windows, figures, groups_of_bit,
                            rows[row].time,
                        )
                    ):  # fmt: skip
                        if s < 0:
                            s = new_state(slots, slot, state, nulls, windows.shape[0], free_states, counters)
                        is_passed = holds(
                            code, spans[rest, 0], spans[rest, 1], registers, windows, figures, item_starts, items,
                            state, nulls, s, rows, values, row, records,
                        )  # fmt: skip
                if is_passed or (
                    slots[slot, WATCHED] >> m & 1 and seen & (np.uint64(1) << np.uint64(relevance_bits[m]))
                ):
                    out_members[n_out] = m
                    out_rows[n_out] = row
                    out_passed[n_out] = is_passed
                    n_out += 1
            row = np.int64(rows[row].next)
        slots[slot, FROM] = -1
    return n_out, n_touched


@kernel
def mark_from(rows: Rows, slots: Int64Array, slot: Whole, time: Whole, touched: Int32Array, n_touched: Whole) -> Whole:
    """Have a subject screened again from its first row at or after `time`; return the new number of such subjects."""
    row = slots[slot, TAIL]
    found = np.int64(-1)
    while row >= 0 and rows[row].time >= time:
        found = row
        row = np.int64(rows[row].prev)
    return n_touched if found < 0 else _mark(rows, slots, slot, found, touched, n_touched)


@kernel
def unlink(
    rows: Rows,
    values: Int64Array,
    row: Whole,
    slots: Int64Array,
    state: Int64Array,
    nulls: Int32Array,
    free_rows: Int32Array,
    counters: Int64Array,
    windows: Int64Array,
    figures: Int64Array,
    unknown: UInt64Array,
    group: Int32Array,
    item_starts: Int32Array,
    items: Int32Array,
    touched: Int32Array,
    n_touched: Whole,
) -> Whole:
    """Take a row out of its chain and have the subject screened from the row after it."""
    slot = rows[row].subject
    earlier = np.int64(rows[row].prev)
    after = np.int64(rows[row].next)
    if slots[slot, STATE] >= 0:
        make_room(
            rows, values, earlier, rows[row].time, rows[row].key_hi, rows[row].key_lo, rows[row].side, windows, figures,
            item_starts, items, state, nulls, slots[slot, STATE],
        )  # fmt: skip
    if earlier >= 0:
        rows[earlier].next = after
    else:
        slots[slot, HEAD] = after
    if after >= 0:
        rows[after].prev = earlier
    else:
        slots[slot, TAIL] = earlier
    if slots[slot, FROM] == row:
        if after >= 0:
            slots[slot, FROM] = after
        else:
            # The subject stays in the list, with nothing to be screened, until something is.
            slots[slot, FROM] = -1
            for t in range(n_touched):
                if touched[t] == slot:
                    n_touched -= 1
                    touched[t] = touched[n_touched]
                    break
    elif after >= 0:
        n_touched = _mark(rows, slots, slot, after, touched, n_touched)
    _count(rows, slots, slot, row, unknown, group, -1)
    _free(rows, row, free_rows, counters)
    return n_touched


@kernel
def sweep(
    rows: Rows,
    free_rows: Int32Array,
    slot_of_code: Int32Array,
    slots: Int64Array,
    free_slots: Int32Array,
    free_states: Int32Array,
    counters: Int64Array,
    values: Int64Array,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
    unknown: UInt64Array,
    group: Int32Array,
    cutoff: Whole,
) -> Whole:
    """Free every row at or before `cutoff`, every state that lags behind it and every subject without rows."""
    n_windows = item_starts.shape[1] - 1
    freed = 0
    for slot in range(counters[2]):
        if slots[slot, CODE] < 0:
            continue
        freed += _evict(
            rows, slots, slot, cutoff, unknown, group, free_rows, counters, values, figures, item_starts, items, state,
            nulls,
        )  # fmt: skip
        s = slots[slot, STATE]
        if s >= 0:
            is_idle = True
            for w in range(n_windows):
                if state[s, 2 * n_windows + w] >= 0:
                    is_idle = False
            if is_idle:
                free_states[counters[5]] = s
                counters[5] += 1
                slots[slot, STATE] = -1
        if slots[slot, HEAD] < 0:
            slot_of_code[slots[slot, CODE]] = -1
            slots[slot, CODE] = -1
            free_slots[counters[3]] = slot
            counters[3] += 1
    return freed


@kernel
def remap_events(rows: Rows, n_rows: Whole, new_place: Int32Array) -> None:
    """Follow a compaction of the event store."""
    for row in range(n_rows):
        if rows[row].subject >= 0:
            rows[row].event = new_place[rows[row].event]
