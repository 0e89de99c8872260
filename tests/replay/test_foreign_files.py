"""Files that nobody here made, from reader to alert: they run, they add up, and figures are what they are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.storage.compare import compare
from pipeline.storage.queries import StoreReader
from pipeline.storage.recompute import verify
from replay.config import ReplayConfig, ReplayReport
from replay.engine import replay

DATA = Path(__file__).parents[1] / "data"


def now() -> datetime:
    """Return one moment."""
    return datetime(2026, 11, 1, tzinfo=UTC)


def run(path: Path, db: Path) -> ReplayReport:
    """Replay a file or folder and check that every row is accounted for and every figure recomputes."""
    report = replay(ReplayConfig((path,), db), now=now)
    c = report.counters
    assert c["read"] == c["accepted"] + c["retraction"] + c["duplicate"] + c["late"] + c["rejected"] + c["context"]
    assert verify(db) == []
    return report


def test_amlworld_attempts_run_end_to_end(tmp_path: Path) -> None:
    report = run(DATA / "amlworld-excerpt" / "excerpt_Trans.csv", tmp_path / "a.duckdb")
    assert report.counters["accepted"] == 39
    assert report.labels is not None
    assert report.labels.height >= 39
    with StoreReader(tmp_path / "a.duckdb") as reader:
        cited = reader.query("SELECT DISTINCT source, position FROM alert_evidence")
    # Eight attempts of one to ten rows without any ordinary traffic around them: relays are seen, fans are too short.
    assert 1 <= cited.height < 39


def test_an_amlworld_file_saved_again_by_pandas_gives_the_same_alerts(tmp_path: Path) -> None:
    run(DATA / "amlworld-excerpt" / "excerpt_Trans.csv", tmp_path / "a.duckdb")
    run(DATA / "amlworld-excerpt" / "excerpt_Trans.pandas-resaved.csv", tmp_path / "b.duckdb")
    assert compare(tmp_path / "a.duckdb", tmp_path / "b.duckdb").identical


def test_amlsim_runs_end_to_end_and_small_sums_raise_nothing(tmp_path: Path) -> None:
    report = run(DATA / "amlsim-30acct", tmp_path / "a.duckdb")
    assert report.counters["accepted"] == 45 + 88
    assert report.alerts == {}


def test_fedwire_messages_with_one_uetr_are_ten_payments(shared_fixtures: Path, tmp_path: Path) -> None:
    report = run(shared_fixtures / "fedwire-pacs008", tmp_path / "a.duckdb")
    assert report.counters["accepted"] == 10
    assert report.counters["duplicate"] == 0


@pytest.mark.parametrize("folder", ["amlworld-excerpt", "amlsim-30acct"])
def test_file_order_as_arrival_reads_the_same_files(tmp_path: Path, folder: str) -> None:
    config = ReplayConfig((DATA / folder,), tmp_path / "a.duckdb", as_arrived=True)
    report = replay(config, now=now)
    c = report.counters
    assert c["read"] == c["accepted"] + c["retraction"] + c["duplicate"] + c["late"] + c["rejected"] + c["context"]
