"""Chains: the rows of every subject in order, with trailing figures kept incrementally. All of it numba kernels.

A row is one event seen by one subject from one side. Rows of a subject form a doubly linked chain ordered by
`(event time, event key, side)`. Every declared window has one pointer a subject to the first row inside it, every
declared figure one accumulator. A row at the end costs a few operations a figure. A row that belongs earlier is put in
its place and the subject is done again from there (`redo`); a batch does that once a subject.

Measured alternatives and figures: benchmarks/README.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from typologies.base.events import NULL_I64
from typologies.base.jit import kernel

Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
UInt64Array = npt.NDArray[np.uint64]
UInt8Array = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.void]

ROW = np.dtype(
    [
        ("time", "i8"),
        ("key_hi", "u8"),
        ("key_lo", "u8"),
        ("mask", "u8"),  # bit f: filter f is true for this row
        ("unknown", "u8"),  # bit f: filter f is unknown
        ("next", "i4"),
        ("prev", "i4"),
        ("event", "i4"),  # place in the event store
        ("subject", "i4"),  # slot; -1: row is free
        ("side", "i4"),
        ("spare", "i4"),
    ],
    align=True,
)
"""One row: 64 bytes, one cache line."""

COUNT, TOTAL, LARGEST = 0, 1, 2

_NULL = NULL_I64


@kernel
def _before(rows: Rows, row: int, time: int, key_hi: np.uint64, key_lo: np.uint64, side: int) -> bool:
    """Whether `row` comes before (time, key, side)."""
    if rows[row].time != time:
        return bool(rows[row].time < time)
    if rows[row].key_hi != key_hi:
        return bool(rows[row].key_hi < key_hi)
    if rows[row].key_lo != key_lo:
        return bool(rows[row].key_lo < key_lo)
    return bool(rows[row].side < side)


@kernel
def _add(
    rows: Rows, values: Int64Array, row: int, slot: int, figures: Int64Array, acc: Int64Array, nulls: Int32Array, w: int
) -> None:
    """Add a row to every figure of window `w` (all windows if w < 0); figures are ordered by window."""
    mask = rows[row].mask
    unknown = rows[row].unknown
    for f in range(figures.shape[0]):
        if w >= 0:
            if figures[f, 0] < w:
                continue
            if figures[f, 0] > w:
                break
        bit = np.uint64(1) << np.uint64(figures[f, 1])
        if unknown & bit:
            nulls[slot, f] += 1
        elif mask & bit:
            op = figures[f, 3]
            if op == 0:
                acc[slot, f] += 1
            else:
                value = values[row, figures[f, 2]]
                if value == _NULL:
                    nulls[slot, f] += 1
                elif op == 1:
                    acc[slot, f] += value
                elif value > acc[slot, f]:
                    acc[slot, f] = value


@kernel
def _advance(
    rows: Rows,
    values: Int64Array,
    slot: int,
    row: int,
    time: int,
    windows: Int64Array,
    starts: Int64Array,
    figures: Int64Array,
    first: Int32Array,
    first_time: Int64Array,
    acc: Int64Array,
    nulls: Int32Array,
) -> None:
    """Move a subject's window starts on to `time`, taking out rows that left; `row` is about to be added.

    `starts` (n_windows + 1,): the figures of window w are starts[w] to starts[w + 1]. `first_time` repeats the time of
    the first row, so that the common case, nothing left, touches no row.
    """
    for w in range(windows.shape[0]):
        limit = time - windows[w]
        at = first[slot, w]
        if at < 0:
            first[slot, w] = row
            first_time[slot, w] = time
            continue
        if first_time[slot, w] > limit:
            continue
        rescan = False
        while at >= 0 and at != row and rows[at].time <= limit:
            mask = rows[at].mask
            unknown = rows[at].unknown
            for f in range(starts[w], starts[w + 1]):
                bit = np.uint64(1) << np.uint64(figures[f, 1])
                if unknown & bit:
                    nulls[slot, f] -= 1
                elif mask & bit:
                    op = figures[f, 3]
                    if op == 0:
                        acc[slot, f] -= 1
                    else:
                        value = values[at, figures[f, 2]]
                        if value == _NULL:
                            nulls[slot, f] -= 1
                        elif op == 1:
                            acc[slot, f] -= value
                        elif value == acc[slot, f]:
                            rescan = True
            at = rows[at].next
        if at < 0:
            at = np.int32(row)
        first[slot, w] = at
        first_time[slot, w] = rows[at].time
        if rescan:
            # A maximum cannot be subtracted: look again at what is left.
            for f in range(starts[w], starts[w + 1]):
                if figures[f, 3] == 2:
                    bit = np.uint64(1) << np.uint64(figures[f, 1])
                    best = _NULL
                    j = first[slot, w]
                    while j >= 0 and j != row:
                        if (rows[j].mask & bit) and not (rows[j].unknown & bit):
                            value = values[j, figures[f, 2]]
                            if value != _NULL and value > best:
                                best = value
                        j = rows[j].next
                    acc[slot, f] = best


@kernel
def _emit(slot: int, n_figures: int, acc: Int64Array, nulls: Int32Array, out: Int64Array, offset: int, k: int) -> None:
    for f in range(n_figures):
        out[offset + f, k] = _NULL if nulls[slot, f] > 0 else acc[slot, f]


@kernel
def _clear(slot: int, figures: Int64Array, first: Int32Array, acc: Int64Array, nulls: Int32Array) -> None:
    for w in range(first.shape[1]):
        first[slot, w] = -1
    for f in range(figures.shape[0]):
        acc[slot, f] = _NULL if figures[f, 3] == 2 else 0
        nulls[slot, f] = 0


@kernel
def ingest(
    # entries, sorted by (time, key, side)
    codes: Int32Array,
    events: Int32Array,
    sides: Int32Array,
    times: Int64Array,
    keys_hi: UInt64Array,
    keys_lo: UInt64Array,
    masks: UInt64Array,
    unknowns: UInt64Array,
    entry_values: Int64Array,
    # store
    rows: Rows,
    values: Int64Array,
    free_rows: Int32Array,
    slot_of_code: Int32Array,
    code_of_slot: Int32Array,
    head: Int32Array,
    tail: Int32Array,
    free_slots: Int32Array,
    first: Int32Array,
    first_time: Int64Array,
    acc: Int64Array,
    nulls: Int32Array,
    counters: Int64Array,  # rows used, free rows, slots used, free slots
    # declaration
    windows: Int64Array,
    starts: Int64Array,
    figures: Int64Array,  # (n_figures, 4), by window: window, filter bit, value column, operation
    cutoff: int,
    # results
    dirty_from: Int32Array,  # a slot's first row to be done again, -1 none
    dirty: Int32Array,
    n_dirty: int,
    out_rows: Int32Array,
    out: Int64Array,
    offset: int,
) -> tuple[int, int]:
    """Put entries into their chains. Return (rows in `out_rows` with their figures, subjects in `dirty`)."""
    n_out = 0
    for e in range(codes.shape[0]):
        code = codes[e]
        slot = slot_of_code[code]
        if slot < 0:
            if counters[3] > 0:
                counters[3] -= 1
                slot = free_slots[counters[3]]
            else:
                slot = counters[2]
                counters[2] += 1
            slot_of_code[code] = slot
            code_of_slot[slot] = code
            head[slot] = -1
            tail[slot] = -1
            dirty_from[slot] = -1
            _clear(slot, figures, first, acc, nulls)
        place = tail[slot]
        time = times[e]
        while place >= 0 and not _before(rows, place, time, keys_hi[e], keys_lo[e], sides[e]):
            if (
                rows[place].time == time
                and rows[place].key_hi == keys_hi[e]
                and rows[place].key_lo == keys_lo[e]
                and rows[place].side == sides[e]
            ):
                break
            place = rows[place].prev
        if place >= 0 and not _before(rows, place, time, keys_hi[e], keys_lo[e], sides[e]):
            continue  # the same row is there already
        if counters[1] > 0:
            counters[1] -= 1
            row = free_rows[counters[1]]
        else:
            row = counters[0]
            counters[0] += 1
        rows[row].time = time
        rows[row].key_hi = keys_hi[e]
        rows[row].key_lo = keys_lo[e]
        rows[row].mask = masks[e]
        rows[row].unknown = unknowns[e]
        rows[row].event = events[e]
        rows[row].subject = slot
        rows[row].side = sides[e]
        for v in range(values.shape[1]):
            values[row, v] = entry_values[v, e]
        rows[row].prev = place
        if place >= 0:
            after = rows[place].next
            rows[place].next = row
        else:
            after = head[slot]
            head[slot] = row
        rows[row].next = after
        if after >= 0:
            rows[after].prev = row
        else:
            tail[slot] = row
        if after >= 0:
            known = dirty_from[slot]
            if known < 0:
                dirty[n_dirty] = slot
                n_dirty += 1
                dirty_from[slot] = row
            elif not _before(rows, known, time, keys_hi[e], keys_lo[e], sides[e]):
                dirty_from[slot] = row
        if dirty_from[slot] >= 0:
            continue
        if place < 0:
            _clear(slot, figures, first, acc, nulls)
        _advance(rows, values, slot, row, time, windows, starts, figures, first, first_time, acc, nulls)
        _add(rows, values, row, slot, figures, acc, nulls, -1)
        out_rows[n_out] = row
        _emit(slot, figures.shape[0], acc, nulls, out, offset, n_out)
        n_out += 1
        # What lies before the cutoff can matter to no changeable trigger, and no window of this subject reaches it.
        old = head[slot]
        while rows[old].time <= cutoff and old != row:
            head[slot] = rows[old].next
            rows[head[slot]].prev = -1
            rows[old].subject = -1
            free_rows[counters[1]] = old
            counters[1] += 1
            old = head[slot]
    return n_out, n_dirty


@kernel
def count_redo(rows: Rows, dirty: Int32Array, n_dirty: int, dirty_from: Int32Array) -> int:
    """Return how many rows `redo` will give out."""
    n = 0
    for d in range(n_dirty):
        row = dirty_from[dirty[d]]
        while row >= 0:
            n += 1
            row = rows[row].next
    return n


@kernel
def redo(
    rows: Rows,
    values: Int64Array,
    dirty: Int32Array,
    n_dirty: int,
    dirty_from: Int32Array,
    first: Int32Array,
    first_time: Int64Array,
    acc: Int64Array,
    nulls: Int32Array,
    windows: Int64Array,
    starts: Int64Array,
    figures: Int64Array,
    out_rows: Int32Array,
    out: Int64Array,
    offset: int,
    n_out: int,
) -> int:
    """Do subjects again from their first dirty row; return the new length of the output."""
    longest = np.int64(0)
    for w in range(windows.shape[0]):
        longest = max(longest, windows[w])
    for d in range(n_dirty):
        slot = dirty[d]
        start = dirty_from[slot]
        if start < 0:  # all its rows were taken out
            continue
        dirty_from[slot] = -1
        _clear(slot, figures, first, acc, nulls)
        before = rows[start].prev
        time = rows[start].time
        # State just before `start`: every earlier row that is still inside a window ending at `start`.
        while before >= 0 and rows[before].time > time - longest:
            for w in range(windows.shape[0]):
                if rows[before].time > time - windows[w]:
                    _add(rows, values, before, slot, figures, acc, nulls, w)
                    first[slot, w] = before
                    first_time[slot, w] = rows[before].time
            before = rows[before].prev
        row = start
        while row >= 0:
            _advance(rows, values, slot, row, rows[row].time, windows, starts, figures, first, first_time, acc, nulls)
            _add(rows, values, row, slot, figures, acc, nulls, -1)
            out_rows[n_out] = row
            _emit(slot, figures.shape[0], acc, nulls, out, offset, n_out)
            n_out += 1
            row = rows[row].next
    return n_out


@kernel
def mark_from(
    rows: Rows, tail: Int32Array, slot: int, time: int, dirty_from: Int32Array, dirty: Int32Array, n_dirty: int
) -> int:
    """Mark a subject dirty from its first row at or after `time`; return the new number of dirty subjects."""
    row = tail[slot]
    found = -1
    while row >= 0 and rows[row].time >= time:
        found = row
        row = rows[row].prev
    if found < 0:
        return n_dirty
    known = dirty_from[slot]
    if known < 0:
        dirty[n_dirty] = slot
        n_dirty += 1
        dirty_from[slot] = found
    elif _before(rows, found, rows[known].time, rows[known].key_hi, rows[known].key_lo, rows[known].side):
        dirty_from[slot] = found
    return n_dirty


@kernel
def unlink(
    rows: Rows,
    row: int,
    head: Int32Array,
    tail: Int32Array,
    free_rows: Int32Array,
    counters: Int64Array,
    first: Int32Array,
    dirty_from: Int32Array,
    dirty: Int32Array,
    n_dirty: int,
) -> int:
    """Take a row out of its chain and mark the subject dirty from the row after it (else from the new last row)."""
    slot = rows[row].subject
    before = rows[row].prev
    after = rows[row].next
    if before >= 0:
        rows[before].next = after
    else:
        head[slot] = after
    if after >= 0:
        rows[after].prev = before
    else:
        tail[slot] = before
    again = after if after >= 0 else before
    known = dirty_from[slot]
    if known == row:
        dirty_from[slot] = again
    elif again >= 0 and known < 0:
        dirty[n_dirty] = slot
        n_dirty += 1
        dirty_from[slot] = again
    elif again >= 0 and _before(
        rows, again, rows[known].time, rows[known].key_hi, rows[known].key_lo, rows[known].side
    ):
        dirty_from[slot] = again
    rows[row].subject = -1
    free_rows[counters[1]] = row
    counters[1] += 1
    return n_dirty


@kernel
def rows_at(rows: Rows, tail: Int32Array, slot: int, time: int, out: Int32Array) -> int:
    """Write the rows of a subject at exactly `time`; return how many there are (more than len(out): call again)."""
    row = tail[slot]
    n = 0
    while row >= 0 and rows[row].time >= time:
        if rows[row].time == time:
            if n < out.shape[0]:
                out[n] = row
            n += 1
        row = rows[row].prev
    return n


@kernel
def window_rows(rows: Rows, last: int, start: int, bit: int, out: Int32Array) -> int:
    """Write the rows in (start, time of `last`], newest first, for which filter `bit` is true or unknown.

    Returns
    -------
    How many there are; more than len(out): call again with a longer array.
    """
    n = 0
    flag = np.uint64(1) << np.uint64(bit)
    row = last
    while row >= 0 and rows[row].time > start:
        if (rows[row].mask | rows[row].unknown) & flag:
            if n < out.shape[0]:
                out[n] = row
            n += 1
        row = rows[row].prev
    return n


@kernel
def last_row_before(rows: Rows, tail: Int32Array, slot: int, time: int, inclusive: bool) -> int:
    """Return the last row of a subject before (or at) `time`, -1 if there is none."""
    row = tail[slot]
    while row >= 0 and (rows[row].time > time or (rows[row].time == time and not inclusive)):
        row = rows[row].prev
    return int(row)


@kernel
def sweep(
    rows: Rows,
    values: Int64Array,
    free_rows: Int32Array,
    slot_of_code: Int32Array,
    code_of_slot: Int32Array,
    head: Int32Array,
    tail: Int32Array,
    free_slots: Int32Array,
    first: Int32Array,
    first_time: Int64Array,
    acc: Int64Array,
    nulls: Int32Array,
    counters: Int64Array,
    windows: Int64Array,
    figures: Int64Array,
    cutoff: int,
) -> int:
    """Free every row at or before `cutoff` and every subject without rows; return how many rows were freed."""
    freed = 0
    for slot in range(counters[2]):
        code = code_of_slot[slot]
        if code < 0:
            continue
        row = head[slot]
        if row >= 0 and rows[row].time > cutoff:
            continue
        last = tail[slot]
        if last >= 0 and rows[last].time > cutoff:
            # Window starts may stand on rows that go: no later trigger's window reaches them, so take them out now.
            keep = row
            while rows[keep].time <= cutoff:
                keep = rows[keep].next
            for w in range(windows.shape[0]):
                at = first[slot, w]
                if at >= 0 and rows[at].time <= cutoff:
                    _advance_to(rows, values, slot, keep, w, figures, first, first_time, acc, nulls)
            while row != keep:
                following = rows[row].next
                rows[row].subject = -1
                free_rows[counters[1]] = row
                counters[1] += 1
                freed += 1
                row = following
            head[slot] = keep
            rows[keep].prev = -1
            continue
        while row >= 0:
            following = rows[row].next
            rows[row].subject = -1
            free_rows[counters[1]] = row
            counters[1] += 1
            freed += 1
            row = following
        slot_of_code[code] = -1
        code_of_slot[slot] = -1
        head[slot] = -1
        tail[slot] = -1
        free_slots[counters[3]] = slot
        counters[3] += 1
    return freed


@kernel
def _advance_to(
    rows: Rows,
    values: Int64Array,
    slot: int,
    keep: int,
    w: int,
    figures: Int64Array,
    first: Int32Array,
    first_time: Int64Array,
    acc: Int64Array,
    nulls: Int32Array,
) -> None:
    """Rebuild the figures of one window so that they hold only rows from `keep` on."""
    for f in range(figures.shape[0]):
        if figures[f, 0] == w:
            acc[slot, f] = _NULL if figures[f, 3] == 2 else 0
            nulls[slot, f] = 0
    row = keep
    while row >= 0:
        _add(rows, values, row, slot, figures, acc, nulls, w)
        row = rows[row].next
    first[slot, w] = keep
    first_time[slot, w] = rows[keep].time


@kernel
def remap_events(rows: Rows, n_rows: int, new_place: Int32Array) -> None:
    """Follow a compaction of the event store."""
    for row in range(n_rows):
        if rows[row].subject >= 0:
            rows[row].event = new_place[rows[row].event]
