"""Trailing figures of one subject, one window at a time, kept as of some row and moved to another.

A window that nobody asks for stays where it is. Moving on adds the rows passed and takes out those that left; moving
back, for a row that came late, does the reverse. Both touch the rows between, not the whole window.
"""

from __future__ import annotations

import numpy as np

from typologies.base.chainlayout import COUNT, LARGEST, NULLS, TOTAL, Int32Array, Int64Array, Rows, Whole
from typologies.base.events import NULL_I64
from typologies.base.jit import kernel

_NULL = NULL_I64


@kernel
def before(rows: Rows, row: Whole, time: Whole, key_hi: Whole, key_lo: Whole, side: Whole) -> bool:
    """Whether `row` comes before (time, key, side)."""
    if rows[row].time != time:
        return bool(rows[row].time < time)
    if rows[row].key_hi != key_hi:
        return bool(rows[row].key_hi < key_hi)
    if rows[row].key_lo != key_lo:
        return bool(rows[row].key_lo < key_lo)
    return bool(rows[row].side < side)


@kernel
def is_before(rows: Rows, a: Whole, b: Whole) -> bool:
    """Whether row `a` comes before row `b`."""
    return before(rows, a, rows[b].time, rows[b].key_hi, rows[b].key_lo, rows[b].side)


@kernel
def _value(rows: Rows, values: Int64Array, row: Whole, v: Whole) -> Whole:
    return np.int64(rows[row].value if v == 0 else values[row, v - 1])


@kernel
def _add(
    rows: Rows,
    values: Int64Array,
    row: Whole,
    w: Whole,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
    s: Whole,
) -> None:
    """Add a row to the figures of window `w`."""
    k = rows[row].klass
    offset = 3 * (item_starts.shape[1] - 1)
    for i in range(item_starts[k, w], item_starts[k, w + 1]):
        f = items[i, 0]
        op = items[i, 2]
        if op == COUNT:
            state[s, offset + f] += 1
            continue
        value: Whole = np.int64(_NULL)
        if op != NULLS:
            value = _value(rows, values, row, items[i, 1])
        if value == _NULL:
            nulls[s, f] += 1
            state[s, offset + nulls.shape[1]] += 1
        elif op == TOTAL:
            state[s, offset + f] += value
        elif value > state[s, offset + f]:
            state[s, offset + f] = value


@kernel
def _take_out(
    rows: Rows,
    values: Int64Array,
    row: Whole,
    w: Whole,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
    s: Whole,
) -> bool:
    """Take a row out of the figures of window `w`; return whether a largest value went and must be sought again."""
    k = rows[row].klass
    offset = 3 * (item_starts.shape[1] - 1)
    is_gone = False
    for i in range(item_starts[k, w], item_starts[k, w + 1]):
        f = items[i, 0]
        op = items[i, 2]
        if op == COUNT:
            state[s, offset + f] -= 1
            continue
        value: Whole = np.int64(_NULL)
        if op != NULLS:
            value = _value(rows, values, row, items[i, 1])
        if value == _NULL:
            nulls[s, f] -= 1
            state[s, offset + nulls.shape[1]] -= 1
        elif op == TOTAL:
            state[s, offset + f] -= value
        elif value == state[s, offset + f]:
            is_gone = True
    return is_gone


@kernel
def _seek_largest(
    rows: Rows,
    values: Int64Array,
    first: Whole,
    last: Whole,
    w: Whole,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    s: Whole,
) -> None:
    """Find the largest values of window `w` among the rows from `first` to `last` (first -1: there are none)."""
    offset = 3 * (item_starts.shape[1] - 1)
    for f in range(figures.shape[0]):
        if figures[f, 0] == w and figures[f, 3] == LARGEST:
            state[s, offset + f] = _NULL
    row = np.int64(first)
    while row >= 0:
        k = rows[row].klass
        for i in range(item_starts[k, w], item_starts[k, w + 1]):
            if items[i, 2] == LARGEST:
                value = _value(rows, values, row, items[i, 1])
                if value != _NULL and value > state[s, offset + items[i, 0]]:
                    state[s, offset + items[i, 0]] = value
        row = np.int64(-1) if row == last else np.int64(rows[row].next)


@kernel
def clear_all(state: Int64Array, nulls: Int32Array, s: Whole, n_windows: Whole) -> None:
    """Make a new state: no window stands anywhere."""
    for w in range(n_windows):
        state[s, 2 * n_windows + w] = -1
    for f in range(nulls.shape[1]):
        nulls[s, f] = 0
    state[s, 3 * n_windows + nulls.shape[1]] = 0


@kernel
def _clear(state: Int64Array, nulls: Int32Array, s: Whole, w: Whole, figures: Int64Array, n_windows: Whole) -> None:
    offset = 3 * n_windows
    for f in range(figures.shape[0]):
        if figures[f, 0] < w:
            continue
        if figures[f, 0] > w:
            break
        state[s, offset + f] = _NULL if figures[f, 3] == LARGEST else 0
        state[s, offset + figures.shape[0]] -= nulls[s, f]
        nulls[s, f] = 0


