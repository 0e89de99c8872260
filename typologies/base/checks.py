"""The contract that every typology passes, as plain functions that raise `ContractError` with a readable message.

Each `check_*` takes trials: one typology, one history. The oracle is always the slow reference engine, which knows
neither screens nor schedules. Checks of a folder's own promises (golden cases, red flags, silence) are in `promises`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from typologies.base import trials
from typologies.base.alerts import Alert
from typologies.base.context import FactStore, JudgeContext
from typologies.base.errors import ContractError
from typologies.base.findings import Finding
from typologies.base.probe import Judgement, ProbedDetector, probe
from typologies.base.reference import Bound
from typologies.base.slow_screen import screen_passes
from typologies.base.swaps import renamed, shapes, unmarked, with_other_people, without_ties
from typologies.base.trials import Drive, History, Idle, Schedule, differences, drive, in_time_order, reference
from typologies.base.window import Event, Window, span_us

RETAINED_EVENTS = 4_096
"""Below this many events the engine does not bother to let go of any."""

MAX_REPRODUCED = 40
"""Findings of one trial that are judged again from their evidence: enough to meet every kind, and cheap."""


class Trial:
    """One typology on one history; what several checks need is computed once.

    Parameters
    ----------
    bound
        The typology.
    history
        What happened.
    seed
        Of the schedules drawn for it.
    """

    def __init__(self, bound: Bound, history: History, seed: int = 0) -> None:
        self.bound = bound
        self.history = history
        self.seed = seed

    def rng(self, purpose: int) -> np.random.Generator:
        """Return a generator of its own for one check."""
        return np.random.default_rng([self.seed, purpose])

    @cached_property
    def _probed(self) -> tuple[dict[str, Alert], ProbedDetector]:
        bound, detector = probe(self.bound)
        return reference([bound], self.history), detector

    @property
    def expected(self) -> dict[str, Alert]:
        """Standing alerts of the slow engine."""
        return self._probed[0]

    @property
    def judgements(self) -> list[Judgement]:
        """Every judgement the slow engine asked for."""
        return self._probed[1].judgements

    def order(self, purpose: int) -> list[int]:
        """Return the rows in a random order of arrival within the lateness."""
        rng = self.rng(purpose)
        return trials.arrival_order(self.history, trials.delays_us(self.history, rng), rng)

    def require(self, schedule: Schedule, what: str, *, tell: bool = False) -> None:
        """Raise `ContractError` unless the schedule gives the expected alerts."""
        found = drive([self.bound], self.history, schedule, tell=tell)
        self.same(differences(found, self.expected, (what, "the reference")), what)

    def same(self, found: Sequence[str], what: str) -> None:
        """Raise `ContractError` if there are differences."""
        if found:
            shown = "\n  ".join(found[:5])
            more = f"\n  and {len(found) - 5} more" if len(found) > 5 else ""
            raise ContractError(
                f"{self.bound.typology}: {what} must change no alert ({self.history.label}):\n  {shown}{more}"
            )


Trials = Iterable[Trial]


def check_inputs_untouched(each: Trials) -> None:
    """Judging changes neither events nor context nor the detector, and judging twice gives the same."""
    for trial in each:
        for judgement in trial.judgements:  # the probe raises if anything changed
            if not judgement.results:
                continue
            again = tuple(trial.bound.detector.judge(judgement.window, _context(trial, judgement.window)))
            if again != judgement.results:
                raise ContractError(
                    f"{trial.bound.typology}: judging a window twice must give the same; "
                    f"{_where(trial, judgement.window)} gave {judgement.results!r}, then {again!r}"
                )


def check_screen(each: Trials) -> None:
    """The screen is necessary: it lets every event through at which the judge has something to say."""
    for trial in each:
        detector = trial.bound.detector
        for judgement in trial.judgements:
            trigger = judgement.window.trigger
            if not judgement.results or not isinstance(trigger, Event) or judgement.window.is_collapsed:
                continue
            if not screen_passes(detector, judgement.events, trigger):
                raise ContractError(
                    f"{trial.bound.typology}: the screen stops {trigger!r}, at which the judge returns "
                    f"{_names(judgement)} ({_where(trial, judgement.window)}); a screen may let too much through, "
                    "never too little"
                )


def check_agreement(each: Trials) -> None:
    """The engine, with screens and trailing figures, finds what the slow engine finds without them."""
    for trial in each:
        trial.require(in_time_order(trial.history), "screening")


def check_batches(each: Trials) -> None:
    """The size of batches changes nothing."""
    for trial in each:
        for size in (1, 7, 2_048):
            trial.require(in_time_order(trial.history, size), f"a batch size of {size}")


def check_arrival(each: Trials) -> None:
    """Arrival in any order within the lateness changes nothing, of events and of facts."""
    for trial in each:
        schedule = trials.in_batches(trial.order(1), 5)
        trial.require(schedule, "arrival within the lateness")
        if trial.history.facts:
            schedule = trials.with_late_facts(trial.history, schedule)
            trial.require(schedule, "facts that come as late as they may", tell=True)


def check_duplicates(each: Trials) -> None:
    """The same events again change nothing."""
    for trial in each:
        rows = np.arange(trial.history.frame.height)
        rng = trial.rng(2)
        twice = trial.history.part(np.sort(np.concatenate([rows, rng.choice(rows, rows.shape[0] // 2)])))
        again = Trial(trial.bound, twice, trial.seed)
        found = drive([trial.bound], twice, trials.in_batches(again.order(3), 9))
        trial.same(differences(found, trial.expected, ("duplicates", "the reference")), "duplicates")


def check_restarts(each: Trials) -> None:
    """State written down and read back at any point changes nothing."""
    for trial in each:
        schedule = trials.with_restarts(trials.in_batches(trial.order(4), 6), trial.rng(5), 0.3)
        trial.require(schedule, "writing state down and reading it back")


def check_idle_marks(each: Trials) -> None:
    """Empty batches with a later clock change nothing, except that deadlines pass."""
    for trial in each:
        schedule = trials.with_idle_marks(trial.history, trials.in_batches(trial.order(6), 6), trial.rng(7))
        trial.require(schedule, "idle marks")


def check_old_events(each: Trials) -> None:
    """Events older than the look-back of every trigger change nothing: an earlier life of the same subjects."""
    for trial in each:
        history, look_back = trial.history, trial.bound.detector.look_back
        if not history.frame.height:
            continue
        # Deadlines stand up to W after an event and an episode covers W more; one W and the lateness are margin.
        distance = (
            history.times_us.max() - history.times_us.min() + 4 * span_us(look_back) + history.settings.lateness_us
        )
        earlier = history.frame.with_columns(
            pl.col("event_time") - pl.duration(microseconds=int(distance)),
            (pl.lit("before-") + pl.col("event_id")).alias("event_id"),
            pl.lit(None, pl.String).alias("retracts_key"),
        ).filter(pl.col("kind") != "retraction")
        together = pl.concat([earlier, history.frame])
        both = History(history.label, together, history.facts, history.settings, history.clock_us)
        before = History(history.label, earlier, history.facts, history.settings, history.clock_us)
        expected = {**reference([trial.bound], before), **trial.expected}
        found = drive([trial.bound], both, in_time_order(both, 64))
        trial.same(differences(found, expected, ("older events", "without them")), "events older than the look-back")


def check_renaming(each: Trials) -> None:
    """Other ids in the same order rename findings and change nothing else."""
    for trial in each:
        plain = without_ties(trial.history)
        before = reference([trial.bound], plain)
        after = reference([trial.bound], renamed(plain))
        _same_shapes(trial, shapes(after, unmarked), shapes(before, unmarked), "renaming ids")


def check_other_people(each: Trials) -> None:
    """Other names and other personal data change nothing: behaviour, not people."""
    for trial in each:
        after = reference([trial.bound], with_other_people(trial.history))
        _same_shapes(trial, shapes(after), shapes(trial.expected), "other names, nationality and documents")


def check_evidence(each: Trials) -> None:
    """Findings cite existing events inside their windows, and follow again from what they cite alone."""
    for trial in each:
        known = set[str]()
        for judgement in trial.judgements:
            known |= {event.event_key for event in judgement.events}
        left = MAX_REPRODUCED
        for judgement in trial.judgements:
            for finding in judgement.findings:
                _cites_its_window(trial, judgement, finding)
                if left > 0:
                    left -= 1
                    _follows_from_evidence(trial, judgement, finding)
        for alert in trial.expected.values():
            missing = [e.event.event_id for e in alert.evidence if e.event.event_key not in known]
            if missing:
                raise ContractError(f"{trial.bound.typology}: {alert.alert_id} cites unknown events {missing}")


def check_state_shrinks(each: Trials) -> None:
    """State shrinks back after the look-back: many lives one after the other need no more than a few."""
    for trial in each:
        history = trial.history
        if not history.frame.height:
            continue
        span = trials.far_ahead(history, trial.bound.detector.look_back) - int(history.times_us.min())
        n_lives = -(-5 * RETAINED_EVENTS // (4 * history.frame.height))
        run = Drive([trial.bound], _lives(history, 3 * n_lives, span))
        sizes: list[int] = []
        for part in range(3):
            rows = range(part * n_lives * history.frame.height, (part + 1) * n_lives * history.frame.height)
            for step in trials.in_batches(rows, RETAINED_EVENTS // 2):
                run.step(step)
            run.step(Idle(int(history.times_us.min()) + (part + 1) * n_lives * span))
            sizes.append(len(run.runner.snapshot()))
        # The first third fills what the engine keeps anyway; the last must not be larger than the second.
        if sizes[2] > 1.25 * sizes[1]:
            raise ContractError(
                f"{trial.bound.typology}: state must shrink back after the look-back; it took {sizes[1]:,} bytes after "
                f"{2 * n_lives} lives of the subjects and {sizes[2]:,} after {3 * n_lives} ({history.label})"
            )


CHECKS: tuple[Callable[[Trials], None], ...] = (
    check_inputs_untouched,
    check_screen,
    check_agreement,
    check_batches,
    check_arrival,
    check_duplicates,
    check_restarts,
    check_idle_marks,
    check_old_events,
    check_renaming,
    check_other_people,
    check_evidence,
)
"""Checks that every trial passes. `check_state_shrinks` needs thousands of events: one trial is enough for it."""


def _lives(history: History, n: int, span_us_: int) -> History:
    """Return the history `n` times, `span_us_` apart, each life with event ids of its own."""
    plain = history.frame.with_columns(pl.lit(None, pl.String).alias("retracts_key"))
    frames = [
        plain.with_columns(
            pl.col("event_time") + pl.duration(microseconds=i * span_us_),
            (pl.lit(f"{i}-") + pl.col("event_id")).alias("event_id"),
        )
        for i in range(n)
    ]
    end = history.clock_us + n * span_us_
    return History(history.label, pl.concat(frames), history.facts, history.settings, end)


def _context(trial: Trial, window: Window, facts: FactStore | None = None) -> JudgeContext:
    store = FactStore(trial.history.facts) if facts is None else facts
    detector = trial.bound.detector
    return JudgeContext(store, detector.context_tables, window.subject_kind, window.subject_id, window.end)


def _cites_its_window(trial: Trial, judgement: Judgement, finding: Finding) -> None:
    window = judgement.window
    given = set(judgement.events)
    cited = [item.event for item in finding.evidence] + _marked(finding)
    for event in cited:
        if event not in given or not window.start < event.time_us <= window.end:
            raise ContractError(
                f"{trial.bound.typology}: a finding cites events of its window only, found {event!r} "
                f"({_where(trial, window)})"
            )


def _marked(finding: Finding) -> list[Event]:
    return [event for reason in finding.reasons for events in reason.observed.marks.values() for event in events]


_REPRODUCED = ("mode", "severity", "red_flags", "reasons", "evidence", "explanation", "counter_evidence", "look_alikes")


def _follows_from_evidence(trial: Trial, judgement: Judgement, finding: Finding) -> None:
    window = judgement.window
    kept = {item.event for item in finding.evidence} | set(_marked(finding))
    if isinstance(window.trigger, Event):
        kept.add(window.trigger)
    reduced = Window(
        window.subject_kind,
        window.subject_id,
        window.role,
        window.trigger,
        window.start,
        window.end,
        [event for event in judgement.events if event in kept],
        window.day_sums,
    )
    facts = FactStore(fact for fact in trial.history.facts if fact.content_hash() in judgement.read)
    again = [r for r in trial.bound.detector.judge(reduced, _context(trial, window, facts)) if isinstance(r, Finding)]
    if not again:
        unequal = ["nothing is found"]
    else:
        unequal = [
            f"{name}: {getattr(again[0], name)!r} instead of {getattr(finding, name)!r}"
            for name in _REPRODUCED
            if getattr(again[0], name) != getattr(finding, name)
        ]
    if unequal:
        raise ContractError(
            f"{trial.bound.typology}: a finding must follow from the {len(kept)} of {len(judgement.events)} events it "
            f"cites as evidence, baseline or in a figure ({_where(trial, window)}); from these alone: "
            + "; ".join(unequal)
        )


def _same_shapes(trial: Trial, found: list[Any], expected: list[Any], what: str) -> None:
    missing = [s for s in expected if s not in found]
    extra = [s for s in found if s not in expected]
    trial.same([*(f"without: {s}" for s in missing), *(f"with: {s}" for s in extra)], what)


def _where(trial: Trial, window: Window) -> str:
    return f"{window.role} {window.subject_id} at {window.end_time.isoformat()}, {trial.history.label}"


def _names(judgement: Judgement) -> str:
    codes: Mapping[str, None] = dict.fromkeys(
        reason.code for finding in judgement.findings for reason in finding.reasons
    )
    return ", ".join(codes) or "a deadline"
