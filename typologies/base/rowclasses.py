"""Row classes: what a row's own columns say to every filter and screen, worked out once for all rows alike.

Filters look at enums, flags and whether an amount lies above some constant. So the rows of a feed fall into some
hundred classes: equal enums and flags, amounts in the same interval between the constants that occur. A row costs one
look-up; a class, when it first comes, costs one run of the filters' program on its first row (`programs`) and the rest
of every screen (`residuals`).

A comparison of an amount with something other than a constant is not the same for all rows between two constants. Its
truth value, worked out row by row, is part of the class then (`odd atoms`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from typologies.base.chainlayout import NULLS, BoolArray, Int32Array, Int64Array, UInt64Array, Whole
from typologies.base.columns import COLUMN_IDS, load_columns, subject_code
from typologies.base.encoding import Records
from typologies.base.errors import ContractError
from typologies.base.events import NULL_I64, Kind, Side
from typologies.base.expressions import Expr, Op
from typologies.base.jit import kernel
from typologies.base.programs import FALSE, TRUE, UNKNOWN, Program
from typologies.base.residuals import NEVER, Residuals, rest, row_atoms

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
def _classify(
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
    worked out yet and left for `_keep_relevant`.

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
def _rehash(keys: UInt64Array, n_classes: Whole, table: Int32Array) -> None:
    for k in range(n_classes):
        table[_find(keys, table, keys[k, 0], keys[k, 1], keys[k, 2])] = k


@kernel
def _keep_relevant(klass: Int32Array, relevant: BoolArray, used: BoolArray) -> Whole:
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


class RowClasses:
    """The classes of one lens.

    Parameters
    ----------
    filters
        One expression a bit.
    wheres
        For each position, who belongs.
    screens
        For each member (typology), its screen with figures named as in `residuals`.
    relevance_bits
        For each member, the filter that says whether a row matters to it.
    position_columns, position_sides
        (n_positions, k), (n_positions,).
    figures
        (n_figures, 4): window, filter bit, value column, operation; ordered by window.
    n_windows
        Number of windows.
    residuals
        Where the rests of screens go.

    Attributes
    ----------
    mask, unknown
        (n,) bit f: filter f is true, unknown.
    is_relevant
        (n,) whether some bit is set.
    group
        (n,) group of `chainlayout`.
    rests
        (n, n_members) number of the rest of each screen.
    item_starts, items
        What a row does to figures: those of window w are items[item_starts[k, w]:item_starts[k, w + 1]], each
        (figure, value column, operation).
    groups_of_bit
        (n_filters,) which groups a filter has let through, as bits.
    """

    def __init__(
        self,
        filters: Sequence[Expr],
        wheres: Sequence[Expr],
        screens: Sequence[Expr],
        relevance_bits: Sequence[int],
        position_columns: Int64Array,
        position_sides: Int64Array,
        figures: Int64Array,
        n_windows: int,
        residuals: Residuals,
    ) -> None:
        self._screens = list(screens)
        self._relevance_bits = list(relevance_bits)
        self._position_columns = position_columns
        self._position_sides = position_sides
        self._figures = figures
        self._n_windows = n_windows
        self.residuals = residuals
        self._atoms = [row_atoms(screen) for screen in screens]
        every_atom = {atom.key: atom for atoms in self._atoms for atom in atoms}
        outputs = [*filters, *wheres, *every_atom.values(), _KIND]
        used = set().union(*(expr.columns() for expr in outputs))
        names = sorted(used)
        self._column_ids = np.array([COLUMN_IDS[name] for name in names], np.int64)
        self._program = Program(outputs, {name: i for i, name in enumerate(names)})
        self._n_filters = len(filters)
        self._where_at = len(filters)
        first_atom = len(filters) + len(wheres)
        place = {key: first_atom + i for i, key in enumerate(every_atom)}
        self._atom_places = [[place[atom.key] for atom in atoms] for atoms in self._atoms]
        self._kind_at = len(outputs) - 1
        self._known_rests: list[dict[bytes, int]] = [{} for _ in screens]

        breaks, odd = _constants([*filters, *wheres, *every_atom.values()])
        self._breaks = [np.array(sorted(breaks[name]), np.int64) for name in NUMERIC]
        self._odd_columns, self._odd_program = _odd_program(odd)
        self._masks = _key_masks(used)

        self._keys = np.zeros((64, 3), np.uint64)
        self._table = np.full(128, -1, np.int32)
        self._first_row = np.zeros(64, np.int32)
        self._position = np.zeros(64, np.int32)
        self._inputs = np.zeros((len(names), 64), np.int64)
        self._n = 0
        n_members = len(screens)
        self.mask: UInt64Array = np.zeros(64, np.uint64)
        self.unknown: UInt64Array = np.zeros(64, np.uint64)
        self.is_relevant: BoolArray = np.zeros(64, np.bool_)
        self.group: Int32Array = np.zeros(64, np.int32)
        self.rests: Int32Array = np.zeros((64, n_members), np.int32)
        self.item_starts: Int32Array = np.zeros((64, n_windows + 1), np.int32)
        self.items: Int32Array = np.zeros((0, 3), np.int32)
        self.groups_of_bit: Int64Array = np.zeros(max(1, len(filters)), np.int64)
        self.code: Int64Array = residuals.code
        self.spans: Int64Array = residuals.spans

    def __len__(self) -> int:
        return self._n

    @property
    def n_bytes(self) -> int:
        """Bytes of the table of classes."""
        arrays = (self._keys, self._table, self._inputs, self.mask, self.rests, self.item_starts, self.items)
        return sum(int(array.nbytes) for array in arrays)

    def classify(self, records: Records, codes: Int32Array, klass: Int32Array, used: BoolArray) -> int:
        """Find subject and class of every record from every position.

        Parameters
        ----------
        records
            (n,)
        codes, klass
            (n_positions, n), written: code of the subject, number of the class, -1 where the row matters to nobody.
        used
            (n,) set for records with an entry.

        Returns
        -------
        Number of entries.
        """
        odd = self._odd_atoms(records)
        at, known, n_entries = 0, self._n, 0
        while True:
            reached, n_classes, n = _classify(
                records, at, self._position_columns, self._position_sides, self._masks, self._breaks[0],
                self._breaks[1], self._breaks[2], odd,
                self._keys, self._table, self._n, self._first_row, self._position, codes, klass,
                known, self.is_relevant, used,
            )  # fmt: skip
            at, self._n = int(reached), int(n_classes)
            n_entries += int(n)
            if at >= records.shape[0]:
                break
            self._grow()
        if self._n == known:
            return n_entries
        self._load(records, known)
        self._work_out(known)
        return int(_keep_relevant(klass, self.is_relevant, used))

    def _odd_atoms(self, records: Records) -> Int64Array:
        n_positions, program = self._position_sides.shape[0], self._odd_program
        if program is None:
            return _NO_ODD[:n_positions] if n_positions <= _NO_ODD.shape[0] else np.zeros((n_positions, 0, 0), np.int64)
        n = records.shape[0]
        everything = np.arange(n, dtype=np.int32)
        odd = np.empty((n_positions, program.outputs.shape[0], n), np.int64)
        inputs = np.empty((self._odd_columns.shape[0], n), np.int64)
        for p, side in enumerate(self._position_sides.tolist()):
            load_columns(records, everything, self._odd_columns, side, inputs)
            odd[p] = program.run(inputs, n)[program.outputs, :n]
        return odd

    def _load(self, records: Records, first: int) -> None:
        """Keep the columns of the first row of each class from `first` on."""
        for p, side in enumerate(self._position_sides.tolist()):
            chosen = first + np.flatnonzero(self._position[first : self._n] == p)
            if chosen.shape[0]:
                columns = np.empty((self._column_ids.shape[0], chosen.shape[0]), np.int64)
                load_columns(records, self._first_row[chosen], self._column_ids, side, columns)
                self._inputs[:, chosen] = columns

    def _work_out(self, first: int) -> None:
        """Work out filters, items and rests of the classes from `first` on."""
        n_new = self._n - first
        results = self._program.run(np.ascontiguousarray(self._inputs[:, first : self._n]), n_new)
        results = results[self._program.outputs, :n_new]
        items: list[tuple[int, int, int]] = []
        n_items = self.items.shape[0]
        for i in range(n_new):
            k, column = first + i, results[:, i]
            mask, unknown = _bits(column[: self._n_filters])
            position = int(self._position[k])
            if column[self._where_at + position] == FALSE:
                mask = unknown = 0
            self.mask[k], self.unknown[k] = mask, unknown
            self.is_relevant[k] = bool(mask | unknown)
            self.group[k] = self._group(position, int(column[self._kind_at]))
            self._note_groups(mask | unknown, int(self.group[k]))
            self.rests[k] = self._rests_of(mask | unknown, column)
            mine = self._items_of(mask, unknown)
            for w, of_window in enumerate(mine):
                self.item_starts[k, w] = n_items + len(items)
                items += of_window
            self.item_starts[k, self._n_windows] = n_items + len(items)
        if items:
            self.items = np.concatenate([self.items, np.array(items, np.int32)])
        self.code, self.spans = self.residuals.code, self.residuals.spans

    def _group(self, position: int, kind: int) -> int:
        is_debit = int(self._position_sides[position]) == int(Side.DEBIT)
        return 2 * is_debit + (kind == int(Kind.CASH))

    def _note_groups(self, bits: int, group: int) -> None:
        for f in range(self._n_filters):
            if bits >> f & 1:
                self.groups_of_bit[f] |= 1 << group

    def _rests_of(self, bits: int, column: Int64Array) -> list[int]:
        numbers: list[int] = []
        for m, screen in enumerate(self._screens):
            if not bits >> self._relevance_bits[m] & 1:
                numbers.append(NEVER)
                continue
            truths = column[self._atom_places[m]]
            key = truths.tobytes()
            number = self._known_rests[m].get(key)
            if number is None:
                by_key = {atom.key: int(t) for atom, t in zip(self._atoms[m], truths, strict=True)}
                number = self._known_rests[m][key] = self.residuals.number(rest(screen, by_key))
            numbers.append(number)
        return numbers

    def _items_of(self, mask: int, unknown: int) -> list[list[tuple[int, int, int]]]:
        mine: list[list[tuple[int, int, int]]] = [[] for _ in range(self._n_windows)]
        for f, (window, bit, value, operation) in enumerate(self._figures.tolist()):
            if unknown >> bit & 1:
                mine[window].append((f, value, NULLS))
            elif mask >> bit & 1:
                mine[window].append((f, value, operation))
        return mine

    def _grow(self) -> None:
        size = 2 * self._first_row.shape[0]
        for name in ("_first_row", "_position", "_keys", "mask", "unknown", "is_relevant", "group", "rests"):
            setattr(self, name, _grown(getattr(self, name), size))
        self.item_starts = _grown(self.item_starts, size)
        self._inputs = np.ascontiguousarray(_grown(self._inputs.T, size).T)
        self._table = np.full(2 * size, -1, np.int32)
        _rehash(self._keys, self._n, self._table)

    # State

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return what the classes are made of again: keys, positions, columns of their first rows."""
        n = self._n
        return {
            "class_keys": self._keys[:n].copy(),
            "class_position": self._position[:n].copy(),
            "class_inputs": self._inputs[:, :n].copy(),
        }

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over classes written by `to_arrays` for the same plan, with the same numbers."""
        n = arrays["class_keys"].reshape(-1, 3).shape[0]
        while self._first_row.shape[0] < n:
            self._grow()
        self._keys[:n] = arrays["class_keys"].reshape(-1, 3)
        self._position[:n] = arrays["class_position"]
        self._inputs[:, :n] = arrays["class_inputs"].reshape(self._inputs.shape[0], n)
        self._n = n
        _rehash(self._keys, n, self._table)
        if n:
            self._work_out(0)


_KIND = Expr(Op.COLUMN, name="kind")
_NO_ODD = np.zeros((8, 0, 0), np.int64)


def _bits(truths: npt.NDArray[np.int64]) -> tuple[int, int]:
    mask = unknown = 0
    for f, truth in enumerate(truths.tolist()):
        if truth == TRUE:
            mask |= 1 << f
        elif truth == UNKNOWN:
            unknown |= 1 << f
    return mask, unknown


def _grown(array: np.ndarray, size: int) -> np.ndarray:
    new = np.zeros((size, *array.shape[1:]), array.dtype)
    new[: array.shape[0]] = array
    return new


def _constants(exprs: Sequence[Expr]) -> tuple[dict[str, set[int]], list[Expr]]:
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
    if any(len(constants) >= MAX_CONSTANTS for constants in breaks.values()) or len(odd) > MAX_ODD_ATOMS:
        raise ContractError(
            f"a lens takes {MAX_CONSTANTS} constants that one column is compared with and {MAX_ODD_ATOMS} comparisons "
            f"of amounts with other columns; found {max(map(len, breaks.values()))} and {len(odd)}"
        )
    return breaks, list(odd.values())


def _odd_program(odd: Sequence[Expr]) -> tuple[Int64Array, Program | None]:
    if not odd:
        return np.zeros(0, np.int64), None
    names = sorted(set().union(*(expr.columns() for expr in odd)))
    ids = np.array([COLUMN_IDS[name] for name in names], np.int64)
    return ids, Program(odd, {name: i for i, name in enumerate(names)})


def _key_masks(used: set[str]) -> UInt64Array:
    masks = [0, 0]
    for name in used - {"side"}:
        word, shift, width = _SHIFTS[name]
        masks[word] |= ((1 << width) - 1) << shift
    return np.array(masks, np.uint64)
