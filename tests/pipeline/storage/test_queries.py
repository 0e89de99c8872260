"""Reading: lists, one alert, its history, runs; exports as files; other programs that open the file."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline.storage.batch import AlertBatch
from pipeline.storage.errors import UnknownAlert
from pipeline.storage.export import Format, What, export
from pipeline.storage.queries import AlertFilter, StoreReader
from tests.pipeline.storage.by_hand import (
    START,
    Ticking,
    alert_over,
    canonical,
    events_of,
    open_store,
    run_info,
    with_keys,
    withdrawn,
)
from typologies.base.findings import Severity

FRAME = canonical([{"event_time": START + timedelta(days=i), "memo": 'a "b", c\nd'} for i in range(6)])
EVENTS = events_of(FRAME)
SMALL = alert_over(EVENTS[:2], subject="s1", severity=Severity.HIGH)
LARGE = alert_over(EVENTS[:5], subject="s2", severity=Severity.LOW, baseline=EVENTS[5:])
MIDDLE = alert_over(EVENTS[:3], subject="s1", typology="another")
GONE = alert_over(EVENTS[:4], subject="s4")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "alerts.duckdb"
    with open_store(path, Ticking()) as store:
        store.begin_run(run_info())
        store.write(AlertBatch([SMALL, LARGE, MIDDLE, GONE], with_keys(FRAME)))
        store.write(AlertBatch([withdrawn(GONE, SMALL.alert_id)]))
        rejected = pl.DataFrame({"source": "a.csv", "position": [5, 9], "reason": "no amount", "raw": b"x"})
        store.write(AlertBatch(rejected=rejected))
        store.finish_run({"read": 8, "rejected": 2})
    return path


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (AlertFilter(), [SMALL, MIDDLE, LARGE]),
        (AlertFilter(order="amount"), [LARGE, MIDDLE, SMALL]),
        (AlertFilter(order="newest"), [LARGE, MIDDLE, SMALL]),
        (AlertFilter(order="oldest"), [SMALL, MIDDLE, LARGE]),
        (AlertFilter(limit=1), [SMALL]),
        (AlertFilter(limit=0), []),
        (AlertFilter(typologies=("another", "none")), [MIDDLE]),
        (AlertFilter(severities=("low", "high")), [SMALL, LARGE]),
        (AlertFilter(subject="s1"), [SMALL, MIDDLE]),
        (AlertFilter(since=START + timedelta(days=2)), [MIDDLE, LARGE]),
        (AlertFilter(until=START + timedelta(days=2)), [SMALL]),
        (AlertFilter(subject="s1", severities=("high",), typologies=("cash_line",)), [SMALL]),
        (AlertFilter(subject="s1' OR true --"), []),
    ],
)
def test_a_list_holds_the_chosen_alerts_in_order(path: Path, chosen: AlertFilter, expected: list[object]) -> None:
    with StoreReader(path) as reader:
        found = reader.alerts(chosen)["alert_id"].to_list()
    assert found == [getattr(alert, "alert_id", None) for alert in expected]


def test_the_queue_view_has_the_order_of_the_list(path: Path) -> None:
    with StoreReader(path) as reader:
        queue = reader.query("FROM alert_queue")
        assert queue["alert_id"].to_list() == reader.alerts()["alert_id"].to_list()
    assert queue["main_reason"][0] == "The deposits add up."


def test_an_alert_is_found_by_the_beginning_of_its_id(path: Path) -> None:
    with StoreReader(path) as reader:
        assert reader.alert(SMALL.alert_id[:10])["alert_id"] == SMALL.alert_id
        with pytest.raises(UnknownAlert, match="AL- begins several alert ids"):
            reader.alert("AL-")
        with pytest.raises(UnknownAlert, match="no alert AL-zz stands in"):
            reader.alert("AL-zz")
        with pytest.raises(UnknownAlert, match=f"{GONE.alert_id} was withdrawn; in its place: {SMALL.alert_id}"):
            reader.alert(GONE.alert_id)


def test_an_alert_is_explained_in_reading_order(path: Path) -> None:
    with StoreReader(path) as reader:
        rows = reader.explanation(LARGE.alert_id)
        reasons = reader.reasons(LARGE.alert_id)
        evidence = reader.evidence(LARGE.alert_id)
        figures = reader.figures(LARGE.alert_id)
    parts = rows["part"].to_list()
    assert list(dict.fromkeys(parts)) == [
        *("alert", "explanation", "reason", "figure", "red flag", "against", "look-alike", "not computed", "context")
    ]
    assert rows.filter(pl.col("part") == "reason")["recompute_sql"].to_list() == reasons["recompute_sql"].to_list()
    assert reasons["code"].to_list() == ["sum_above_line", "many_deposits"]
    assert evidence["role"].to_list() == ["deposit"] * 5 + ["baseline"]
    assert evidence["event_time"].is_sorted()
    assert figures["figure"].to_list()[:2] == ["n_events", "amount_usd"]


def test_history_counts_and_runs_are_told(path: Path) -> None:
    with StoreReader(path) as reader:
        assert reader.history(GONE.alert_id)["status"].to_list() == ["standing", "withdrawn"]
        assert reader.counts()["n_alerts"].to_list() == [2, 1]
        assert reader.counts("severity")["severity"].to_list() == ["low", "medium", "high"]
        run = reader.current_run()
        assert reader.runs() == [run]
        assert reader.rejected_reasons().rows() == [("no amount", 2, "a.csv", 5)]
    assert run is not None
    assert (run.run_id, run.is_finished, run.n_alerts, dict(run.counters)) == (
        *(run_info().run_id, True, 3),
        {"read": 8, "rejected": 2},
    )


def exported(path: Path, what: What, form: Format, chosen: AlertFilter) -> bytes:
    target = io.BytesIO()
    with StoreReader(path) as reader:
        assert export(reader, what, form, target, chosen) >= 0
    return target.getvalue()


def test_an_export_to_csv_can_be_read_back(path: Path) -> None:
    text = exported(path, "alerts", "csv", AlertFilter(order="amount")).decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["alert_id"] for line in lines] == [LARGE.alert_id, MIDDLE.alert_id, SMALL.alert_id]
    assert lines[0]["amount_usd"] == "45000.00"
    assert lines[0]["triggered_at"] == "2024-03-05T09:00:00.000000Z"
    assert json.loads(lines[0]["reasons"])[1]["observed"] == "5"
    evidence = list(csv.DictReader(io.StringIO(exported(path, "evidence", "csv", AlertFilter(subject="s2")).decode())))
    assert len(evidence) == 6
    assert evidence[0]["memo"] == 'a "b", c\nd'
    assert (evidence[0]["source"], evidence[0]["position"], evidence[0]["amount_minor"]) == ("a.csv", "1", "900000")


def test_an_export_to_json_lines_keeps_numbers_exact(path: Path) -> None:
    lines = exported(path, "alerts", "json", AlertFilter(limit=1)).decode().splitlines()
    (line,) = [json.loads(text, parse_float=Decimal) for text in lines]
    assert (line["alert_id"], line["amount_usd"], line["red_flags"]) == (
        SMALL.alert_id,
        Decimal("18000.00"),
        ["A003-6"],
    )
    events = exported(path, "events", "json", AlertFilter(subject="s1")).decode().splitlines()
    assert [json.loads(text)["event_id"] for text in events] == ["e0", "e1", "e2"]
    assert json.loads(events[0])["amount_minor"] == 900_000


def test_an_export_to_parquet_keeps_the_types(path: Path) -> None:
    frame = pl.read_parquet(io.BytesIO(exported(path, "alerts", "parquet", AlertFilter())))
    assert frame.schema["amount_usd"] == pl.Decimal(38, 2)
    assert frame.schema["triggered_at"] == pl.Datetime("us", "UTC")
    assert frame["reasons"][0][0]["code"] == "sum_above_line"
    reasons = pl.read_parquet(io.BytesIO(exported(path, "reasons", "parquet", AlertFilter(limit=2))))
    assert reasons["alert_id"].to_list() == sorted([SMALL.alert_id] * 2 + [MIDDLE.alert_id] * 2)


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_an_export_of_nothing_has_a_head_and_no_rows(path: Path, form: Format) -> None:
    data = exported(path, "evidence", form, AlertFilter(subject="nobody"))
    if form == "csv":
        assert data.decode().splitlines()[0].startswith("alert_id,event_key,event_id,role")
        assert len(data.decode().splitlines()) == 1
    elif form == "json":
        assert data == b""
    else:
        assert pl.read_parquet(io.BytesIO(data)).height == 0


def test_plain_duckdb_reads_views_and_macros(path: Path) -> None:
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("SELECT alert_id FROM alert($id)", {"id": SMALL.alert_id}).fetchall()
        assert found == [(SMALL.alert_id,)]
        assert len(connection.execute(f"FROM evidence_for('{SMALL.alert_id}')").fetchall()) == 2
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS a (READ_ONLY)")
        assert connection.execute("SELECT count(*) FROM a.alerts").fetchall() == [(3,)]
        assert connection.execute("SELECT count(*) FROM a.alert_evidence").fetchall() == [(11,)]
        connection.execute("USE a")
        assert len(connection.execute(f"FROM explain_alert('{SMALL.alert_id}')").fetchall()) == 14
