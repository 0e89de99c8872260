"""Running one history through the engine in different ways, and saying how two sets of alerts differ.

A history is what happened and was delivered; a schedule is one way in which it arrived: order, batches, idle marks,
moments at which the state was written down and read back. The engine's first promise is that the schedule does not
show in the alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from typologies.base.alerts import Alert, content_hash
from typologies.base.changes import AlertBook
from typologies.base.encoding import RecordBatch
from typologies.base.events import Kind
from typologies.base.facts import Fact
from typologies.base.reference import Bound, ReferenceEngine
from typologies.base.runner import Runner
from typologies.base.settings import EngineSettings
from typologies.base.window import span_us, to_microseconds

ENCODED_AT_ONCE = 2_000
"""Rows up to which a history may be encoded at once: well below the number at which the engine compacts."""


@dataclass(frozen=True, slots=True)
class History:
    """What happened to some subjects, as deliveries.

    Attributes
    ----------
    label
        Names the history in messages ("structuring, seed 17").
    frame
        Canonical frame, a row a delivery, ordered by event time. Duplicates and retractions are rows.
    facts
        Context.
    settings
        Lateness and the rest.
    clock_us
        Event time at which the history ends, microseconds: at least that of every row and of every fact becoming known.
    """

    label: str
    frame: pl.DataFrame
    facts: tuple[Fact, ...]
    settings: EngineSettings
    clock_us: int

    @property
    def times_us(self) -> npt.NDArray[np.int64]:
        """Event time of each row, (n,), microseconds."""
        return self.frame["event_time"].dt.timestamp("us").to_numpy()

    def part(self, rows: Sequence[int] | npt.NDArray[np.intp]) -> History:
        """Return the history with only these rows, in this order; its end stays."""
        frame = self.frame[np.asarray(rows, np.int64)]
        return History(self.label, frame, self.facts, self.settings, self.clock_us)


def history(
    label: str, frame: pl.DataFrame, facts: Iterable[Fact] = (), settings: EngineSettings | None = None
) -> History:
    """Return a history of these deliveries, sorted by event time, that ends with its last event or fact."""
    known = tuple(facts)
    ends = [to_microseconds(fact.known_at) for fact in known]
    if frame.height:
        last = frame["event_time"].max()
        if isinstance(last, datetime):
            ends.append(to_microseconds(last))
    return History(
        label,
        frame.sort("event_time", maintain_order=True),
        known,
        settings or EngineSettings(),
        max(ends, default=0),
    )


@dataclass(frozen=True, slots=True)
class Deliver:
    """One batch: rows of the history's frame."""

    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """Facts that arrive, by place in the history's facts."""

    facts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Idle:
    """An idle mark: nothing comes, event time has reached `clock_us`."""

    clock_us: int


@dataclass(frozen=True, slots=True)
class Restart:
    """The state is written down, everything else is lost, the state is read back."""


Step = Deliver | Tell | Idle | Restart
Schedule = tuple[Step, ...]


