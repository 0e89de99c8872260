"""The schedule of arrival never shows: runner and reference agree to the last digest on nasty random histories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.typologies.base.nasty import DETECTORS, detector_sets, histories, schedules
from typologies.base import runner as runner_module
from typologies.base.changes import AlertBook, AlertChange, Published, Withdrawn
from typologies.base.reference import Bound
from typologies.base.settings import EngineSettings
from typologies.base.trials import Drive, History, Idle, differences, drive, in_time_order, reference
from typologies.base.window import span_us

NAMES = ("the runner", "the reference")


@pytest.fixture(autouse=True)
def _compacts_early(monkeypatch: pytest.MonkeyPatch) -> None:
    # Small histories must reach the code that lets go of old rows and strings.
    monkeypatch.setattr(runner_module, "_COMPACT_ABOVE", 1)


def agree(bound: Sequence[Bound], past: History, schedule: object, **more: bool) -> None:
    found = drive(bound, past, schedule, fresh=True, **more)  # type: ignore[arg-type]
    assert differences(found, reference(bound, past), NAMES) == []


@given(past=histories(), bound=detector_sets)
def test_one_batch_of_everything_gives_the_alerts_of_the_reference(past: History, bound: list[Bound]) -> None:
    agree(bound, past, in_time_order(past))


@given(past=histories(), bound=detector_sets, size=st.integers(1, 7))
def test_the_size_of_batches_changes_nothing(past: History, bound: list[Bound], size: int) -> None:
    agree(bound, past, in_time_order(past, size))


@given(data=st.data(), past=histories(), bound=detector_sets)
def test_arrival_within_the_lateness_changes_nothing(data: st.DataObject, past: History, bound: list[Bound]) -> None:
    agree(bound, past, data.draw(schedules(past, restarts=False)))


@given(data=st.data(), past=histories(), bound=detector_sets)
def test_state_written_down_and_read_back_changes_nothing(
    data: st.DataObject, past: History, bound: list[Bound]
) -> None:
    agree(bound, past, data.draw(schedules(past)))


@given(data=st.data(), past=histories(), bound=detector_sets)
def test_facts_that_arrive_when_they_become_known_change_nothing(
    data: st.DataObject, past: History, bound: list[Bound]
) -> None:
    agree(bound, past, data.draw(schedules(past, tell=True)), tell=True)


HUBS = EngineSettings(lateness=timedelta(days=1), row_cap=3)


@given(data=st.data(), past=histories(HUBS, max_size=40), bound=detector_sets)
def test_subjects_above_the_row_cap_change_nothing(data: st.DataObject, past: History, bound: list[Bound]) -> None:
    agree(bound, past, data.draw(schedules(past)))


REVERSALS = EngineSettings(lateness=timedelta(days=1), reversals_within=timedelta(days=3))


@given(data=st.data(), past=histories(REVERSALS), bound=detector_sets)
def test_reversals_that_come_days_later_change_nothing(data: st.DataObject, past: History, bound: list[Bound]) -> None:
    agree(bound, past, data.draw(schedules(past)))


PUNCTUAL = EngineSettings(lateness=timedelta(0))


@given(data=st.data(), past=histories(PUNCTUAL), bound=detector_sets)
def test_no_lateness_at_all_changes_nothing(data: st.DataObject, past: History, bound: list[Bound]) -> None:
    agree(bound, past, data.draw(schedules(past)))


@given(data=st.data(), past=histories(max_size=60, with_facts=False))
def test_all_detectors_at_once_share_rows_and_figures(data: st.DataObject, past: History) -> None:
    agree(list(DETECTORS.values()), past, data.draw(schedules(past)))


class StrictBook(AlertBook):
    """A book that accepts only changes that make sense: what a store relies on."""

    def apply(self, changes: Iterable[AlertChange]) -> None:
        given = list(changes)
        standing, settled = set(self.standing()), {i for i, a in self.standing().items() if a.is_settled}
        for change in given:
            if isinstance(change, Published):
                assert change.alert.alert_id not in settled, "a settled alert changes no more"
                assert not change.alert.is_settled
            else:
                assert change.alert_id in standing | {c.alert.alert_id for c in given if isinstance(c, Published)}
                assert change.alert_id not in settled, "a settled alert is neither withdrawn nor settled again"
        super().apply(given)
        for change in given:
            if isinstance(change, Withdrawn):
                assert set(change.superseded_by) <= self.standing().keys(), "a successor stands"


@given(data=st.data(), past=histories(), bound=detector_sets)
def test_changes_make_sense_one_after_the_other(data: st.DataObject, past: History, bound: list[Bound]) -> None:
    run = Drive(bound, past, fresh=True)
    run.book = StrictBook()
    for step in data.draw(schedules(past)):
        run.step(step)
        for alert in run.book.standing().values():
            cited = {e.event.event_key for e in alert.evidence} | {c.event.event_key for c in alert.citations}
            assert cited <= set(run.cited), "cited events are given out with the alert, or before"
    run.finish()
    assert len(run.cited) == len(set(run.cited)), "each cited event is given out once"
    counters = run.runner.counters
    assert counters.events == counters.duplicates + counters.retractions + counters.accepted == past.frame.height


@given(data=st.data(), past=histories(with_facts=False), bound=detector_sets)
def test_long_after_everything_is_settled_and_nothing_is_retained(
    data: st.DataObject, past: History, bound: list[Bound]
) -> None:
    run = Drive(bound, past, fresh=True)
    for step in data.draw(schedules(past)):
        run.step(step)
    expected = run.finish().keys()
    longest = max(b.detector.look_back for b in bound)
    for _ in range(3):  # deadlines may set deadlines, and the floor of a batch holds from the next one on
        run.step(Idle(run.runner.clock + 8 * span_us(longest) + 2 * past.settings.lateness_us))
    assert expected <= run.book.standing().keys(), "what stood is never withdrawn by time alone"
    assert all(alert.is_settled for alert in run.book.standing().values())
    assert run.runner.n_retained == 0
