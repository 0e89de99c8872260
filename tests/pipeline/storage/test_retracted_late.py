"""An alert tells which of its events were retracted too late to leave it (semantics B2, last sentence)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.storage.batch import AlertBatch
from tests.pipeline.storage.by_hand import (
    START,
    alert_over,
    canonical,
    events_of,
    open_store,
    rows,
    run_info,
    with_keys,
)
from typologies.base.retractions import Retractions


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.duckdb"


def late(*changes: dict[str, Any], kind: str = "retraction") -> pl.DataFrame:
    """Rows that came too late; each is a row of `canonical` with the time of e0 unless it says otherwise."""
    named = pl.Series("retracts_key", [change.pop("retracts_key", None) for change in changes], pl.String)
    given = [{"event_id": "e0", "event_time": START, **change} for change in changes]
    return with_keys(canonical(given)).with_columns(named, kind=pl.lit(kind))


def store(path: Path, events: pl.DataFrame, batches: Sequence[AlertBatch], *, is_late_first: bool = False) -> list[str]:
    """Write an alert over all events and the late batches; return the ids of events marked on the alert."""
    first = AlertBatch([alert_over(events_of(events))], with_keys(events))
    order = [*batches, first] if is_late_first else [first, *batches]
    with open_store(path) as opened:
        opened.begin_run(run_info())
        for batch in order:
            opened.write(batch)
        opened.finish_run({})
    keys = rows(path, "SELECT unnest(retracted_late) FROM alerts")
    marked = rows(path, "SELECT event_id, event_key FROM alert_evidence WHERE is_retracted_late ORDER BY event_id")
    assert sorted(keys) == sorted((key,) for _, key in marked)
    return [event_id for event_id, _ in marked]


@pytest.mark.parametrize("is_late_first", [False, True])
def test_a_cited_event_that_a_late_retraction_names_is_marked_whichever_comes_first(
    path: Path, *, is_late_first: bool
) -> None:
    events = canonical([{}, {}, {}])
    gone = AlertBatch(late=late({"event_id": "e1", "event_time": events["event_time"][1]}))
    assert store(path, events, [gone], is_late_first=is_late_first) == ["e1"]
    told = rows(path, "SELECT \"text\" FROM explain_alert((SELECT alert_id FROM alerts)) WHERE part LIKE 'retracted%'")
    assert len(told) == 1
    assert "event e1 was retracted" in told[0][0]


def test_a_retraction_that_names_one_content_leaves_the_other_content_of_the_id_alone(path: Path) -> None:
    events = canonical([{"event_time": START}, {"event_id": "e0", "event_time": START, "amount_usd": 1, "amount": 1}])
    wanted = with_keys(events)["event_key"][0]
    store(path, events, [AlertBatch(late=late({"retracts_key": wanted}))])
    assert rows(path, "SELECT retracted_late FROM alerts") == [([wanted],)]


def test_an_event_without_an_id_is_marked_by_its_key(path: Path) -> None:
    events = canonical([{"event_id": None}, {}])
    key = with_keys(events)["event_key"][0]
    retraction = late({"event_id": None, "retracts_key": key})
    assert store(path, events, [AlertBatch(late=retraction)]) == [f"row-{key}"]


@pytest.mark.parametrize(
    "other",
    [
        {"event_id": "e9"},
        {"source": "another bank"},
        {"event_time": START.replace(minute=1)},
        {"delivery": "first"},
        {"retracts_key": "0" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_late_retraction_of_something_else_marks_nothing(path: Path, other: dict[str, Any]) -> None:
    assert store(path, canonical([{}]), [AlertBatch(late=late(other))]) == []


def test_a_late_event_that_is_no_retraction_marks_nothing(path: Path) -> None:
    assert store(path, canonical([{}]), [AlertBatch(late=late({}, kind="cash"))]) == []


def test_a_retraction_in_another_run_of_the_file_marks_nothing(path: Path) -> None:
    with open_store(path) as opened:
        opened.begin_run(run_info("earlier.csv"))
        opened.write(AlertBatch(late=late({})))
        opened.finish_run({})
    assert store(path, canonical([{}]), []) == []


DELIVERIES = st.sampled_from(["a", "b", "c"])


@given(
    cited=DELIVERIES, again=st.lists(DELIVERIES), gone=st.lists(st.tuples(DELIVERIES, st.booleans())), data=st.data()
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_deliveries_and_retractions_in_any_order_follow_the_rule_of_the_engine(
    tmp_path_factory: pytest.TempPathFactory,
    cited: str,
    again: list[str],
    gone: list[tuple[str, bool]],
    data: st.DataObject,
) -> None:
    events = canonical([{"delivery": cited}])
    key = with_keys(events)["event_key"][0]
    oracle = Retractions()
    for delivery in (cited, *again):
        oracle.deliver(0, 1, key, delivery)
    for delivery, is_named in gone:
        oracle.add(0, 1, delivery, key if is_named else "")
    batches = [AlertBatch(late=late({"delivery": d}, kind="cash")) for d in again]
    batches += [AlertBatch(late=late({"delivery": d, "retracts_key": key if named else None})) for d, named in gone]
    path = tmp_path_factory.mktemp("late") / "alerts.duckdb"
    marked = store(path, events, data.draw(st.permutations(batches)), is_late_first=data.draw(st.booleans()))
    assert marked == ([] if oracle.is_present((0, 1), key) else ["e0"])