def delays_us(history: History, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return a delay for each delivery, (n,), in [0, lateness]; 0 and the whole lateness are frequent."""
    n = history.frame.height
    longest = np.full(n, history.settings.lateness_us, np.int64)
    # Reversals may take longer (semantics B2).
    longest[(history.frame["kind"] == Kind.RETRACTION.name.lower()).to_numpy()] += history.settings.reversals_us
    share = rng.choice([0.0, 1.0, -1.0], n, p=[0.3, 0.2, 0.5])
    share = np.where(share < 0, rng.random(n), share)
    delays: npt.NDArray[np.int64] = (longest * share).astype(np.int64)
    return delays


def arrival_order(history: History, delays: npt.NDArray[np.int64], rng: np.random.Generator) -> list[int]:
    """Return the rows by time of arrival (event time + delay), ties at random.

    With delays of at most the lateness no row arrives too late: whatever came before it, came with an arrival time not
    after its own, so no event time before it exceeds its own by more than the lateness.
    """
    order = np.lexsort((rng.random(len(delays)), history.times_us + delays))
    return [int(row) for row in order]


def in_batches(order: Sequence[int], sizes: int | Sequence[int]) -> Schedule:
    """Return `order` cut into batches: all of one size, or of the given sizes with the rest at the end."""
    if isinstance(sizes, int):
        return tuple(Deliver(tuple(order[i : i + sizes])) for i in range(0, len(order), sizes))
    steps: list[Deliver] = []
    at = 0
    for size in (*sizes, len(order)):
        if at < len(order):
            steps.append(Deliver(tuple(order[at : at + size])))
        at += size
    return tuple(steps)


def in_time_order(history: History, size: int | None = None) -> Schedule:
    """Return the plain schedule: rows by event time in batches of `size`; None: one batch."""
    n = history.frame.height
    return in_batches(range(n), size or max(n, 1))


def with_idle_marks(history: History, schedule: Schedule, rng: np.random.Generator) -> Schedule:
    """Return the schedule with idle marks between its steps, each as late as the rows still to come allow."""
    times = history.times_us
    margin = history.settings.lateness_us
    allowed: list[int] = []
    earliest = history.clock_us - margin
    for step in reversed(schedule):
        allowed.append(earliest + margin)
        if isinstance(step, Deliver) and step.rows:
            earliest = min(earliest, int(times[list(step.rows)].min()))
    steps: list[Step] = []
    for step, limit in zip(schedule, reversed(allowed), strict=True):
        steps.append(step)
        steps.append(Idle(limit if rng.random() < 0.5 else limit - int(rng.integers(0, margin + 1))))
    return tuple(steps)


def with_late_facts(history: History, schedule: Schedule) -> Schedule:
    """Return the schedule with every fact told as late as its lateness allows.

    A fact may come as long as the floor has not passed the time at which it became known: before the step that does.
    """
    known = [to_microseconds(fact.known_at) for fact in history.facts]
    waiting = sorted(range(len(known)), key=known.__getitem__)
    times, clock = history.times_us, 0
    steps: list[Step] = []
    for step in schedule:
        if isinstance(step, Deliver) and step.rows:
            clock = max(clock, int(times[list(step.rows)].max()))
        elif isinstance(step, Idle):
            clock = max(clock, step.clock_us)
        due = [i for i in waiting if known[i] < clock - history.settings.lateness_us]
        if due:
            steps.append(Tell(tuple(due)))
            waiting = [i for i in waiting if i not in due]
        steps.append(step)
    return (*steps, Tell(tuple(waiting))) if waiting else tuple(steps)


def with_restarts(schedule: Schedule, rng: np.random.Generator, share: float) -> Schedule:
    """Return the schedule with a restart after some of its steps."""
    steps: list[Step] = []
    for step in schedule:
        steps.append(step)
        if rng.random() < share:
            steps.append(Restart())
    return tuple(steps)


class Drive:
    """One run of the engine over a history, step by step.

    Parameters
    ----------
    bound, history
        Typologies and what happened.
    tell
        Facts reach the engine by `Tell` steps only; otherwise it knows all from the start.
    fresh
        Each batch is encoded when it comes, as drivers do, and cited events are taken after each step. Otherwise all
        rows are encoded at once, which is quicker and the same as long as the engine compacts nothing.

    Attributes
    ----------
    runner
        The engine; another object after a `Restart`.
    book
        Alerts so far.
    cited
        Event keys that the engine gave out as cited, in order.
    """

    def __init__(self, bound: Sequence[Bound], history: History, *, tell: bool = False, fresh: bool = False) -> None:
        self._bound = bound
        self._history = history
        self.runner = Runner(bound, history.settings, () if tell else history.facts)
        self.book = AlertBook()
        self.cited: list[str] = []
        self._clock = 0
        self._times = history.times_us
        self._is_fresh = fresh or history.frame.height > ENCODED_AT_ONCE
        self._encoded = self.runner.encode(history.frame[:0] if self._is_fresh else history.frame)

    def step(self, step: Step) -> None:
        """Do one step."""
        self._do(step)
        if self._is_fresh:
            self.cited += self.runner.take_cited()["event_key"].to_list()

    def _do(self, step: Step) -> None:
        if isinstance(step, Restart):
            self.runner = Runner.restore(self.runner.snapshot(), self._bound, self._history.settings)
            return
        if isinstance(step, Tell):
            self.book.apply(self.runner.add_facts([self._history.facts[i] for i in step.facts]))
            return
        rows = list(step.rows) if isinstance(step, Deliver) else []
        if rows:
            self._clock = max(self._clock, int(self._times[rows].max()))
        if isinstance(step, Idle):
            self._clock = max(self._clock, step.clock_us)
        floor = self._clock - self._history.settings.lateness_us
        self.book.apply(self.runner.process(self._batch(rows), floor, self._clock))

    def _batch(self, rows: list[int]) -> RecordBatch:
        if self._is_fresh and rows:
            return self.runner.encode(self._history.frame[rows])
        return self._encoded.take(np.array(rows, np.intp))

    def finish(self) -> dict[str, Alert]:
        """Pass the end of the history and return the standing alerts by id."""
        self.step(Idle(self._history.clock_us))
        if not self._is_fresh:
            self.cited += self.runner.take_cited()["event_key"].to_list()
        return dict(self.book.standing())


def drive(
    bound: Sequence[Bound], history: History, schedule: Schedule, *, tell: bool = False, fresh: bool = False
) -> dict[str, Alert]:
    """Return the standing alerts, by id, of a history that arrives by a schedule."""
    run = Drive(bound, history, tell=tell, fresh=fresh)
    for step in schedule:
        run.step(step)
    return run.finish()


def reference(bound: Sequence[Bound], history: History) -> dict[str, Alert]:
    """Return the standing alerts, by id, by the slow engine, which knows no schedule."""
    engine = ReferenceEngine(bound, history.settings, history.facts)
    return {alert.alert_id: alert for alert in engine.run(history.frame, history.clock_us)}


_SHOWN = [f.name for f in fields(Alert) if f.name not in ("is_settled", "status", "superseded_by", "context")]


def differences(found: Mapping[str, Alert], expected: Mapping[str, Alert], names: tuple[str, str]) -> list[str]:
    """Return how two sets of alerts differ, a sentence each; empty if all content is the same."""
    texts = [f"only with {names[0]}: {headline(found[key])}" for key in sorted(found.keys() - expected.keys())]
    texts += [f"only with {names[1]}: {headline(expected[key])}" for key in sorted(expected.keys() - found.keys())]
    for key in sorted(found.keys() & expected.keys()):
        a, b = found[key], expected[key]
        if content_hash(a) == content_hash(b):
            continue
        unequal = [name for name in _SHOWN if getattr(a, name) != getattr(b, name)]
        details = "; ".join(f"{name}: {getattr(a, name)} / {getattr(b, name)}" for name in unequal if name != "digest")
        texts.append(f"{headline(a)} differs ({names[0]} / {names[1]}): {details}")
    return texts


def headline(alert: Alert) -> str:
    """Return an alert in one line."""
    codes = ", ".join(reason.code for reason in alert.reasons)
    return (
        f"{alert.typology} {alert.subject_id} ({alert.subject_role}) at {alert.triggered_at.isoformat()}, "
        f"trigger {alert.trigger_event_id}, {alert.n_findings} findings, {codes}"
    )


def far_ahead(history: History, look_back: timedelta) -> int:
    """Return an event time at which nothing of the history can matter any more, microseconds."""
    margin = history.settings.lateness_us + history.settings.reversals_us
    return history.clock_us + 5 * span_us(look_back) + 2 * margin
