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

from typologies.base.chainlayout import NULLS, BoolArray, Int32Array, Int64Array, UInt64Array
from typologies.base.classkeys import NUMERIC, classify, constants, keep_relevant, key_masks, rehash
from typologies.base.columns import COLUMN_IDS, load_columns
from typologies.base.encoding import Records
from typologies.base.events import Kind, Side
from typologies.base.expressions import Expr, Op
from typologies.base.programs import FALSE, TRUE, UNKNOWN, Program
from typologies.base.residuals import NEVER, Residuals, rest, row_atoms


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

        breaks, odd = constants([*filters, *wheres, *every_atom.values()])
        self._breaks = [np.array(sorted(breaks[name]), np.int64) for name in NUMERIC]
        self._odd_columns, self._odd_program = _odd_program(odd)
        self._masks = key_masks(used)

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
            reached, n_classes, n = classify(
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
        return int(keep_relevant(klass, self.is_relevant, used))

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
        rehash(self._keys, self._n, self._table)

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
        rehash(self._keys, n, self._table)
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


def _odd_program(odd: Sequence[Expr]) -> tuple[Int64Array, Program | None]:
    if not odd:
        return np.zeros(0, np.int64), None
    names = sorted(set().union(*(expr.columns() for expr in odd)))
    ids = np.array([COLUMN_IDS[name] for name in names], np.int64)
    return ids, Program(odd, {name: i for i, name in enumerate(names)})
