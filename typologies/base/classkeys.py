"""Class keys: which rows are alike. The look-up of `rowclasses`, which works out what a class says.

Two rows have the same key if their enums and flags are equal, their amounts lie in the same interval between the
constants that occur, and their odd atoms have the same truth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from typologies.base.chainlayout import BoolArray, Int32Array, Int64Array, UInt64Array, Whole
from typologies.base.columns import subject_code
from typologies.base.encoding import Records
from typologies.base.errors import ContractError
from typologies.base.events import NULL_I64, Side
from typologies.base.expressions import Expr, Op
from typologies.base.jit import kernel

_NULL = NULL_I64
_CREDIT = int(Side.CREDIT)
_NO_INTERVAL = 0xFFF

NUMERIC = ("amount_usd", "amount", "business_date")
"""Columns with too many values to tell rows apart by; their interval does."""

MAX_CONSTANTS = 2_000
MAX_ODD_ATOMS = 32

_SHIFTS = {
    "kind": (0, 0, 8),
    "rail": (0, 8, 8),
    "channel": (0, 16, 8),
    "purpose": (0, 24, 8),
    "debtor_class": (0, 32, 8),
    "creditor_class": (0, 40, 8),
    "institution_type": (0, 48, 8),
    "ctr_filed": (0, 56, 2),
    "reduced_on_notice": (0, 58, 2),
    "is_self": (0, 60, 1),
    "has_debtor_account": (1, 0, 1),
    "has_creditor_account": (1, 1, 1),
    "has_conductor": (1, 2, 1),
    "has_on_behalf_of": (1, 3, 1),
    "has_branch": (1, 4, 1),
    "has_place": (1, 5, 1),
    "exponent": (1, 6, 8),
    "amount_usd": (1, 14, 12),
    "amount": (1, 26, 12),
    "business_date": (1, 38, 12),
}
"""Word, shift and width of each column in a class key; the lens position stands in word 1 from bit 50 on."""


@kernel
def _interval(value: Whole, breaks: Int64Array) -> Whole:
    """Return which interval between constants holds `value`; a constant is an interval of its own."""
    if value == _NULL:
        return np.int64(_NO_INTERVAL)
    low = np.int64(0)
    high = np.int64(breaks.shape[0])
    while low < high:
        middle = (low + high) >> 1
        if breaks[middle] < value:
            low = middle + 1
        else:
            high = middle
    is_constant = low < breaks.shape[0] and breaks[low] == value
    return 2 * low + (1 if is_constant else 0)


@kernel
def _known_flag(flags: Whole, known: Whole, value: Whole) -> Whole:
    if flags & known:
        return 1 if flags & value else 0
    return 2


@kernel
def classify(
    records: Records,
    start: Whole,
    position_columns: Int64Array,
    position_sides: Int64Array,
    masks: UInt64Array,
    breaks_usd: Int64Array,
    breaks_amount: Int64Array,
    breaks_date: Int64Array,
    odd: Int64Array,
    keys: UInt64Array,
    table: Int32Array,
    n_classes: Whole,
    first_row: Int32Array,
    class_position: Int32Array,
    codes: Int32Array,
    klass: Int32Array,
    n_known: Whole,
    relevant: BoolArray,
    used: BoolArray,
) -> tuple[Whole, Whole, Whole]:
    """Write subject and class of every record from every position; a class not met before gets the next number.

    The class of rows that matter to nobody is -1; `used` is set for the others. Classes from `n_known` on are not
    worked out yet and left for `keep_relevant`.

    Returns
    -------
    Row reached, number of classes, entries of known classes: stops early when table or list of classes are too small.
    """
    n_entries = 0
    size = np.int64(table.shape[0])
    n_positions = position_columns.shape[0]
    for r in range(start, records.shape[0]):
        if 2 * (n_classes + n_positions) > size or n_classes + n_positions > first_row.shape[0]:
            return r, n_classes, n_entries
        common_0 = np.uint64(0)
        common_1 = np.uint64(0)
        is_ready = False
        for p in range(n_positions):
            code = subject_code(records, r, position_columns[p])
            codes[p, r] = code
            if code < 0:
                klass[p, r] = -1
                continue
            if not is_ready:
                is_ready = True
                e = records[r]
                flags = np.int64(e.flags)
                is_self = e.debtor_account == e.creditor_account and e.debtor_account != -1
                common_0 = (
                    np.uint64(e.kind)
                    | (np.uint64(e.rail) << np.uint64(8))
                    | (np.uint64(e.channel) << np.uint64(16))
                    | (np.uint64(e.purpose) << np.uint64(24))
                    | (np.uint64(e.debtor_class) << np.uint64(32))
                    | (np.uint64(e.creditor_class) << np.uint64(40))
                    | (np.uint64(e.institution_type) << np.uint64(48))
                    | (np.uint64(_known_flag(flags, 1, 2)) << np.uint64(56))
                    | (np.uint64(_known_flag(flags, 4, 8)) << np.uint64(58))
                    | (np.uint64(1 if is_self else 0) << np.uint64(60))
                ) & masks[0]
                common_1 = (
                    np.uint64(1 if e.debtor_account != -1 else 0)
                    | (np.uint64(1 if e.creditor_account != -1 else 0) << np.uint64(1))
                    | (np.uint64(1 if e.conductor != -1 else 0) << np.uint64(2))
                    | (np.uint64(1 if e.on_behalf_of != -1 else 0) << np.uint64(3))
                    | (np.uint64(1 if e.branch != -1 else 0) << np.uint64(4))
                    | (np.uint64(1 if e.place != -1 else 0) << np.uint64(5))
                    | (np.uint64(_interval(e.amount_usd, breaks_usd)) << np.uint64(14))
                )
                if breaks_date.shape[0]:
                    date = np.int64(e.business_date)
                    date = np.int64(_NULL) if date == -1 else date
                    common_1 |= np.uint64(_interval(date, breaks_date)) << np.uint64(38)
            word_0 = common_0
            word_1 = common_1
            is_other = position_sides[p] == _CREDIT and records[r].counter_amount != _NULL
            exponent = np.int64(records[r].counter_exponent) if is_other else np.int64(records[r].exponent)
            word_1 |= np.uint64(exponent & 0xFF) << np.uint64(6)
            if breaks_amount.shape[0]:
                amount = records[r].counter_amount if is_other else records[r].amount
                word_1 |= np.uint64(_interval(amount, breaks_amount)) << np.uint64(26)
            word_1 = (word_1 & masks[1]) | (np.uint64(p) << np.uint64(50))
            word_2 = np.uint64(0)
            for k in range(odd.shape[1]):
                word_2 |= np.uint64(odd[p, k, r]) << np.uint64(2 * k)
            place = _find(keys, table, word_0, word_1, word_2)
            found = table[place]
            if found < 0:
                found = np.int32(n_classes)
                table[place] = found
                keys[found, 0] = word_0
                keys[found, 1] = word_1
                keys[found, 2] = word_2
                first_row[found] = r
                class_position[found] = p
                n_classes += 1
            if found < n_known:
                if relevant[found]:
                    used[r] = True
                    n_entries += 1
                else:
                    found = np.int32(-1)
            klass[p, r] = found
    return records.shape[0], n_classes, n_entries


@kernel
def _find(keys: UInt64Array, table: Int32Array, word_0: Whole, word_1: Whole, word_2: Whole) -> Whole:
    """Return the place of a key in the table, or the free place where it belongs."""
    mask = np.uint64(table.shape[0] - 1)
    h = (
        np.uint64(word_0) * np.uint64(0x9E3779B97F4A7C15)
        ^ np.uint64(word_1) * np.uint64(0xC2B2AE3D27D4EB4F)
        ^ np.uint64(word_2) * np.uint64(0x165667B19E3779F9)
    )
    h ^= h >> np.uint64(29)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(32)
    place = np.int64(h & mask)
    while True:
        known = table[place]
        if known < 0 or (keys[known, 0] == word_0 and keys[known, 1] == word_1 and keys[known, 2] == word_2):
            return place
        place = np.int64((np.uint64(place) + np.uint64(1)) & mask)


@kernel
def rehash(keys: UInt64Array, n_classes: Whole, table: Int32Array) -> None:
    for k in range(n_classes):
        table[_find(keys, table, keys[k, 0], keys[k, 1], keys[k, 2])] = k


@kernel
def keep_relevant(klass: Int32Array, relevant: BoolArray, used: BoolArray) -> Whole:
    """Set the class of rows that matter to nobody to -1 and `used` for the others; return how many entries stay."""
    n = 0
    for p in range(klass.shape[0]):
        for r in range(klass.shape[1]):
            k = klass[p, r]
            if k >= 0:
                if relevant[k]:
                    used[r] = True
                    n += 1
                else:
                    klass[p, r] = -1
    return n


def constants(exprs: Sequence[Expr]) -> tuple[dict[str, set[int]], list[Expr]]:
    """Return the constants that numeric columns are compared with, and comparisons that are not of this kind."""
    breaks: dict[str, set[int]] = {name: set() for name in NUMERIC}
    odd: dict[str, Expr] = {}

    def visit(expr: Expr) -> None:
        if expr.op in (Op.AND, Op.OR, Op.NOT):
            for arg in expr.args:
                visit(arg)
            return
        if not expr.columns() & set(NUMERIC):
            return
        left, right = expr.args
        if left.op is Op.CONST:
            left, right = right, left
        if left.op is Op.COLUMN and right.op is Op.CONST:
            breaks[left.name].add(right.value)
        else:
            odd[expr.key] = expr

    for expr in exprs:
        visit(expr)
    if any(len(found) >= MAX_CONSTANTS for found in breaks.values()) or len(odd) > MAX_ODD_ATOMS:
        raise ContractError(
            f"a lens takes {MAX_CONSTANTS} constants that one column is compared with and {MAX_ODD_ATOMS} comparisons "
            f"of amounts with other columns; found {max(map(len, breaks.values()))} and {len(odd)}"
        )
    return breaks, list(odd.values())


def key_masks(used: set[str]) -> UInt64Array:
    masks = [0, 0]
    for name in used - {"side"}:
        word, shift, width = _SHIFTS[name]
        masks[word] |= ((1 << width) - 1) << shift
    return np.array(masks, np.uint64)
