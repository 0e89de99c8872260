"""Opening of files: new, older, newer, foreign; and the dictionary inside."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from pipeline.storage import schema
from pipeline.storage.batch import AlertBatch
from pipeline.storage.connection import connect
from pipeline.storage.errors import NewerStore, NotAStore, OlderStore, StoreError, StoreLocked, StoreNotFound
from pipeline.storage.queries import StoreReader
from pipeline.storage.schema import Migration, check_readable, definitions, migrate, migrations
from pipeline.storage.store import AlertStore
from tests.pipeline.storage.by_hand import Ticking, dump, growing_alerts, rows, run_info
from typologies.base.events import FRAME_SCHEMA

PUBLIC_COLUMNS = {
    "alerts": (
        "alert_id digest status typology typology_version subject_kind subject_id trigger_event_id triggered_at "
        "window_start window_end first_event_time last_event_time n_events amount_usd severity rank_score reasons "
        "red_flags explanation predecessor is_settled params_hash run_id revision raised_at "
        "retracted_late"
    ),
    "alert_evidence": "alert_id event_key event_id role event_time amount_usd source position is_retracted_late",
    "alert_history": "alert_id digest status superseded_by revision run_id",
    "rejected": "source position reason raw",
    "late_events": "event_time source event_id",
    "runs": "run_id",
    "events": "event_key has_id_conflict amount_minor counter_amount_minor " + " ".join(FRAME_SCHEMA),
    "alert_citations": "alert_id code mark event_key side",
    "counters": "run_id name value",
    "alert_context": "alert_id version context_table key valid_from valid_to known_at content",
}


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    """An empty store."""
    path = tmp_path / "alerts.duckdb"
    AlertStore.open(path, Ticking()).close()
    return path


def schema_of(path: Path) -> list[tuple[object, ...]]:
    """Tables, views, columns, types and comments."""
    return rows(
        path,
        "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal "
        "AND database_name = current_database() ORDER BY ALL",
    )


def test_public_views_have_the_columns_that_analysts_rely_on(store_file: Path) -> None:
    for view, names in PUBLIC_COLUMNS.items():
        found = {name for (name,) in rows(store_file, f"SELECT column_name FROM (DESCRIBE main.{view})")}
        assert set(names.split()) <= found, view


def test_public_types_are_exact_and_zoned(store_file: Path) -> None:
    types = {(t, c): kind for _, t, c, kind, _ in schema_of(store_file)}
    assert types["alerts", "amount_usd"] == types["alert_evidence", "amount_usd"] == "DECIMAL(38,2)"
    assert types["events", "amount_usd"] == types["alert_history", "amount_usd"] == "DECIMAL(38,2)"
    assert types["events", "amount_minor"] == types["events", "counter_amount_minor"] == "HUGEINT"
    assert types["alerts", "rank_score"] == "DOUBLE"
    assert str(types["alerts", "reasons"]).startswith('STRUCT(code VARCHAR, "text" VARCHAR, observed VARCHAR, expected')
    times = {kind for (_, column), kind in types.items() if str(column).endswith(("_at", "_time", "window_end"))}
    assert times == {"TIMESTAMP WITH TIME ZONE"}


def test_everything_in_the_file_has_a_comment(store_file: Path) -> None:
    missing = [row[:3] for row in schema_of(store_file) if not row[4]]
    assert missing == []
    for kind, name in (("tables", "table_name"), ("views", "view_name"), ("functions", "function_name")):
        query = f"SELECT {name} FROM duckdb_{kind}() WHERE NOT internal AND comment IS NULL"
        assert rows(store_file, query) == [], kind
    macros = {name for (name,) in rows(store_file, "SELECT function_name FROM duckdb_functions() WHERE NOT internal")}
    assert {"alert", "explain_alert", "evidence_for"} <= macros


def test_a_column_without_a_comment_stops_the_migration(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    connection = connect(path, read_only=False)
    steps = (*migrations(), Migration(len(migrations()) + 1, "x", "ALTER TABLE core.run ADD COLUMN mystery INTEGER"))
    with pytest.raises(StoreError, match=r"core\.run\.mystery has no comment"):
        migrate(connection, path, steps)
    assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
    connection.close()


def test_every_earlier_version_migrates_to_the_schema_of_a_new_file(tmp_path: Path, store_file: Path) -> None:
    steps = migrations()
    for version in range(len(steps)):
        path = tmp_path / f"from-{version}.duckdb"
        connection = connect(path, read_only=False)
        if version:
            columns = "schema_version INTEGER NOT NULL, definitions VARCHAR NOT NULL, current_run VARCHAR"
            connection.execute(f"CREATE SCHEMA core; CREATE TABLE core.meta ({columns})")
            connection.execute(f"INSERT INTO core.meta VALUES ({version}, '', NULL)")
        for step in steps[:version]:
            connection.execute(step.sql)
        connection.close()
        AlertStore.open(path, Ticking()).close()
        assert schema_of(path) == schema_of(store_file)


def test_the_next_migration_keeps_the_data_and_the_views(tmp_path: Path) -> None:
    path = tmp_path / "alerts.duckdb"
    with AlertStore.open(path, Ticking()) as store:
        store.begin_run(run_info())
        for alerts, cited in growing_alerts(3):
            store.write(AlertBatch(alerts, cited))
        store.finish_run({"read": 12})
    before = dump(path)
    steps = (
        *migrations(),
        Migration(len(migrations()) + 1, "next", "ALTER TABLE core.rejected RENAME COLUMN reason TO text"),
    )
    views = definitions().replace(
        "SELECT source, position, reason, raw,", "SELECT source, position, text AS reason, raw,"
    )
    connection = connect(path, read_only=False)
    assert migrate(connection, path, steps, views) == (len(steps) - 1, len(steps))
    assert migrate(connection, path, steps, views) == (len(steps), len(steps))
    connection.close()
    after = dump(path)
    assert after.pop("meta") != before.pop("meta")
    assert after == before
    assert rows(path, "SELECT count(*) FROM alerts") == [(3,)]
    with pytest.raises(NewerStore, match=rf"has schema {len(steps)}, this version knows up to {len(steps) - 1}"):
        AlertStore.open(path, Ticking())
    with pytest.raises(NewerStore):
        StoreReader(path)


def test_a_migration_that_fails_leaves_the_file_as_it_was(store_file: Path) -> None:
    before = (schema_of(store_file), dump(store_file))
    bad = "ALTER TABLE core.run ADD COLUMN value BIGINT; INSERT INTO core.nowhere VALUES (1)"
    connection = connect(store_file, read_only=False)
    with pytest.raises(StoreError, match="is unchanged"):
        migrate(connection, store_file, (*migrations(), Migration(len(migrations()) + 1, "bad", bad)))
    connection.close()
    assert (schema_of(store_file), dump(store_file)) == before


def test_changed_views_are_written_again_without_a_new_version(store_file: Path) -> None:
    connection = connect(store_file, read_only=False)
    views = (
        definitions() + "CREATE OR REPLACE VIEW counters AS SELECT run_id, name, value, value AS n FROM core.counter;"
    )
    version = len(migrations())
    assert migrate(connection, store_file, views=views) == (version, version)
    connection.close()
    assert len(rows(store_file, "DESCRIBE counters")) == 4


def test_an_older_file_is_refused_for_reading_and_says_what_to_do(store_file: Path) -> None:
    connection = connect(store_file, read_only=True)
    found = len(migrations())
    with pytest.raises(OlderStore, match=f"has schema {found}, this version reads {found + 1}; open it once for writ"):
        check_readable(connection, store_file, newest=found + 1)
    connection.close()


def test_a_view_that_an_analyst_left_in_the_file_survives(store_file: Path) -> None:
    connection = connect(store_file, read_only=False)
    connection.execute("CREATE VIEW my_queue AS SELECT alert_id FROM alerts; UPDATE core.meta SET definitions = ''")
    migrate(connection, store_file)
    connection.close()
    assert rows(store_file, "FROM my_queue") == []


def test_migrations_without_a_gap_are_required(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(Path(schema.__file__).parent, tmp_path / "storage")
    (tmp_path / "storage" / "migrations" / "0009_gap.sql").write_text("SELECT 1")
    monkeypatch.setattr(schema, "files", lambda _: tmp_path / "storage")
    with pytest.raises(StoreError, match="without gaps"):
        migrations()


def test_files_that_are_no_store_are_told_apart(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database " * 1000)
    foreign = tmp_path / "foreign.duckdb"
    with duckdb.connect(str(foreign)) as connection:
        connection.execute("CREATE TABLE payments (x INTEGER)")
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    for opened in (AlertStore.open, StoreReader):
        with pytest.raises(NotAStore, match="a DuckDB file is required"):
            opened(text)
        with pytest.raises(NotAStore, match=r"something else \(it has main\.payments\)"):
            opened(foreign)
        with pytest.raises(NotAStore):
            opened(tmp_path)
    with pytest.raises(NotAStore, match="empty DuckDB file"):
        StoreReader(empty)
    with pytest.raises(StoreNotFound, match="there is no file"):
        StoreReader(tmp_path / "none.duckdb")
    with pytest.raises(StoreNotFound, match="there is no folder"):
        AlertStore.open(tmp_path / "none" / "alerts.duckdb")
    assert rows(foreign, "SELECT table_name FROM duckdb_tables()") == [("payments",)]
    assert not (tmp_path / "none.duckdb").exists()


def test_a_second_writer_in_the_same_process_is_refused(store_file: Path) -> None:
    with AlertStore.open(store_file):
        with pytest.raises(StoreLocked, match="already open for writing in this process"):
            AlertStore.open(store_file)
        with pytest.raises(StoreLocked, match="in use"):
            StoreReader(store_file)
    AlertStore.open(store_file).close()