@kernel
def _leave_behind(
    rows: Rows,
    values: Int64Array,
    limit: Whole,
    last: Whole,
    w: Whole,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
    s: Whole,
) -> None:
    """Take the rows at or before `limit` out of a window whose row `last` comes after it."""
    n_windows = item_starts.shape[1] - 1
    first = state[s, n_windows + w]
    is_gone = False
    while rows[first].time <= limit:
        if _take_out(rows, values, first, w, item_starts, items, state, nulls, s):
            is_gone = True
        first = np.int64(rows[first].next)
    state[s, n_windows + w] = first
    state[s, w] = rows[first].time
    if is_gone:
        _seek_largest(rows, values, first, last, w, figures, item_starts, items, state, s)


@kernel
def bring(
    rows: Rows,
    values: Int64Array,
    row: Whole,
    w: Whole,
    windows: Int64Array,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
    s: Whole,
) -> None:
    """Have window `w` of a state stand at `row`, a row of the same subject."""
    n_windows = windows.shape[0]
    done = state[s, 2 * n_windows + w]
    if done == row:
        return
    time = rows[row].time
    if done >= 0 and (rows[done].time > time or (rows[done].time == time and is_before(rows, row, done))):
        move_back(rows, values, row, w, windows, figures, item_starts, items, state, nulls, s)
        return
    limit = time - windows[w]
    state[s, 2 * n_windows + w] = row
    if done < 0 or rows[done].time <= limit:
        _clear(state, nulls, s, w, figures, n_windows)
        at = np.int64(row)
        _add(rows, values, at, w, item_starts, items, state, nulls, s)
        prev = np.int64(rows[at].prev)
        while prev >= 0 and rows[prev].time > limit:
            at = prev
            _add(rows, values, at, w, item_starts, items, state, nulls, s)
            prev = np.int64(rows[at].prev)
        state[s, n_windows + w] = at
        state[s, w] = rows[at].time
        return
    at = done
    while at != row:
        at = np.int64(rows[at].next)
        _add(rows, values, at, w, item_starts, items, state, nulls, s)
    if state[s, w] <= limit:
        _leave_behind(rows, values, limit, row, w, figures, item_starts, items, state, nulls, s)


@kernel
def move_back(
    rows: Rows,
    values: Int64Array,
    row: Whole,
    w: Whole,
    windows: Int64Array,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
    s: Whole,
) -> None:
    """Move a window back to `row`, which comes before where it stands (-1: to where nothing has happened)."""
    n_windows = windows.shape[0]
    at = state[s, 2 * n_windows + w]
    state[s, 2 * n_windows + w] = row
    if row < 0:
        return
    first = state[s, n_windows + w]
    is_empty = False
    is_gone = False
    while at != row:
        if not is_empty:
            if _take_out(rows, values, at, w, item_starts, items, state, nulls, s):
                is_gone = True
            is_empty = at == first
        at = np.int64(rows[at].prev)
    if is_empty:
        first = np.int64(-1)
        earlier = np.int64(row)
    else:
        earlier = np.int64(rows[first].prev)
    if is_gone:
        _seek_largest(rows, values, first, row, w, figures, item_starts, items, state, s)
    limit = rows[row].time - windows[w]
    while earlier >= 0 and rows[earlier].time > limit:
        first = earlier
        _add(rows, values, first, w, item_starts, items, state, nulls, s)
        earlier = np.int64(rows[first].prev)
    state[s, n_windows + w] = first
    state[s, w] = rows[first].time


@kernel
def forget_until(
    rows: Rows,
    values: Int64Array,
    cutoff: Whole,
    n_windows: Whole,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
    s: Whole,
) -> None:
    """Take the rows at or before `cutoff`, which are about to be freed, out of every window.

    No window of a row that is still judged reaches them, so a window is none the worse for it; one that stands at such
    a row stands nowhere then.
    """
    for w in range(n_windows):
        done = state[s, 2 * n_windows + w]
        if done < 0 or state[s, w] > cutoff:
            continue
        if rows[done].time <= cutoff:
            state[s, 2 * n_windows + w] = -1
            continue
        _leave_behind(rows, values, cutoff, done, w, figures, item_starts, items, state, nulls, s)


@kernel
def make_room(
    rows: Rows,
    values: Int64Array,
    place: Whole,
    time: Whole,
    key_hi: Whole,
    key_lo: Whole,
    side: Whole,
    windows: Int64Array,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
    s: Whole,
) -> None:
    """Move every window that stands at or after (time, key, side) back to `place`, the row before it (or -1)."""
    n_windows = windows.shape[0]
    for w in range(n_windows):
        done = state[s, 2 * n_windows + w]
        if done >= 0 and not before(rows, done, time, key_hi, key_lo, side):
            move_back(rows, values, place, w, windows, figures, item_starts, items, state, nulls, s)
