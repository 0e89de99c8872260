"""The code that `residuals` writes and `evaluate` runs: screens over one subject's figures, one row at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from typologies.base.chainlayout import COUNT, COUNTED, N_GROUPS, SUMMED, Int32Array, Int64Array, Rows
from typologies.base.chainstate import bring
from typologies.base.columns import column_value
from typologies.base.events import NULL_I64
from typologies.base.jit import kernel

CONST, FIGURE, HIGHEST, COLUMN, ADD, SUB, MUL = 0, 1, 2, 3, 4, 5, 6
EQ, NE, LT, LE, GT, GE = 7, 8, 9, 10, 11, 12
AND, OR, IF_FALSE, IF_TRUE = 13, 14, 15, 16
COMPARE_FIGURE = 20
"""COMPARE_FIGURE + k compares a figure (or its highest) with the constant, in the order EQ, NE, LT, LE, GT, GE."""

MAX_DEPTH = 64
"""Registers of `evaluate`."""

_NULL = NULL_I64


@kernel
def _compared(comparison: int, x: int, y: int) -> int:
    """Return 0 false, 1 unknown, 2 true."""
    if x == _NULL or y == _NULL:
        return 1
    if comparison == 5:
        holds = x >= y
    elif comparison == 3:
        holds = x <= y
    elif comparison == 4:
        holds = x > y
    elif comparison == 2:
        holds = x < y
    elif comparison == 0:
        holds = x == y
    else:
        holds = x != y
    return 2 if holds else 0


@kernel
def _highest(slots: Int64Array, slot: int, figure: int, figures: Int64Array, groups_of_bit: Int64Array) -> int:
    """Return the most a count or sum can be: over all retained rows that can pass its filter."""
    groups = groups_of_bit[figures[figure, 1]]
    first = COUNTED if figures[figure, 3] == COUNT else SUMMED
    most = np.int64(0)
    for g in range(N_GROUPS):
        if groups >> g & 1:
            most += slots[slot, first + g]
    return most  # type: ignore[return-value]


@kernel
def evaluate(
    code: Int64Array,
    start: int,
    stop: int,
    registers: Int64Array,
    slots: Int64Array,
    slot: int,
    state: Int64Array,
    nulls: Int32Array,
    s: int,
    windows: Int64Array,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    groups_of_bit: Int64Array,
    rows: Rows,
    values: Int64Array,
    row: int,
    records: npt.NDArray[np.void],
) -> int:
    """Return the truth value (0, 1 unknown, 2) of code[start:stop] for one row.

    The windows of the figures that are read are brought to the row, in `state[s]`; the others stay where they are.
    """
    offset = 3 * windows.shape[0]
    n_figures = figures.shape[0]
    i = start
    while i < stop:
        op = code[i, 0]
        d = code[i, 1]
        a = code[i, 2]
        b = code[i, 3]
        if op >= COMPARE_FIGURE:
            if b:
                x = _highest(slots, slot, a, figures, groups_of_bit)
            else:
                bring(rows, values, row, figures[a, 0], windows, figures, item_starts, items, state, nulls, s)
                x = np.int64(_NULL)
                if state[s, offset + n_figures] == 0 or nulls[s, a] == 0:
                    x = state[s, offset + a]
            registers[d] = _compared(op - COMPARE_FIGURE, x, code[i, 4])
        elif op == IF_FALSE:
            if registers[d] == 0:
                i = a
                continue
        elif op == IF_TRUE:
            if registers[d] == 2:
                i = a
                continue
        elif op == AND:
            registers[d] = min(registers[d], registers[a])
        elif op == OR:
            registers[d] = max(registers[d], registers[a])
        elif op == FIGURE:
            bring(rows, values, row, figures[a, 0], windows, figures, item_starts, items, state, nulls, s)
            x = np.int64(_NULL)
            if state[s, offset + n_figures] == 0 or nulls[s, a] == 0:
                x = state[s, offset + a]
            registers[d] = x
        elif op == HIGHEST:
            registers[d] = _highest(slots, slot, a, figures, groups_of_bit)
        elif op == CONST:
            registers[d] = code[i, 4]
        elif op == COLUMN:
            registers[d] = column_value(records, rows[row].event, a, rows[row].side)
        elif op <= MUL:
            # An overflow must not look like a small number: it becomes unknown, which passes.
            x = registers[a]
            y = registers[b]
            if op == ADD:
                wide = np.float64(x) + np.float64(y)
                exact = x + y
            elif op == SUB:
                wide = np.float64(x) - np.float64(y)
                exact = x - y
            else:
                wide = np.float64(x) * np.float64(y)
                exact = x * y
            registers[d] = _NULL if x == _NULL or y == _NULL or abs(wide) >= 9.0e18 else exact
        else:
            registers[d] = _compared(op - EQ, registers[a], registers[b])
        i += 1
    return registers[0]  # type: ignore[no-any-return]
