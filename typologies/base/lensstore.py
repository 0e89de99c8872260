"""One lens's chains: arrays that grow, rows in, rows that a judge must see out, rows swept."""

from __future__ import annotations

import numpy as np

from typologies.base import chainreads, chains
from typologies.base.chaincode import MAX_DEPTH
from typologies.base.chainlayout import (
    CODE,
    COUNT,
    COUNTED,
    LARGEST,
    N_GROUPS,
    N_ODD,
    ROW,
    SLOT_WIDTH,
    WATCHED,
    BoolArray,
    Int32Array,
    Int64Array,
    Rows,
)
from typologies.base.columns import COLUMN_IDS, load_columns
from typologies.base.encoding import Records
from typologies.base.plan import LensPlan
from typologies.base.programs import Program
from typologies.base.residuals import Residuals
from typologies.base.rowarrays import grown
from typologies.base.rowclasses import RowClasses


class LensStore:
    """Chains of all subjects of one lens, with the plan's figures."""

    def __init__(self, plan: LensPlan) -> None:
        self.plan = plan
        n_windows, n_figures = plan.windows.shape[0], plan.figures.shape[0]
        self.classes = RowClasses(
            plan.filters,
            plan.wheres,
            plan.screens,
            [member.relevance_bit for member in plan.members],
            plan.position_columns,
            plan.position_sides,
            plan.figures,
            n_windows,
            Residuals(plan.figure_of, COLUMN_IDS, _bounded(plan)),
        )
        self.rows: Rows = np.zeros(1024, ROW)
        self.values = np.zeros((1024, max(0, plan.values.shape[0] - 1)), np.int64)
        self.free_rows = np.zeros(1024, np.int32)
        self.slot_of_code = np.full(1024, -1, np.int32)
        self.slots = np.zeros((256, SLOT_WIDTH), np.int64)
        self.free_slots = np.zeros(256, np.int32)
        self.watched = np.zeros(1024, np.int64)
        self.state = np.zeros((64, 3 * n_windows + n_figures + 1), np.int64)
        self.nulls = np.zeros((64, n_figures), np.int32)
        self.free_states = np.zeros(64, np.int32)
        self.counters = np.zeros(6, np.int64)
        self.touched = np.zeros(256, np.int32)
        self.n_touched = 0
        self._registers = np.zeros(MAX_DEPTH, np.int64)
        self._relevance_bits = np.array([m.relevance_bit for m in plan.members], np.int64)
        self._value_program, self._value_columns = _value_program(plan)
        n_positions = plan.position_sides.shape[0]
        self._codes = np.empty((n_positions, 0), np.int32)
        self._klass = np.empty((n_positions, 0), np.int32)
        self._computed = np.empty((n_positions, 0, 0), np.int64)
        self._members = np.empty(256, np.int32)
        self._found = np.empty(256, np.int32)
        self._passed = np.empty(256, np.bool_)

    @property
    def n_rows(self) -> int:
        """Rows in use."""
        return int(self.counters[0] - self.counters[1])

    @property
    def n_subjects(self) -> int:
        """Subjects with rows."""
        return int(self.counters[2] - self.counters[3])

    @property
    def n_states(self) -> int:
        """Subjects with figures."""
        return int(self.counters[4] - self.counters[5])

    @property
    def n_bytes(self) -> int:
        """Bytes of rows, subjects, figures and classes in use."""
        per_row = int(ROW.itemsize) + 8 * self.values.shape[1]
        per_state = 8 * self.state.shape[1] + 4 * self.nulls.shape[1]
        subjects = self.n_subjects * 8 * SLOT_WIDTH
        return int(self.n_rows * per_row + subjects + self.n_states * per_state + self.classes.n_bytes)

    def codes_of(self, rows: Int32Array) -> Int32Array:
        """Return the subject code of each row."""
        codes: Int32Array = self.slots[self.rows["subject"][rows], CODE].astype(np.int32)
        return codes

    def codes(self) -> list[int]:
        """Return the codes of all subjects with rows."""
        codes = self.slots[: int(self.counters[2]), CODE]
        return [int(code) for code in codes[codes >= 0]]

    def bits(self, row: int) -> int:
        """Return the filters that are true or unknown for a row, as bits."""
        klass = int(self.rows["klass"][row])
        return int(self.classes.mask[klass] | self.classes.unknown[klass])

    def most_rows(self, row: int) -> int:
        """Return how many rows the subject of a row has: no window of it has more."""
        counted = self.slots[self.rows["subject"][row], N_ODD : COUNTED + N_GROUPS].tolist()
        return sum(counted)

    # Rows in

    def relate(self, records: Records, used: BoolArray) -> int:
        """Find out which records matter to which subjects; return how many entries that makes.

        Sets `used[r]` for records with an entry. The result is kept until `ingest`.
        """
        n = records.shape[0]
        if self._codes.shape[1] != n:
            self._codes = np.empty((self._codes.shape[0], n), np.int32)
            self._klass = np.empty((self._codes.shape[0], n), np.int32)
        return self.classes.classify(records, self._codes, self._klass, used)

    def ingest(self, records: Records, places: Int32Array, n_entries: int, n_codes: int, cutoff: int) -> None:
        """Put the entries found by `relate` into their chains; `screen` says what came of them.

        Parameters
        ----------
        records
            (n,) in order of (event time, event key).
        places
            (n,) index of each record in the event store.
        n_codes
            Length of the dictionary.
        cutoff
            Rows at or before this time may be freed.
        """
        self._reserve(n_entries, n_codes)
        classes = self.classes
        self.n_touched = int(chains.link(
            records, places, self._codes, self._klass, self.plan.position_sides, self.plan.values,
            self._compute(records), self.rows, self.values, self.free_rows, self.slot_of_code, self.slots,
            self.free_slots, self.watched, self.state, self.nulls, self.counters, self.plan.windows, self.plan.figures,
            classes.unknown, classes.group, classes.item_starts, classes.items, cutoff, self.touched, self.n_touched,
        ))  # fmt: skip

    def _compute(self, records: Records) -> Int64Array:
        """Return (n_positions, n_computed, n) of the values that are more than a column."""
        program = self._value_program
        if program is None:
            return self._computed
        n = records.shape[0]
        everything = np.arange(n, dtype=np.int32)
        inputs = np.empty((self._value_columns.shape[0], n), np.int64)
        computed = np.empty((self._codes.shape[0], program.outputs.shape[0], n), np.int64)
        for p, side in enumerate(self.plan.position_sides.tolist()):
            load_columns(records, everything, self._value_columns, side, inputs)
            computed[p] = program.run(inputs, n)[program.outputs, :n]
        return computed

    def screen(self, stored: Records, not_before: int) -> tuple[Int32Array, Int32Array, BoolArray]:
        """Screen what `ingest`, `unlink` and `mark_from` have touched.

        Parameters
        ----------
        stored
            The event store's records.
        not_before
            Earlier rows are judged no more.

        Returns
        -------
        (Member, row, passed) of the rows that a judge must see or whose subject has findings already.
        """
        parts: list[tuple[Int32Array, Int32Array, BoolArray]] = []
        first = 0
        self._reserve_states(self.n_touched)
        classes = self.classes
        while first < self.n_touched:
            found, done = chains.screen(
                self.rows, self.values, self.slots, self.state, self.nulls, self.free_states, self.counters,
                self.plan.windows, self.plan.figures, classes.mask, classes.unknown, classes.rests,
                classes.item_starts, classes.items, classes.code, classes.spans, classes.groups_of_bit,
                self._relevance_bits, stored, not_before, self.touched, self.n_touched, self._registers,
                self._members, self._found, self._passed, first,
            )  # fmt: skip
            n_out, first = int(found), int(done)
            if n_out:
                parts.append((self._members[:n_out].copy(), self._found[:n_out].copy(), self._passed[:n_out].copy()))
            if first < self.n_touched:
                size = 2 * self._found.shape[0] + self._relevance_bits.shape[0]
                self._members, self._found = np.empty(size, np.int32), np.empty(size, np.int32)
                self._passed = np.empty(size, np.bool_)
        self.n_touched = 0
        if not parts:
            return _NONE, _NONE, _NONE_PASSED
        if len(parts) == 1:
            return parts[0]
        members, rows, passed = zip(*parts, strict=True)
        return np.concatenate(members), np.concatenate(rows), np.concatenate(passed)

    # Single rows

    def slot(self, code: int) -> int:
        """Return the slot of a subject, -1 if it has no rows."""
        return int(self.slot_of_code[code]) if 0 <= code < self.slot_of_code.shape[0] else -1

    def unlink(self, row: int) -> None:
        """Take one row out (a retraction)."""
        self._reserve_touched(1)
        classes = self.classes
        self.n_touched = int(chains.unlink(
            self.rows, self.values, row, self.slots, self.state, self.nulls, self.free_rows, self.counters,
            self.plan.windows, self.plan.figures, classes.unknown, classes.group, classes.item_starts, classes.items,
            self.touched, self.n_touched,
        ))  # fmt: skip

    def mark_from(self, slot: int, time: int) -> None:
        """Have a subject screened again from its first row at or after `time`."""
        self._reserve_touched(1)
        self.n_touched = int(chains.mark_from(self.rows, self.slots, slot, time, self.touched, self.n_touched))

    def rows_at(self, slot: int, time: int) -> Int32Array:
        """Return the rows of a subject at exactly `time`."""
        size = 64
        while True:
            out = np.empty(size, np.int32)
            n = int(chainreads.rows_at(self.rows, self.slots, slot, time, out))
            if n <= size:
                return out[:n]
            size = n

    def last_row_before(self, slot: int, time: int, inclusive: bool) -> int:
        """Return the last row of a subject before (or at) `time`."""
        return int(chainreads.last_row_before(self.rows, self.slots, slot, time, inclusive))

    def window(self, last: int, start: int, bit: int, stop: int = -1) -> Int32Array:
        """Return the rows of a window ending at row `last`, oldest first; those after row `stop` if it is given."""
        if last < 0:
            return _NONE
        classes = self.classes
        out = np.empty(512, np.int32)
        n = int(chainreads.window_rows(self.rows, classes.mask, classes.unknown, last, start, stop, bit, out))
        if n > out.shape[0]:
            out = np.empty(n, np.int32)
            chainreads.window_rows(self.rows, classes.mask, classes.unknown, last, start, stop, bit, out)
        return out[:n][::-1]

    def window_count(self, row: int, figure: int) -> int:
        """Return how many rows the window of a count (`Member.count_figure`) holds at a row."""
        self._reserve_states(1)
        classes = self.classes
        return int(chainreads.window_count(
            self.rows, self.values, row, figure, self.slots, self.state, self.nulls, self.free_states, self.counters,
            self.plan.windows, self.plan.figures, classes.item_starts, classes.items,
        ))  # fmt: skip

    def has_rows(self, last: int, first_us: int, after_us: int, bit: int) -> bool:
        """Return whether a row in [first_us, after_us), at or before row `last`, matters to a filter."""
        classes = self.classes
        row = int(chainreads.row_until(self.rows, classes.mask, classes.unknown, last, after_us - 1, bit))
        return row >= 0 and int(self.rows["time"][row]) >= first_us

    def day_sums(self, last: int, first_us: int, after_us: int, bit: int, stored: Records) -> list[list[int]]:
        """Return (day, side, rows, counterparties, USD cents, rows without USD) by day and side, in this order."""
        classes = self.classes
        most = self.most_rows(last)
        n_days = (after_us - first_us) // 86_400_000_000 + 1
        out = np.empty((3 * n_days, 6), np.int64)
        n = int(chainreads.day_sums(
            self.rows, classes.mask, classes.unknown, last, first_us, after_us, bit, stored,
            np.empty((3, most), np.int32), out,
        ))  # fmt: skip
        sums: list[list[int]] = sorted(out[:n].tolist())
        return sums

    def sweep(self, cutoff: int) -> int:
        """Free rows at or before `cutoff`, and subjects without rows; return how many rows were freed."""
        classes = self.classes
        return int(chains.sweep(
            self.rows, self.free_rows, self.slot_of_code, self.slots, self.free_slots, self.free_states, self.counters,
            self.values, self.plan.figures, classes.item_starts, classes.items, self.state, self.nulls, classes.unknown,
            classes.group, cutoff,
        ))  # fmt: skip

    def remap_events(self, new_place: Int32Array) -> None:
        """Follow a compaction of the event store."""
        chains.remap_events(self.rows, int(self.counters[0]), new_place)

    def remap_codes(self, new_code: Int32Array, n_codes: int) -> None:
        """Follow a compaction of the dictionary."""
        slots = self.slots[: int(self.counters[2])]
        live = slots[:, CODE] >= 0
        slots[live, CODE] = new_code[slots[live, CODE]]
        watched = np.zeros(max(1024, 2 * n_codes), np.int64)
        codes = np.flatnonzero(self.watched)
        watched[new_code[codes]] = self.watched[codes]
        self.watched = watched
        self.slot_of_code = np.full(watched.shape[0], -1, np.int32)
        self.slot_of_code[slots[live, CODE]] = np.flatnonzero(live).astype(np.int32)

    def live_codes(self, used: BoolArray) -> None:
        """Mark the codes that chains and watches need."""
        used[self.codes()] = True
        codes = np.flatnonzero(self.watched)
        used[codes[codes < used.shape[0]]] = True

    def is_watched(self, member: int, code: int) -> bool:
        """Return whether every new row of a subject is reported."""
        return code < self.watched.shape[0] and bool(int(self.watched[code]) >> member & 1)

    def watch(self, member: int, code: int, is_watched: bool) -> None:
        """Have every new row of a subject reported, because it has findings or deadlines (or no longer)."""
        self._reserve_codes(code + 1)
        bits = int(self.watched[code])
        self.watched[code] = bits | 1 << member if is_watched else bits & ~(1 << member)
        slot = self.slot(code)
        if slot >= 0:
            self.slots[slot, WATCHED] = self.watched[code]

    # Growth

    def _reserve(self, n_entries: int, n_codes: int) -> None:
        self._reserve_codes(n_codes)
        needed = int(self.counters[0]) + max(0, n_entries - int(self.counters[1]))
        if needed > self.rows.shape[0]:
            size = max(needed, 4 * self.rows.shape[0])
            self.rows = grown(self.rows, size)
            self.values = _grown(self.values, size)
            self.free_rows = _grown(self.free_rows, size)
        slots = int(self.counters[2]) + max(0, n_entries - int(self.counters[3]))
        if slots > self.slots.shape[0]:
            size = max(slots, 4 * self.slots.shape[0])
            self.slots = _grown(self.slots, size)
            self.free_slots = _grown(self.free_slots, size)
        self._reserve_touched(n_entries)

    def _reserve_touched(self, n: int) -> None:
        if self.n_touched + n > self.touched.shape[0]:
            self.touched = _grown(self.touched, max(self.n_touched + n, 2 * self.touched.shape[0]))

    def _reserve_states(self, n: int) -> None:
        needed = int(self.counters[4]) + max(0, n - int(self.counters[5]))
        if needed > self.state.shape[0]:
            size = max(needed, 4 * self.state.shape[0])
            for name in ("state", "nulls", "free_states"):
                setattr(self, name, _grown(getattr(self, name), size))

    def _reserve_codes(self, n_codes: int) -> None:
        if n_codes > self.slot_of_code.shape[0]:
            size = max(n_codes, 2 * self.slot_of_code.shape[0])
            self.slot_of_code = _grown(self.slot_of_code, size, fill=-1)
            self.watched = _grown(self.watched, size)

    _STATE = (
        "rows",
        "values",
        "free_rows",
        "slot_of_code",
        "slots",
        "free_slots",
        "watched",
        "state",
        "nulls",
        "free_states",
        "counters",
    )

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the state as arrays (nothing waits to be screened between batches)."""
        arrays = self.classes.to_arrays()
        for name in self._STATE:
            array = getattr(self, name)
            if name == "rows":  # what lies beyond the rows in use was never set
                array = self.rows[: int(self.counters[0])].view(np.uint8)
            arrays[name] = array.copy()
        return arrays

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Take over a state written by `to_arrays` for the same plan."""
        self.classes.load_arrays(arrays)
        for name in self._STATE:
            setattr(self, name, arrays[name].copy())
        kept = arrays["rows"].view(ROW)
        self.rows = grown(kept, max(1024, self.free_rows.shape[0]))


_NONE = np.zeros(0, np.int32)
_NONE_PASSED = np.zeros(0, np.bool_)


def _bounded(plan: LensPlan) -> frozenset[str]:
    """Return the figures that lie between 0 and what is counted of a subject: counts, and sums of the first value."""
    return frozenset(
        name
        for name, place in plan.figure_of.items()
        if plan.figures[place, 3] == COUNT or (plan.figures[place, 3] != LARGEST and plan.figures[place, 2] == 0)
    )


def _value_program(plan: LensPlan) -> tuple[Program | None, Int64Array]:
    if not plan.computed:
        return None, np.zeros(0, np.int64)
    names = sorted(set().union(*(expr.columns() for expr in plan.computed)))
    ids = np.array([COLUMN_IDS[name] for name in names], np.int64)
    return Program(plan.computed, {name: i for i, name in enumerate(names)}), ids


def _grown(array: np.ndarray, size: int, fill: int = 0) -> np.ndarray:
    # Memory that nobody has touched yet costs nothing, so zeros are not written.
    shape = (size, *array.shape[1:])
    new = np.full(shape, fill, array.dtype) if fill else np.zeros(shape, array.dtype)
    new[: array.shape[0]] = array
    return new
