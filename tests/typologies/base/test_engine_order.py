"""The schedule of arrival never shows: runner and reference agree to the last digest on nasty random histories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.typologies.base.nasty import DETECTORS, detector_sets, histories, schedules
from typologies.base import runner as runner_module
from typologies.base.reference import Bound
from typologies.base.settings import EngineSettings
from typologies.base.trials import History, differences, drive, in_time_order, reference

NAMES = ("the runner", "the reference")


@pytest.fixture(autouse=True)
def _compacts_early(monkeypatch: pytest.MonkeyPatch) -> None:
    # Small histories must reach the code that lets go of old rows and strings.
    monkeypatch.setattr(runner_module, "_COMPACT_ABOVE", 4)


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
