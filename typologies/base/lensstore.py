"""One lens's chains: arrays that grow, entries built from records, figures out, rows swept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from typologies.base import chains
from typologies.base.chains import ROW, Int32Array, Int64Array, Rows, UInt64Array
from typologies.base.columns import load_columns, subject_codes
from typologies.base.encoding import Records
from typologies.base.events import NULL_I64
from typologies.base.jit import kernel
from typologies.base.plan import LensPlan
from typologies.base.rowarrays import grown, take


@kernel
def _select(
    registers: Int64Array, gates: Int64Array, where_output: int, n: int, codes: Int32Array, index: Int32Array
) -> int:
    """Write the rows with a subject, inside `where`, for which some gate is not false; return how many."""
    k = 0
    for r in range(n):
        if codes[r] >= 0 and registers[where_output, r] > 0:
            for g in range(gates.shape[0]):
                if registers[gates[g], r] > 0:
                    index[k] = r
                    k += 1
                    break
    return k


@kernel
def _collect_bits(
    registers: Int64Array,
    outputs: Int64Array,
    n_filters: int,
    value_outputs: Int64Array,
    index: Int32Array,
    mask: UInt64Array,
    unknown: UInt64Array,
    values: Int64Array,
) -> None:
    """Gather the results of the selected rows into bits and values at their places; all other rows get no bit."""
    for r in range(mask.shape[0]):
        mask[r] = np.uint64(0)
        unknown[r] = np.uint64(0)
    for i in range(index.shape[0]):
        r = index[i]
        m = np.uint64(0)
        u = np.uint64(0)
        for f in range(n_filters):
            value = registers[outputs[f], i]
            if value == 2:
                m |= np.uint64(1) << np.uint64(f)
            elif value == 1:
                u |= np.uint64(1) << np.uint64(f)
        mask[r] = m
        unknown[r] = u
        for v in range(value_outputs.shape[0]):
            values[v, r] = registers[value_outputs[v], i]


@kernel
def _fill_entries(
    records: Records,
    places: Int32Array,
    codes: Int32Array,
    masks: UInt64Array,
    unknowns: UInt64Array,
    values: Int64Array,
    sides: Int64Array,
    entry_codes: Int32Array,
    entry_events: Int32Array,
    entry_sides: Int32Array,
    entry_times: Int64Array,
    entry_hi: UInt64Array,
    entry_lo: UInt64Array,
    entry_masks: UInt64Array,
    entry_unknowns: UInt64Array,
    entry_values: Int64Array,
) -> int:
    """Write one entry for each (record, position) with a bit, in the order of records, then of sides."""
    k = 0
    for r in range(records.shape[0]):
        for p in range(codes.shape[0]):
            if masks[p, r] | unknowns[p, r]:
                entry_codes[k] = codes[p, r]
                entry_events[k] = places[r]
                entry_sides[k] = sides[p]
                entry_times[k] = records[r].time
                entry_hi[k] = records[r].key_hi
                entry_lo[k] = records[r].key_lo
                entry_masks[k] = masks[p, r]
                entry_unknowns[k] = unknowns[p, r]
                for v in range(values.shape[1]):
                    entry_values[v, k] = values[p, v, r]
                k += 1
    return k


@kernel
def _mark_used(masks: UInt64Array, unknowns: UInt64Array, used: npt.NDArray[np.bool_]) -> None:
    for p in range(masks.shape[0]):
        for r in range(masks.shape[1]):
            if masks[p, r] | unknowns[p, r]:
                used[r] = True


@kernel
def _candidates(
    rows: Rows,
    out_rows: Int32Array,
    n: int,
    registers: Int64Array,
    screens: Int64Array,
    bits: Int64Array,
    code_of_slot: Int32Array,
    watched: npt.NDArray[np.uint8],
    not_before: int,
    members: Int32Array,
    places: Int32Array,
    passed: npt.NDArray[np.bool_],
) -> int:
    """Write (member, row, passed its screen) for rows a judge must see or whose subject already has findings."""
    k = 0
    for i in range(n):
        row = out_rows[i]
        if rows[row].time < not_before:
            continue
        seen = rows[row].mask | rows[row].unknown
        code = code_of_slot[rows[row].subject]
        for m in range(screens.shape[0]):
            if not (seen & (np.uint64(1) << np.uint64(bits[m]))):
                continue
            passes = registers[screens[m], i] > 0
            if passes or watched[m, code]:
                if k < members.shape[0]:
                    members[k] = m
                    places[k] = row
                    passed[k] = passes
                k += 1
    return k


class LensStore:
    """Chains of all subjects of one lens, with the plan's figures."""

    def __init__(self, plan: LensPlan) -> None:
        self.plan = plan
        n_windows, n_figures = plan.windows.shape[0], plan.figures.shape[0]
        n_values = plan.value_outputs.shape[0]
        self.rows: Rows = np.zeros(1024, ROW)
        self.rows["subject"] = -1
        self.values = np.zeros((1024, n_values), np.int64)
        self.free_rows = np.zeros(1024, np.int32)
        self.slot_of_code = np.full(1024, -1, np.int32)
        self.code_of_slot = np.full(256, -1, np.int32)
        self.head = np.full(256, -1, np.int32)
        self.tail = np.full(256, -1, np.int32)
        self.free_slots = np.zeros(256, np.int32)
        self.first = np.full((256, n_windows), -1, np.int32)
        self.first_time = np.zeros((256, n_windows), np.int64)
        self.acc = np.zeros((256, n_figures), np.int64)
        self.nulls = np.zeros((256, n_figures), np.int32)
        self.counters = np.zeros(4, np.int64)
        self.dirty_from = np.full(256, -1, np.int32)
        self.dirty = np.zeros(256, np.int32)
        self.n_dirty = 0
        self.watched = np.zeros((len(plan.members), 1024), np.uint8)
        self._screens = np.array([m.screen_output for m in plan.members], np.int64)
        self._bits = np.array([m.relevance_bit for m in plan.members], np.int64)
        self._inputs = np.empty((len(plan.screen_columns) + n_figures, 64), np.int64)
        self._columns = np.empty((max(plan.gate_ids.shape[0], plan.column_ids.shape[0]), 64), np.int64)
        self._index = np.empty(64, np.int32)
        self._out_rows = np.empty(64, np.int32)
        self._no_sides = np.zeros(0, np.int32)
        self._no_registers = np.zeros((1, 1), np.int64)
        self._positions = [
            (int(side), columns, int(where))
            for side, columns, where in zip(plan.position_sides, plan.position_columns, plan.where_outputs, strict=True)
        ]
        n_positions = plan.position_sides.shape[0]
        self._codes = np.empty((n_positions, 0), np.int32)
        self._masks = np.empty((n_positions, 0), np.uint64)
        self._unknowns = np.empty((n_positions, 0), np.uint64)
        self._values = np.empty((n_positions, n_values, 0), np.int64)

    @property
    def n_rows(self) -> int:
        """Rows in use."""
        return int(self.counters[0] - self.counters[1])

    @property
    def n_subjects(self) -> int:
        """Subjects with rows."""
        return int(self.counters[2] - self.counters[3])

    @property
    def n_bytes(self) -> int:
        """Bytes of rows and figures in use."""
        per_row = ROW.itemsize + 8 * self.values.shape[1]
        per_slot = 16 + 12 * self.first.shape[1] + 12 * self.acc.shape[1]
        return self.n_rows * per_row + self.n_subjects * per_slot

    # Building entries

    def relate(self, records: Records, used: npt.NDArray[np.bool_]) -> int:
        """Find out which records matter to which subjects; return how many entries that makes.

        Sets `used[r]` for records with an entry. The result is kept until `ingest`.
        """
        plan = self.plan
        n = records.shape[0]
        n_positions = plan.position_sides.shape[0]
        if self._codes.shape[1] != n:
            self._codes = np.empty((n_positions, n), np.int32)
            self._masks = np.empty((n_positions, n), np.uint64)
            self._unknowns = np.empty((n_positions, n), np.uint64)
            self._values = np.empty((n_positions, self.values.shape[1], n), np.int64)
        if self._columns.shape[1] < n:
            self._columns = np.empty((self._columns.shape[0], n), np.int64)
        if self._index.shape[0] < n:
            self._index = np.empty(n, np.int32)
        everything = _arange(n)
        columns = self._columns
        total = 0
        for p, (side, subject, where) in enumerate(self._positions):
            codes = self._codes[p]
            registers = self._no_registers
            n_used = 0
            if subject_codes(records, subject, codes):
                load_columns(records, everything, plan.gate_ids, side, self._no_sides, columns)
                registers = plan.gate_program.run(columns, n)
                n_used = _select(registers, plan.gate_outputs, where, n, codes, self._index)
            index = self._index[:n_used]
            if n_used:
                load_columns(records, index, plan.column_ids, side, self._no_sides, columns)
                registers = plan.entry_program.run(columns, n_used)
            _collect_bits(
                registers,
                plan.entry_program.outputs,
                plan.n_filters,
                plan.value_outputs,
                index,
                self._masks[p],
                self._unknowns[p],
                self._values[p],
            )
            total += n_used
        if total:
            _mark_used(self._masks, self._unknowns, used)
        return total

    def ingest(self, records: Records, places: Int32Array, n_entries: int, n_codes: int, cutoff: int) -> int:
        """Put the entries found by `relate` into their chains.

        Parameters
        ----------
        places
            (n,) index of each record in the event store.
        n_codes
            Length of the dictionary.
        cutoff
            Rows at or before this time may be freed.

        Returns
        -------
        Number of rows whose figures are ready for `screen`.
        """
        self._reserve(n_entries, n_codes)
        n_values = self.values.shape[1]
        codes = np.empty(n_entries, np.int32)
        events = np.empty(n_entries, np.int32)
        sides = np.empty(n_entries, np.int32)
        times = np.empty(n_entries, np.int64)
        hi = np.empty(n_entries, np.uint64)
        lo = np.empty(n_entries, np.uint64)
        masks = np.empty(n_entries, np.uint64)
        unknowns = np.empty(n_entries, np.uint64)
        values = np.empty((n_values, n_entries), np.int64)
        _fill_entries(
            records, places, self._codes, self._masks, self._unknowns, self._values, self.plan.position_sides,
            codes, events, sides, times, hi, lo, masks, unknowns, values,
        )  # fmt: skip
        self._reserve_output(n_entries)
        offset = len(self.plan.screen_columns)
        n_out, self.n_dirty = chains.ingest(
            codes, events, sides, times, hi, lo, masks, unknowns, values,
            self.rows, self.values, self.free_rows, self.slot_of_code, self.code_of_slot, self.head, self.tail,
            self.free_slots, self.first, self.first_time, self.acc, self.nulls, self.counters,
            self.plan.windows, self.plan.starts, self.plan.figures, cutoff,
            self.dirty_from, self.dirty, self.n_dirty, self._out_rows, self._inputs, offset,
        )  # fmt: skip
        return n_out

    def redo(self, n_out: int) -> int:
        """Do dirty subjects again; return the number of rows with figures ready for `screen`."""
        if not self.n_dirty:
            return n_out
        extra = chains.count_redo(self.rows, self.dirty, self.n_dirty, self.dirty_from)
        self._reserve_output(n_out + extra)
        n_out = chains.redo(
            self.rows, self.values, self.dirty, self.n_dirty, self.dirty_from, self.first, self.first_time, self.acc,
            self.nulls, self.plan.windows, self.plan.starts, self.plan.figures, self._out_rows, self._inputs,
            len(self.plan.screen_columns), n_out,
        )  # fmt: skip
        self.n_dirty = 0
        return n_out

    def screen(
        self, stored: Records, n_out: int, not_before: int
    ) -> tuple[Int32Array, Int32Array, npt.NDArray[np.bool_]]:
        """Return (member, row, passed) of the rows that a judge must see or whose subject has findings already."""
        plan = self.plan
        out_rows = self._out_rows[:n_out]
        if plan.screen_columns:
            taken = take(self.rows, out_rows)
            load_columns(
                stored,
                np.ascontiguousarray(taken["event"]),
                plan.screen_column_ids,
                -1,
                np.ascontiguousarray(taken["side"]),
                self._inputs,
            )
        registers = plan.screen_program.run(self._inputs, n_out)
        size = max(64, n_out)
        while True:
            members = np.empty(size, np.int32)
            places = np.empty(size, np.int32)
            passed = np.empty(size, np.bool_)
            k = _candidates(
                self.rows, out_rows, n_out, registers, self._screens, self._bits, self.code_of_slot, self.watched,
                not_before, members, places, passed,
            )  # fmt: skip
            if k <= size:
                return members[:k], places[:k], passed[:k]
            size = k

    # Single rows

    def slot(self, code: int) -> int:
        """Return the slot of a subject, -1 if it has no rows."""
        return int(self.slot_of_code[code]) if 0 <= code < self.slot_of_code.shape[0] else -1

    def unlink(self, row: int) -> None:
        """Take one row out (a retraction)."""
        self._reserve_dirty()
        self.n_dirty = chains.unlink(
            self.rows, row, self.head, self.tail, self.free_rows, self.counters, self.first, self.dirty_from,
            self.dirty, self.n_dirty,
        )  # fmt: skip

    def mark_from(self, slot: int, time: int) -> None:
        """Have a subject done again from its first row at or after `time`."""
        self._reserve_dirty()
        self.n_dirty = chains.mark_from(self.rows, self.tail, slot, time, self.dirty_from, self.dirty, self.n_dirty)

    def rows_at(self, slot: int, time: int) -> Int32Array:
        """Return the rows of a subject at exactly `time`."""
        size = 64
        while True:
            out = np.empty(size, np.int32)
            n = chains.rows_at(self.rows, self.tail, slot, time, out)
            if n <= size:
                return out[:n]
            size = n

    def last_row_before(self, slot: int, time: int, inclusive: bool) -> int:
        """Return the last row of a subject before (or at) `time`."""
        return chains.last_row_before(self.rows, self.tail, slot, time, inclusive)

    def window(self, last: int, start: int, bit: int) -> Int32Array:
        """Return the rows of a window ending at row `last`, oldest first."""
        if last < 0:
            return np.zeros(0, np.int32)
        out = np.empty(512, np.int32)
        n = chains.window_rows(self.rows, last, start, bit, out)
        if n > out.shape[0]:
            out = np.empty(n, np.int32)
            chains.window_rows(self.rows, last, start, bit, out)
        return out[:n][::-1]

    def sweep(self, cutoff: int) -> int:
        """Free rows at or before `cutoff`, and subjects without rows; return how many rows were freed."""
        return chains.sweep(
            self.rows, self.values, self.free_rows, self.slot_of_code, self.code_of_slot, self.head, self.tail,
            self.free_slots, self.first, self.first_time, self.acc, self.nulls, self.counters, self.plan.windows,
            self.plan.figures, cutoff,
        )  # fmt: skip

    def remap_events(self, new_place: Int32Array) -> None:
        """Follow a compaction of the event store."""
        chains.remap_events(self.rows, int(self.counters[0]), new_place)

    def remap_codes(self, new_code: Int32Array, n_codes: int) -> None:
        """Follow a compaction of the dictionary."""
        n_slots = int(self.counters[2])
        old = self.code_of_slot[:n_slots]
        live = old >= 0
        self.code_of_slot[:n_slots] = np.where(live, new_code[old], -1)
        watched = np.zeros((self.watched.shape[0], max(1024, 2 * n_codes)), np.uint8)
        for m in range(self.watched.shape[0]):
            codes = np.flatnonzero(self.watched[m])
            watched[m, new_code[codes]] = 1
        self.watched = watched
        self.slot_of_code = np.full(watched.shape[1], -1, np.int32)
        slots = np.flatnonzero(live).astype(np.int32)
        self.slot_of_code[self.code_of_slot[slots]] = slots

    def live_codes(self, used: npt.NDArray[np.bool_]) -> None:
        """Mark the codes that chains and watches need."""
        slots = self.code_of_slot[: int(self.counters[2])]
        used[slots[slots >= 0]] = True
        for m in range(self.watched.shape[0]):
            codes = np.flatnonzero(self.watched[m])
            used[codes[codes < used.shape[0]]] = True

    def watch(self, member: int, code: int, is_watched: bool) -> None:
        """Have every new row of a subject reported, because it has findings or deadlines (or no longer)."""
        if code >= self.watched.shape[1]:
            self._reserve_codes(code + 1)
        self.watched[member, code] = is_watched

    # Growth

    def _reserve(self, n_entries: int, n_codes: int) -> None:
        self._reserve_codes(n_codes)
        needed = int(self.counters[0]) + max(0, n_entries - int(self.counters[1]))
        if needed > self.rows.shape[0]:
            size = max(needed, self.rows.shape[0] * 3 // 2)
            n_old = self.rows.shape[0]
            self.rows = grown(self.rows, size)
            self.rows["subject"][n_old:] = -1
            self.values = _grown(self.values, size)
            self.free_rows = _grown(self.free_rows, size)
        slots = int(self.counters[2]) + max(0, n_entries - int(self.counters[3]))
        if slots > self.head.shape[0]:
            size = max(slots, self.head.shape[0] * 3 // 2)
            for name in (
                "code_of_slot",
                "head",
                "tail",
                "free_slots",
                "first",
                "first_time",
                "acc",
                "nulls",
                "dirty_from",
            ):
                setattr(self, name, _grown(getattr(self, name), size, fill=-1))
        self._reserve_dirty(n_entries)

    def _reserve_dirty(self, n: int = 1) -> None:
        if self.n_dirty + n > self.dirty.shape[0]:
            self.dirty = _grown(self.dirty, max(self.n_dirty + n, 2 * self.dirty.shape[0]))

    def _reserve_codes(self, n_codes: int) -> None:
        if n_codes > self.slot_of_code.shape[0]:
            size = max(n_codes, 2 * self.slot_of_code.shape[0])
            self.slot_of_code = _grown(self.slot_of_code, size, fill=-1)
            watched = np.zeros((self.watched.shape[0], size), np.uint8)
            watched[:, : self.watched.shape[1]] = self.watched
            self.watched = watched

    def _reserve_output(self, n: int) -> None:
        if n > self._out_rows.shape[0]:
            size = max(n, 2 * self._out_rows.shape[0])
            self._out_rows = _grown(self._out_rows, size)
            inputs = np.full((self._inputs.shape[0], size), NULL_I64, np.int64)
            inputs[:, : self._inputs.shape[1]] = self._inputs
            self._inputs = inputs

    _STATE = (
        "rows",
        "values",
        "free_rows",
        "slot_of_code",
        "code_of_slot",
        "head",
        "tail",
        "free_slots",
        "first",
        "first_time",
        "acc",
        "nulls",
        "counters",
        "dirty_from",
        "watched",
    )

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the state as arrays (nothing is dirty between batches)."""
        arrays: dict[str, np.ndarray] = {}
        for name in self._STATE:
            array = getattr(self, name)
            arrays[name] = array.view(np.uint8).copy() if name == "rows" else array.copy()
        return arrays

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over a state written by `to_arrays` for the same plan."""
        for name in self._STATE:
            array = arrays[name]
            setattr(self, name, array.view(ROW).copy() if name == "rows" else array.copy())


def _grown(array: np.ndarray, size: int, fill: int = 0) -> np.ndarray:
    new = np.full((size, *array.shape[1:]), fill, array.dtype)
    new[: array.shape[0]] = array
    return new


_RANGE = np.arange(1 << 12, dtype=np.int32)


def _arange(n: int) -> Int32Array:
    return _RANGE[:n] if n <= _RANGE.shape[0] else np.arange(n, dtype=np.int32)
