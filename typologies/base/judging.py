"""Judging: a window for a trigger, the detector's word on it, and what is kept of the events that a finding cites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from typologies.base.alerts import Anchor, Standing
from typologies.base.codec import Codec
from typologies.base.context import FactStore, JudgeContext
from typologies.base.counters import Counters
from typologies.base.errors import ContractError
from typologies.base.events import Side
from typologies.base.eventstore import EventStore
from typologies.base.facts import Fact
from typologies.base.findings import Deadline, Finding
from typologies.base.hubs import day_bounds
from typologies.base.lensstore import LensStore
from typologies.base.pins import Pin
from typologies.base.plan import Member
from typologies.base.roles import belongs_to_earlier_role
from typologies.base.rowarrays import take
from typologies.base.settings import EngineSettings
from typologies.base.walk import Walk
from typologies.base.window import EPOCH_DATE, DaySum, Event, Trigger, Window, span_us, to_datetime
from typologies.base.windowcolumns import LazyRows, WindowRows

_EVENT_CACHE = 300_000

Verdict = tuple[list[Standing], list[Deadline]]
"""Findings (at most one) and deadlines of one judgement."""


class Bench:
    """Where triggers are judged: makes windows and events, and pins what findings cite.

    Parameters
    ----------
    events, codec, facts, settings, counters
        Of the runner; judgements and findings are counted here.

    Attributes
    ----------
    pins
        Cited events by event key.
    new_pins
        Those cited for the first time since they were last taken.
    """

    def __init__(
        self, events: EventStore, codec: Codec, facts: FactStore, settings: EngineSettings, counters: Counters
    ) -> None:
        self._events = events
        self._codec = codec
        self._facts = facts
        self._settings = settings
        self._counters = counters
        self._cache: dict[int, Event] = {}
        self.pins: dict[str, Pin] = {}
        self.new_pins: list[Pin] = []

    def take_pins(self) -> list[Pin]:
        """Return the events cited for the first time since the last call."""
        pins, self.new_pins = self.new_pins, []
        return pins

    def forget_pins(self, before: int) -> None:
        """Forget cited events before a time."""
        for key in [key for key, pin in self.pins.items() if pin.time_us < before]:
            del self.pins[key]

    def forget_events(self, *, if_many: bool = False) -> None:
        """Forget the events made so far: the store has moved, or (`if_many`) there are too many of them."""
        if not if_many or len(self._cache) > _EVENT_CACHE:
            self._cache.clear()

    def walk(self, member: Member, store: LensStore) -> Walk:
        """Return what the triggers of one subject share, for as long as no row is linked or taken out."""
        return Walk(store, member.relevance_bit, self._events.records, self._window_events)

    def judge_row(self, member: Member, store: LensStore, subject: str, row: int, walk: Walk) -> tuple[Anchor, Verdict]:
        """Judge a row, and return its anchor beside."""
        at = store.rows[row]
        side = int(at["side"])
        event = self._event(int(at["event"]), side)
        anchor = Anchor((event.time_us, 1, f"{event.event_key}{side}"), event.event_id)
        return anchor, self.judge(member, store, subject, event, anchor, row, walk)

    def judge(
        self,
        member: Member,
        store: LensStore,
        subject: str,
        trigger: Trigger,
        anchor: Anchor,
        last: int,
        walk: Walk,
    ) -> Verdict:
        """Judge a trigger.

        Parameters
        ----------
        anchor
            Time and key of the trigger.
        last
            The last row of the subject at or before the trigger, -1 if there is none.
        walk
            Of this subject and member.

        Raises
        ------
        ContractError
            More than one finding, a deadline or evidence out of bounds.
        """
        detector = member.bound.detector
        lens = store.plan.lens
        start = anchor.time - member.look_back_us
        inside, sums = self._inside(member, store, trigger, last, start, anchor.time, walk)
        window = Window(lens.subject_kind, subject, lens.name, trigger, start, anchor.time, inside, sums)
        context = JudgeContext(self._facts, detector.context_tables, lens.subject_kind, subject, anchor.time)
        self._counters.judged += 1
        found: list[Standing] = []
        deadlines: list[Deadline] = []
        for result in detector.judge(window, context):
            if isinstance(result, Deadline):
                if not 0 < span_us(result.after) <= member.look_back_us:
                    raise ContractError(
                        f"{member.bound.typology}: a deadline lies above 0 and at most the look-back after its "
                        f"trigger, found {result.after}"
                    )
                deadlines.append(result)
                continue
            if found:
                raise ContractError(f"{member.bound.typology}: at most one finding a trigger")
            if belongs_to_earlier_role(result, detector.lenses, lens):
                continue
            self._check_evidence(member, result, start, anchor.time)
            self._pin(result)
            retroactive = isinstance(trigger, Fact) and trigger.valid_from < trigger.known_at
            found.append(
                Standing(anchor, start, result, tuple(sorted(context.read)), retroactive, len(window.day_sums))
            )
        self._counters.findings += len(found)
        return found, deadlines

    @staticmethod
    def _check_evidence(member: Member, finding: Finding, start: int, end: int) -> None:
        for item in finding.evidence:
            if not start < item.event.time_us <= end:
                raise ContractError(
                    f"{member.bound.typology}: evidence must lie in the window ({to_datetime(start)}, "
                    f"{to_datetime(end)}], found {item.event!r}"
                )

    def _pin(self, finding: Finding) -> None:
        for item in finding.evidence:
            self._pin_event(item.event)
        for reason in finding.reasons:
            for events in reason.observed.marks.values():
                for event in events:
                    self._pin_event(event)

    def _pin_event(self, event: Event) -> None:
        key = event.event_key
        pin = self.pins.get(key)
        if pin is None:
            pin = self.pins[key] = Pin.of(event.record, self._codec)
            self.new_pins.append(pin)
        elif event.record is not pin.record:
            event.rebase(pin.record)
        event.rebind(pin)

    # Windows

    def _event(self, place: int, side: int) -> Event:
        key = place << 2 | side
        event = self._cache.get(key)
        if event is None:
            record: tuple[int, ...] = self._events.records[place].item()
            event = self._cache[key] = Event(record, Side(side), self._codec)
        return event

    def _window_events(self, places: npt.NDArray[np.intp], sides: npt.NDArray[Any]) -> list[Event]:
        keys: list[int] = (places << 2 | sides).tolist()
        cache = self._cache
        missing = [key for key in keys if key not in cache]
        if missing:
            records = take(self._events.records, np.array(missing, np.int64) >> 2).tolist()
            for key, record in zip(missing, records, strict=True):
                cache[key] = Event(record, Side(key & 3), self._codec)
        return [cache[key] for key in keys]

    def _inside(
        self, member: Member, store: LensStore, trigger: Trigger, last: int, start: int, end: int, walk: Walk
    ) -> tuple[WindowRows, Sequence[DaySum] | Callable[[], Sequence[DaySum]]]:
        """Return the rows of a window, and the sums of the whole days that stand for rows if there are too many."""
        bit, cap = member.relevance_bit, self._settings.row_cap
        sums: Sequence[DaySum] | Callable[[], Sequence[DaySum]] = ()
        is_hub = last >= 0 and store.most_rows(last) > cap
        if is_hub:
            is_hub = (
                store.window_count(last, member.count_figure) > cap
                if isinstance(trigger, Event)
                else store.window(last, start, bit).shape[0] > cap
            )
        if is_hub:
            first, after = day_bounds(start, end, self._settings.lateness_us)
            if first < after:
                start = after - 1
                if store.has_rows(last, first, after, bit):
                    sums = partial(self._day_sums, store, last, first, after, bit)
        if isinstance(trigger, Event):
            return LazyRows(start, end, partial(walk.window, last)), sums
        return walk.window(last, start), sums

    def _day_sums(self, store: LensStore, last: int, first: int, after: int, bit: int) -> list[DaySum]:
        """Return whole days as sums, without making objects of their rows."""
        return [
            DaySum(
                day=EPOCH_DATE + timedelta(days=day),
                side=Side(side),
                n_events=n,
                n_counterparties=n_parties,
                amount_usd_cents=cents,
                n_without_usd=n_without,
            )
            for day, side, n, n_parties, cents, n_without in store.day_sums(
                last, first, after, bit, self._events.records
            )
        ]
