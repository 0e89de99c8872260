"""The first promise, from files: the same events give the same alerts, however they are cut, ordered and repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from pipeline.ingest.errors import UnusableInput
from pipeline.storage.compare import compare
from pipeline.storage.recompute import verify
from replay.config import ReplayConfig, ReplayReport
from replay.engine import replay
from replay.synthetic.volume import volume_batches
from replay.synthetic.world import WorldConfig, generate, write
from typologies.base.errors import InvalidParameters
from typologies.base.settings import EngineSettings

WORLD = WorldConfig(seed=11, days=45, parties=150, start=date(2026, 1, 5), cases_per_typology=1, evasion=0)


def now() -> datetime:
    """Return one moment: runs must not differ by it."""
    return datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small synthetic world."""
    folder = tmp_path_factory.mktemp("world")
    write(generate(WORLD), folder)
    return folder


@pytest.fixture(scope="session")
def plain(world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReplayReport]:
    """Replay it once as it is."""
    db = tmp_path_factory.mktemp("plain") / "alerts.duckdb"
    return db, replay(ReplayConfig((world,), db), now=now)


def balance(report: ReplayReport) -> bool:
    """Return whether every row is accounted for."""
    c = report.counters
    parts = ("accepted", "retraction", "duplicate", "late", "rejected", "context")
    return c["read"] == sum(c[name] for name in parts)


def test_the_world_gives_alerts_whose_every_figure_recomputes(plain: tuple[Path, ReplayReport]) -> None:
    db, report = plain
    assert sum(report.alerts.values()) > 3
    assert balance(report)
    assert verify(db) == []


def test_the_file_holds_every_version_of_context_that_alerts_cite_and_no_other(
    plain: tuple[Path, ReplayReport],
) -> None:
    with duckdb.connect(str(plain[0]), read_only=True) as connection:
        n_cited, n_missing = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE content IS NULL) FROM alert_context"
        ).fetchall()[0]
        kept = connection.execute("SELECT version FROM core.fact").fetchall()
        cited = connection.execute("SELECT DISTINCT unnest(context) FROM alert_history").fetchall()
    assert n_cited
    assert n_missing == 0
    assert sorted(kept) == sorted(cited)


@pytest.mark.parametrize(
    "change",
    [{"batch": 1_000}, {"batch": 37}, {"shuffle": 1}, {"shuffle": 2, "batch": 501}, {"memory_bytes": 200_000}],
    ids=lambda change: "-".join(f"{k}={v}" for k, v in change.items()),
)
def test_batches_shuffles_and_spilling_change_nothing(
    world: Path, plain: tuple[Path, ReplayReport], tmp_path: Path, change: dict[str, Any]
) -> None:
    db = tmp_path / "other.duckdb"
    report = replay(replace(ReplayConfig((world,), db), **change), now=now)
    assert compare(plain[0], db).identical
    assert report.counters["accepted"] == plain[1].counters["accepted"]


def _split(events: pl.DataFrame, folder: Path) -> None:
    """Write the events as three files whose names are against their order, one of them out of order."""
    third = events.height // 3
    events[:third].write_parquet(folder / "z.parquet")
    events[third : 2 * third].sample(fraction=1.0, shuffle=True, seed=5).write_parquet(folder / "b.parquet")
    events[2 * third :].write_parquet(folder / "a.parquet")


def _overlap(events: pl.DataFrame, folder: Path) -> None:
    """Write two exports that share a third of their rows."""
    third = events.height // 3
    events[: 2 * third].write_parquet(folder / "first.parquet")
    events[third:].write_parquet(folder / "second.parquet")


def _repeat(events: pl.DataFrame, folder: Path) -> None:
    """Write the events with every tenth repeated somewhere else."""
    doubles = events.sample(fraction=0.1, seed=3)
    pl.concat([events, doubles]).sample(fraction=1.0, shuffle=True, seed=4).write_parquet(folder / "events.parquet")


def _as_csv(events: pl.DataFrame, folder: Path) -> None:
    from pipeline.ingest.formats.canonical import write_canonical

    write_canonical(events, folder / "events.csv")


