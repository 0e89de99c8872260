"""The code that `residuals` writes, and how it runs: screens over one subject's figures, one row at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from typologies.base.chainlayout import (
    COUNT,
    COUNTED,
    EPOCH,
    EPOCH_US,
    N_EPOCHS,
    N_GROUPS,
    RECENT,
    SUMMED,
    Int32Array,
    Int64Array,
    Rows,
    Whole,
)
from typologies.base.chainstate import bring
from typologies.base.columns import column_value
from typologies.base.events import NULL_I64
from typologies.base.jit import kernel

CONST, FIGURE, HIGHEST, COLUMN, ADD, SUB, MUL = 0, 1, 2, 3, 4, 5, 6
EQ, NE, LT, LE, GT, GE = 7, 8, 9, 10, 11, 12
AND, OR, IF_FALSE, IF_TRUE = 13, 14, 15, 16
COMPARE_FIGURE = 20
"""COMPARE_FIGURE + k compares a figure (in a bound: its highest) with the constant; k: EQ, NE, LT, LE, GT, GE."""

MAX_DEPTH = 64
"""Registers of a run."""

_NULL = NULL_I64


@kernel
def _compared(comparison: Whole, x: Whole, y: Whole) -> Whole:
    """Return 0 false, 1 unknown, 2 true."""
    if x == _NULL or y == _NULL:
        return 1
    if comparison == 5:
        is_true = x >= y
    elif comparison == 3:
        is_true = x <= y
    elif comparison == 4:
        is_true = x > y
    elif comparison == 2:
        is_true = x < y
    elif comparison == 0:
        is_true = x == y
    else:
        is_true = x != y
    return 2 if is_true else 0


@kernel
def _step(op: Whole, d: Whole, a: Whole, b: Whole, constant: Whole, registers: Int64Array) -> None:
    """Do what needs neither figure nor row."""
    if op == AND:
        registers[d] = min(registers[d], registers[a])
    elif op == OR:
        registers[d] = max(registers[d], registers[a])
    elif op == CONST:
        registers[d] = constant
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


@kernel
def _highest(
    slots: Int64Array, slot: Whole, figure: Whole, windows: Int64Array, figures: Int64Array, groups_of_bit: Int64Array,
    time: Whole,
) -> Whole:  # fmt: skip
    """Return the most a count or sum can be at `time`: over the retained rows that can pass its filter."""
    groups = groups_of_bit[figures[figure, 1]]
    most = np.int64(0)
    if figures[figure, 3] == COUNT:
        for g in range(N_GROUPS):
            if groups >> g & 1:
                most += slots[slot, COUNTED + g]
        return most
    age = slots[slot, EPOCH] - time // EPOCH_US
    n_epochs = 1 + -(-windows[figures[figure, 0]] // EPOCH_US)
    if age < 0 or age + n_epochs > N_EPOCHS:
        for g in range(N_GROUPS):
            if groups >> g & 1:
                most += slots[slot, SUMMED + g]
        return most
    for e in range(age, age + n_epochs):
        for g in range(N_GROUPS):
            if groups >> g & 1:
                most += slots[slot, RECENT + e * N_GROUPS + g]
    return most


@kernel
def may_hold(
    code: Int64Array,
    start: Whole,
    stop: Whole,
    registers: Int64Array,
    slots: Int64Array,
    slot: Whole,
    windows: Int64Array,
    figures: Int64Array,
    groups_of_bit: Int64Array,
    time: Whole,
) -> bool:
    """Return whether the bound code[start:stop] holds for a row of a subject at `time`, or is unknown.

    Not one loop with `holds`: a call takes some time for each array that it is given, and most rows end here.
    """
    i = start
    while i < stop:
        op = code[i, 0]
        d = code[i, 1]
        a = code[i, 2]
        if op >= COMPARE_FIGURE:
            x = _highest(slots, slot, a, windows, figures, groups_of_bit, time)
            registers[d] = _compared(op - COMPARE_FIGURE, x, code[i, 4])
        elif op == IF_FALSE:
            if registers[d] == 0:
                i = a
                continue
        elif op == IF_TRUE:
            if registers[d] == 2:
                i = a
                continue
        elif op == HIGHEST:
            registers[d] = _highest(slots, slot, a, windows, figures, groups_of_bit, time)
        else:
            _step(op, d, a, code[i, 3], code[i, 4], registers)
        i += 1
    return bool(registers[0] > 0)


@kernel
def holds(
    code: Int64Array,
    start: Whole,
    stop: Whole,
    registers: Int64Array,
    windows: Int64Array,
    figures: Int64Array,
    item_starts: Int32Array,
    items: Int32Array,
    state: Int64Array,
    nulls: Int32Array,
    s: Whole,
    rows: Rows,
    values: Int64Array,
    row: Whole,
    records: npt.NDArray[np.void],
) -> bool:
    """Return whether code[start:stop] holds for one row, or is unknown.

    The windows of the figures that are read are brought to the row, in `state[s]`; the others stay where they are.
    """
    offset = 3 * windows.shape[0]
    i = start
    while i < stop:
        op = code[i, 0]
        d = code[i, 1]
        a = code[i, 2]
        if op >= COMPARE_FIGURE or op == FIGURE:
            w = figures[a, 0]
            if state[s, 2 * windows.shape[0] + w] != row:
                bring(rows, values, row, w, windows, figures, item_starts, items, state, nulls, s)
            x = np.int64(_NULL)
            if state[s, offset + figures.shape[0]] == 0 or nulls[s, a] == 0:
                x = state[s, offset + a]
            registers[d] = x if op == FIGURE else _compared(op - COMPARE_FIGURE, x, code[i, 4])
        elif op == IF_FALSE:
            if registers[d] == 0:
                i = a
                continue
        elif op == IF_TRUE:
            if registers[d] == 2:
                i = a
                continue
        elif op == COLUMN:
            registers[d] = column_value(records, rows[row].event, a, rows[row].side)
        else:
            _step(op, d, a, code[i, 3], code[i, 4], registers)
        i += 1
    return bool(registers[0] > 0)
