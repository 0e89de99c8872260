"""The runner: batches of encoded events in, changes of alerts out.

One instance a partition, the same in replay and stream.

What an author never writes is here: order, duplicates, retractions, figures, windows, deadlines, episodes, eviction.
A finding is a function of a window of a *set* of events, so nothing here depends on how events arrive; README.md says
rule by rule why.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from typologies.base import state
from typologies.base.alerts import AlertHead, Anchor, TriggerKey
from typologies.base.chainlayout import Int64Array
from typologies.base.changes import AlertChange
from typologies.base.codec import Codec
from typologies.base.columns import subject_code
from typologies.base.context import FactStore
from typologies.base.counters import Counters
from typologies.base.dedupe import SeenKeys
from typologies.base.encoding import Prepared, RecordBatch, Records, encode, intern
from typologies.base.errors import BrokenInvariant, IncompatibleState
from typologies.base.events import CODED_COLUMNS, NULL_I64, Kind
from typologies.base.eventstore import EventStore, number_used
from typologies.base.facts import BROADCAST_TABLES, PROFILE_TABLES, Fact
from typologies.base.judging import Bench, Verdict
from typologies.base.lensstore import LensStore
from typologies.base.pins import Pin, cited_frame
from typologies.base.plan import Member, plan_lenses
from typologies.base.reference import Bound
from typologies.base.retractions import Retractions
from typologies.base.rowarrays import take
from typologies.base.settings import EngineSettings
from typologies.base.strings import Interner
from typologies.base.subjects import PendingDeadline, SubjectState
from typologies.base.survey import Survey, survey
from typologies.base.window import (
    DeadlineTrigger,
    span_us,
    to_datetime,
    to_microseconds,
)

NO_TIME = NULL_I64 + 1
"""Floor and clock before anything was read."""

_COMPACT_ABOVE = 4_096


@dataclass(slots=True)
class _Update:
    """What happened to one subject in one batch: the first row that is new or changed, and rows to judge."""

    from_key: TriggerKey
    rows: set[int] = field(default_factory=set)


_StateKey = tuple[int, int, str]


class Runner:
    """The engine of one partition.

    Parameters
    ----------
    bound
        Detectors with id, version and parameters.
    settings
        Lateness, reversals, row cap.
    facts
        Context known before the first event.

    Notes
    -----
    Retained per subject: rows above floor - W. A row costs 64 bytes and 8 for each value column after the first, a
    subject 256 and its figures, if it has any, some 500; an event 232 and its texts. `n_bytes` tells.
    """

    def __init__(self, bound: Sequence[Bound], settings: EngineSettings, facts: Iterable[Fact] = ()) -> None:
        self.bound = list(bound)
        self.settings = settings
        self.counters = Counters()
        self._interner = Interner()
        self._events = EventStore()
        self._codec = Codec(self._interner, self._events.texts)
        self._lenses = [LensStore(plan) for plan in plan_lenses(self.bound)]
        self._longest = max((store.plan.look_back_us for store in self._lenses), default=0)
        self._seen = SeenKeys()
        self._retractions = Retractions()
        self._facts = FactStore()
        self._states: dict[_StateKey, SubjectState] = {}
        self._wake: list[tuple[int, _StateKey]] = []
        self._settle: list[tuple[int, _StateKey]] = []
        self._bench = Bench(self._events, self._codec, self._facts, settings, self.counters)
        self._floor = NO_TIME
        self._frozen = NO_TIME
        self._generation = 0
        self._is_dictionary_due = False
        self._next_floor = NO_TIME
        self._clock = NO_TIME
        self._swept = NO_TIME
        self._updates: dict[_StateKey, _Update] = {}
        for fact in facts:
            self._take_fact(fact)

    # What a driver calls

    @property
    def floor(self) -> int:
        """Nothing accepted from now on acts before this time (microseconds)."""
        return self._floor

    @property
    def clock(self) -> int:
        """Event time up to which deadlines have passed (microseconds)."""
        return self._clock

    def encode(self, frame: pl.DataFrame, running_numbers: Int64Array | None = None) -> RecordBatch:
        """Return a canonical frame as records in this runner's dictionary."""
        return encode(frame, self._interner, running_numbers).of_generation(self._generation)

    def intern(self, prepared: Prepared) -> RecordBatch:
        """Return records prepared elsewhere (`encoding.prepare`) in this runner's dictionary."""
        return intern(prepared, self._interner).of_generation(self._generation)

    def process(
        self, batch: RecordBatch, floor_us: int, clock_us: int, *, keep_codes: bool = False
    ) -> list[AlertChange]:
        """Take in a batch and return how alerts change.

        Parameters
        ----------
        batch
            Accepted events in any order; encoded by this runner.
        floor_us
            Floor after this batch: the minimum over the inputs of (maximum - lateness). It never falls.
        clock_us
            The minimum over the inputs of the maxima, after this batch.
        keep_codes
            The caller still holds other batches that this runner has encoded: the dictionary must not be renumbered
            now. It is done at the next call without.

        Raises
        ------
        BrokenInvariant
            An event lies before the floor that held when the batch came, floor or clock fall, or the dictionary was
            renumbered since the batch was encoded.
        """
        changes: list[AlertChange] = []
        if len(batch):
            if batch.generation != self._generation:
                raise BrokenInvariant(
                    f"a batch must be encoded in the dictionary's present state {self._generation}, found "
                    f"{batch.generation}: encode it just before it is processed, or pass keep_codes while holding it"
                )
            self._take_events(batch)
        if self._updates:
            self._screen_dirty()
        self._move(floor_us, clock_us)
        self._collect_due()
        changes += self._apply_updates()
        changes += self._settle_alerts()
        self._forget()
        if self._is_dictionary_due and not keep_codes:
            self._is_dictionary_due = False
            self._compact_dictionary()
        return changes

    def add_facts(self, facts: Iterable[Fact]) -> list[AlertChange]:
        """Take in context versions that became known and return how alerts change."""
        for fact in facts:
            self._take_fact(fact)
        if self._updates or any(store.n_touched for store in self._lenses):
            self._screen_dirty()
        self._collect_due()
        return self._apply_updates()

    def take_cited(self) -> pl.DataFrame:
        """Return the events cited for the first time since the last call (columns of `pins.CITED_SCHEMA`)."""
        return cited_frame(self._bench.take_pins())

    def describe(self, batch: RecordBatch, index: Iterable[int]) -> pl.DataFrame:
        """Return events of a batch of this runner as a frame of `pins.CITED_SCHEMA` (late ones, for the store)."""
        codec = Codec(self._interner, batch.texts)
        return cited_frame(Pin.of(batch.records[i].item(), codec) for i in index)

    @property
    def n_retained(self) -> int:
        """Events kept in memory."""
        return len(self._events)

    @property
    def n_bytes(self) -> int:
        """Bytes of retained events, rows, figures, keys and dictionary."""
        rows = sum(store.n_bytes for store in self._lenses)
        return self._events.n_bytes + rows + self._seen.n_bytes + self._interner.n_bytes

    # State

    def snapshot(self) -> bytes:
        """Return the whole state between two batches, to be given to `restore`."""
        arrays: dict[str, np.ndarray] = {}
        parts: list[tuple[str, dict[str, np.ndarray]]] = [
            ("interner", self._interner.to_arrays()),
            ("events", self._events.to_arrays()),
            ("seen", self._seen.to_arrays()),
        ]
        parts += [(f"lens{i}", store.to_arrays()) for i, store in enumerate(self._lenses)]
        for prefix, part in parts:
            arrays |= {f"{prefix}.{name}": array for name, array in part.items()}
        waiting = {pin.event_key: pin for pin in self._bench.new_pins}
        document = {
            "fingerprint": state.fingerprint(self.bound, self.settings),
            "dictionary": [self._generation, self._is_dictionary_due],
            "times": [self._floor, self._next_floor, self._clock, self._swept],
            "counters": asdict(self.counters),
            "retractions": self._retractions.to_json(),
            "facts": [state.fact_to_json(fact) for fact in self._facts],
            "pins": [pin.to_json() for _, pin in sorted((self._bench.pins | waiting).items())],
            "new_pins": [pin.event_key for pin in self._bench.new_pins],
            "states": [[*key, self._states[key].to_json()] for key in sorted(self._states)],
        }
        return state.pack(arrays, document)

    @classmethod
    def restore(cls, blob: bytes, bound: Sequence[Bound], settings: EngineSettings) -> Runner:
        """Return a runner that goes on where `snapshot` was taken.

        Raises
        ------
        IncompatibleState
            The state was made with other typologies, versions, parameters or settings.
        """
        arrays, document = state.unpack(blob)
        new = cls(bound, settings)
        if document.get("fingerprint") != state.fingerprint(new.bound, settings):
            raise IncompatibleState("the state was written with other typologies, versions, parameters or settings")

        def part(prefix: str) -> dict[str, np.ndarray]:
            return {k.removeprefix(prefix + "."): v for k, v in arrays.items() if k.startswith(prefix + ".")}

        new._interner = Interner.from_arrays(part("interner"))
        new._events = EventStore.from_arrays(part("events"))
        new._seen = SeenKeys.from_arrays(part("seen"))
        new._codec = Codec(new._interner, new._events.texts)
        for i, store in enumerate(new._lenses):
            store.load_arrays(part(f"lens{i}"))
        floor, new._next_floor, new._clock, new._swept = document["times"]
        new._set_floor(floor)
        new._generation, new._is_dictionary_due = document["dictionary"]
        new._retractions = Retractions.from_json(document["retractions"])
        new._facts = FactStore(map(state.fact_from_json, document["facts"]))
        new.counters = Counters(**document["counters"])
        new._bench = Bench(new._events, new._codec, new._facts, settings, new.counters)
        new._bench.pins = {pin.event_key: pin for pin in map(Pin.from_json, document["pins"])}
        new._bench.new_pins = [new._bench.pins[key] for key in document["new_pins"]]
        table = state.EventTable(new._bench.pins)
        for lens, m, subject, value in document["states"]:
            key = (int(lens), int(m), str(subject))
            restored = new._state(key, int(value["code"]))
            restored.load_json(value, table)
            for due, _ in restored.deadlines:
                heapq.heappush(new._wake, (due, key))
            for fact_key in restored.facts:
                heapq.heappush(new._wake, (fact_key[0], key))
            new._schedule(key, restored)
        return new

    # Events

    @property
    def _frozen_below(self) -> int:
        """Triggers before this cannot change: the floor, less what reversals may reach back."""
        return self._frozen

    def _take_events(self, batch: RecordBatch) -> None:
        records = batch.records
        seen_all = survey(records)
        self._check_floor(seen_all)
        n = len(batch)
        self.counters.events += n
        drop, n_duplicates = self._seen.mark(seen_all.key_hi, seen_all.key_lo, seen_all.times, self._frozen)
        if seen_all.n_retractions or batch.deliveries or len(self._retractions):
            drop = self._take_out(batch, drop, seen_all.n_retractions)
        else:
            self.counters.duplicates += n_duplicates
            self.counters.accepted += n - n_duplicates
            if not n_duplicates and seen_all.in_order:
                self._store(records, batch.texts)
                return
        keep = np.flatnonzero(~drop)
        if keep.shape[0]:
            order = keep[np.lexsort((seen_all.key_lo[keep], seen_all.key_hi[keep], seen_all.times[keep]))]
            self._store(take(records, order), batch.texts)

    def _take_out(self, batch: RecordBatch, seen: npt.NDArray[np.bool_], n_retractions: int) -> npt.NDArray[np.bool_]:
        """Apply retractions and deliveries; return (n,) which rows are not to be stored."""
        records = batch.records
        is_retraction = records["kind"] == Kind.RETRACTION
        drop: npt.NDArray[np.bool_] = seen | is_retraction
        n_duplicates = int(np.count_nonzero(seen))
        if n_retractions:
            self.counters.retractions += int(np.count_nonzero(is_retraction & ~seen))
            for i in np.flatnonzero(is_retraction).tolist():
                self._retract(records[i : i + 1], batch.deliveries.get(i, ""), batch.retracts.get(i, ""))
        if batch.deliveries:
            drop, n_duplicates = self._deliver(batch, is_retraction, drop, n_duplicates)
        if len(self._retractions):
            drop |= self._retractions.hits(records, batch.deliveries)
        self.counters.duplicates += n_duplicates
        n_repeated_retractions = int(np.count_nonzero(seen & is_retraction))
        self.counters.accepted += len(batch) - n_retractions - (n_duplicates - n_repeated_retractions)
        return drop

    def _check_floor(self, found: Survey) -> None:
        if self._floor <= NO_TIME:
            return
        if found.earliest < self._floor or found.earliest_retraction < self._frozen:
            first = min(found.earliest, found.earliest_retraction)
            raise BrokenInvariant(
                f"every accepted event acts at or after the floor {to_datetime(self._floor).isoformat()}; "
                f"found one at {to_datetime(first).isoformat()}"
            )

    def _store(self, records: Records, texts: npt.NDArray[np.uint8]) -> None:
        used = np.zeros(records.shape[0], np.bool_)
        counts = [store.relate(records, used) for store in self._lenses]
        places = np.empty(records.shape[0], np.int32)
        n_used = number_used(used, len(self._events), places)
        self.counters.irrelevant += records.shape[0] - n_used
        if not n_used:
            return
        self._events.append(records, texts, used if n_used < records.shape[0] else None)
        self._codec.texts = self._events.texts
        for store, n_entries in zip(self._lenses, counts, strict=True):
            if n_entries:
                cutoff = self._frozen_below - store.plan.look_back_us if self._floor > NO_TIME else NO_TIME
                store.ingest(records, places, n_entries, len(self._interner), cutoff)
                self._screen(store)

    def _screen_dirty(self) -> None:
        for store in self._lenses:
            if store.n_touched:
                self._screen(store)

    def _screen(self, store: LensStore) -> None:
        members, rows, passed = store.screen(self._events.records, self._frozen_below)
        if members.shape[0] == 0:
            return
        taken = take(store.rows, rows)
        codes = store.codes_of(rows)
        for m, row, is_pass, code, t, hi, lo, side in zip(
            members.tolist(),
            rows.tolist(),
            passed.tolist(),
            codes.tolist(),
            taken["time"].tolist(),
            taken["key_hi"].tolist(),
            taken["key_lo"].tolist(),
            taken["side"].tolist(),
            strict=True,
        ):
            member = store.plan.members[m]
            update = self._touch(member, store, code, (t, 1, f"{hi:016x}{lo:016x}{side}"))
            if is_pass:
                update.rows.add(row)

    def _touch(self, member: Member, store: LensStore, code: int, from_key: TriggerKey) -> _Update:
        subject = self._interner.string(code)
        if subject is None:
            raise BrokenInvariant(f"subject code {code} is not in the dictionary")
        key = (self._lenses.index(store), store.plan.members.index(member), subject)
        update = self._updates.get(key)
        if update is None:
            update = self._updates[key] = _Update(from_key)
        elif from_key < update.from_key:
            update.from_key = from_key
        return update

    # Retractions and deliveries

    def _retract(self, record: Records, delivery: str, event_key: str) -> None:
        """Remember a retraction, and take out what it names if that is here."""
        at, id_hash = int(record["time"][0]), int(record["id_hash"][0])
        gone = self._retractions.add(at, id_hash, delivery, event_key)
        for store in self._lenses:
            for columns in store.plan.position_columns:
                code = int(subject_code(record, 0, columns))
                slot = store.slot(code)
                if slot < 0:
                    continue
                for row in store.rows_at(slot, at).tolist():
                    event = store.rows["event"][row]
                    stored = self._events.records[event]
                    key = f"{int(stored['key_hi']):016x}{int(stored['key_lo']):016x}"
                    if int(stored["id_hash"]) == id_hash and gone(key):
                        self._unlink(store, code, row, key)

    def _unlink(self, store: LensStore, code: int, row: int, key: str) -> None:
        at, side = int(store.rows["time"][row]), int(store.rows["side"][row])
        seen = store.bits(row)
        store.unlink(row)
        for m, member in enumerate(store.plan.members):
            if store.is_watched(m, code) and seen >> member.relevance_bit & 1:
                self._touch(member, store, code, (at, 1, f"{key}{side}"))

    def _deliver(
        self, batch: RecordBatch, is_retraction: npt.NDArray[np.bool_], drop: npt.NDArray[np.bool_], n_duplicates: int
    ) -> tuple[npt.NDArray[np.bool_], int]:
        """Let events with delivery ids come again after a retraction of an earlier delivery (semantics B2)."""
        for i, delivery in batch.deliveries.items():
            if is_retraction[i]:
                continue
            record = batch.records[i]
            key = f"{int(record['key_hi']):016x}{int(record['key_lo']):016x}"
            subject_state = self._retractions.deliver(int(record["time"]), int(record["id_hash"]), key, delivery)
            if drop[i] and subject_state.is_new_delivery:
                n_duplicates -= not subject_state.was_present
            drop[i] = not (subject_state.is_present and not subject_state.was_present)
        return drop, n_duplicates

    # Context

    def _take_fact(self, fact: Fact) -> None:
        if not self._facts.add(fact):
            return
        known = to_microseconds(fact.known_at)
        if self._clock > NO_TIME:
            since = max(known, to_microseconds(fact.valid_from), self._frozen_below)
            self._redo_readers(fact, since)
        if fact.table in PROFILE_TABLES:
            kind = fact.table.removesuffix("_profile")
            for i, store in enumerate(self._lenses):
                if store.plan.lens.subject_kind != kind:
                    continue
                for m, member in enumerate(store.plan.members):
                    if fact.table in member.bound.detector.retrigger_tables and known >= self._frozen_below:
                        state_key = (i, m, fact.key)
                        subject_state = self._state(state_key, self._interner.code(fact.key))
                        subject_state.facts[known, 2, fact.content_hash()] = fact
                        heapq.heappush(self._wake, (known, state_key))

    def _redo_readers(self, fact: Fact, since: int) -> None:
        """Judge again every trigger from `since` on that may read the fact."""
        for i, store in enumerate(self._lenses):
            readers = [
                (m, member)
                for m, member in enumerate(store.plan.members)
                if fact.table in member.bound.detector.context_tables
            ]
            if not readers:
                continue
            if fact.table in BROADCAST_TABLES:
                codes = store.codes()
                watched = {known.code for key, known in self._states.items() if key[0] == i}
                codes += sorted(watched - set(codes))
            elif fact.table == f"{store.plan.lens.subject_kind}_profile":
                codes = [self._interner.code(fact.key)]
            else:
                continue
            for code in codes:
                slot = store.slot(code)
                if slot >= 0:
                    store.mark_from(slot, since)
                for m, member in readers:
                    subject = self._interner.string(code)
                    if subject is not None and (i, m, subject) in self._states:
                        self._touch(member, store, code, (since, -1, ""))

    # Time

    def _move(self, floor_us: int, clock_us: int) -> None:
        if floor_us < self._floor or clock_us < self._clock:
            raise BrokenInvariant(
                f"floor and clock never fall: floor {self._floor} -> {floor_us}, clock {self._clock} -> {clock_us}"
            )
        self._next_floor = floor_us
        self._clock = clock_us

    def _collect_due(self) -> None:
        while self._wake and self._wake[0][0] <= self._clock:
            _, key = heapq.heappop(self._wake)
            if key in self._states and key not in self._updates:
                self._updates[key] = _Update((self._clock + 1, 9, ""))

    # Judging

    def _state(self, key: _StateKey, code: int) -> SubjectState:
        subject_state = self._states.get(key)
        if subject_state is None:
            store = self._lenses[key[0]]
            member = store.plan.members[key[1]]
            lens = store.plan.lens
            head = AlertHead(member.bound.typology, member.bound.version, lens.name, lens.subject_kind, key[2])
            subject_state = self._states[key] = SubjectState(head, member.look_back_us, code)
            store.watch(key[1], code, True)
        return subject_state

    def _apply_updates(self) -> list[AlertChange]:
        changes: list[AlertChange] = []
        updates, self._updates = self._updates, {}
        for key in sorted(updates):
            changes += self._apply(key, updates[key])
        return changes

    def _apply(self, key: _StateKey, update: _Update) -> list[AlertChange]:
        store = self._lenses[key[0]]
        member = store.plan.members[key[1]]
        subject_state = self._states.get(key)
        if subject_state is None and not update.rows:
            return []
        if subject_state is not None:
            latest = subject_state.latest()
            if latest is not None and latest >= update.from_key:
                subject_state.forget_from(update.from_key)
            elif not update.rows and not subject_state.due(self._clock) and not subject_state.due_facts(self._clock):
                return []
        results: list[tuple[Anchor, Verdict]] = []
        walk = self._bench.walk(member, store)
        for row in sorted(update.rows, key=lambda r: _row_key(store, r)):
            results.append(self._bench.judge_row(member, store, key[2], row, walk))
        if subject_state is None:
            if not any(found or deadlines for _, (found, deadlines) in results):
                return []
            subject_state = self._state(key, self._interner.code(key[2]))
        for anchor, verdict in results:
            self._take_results(key, subject_state, anchor, verdict)
        self._judge_due(key, subject_state, member, store, store.slot(subject_state.code))
        changes = subject_state.episode_changes()
        self._schedule(key, subject_state)
        return changes

    def _take_results(self, key: _StateKey, subject_state: SubjectState, anchor: Anchor, verdict: Verdict) -> None:
        found, deadlines = verdict
        for standing in found:
            subject_state.add(standing)
        for deadline in deadlines:
            due = anchor.time + span_us(deadline.after)
            trigger = DeadlineTrigger(to_datetime(due), anchor.key[2][:32], deadline.name)
            subject_state.deadlines[due, f"{anchor.key[2]}:{deadline.name}"] = PendingDeadline(trigger, anchor.key)
            heapq.heappush(self._wake, (due, key))

    def _judge_due(
        self, key: _StateKey, subject_state: SubjectState, member: Member, store: LensStore, slot: int
    ) -> None:
        """Judge what has passed: context versions, then deadlines, which may set further ones."""
        for fact_key in subject_state.due_facts(self._clock):
            subject_state.judged_facts.add(fact_key)
            fact = subject_state.facts[fact_key]
            last = store.last_row_before(slot, fact_key[0], inclusive=True) if slot >= 0 else -1
            anchor = Anchor(fact_key, f"{fact.table}:{fact.key}")
            walk = self._bench.walk(member, store)
            verdict = self._bench.judge(member, store, key[2], fact, anchor, last, walk)
            self._take_results(key, subject_state, anchor, verdict)
        while due := subject_state.due(self._clock):
            at, name = due[0]
            subject_state.judged.add(due[0])
            if at < self._frozen_below:
                continue
            last = store.last_row_before(slot, at, inclusive=False) if slot >= 0 else -1
            anchor = Anchor((at, 0, name), name)
            trigger, walk = subject_state.deadlines[due[0]].trigger, self._bench.walk(member, store)
            verdict = self._bench.judge(member, store, key[2], trigger, anchor, last, walk)
            self._take_results(key, subject_state, anchor, verdict)

    # Letting go

    def _schedule(self, key: _StateKey, subject_state: SubjectState) -> None:
        at = subject_state.settles_at()
        if at is not None:
            heapq.heappush(self._settle, (at, key))
        elif subject_state.is_empty:
            self._drop(key, subject_state)

    def _drop(self, key: _StateKey, subject_state: SubjectState) -> None:
        self._lenses[key[0]].watch(key[1], subject_state.code, False)
        del self._states[key]

    def _set_floor(self, floor: int) -> None:
        self._floor = floor
        self._frozen = max(NO_TIME, floor - self.settings.reversals_us) if floor > NO_TIME else NO_TIME

    def _settle_alerts(self) -> list[AlertChange]:
        self._set_floor(self._next_floor)
        changes: list[AlertChange] = []
        frozen = self._frozen_below
        while self._settle and self._settle[0][0] < frozen:
            _, key = heapq.heappop(self._settle)
            subject_state = self._states.get(key)
            if subject_state is None:
                continue
            changes += subject_state.settle(frozen)
            self._schedule(key, subject_state)
        return changes

    def _forget(self) -> None:
        """Free what no changeable trigger can need, when enough of it has gathered to be worth it."""
        if self._floor <= NO_TIME:
            return
        frozen = self._frozen_below
        if len(self._events) < _COMPACT_ABOVE:
            return
        if self._swept > NO_TIME and frozen - self._swept < self._longest // 4:
            return
        self._swept = frozen
        self._retractions.forget(frozen)
        self._facts.evict(to_datetime(frozen - self._longest))
        for store in self._lenses:
            store.sweep(frozen - store.plan.look_back_us)
        cutoff = frozen - self._longest
        if 3 * self._events.n_dead(cutoff) > len(self._events):
            new_place = self._events.compact(cutoff)
            for store in self._lenses:
                store.remap_events(new_place)
            self._codec.texts = self._events.texts
            self._is_dictionary_due = True
            self._bench.forget_events()
        else:
            self._bench.forget_events(if_many=True)
        gone = frozen - 2 * self._longest
        self._bench.forget_pins(gone)

    def _compact_dictionary(self) -> None:
        records = self._events.records[: len(self._events)]
        used = np.zeros(len(self._interner), np.bool_)
        for name in CODED_COLUMNS:
            codes = records[name]
            used[codes[codes >= 0]] = True
        for store in self._lenses:
            store.live_codes(used)
        for subject_state in self._states.values():
            used[subject_state.code] = True
        if 2 * int(np.count_nonzero(used)) > used.shape[0]:
            return
        new_code = self._interner.keep(used)
        self._generation += 1
        self._bench.forget_events()
        for name in CODED_COLUMNS:
            records[name] = new_code[records[name]]
        for store in self._lenses:
            store.remap_codes(new_code, len(self._interner))
        for subject_state in self._states.values():
            subject_state.code = int(new_code[subject_state.code])


def _row_key(store: LensStore, row: int) -> tuple[int, int, int, int]:
    r = store.rows[row]
    return int(r["time"]), int(r["key_hi"]), int(r["key_lo"]), int(r["side"])