@pytest.mark.parametrize("write_files", [_split, _overlap, _repeat, _as_csv], ids=lambda f: f.__name__.strip("_"))
def test_files_in_any_order_overlapping_or_repeated_change_nothing(
    world: Path,
    plain: tuple[Path, ReplayReport],
    tmp_path: Path,
    write_files: Callable[[pl.DataFrame, Path], None],
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    events = pl.read_parquet(world / "transactions.parquet")
    write_files(events, folder)
    (folder / "context.jsonl").write_bytes((world / "context.jsonl").read_bytes())
    report = replay(ReplayConfig((folder,), tmp_path / "other.duckdb"), now=now)
    assert compare(plain[0], tmp_path / "other.duckdb").identical
    assert balance(report)
    assert report.counters["accepted"] == plain[1].counters["accepted"]


def test_rows_without_ids_count_once_in_overlapping_exports_and_twice_where_the_file_has_two(tmp_path: Path) -> None:
    row = "2026-01-05T10:00:00Z,payment,A,B,10.00,USD\n"
    header = "event_time,kind,debtor_account,creditor_account,amount,currency\n"
    other = "2026-01-05T11:00:00Z,payment,A,B,10.00,USD\n"
    (tmp_path / "one.csv").write_text(header + row + row + other)
    (tmp_path / "two.csv").write_text(header + other + row + row)
    config = ReplayConfig((tmp_path / "one.csv", tmp_path / "two.csv"), tmp_path / "a.duckdb")
    report = replay(config, now=now)
    assert (report.counters["accepted"], report.counters["duplicate"]) == (3, 3)
    arrived = replay(replace(config, as_arrived=True, db=tmp_path / "b.duckdb"), now=now)
    assert (arrived.counters["accepted"], arrived.counters["duplicate"]) == (3, 3)


def test_running_the_same_replay_again_changes_nothing_in_the_file(
    world: Path, plain: tuple[Path, ReplayReport], tmp_path: Path
) -> None:
    db = tmp_path / "alerts.duckdb"
    first = replay(ReplayConfig((world,), db), now=now)
    before = _contents(db)
    again = replay(ReplayConfig((world,), db, batch=500), now=lambda: now() + timedelta(days=3))
    assert again.run_id == first.run_id == plain[1].run_id
    assert _standing(db) == _standing(plain[0])
    rerun = replay(ReplayConfig((world,), db), now=now)
    assert rerun.run_id == first.run_id
    assert _contents(db)["alerts"] == before["alerts"]


def _standing(db: Path) -> list[tuple[str, str]]:
    with duckdb.connect(str(db), read_only=True) as connection:
        return connection.execute("SELECT alert_id, digest FROM alerts ORDER BY alert_id").fetchall()


def _contents(db: Path) -> dict[str, int]:
    with duckdb.connect(str(db), read_only=True) as connection:
        views = ("alerts", "alert_history", "alert_evidence", "events", "rejected", "runs")
        counts = {}
        for view in views:
            row = connection.execute(f"SELECT count(*) FROM {view}").fetchone()
            assert row is not None
            counts[view] = int(row[0])
        return counts


@pytest.mark.parametrize("change", [{"batch": 2_048}, {"shuffle": 1}], ids=str)
def test_a_long_file_whose_accounts_come_and_go_is_replayed_in_pieces_as_a_whole(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for i, events in enumerate(volume_batches(60_000, 40_000, 1_500, seed=3)):
        events.write_parquet(folder / f"{i}.parquet")
    whole = replay(ReplayConfig((folder,), tmp_path / "whole.duckdb"), now=now)
    pieces = replay(ReplayConfig((folder,), tmp_path / "pieces.duckdb", **change), now=now)
    assert pieces.counters["accepted"] == whole.counters["accepted"] == 60_000
    assert pieces.counters["irrelevant"] == whole.counters["irrelevant"]
    assert compare(tmp_path / "whole.duckdb", tmp_path / "pieces.duckdb").identical


def test_late_rows_are_kept_and_counted_when_file_order_is_arrival(world: Path, tmp_path: Path) -> None:
    events = pl.read_parquet(world / "transactions.parquet")
    mixed = events.sample(fraction=1.0, shuffle=True, seed=1)
    folder = tmp_path / "in"
    folder.mkdir()
    mixed.write_parquet(folder / "events.parquet")
    db = tmp_path / "late.duckdb"
    settings = EngineSettings(lateness=timedelta(days=10))
    report = replay(ReplayConfig((folder,), db, as_arrived=True, settings=settings), now=now)
    assert report.counters["late"] > 0
    assert balance(report)
    with duckdb.connect(str(db), read_only=True) as connection:
        row = connection.execute("SELECT count(*), count(source), count(position) FROM late_events").fetchone()
    assert row == (report.counters["late"],) * 3


def test_an_alert_is_marked_when_a_retraction_of_its_event_comes_too_late(
    world: Path, plain: tuple[Path, ReplayReport], tmp_path: Path
) -> None:
    with duckdb.connect(str(plain[0]), read_only=True) as connection:
        cited = connection.execute(
            "SELECT e.source, e.event_id, e.event_key FROM events e JOIN alert_evidence USING (event_key) "
            "WHERE role <> 'baseline' ORDER BY e.event_time LIMIT 1"
        ).fetchone()
    assert cited is not None
    source, event_id, key = cited
    events = pl.read_parquet(world / "transactions.parquet").sort("event_time")
    gone = events.filter((pl.col("source") == source) & (pl.col("event_id") == event_id))
    folder = tmp_path / "in"
    folder.mkdir()
    pl.concat([events, gone.with_columns(kind=pl.lit("retraction"), retracts_key=pl.lit(key))]).write_parquet(
        folder / "events.parquet"
    )
    (folder / "context.jsonl").write_bytes((world / "context.jsonl").read_bytes())
    db = tmp_path / "late.duckdb"
    report = replay(ReplayConfig((folder,), db, as_arrived=True), now=now)
    assert report.counters["late"] == 1
    with duckdb.connect(str(db), read_only=True) as connection:
        marked = connection.execute("SELECT DISTINCT unnest(retracted_late) FROM alerts").fetchall()
        retraction = connection.execute("SELECT retracts_key FROM late_events").fetchall()
    assert marked == retraction == [(key,)]


def test_a_changed_threshold_gives_another_run_and_other_alerts(
    world: Path, plain: tuple[Path, ReplayReport], tmp_path: Path
) -> None:
    db = tmp_path / "strict.duckdb"
    params = {"structuring": {"min_deposits": 9}}
    report = replay(ReplayConfig((world,), db, params=params, typologies=("structuring",)), now=now)
    assert report.run_id != plain[1].run_id
    comparison = compare(plain[0], db, match="overlap")
    assert not comparison.identical


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        ({"typologies": ("nonsense",)}, InvalidParameters, "no typology 'nonsense'"),
        ({"params": {"structuring": {"nonsense": 1}}}, InvalidParameters, "no parameter 'nonsense'"),
        ({"format": "nonsense"}, UnusableInput, "nonsense"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_read(
    world: Path, tmp_path: Path, config: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        replay(ReplayConfig((world,), tmp_path / "x.duckdb", **config), now=now)


def test_an_empty_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "missing.csv"):
        with pytest.raises(UnusableInput):
            replay(ReplayConfig((path,), tmp_path / "x.duckdb"), now=now)


def test_a_folder_that_holds_nothing_to_read_is_refused_in_one_short_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(40):
        (folder / f"{i:02}.json").write_text('{"statement": 1}', encoding="utf-8")
    with pytest.raises(
        UnusableInput, match=r"found none among 40 files, beginning with 00\.json, 01\.json, 02\.json"
    ) as e:
        replay(ReplayConfig((folder,), tmp_path / "x.duckdb"), now=now)
    assert len(str(e.value)) < 400 + len(str(folder))


def test_a_file_that_nobody_can_read_is_kept_among_the_rejected_and_the_others_go_on(
    world: Path, plain: tuple[Path, ReplayReport], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("transactions.parquet", "context.jsonl"):
        (folder / name).write_bytes((world / name).read_bytes())
    (folder / "garbage.csv").write_bytes(bytes(np.random.default_rng(1).integers(0, 256, 5_000, dtype=np.uint8)))
    db = tmp_path / "other.duckdb"
    report = replay(ReplayConfig((folder,), db), now=now)
    assert report.counters["refused_files"] == 1
    assert compare(plain[0], db).identical
    with duckdb.connect(str(db), read_only=True) as connection:
        rows = connection.execute("SELECT source FROM rejected WHERE position IS NULL").fetchall()
    assert ("garbage.csv",) in rows
