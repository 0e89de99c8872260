"""`compare`, `verify`, `runs` and `sql`: what is asked of a whole store."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from pipeline.cli import exits
from tests.pipeline.cli.conftest import Feiqian, write_by_hand


@pytest.fixture(scope="module")
def fewer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without the last alerts of `hand_db`."""
    path = tmp_path_factory.mktemp("fewer") / "b.duckdb"
    write_by_hand(path, 57)
    return path


# compare


def test_equal_stores_are_identical(feiqian: Feiqian, hand_db: Path, tmp_path: Path) -> None:
    write_by_hand(tmp_path / "again.duckdb", 60)
    result = feiqian("compare", hand_db, tmp_path / "again.duckdb")
    assert result.stdout == "identical: 60 alerts\n"
    assert result.exit_code == exits.OK


def test_what_differs_is_listed_and_changes_the_exit_code(feiqian: Feiqian, hand_db: Path, fewer: Path) -> None:
    result = feiqian("compare", hand_db, fewer)
    assert result.exit_code == exits.FAILURE
    assert result.stdout.startswith("different: 57 the same, 3 only in A, 0 only in B, 0 changed\n")
    assert "ONLY IN A: 3 alerts" in result.stdout
    assert result.stdout.count("account acc-") == 3


def test_an_overlap_speaks_of_gained_and_lost(feiqian: Feiqian, hand_db: Path, fewer: Path) -> None:
    lost = feiqian("compare", hand_db, fewer, "--match", "overlap", "--sample", "1").stdout
    assert "3 lost, 0 gained" in lost
    assert "... 2 more (--sample 3 lists all)" in lost
    assert "0 lost, 3 gained" in feiqian("compare", fewer, hand_db, "--match", "overlap").stdout


def test_a_comparison_as_json_and_csv(feiqian: Feiqian, hand_db: Path, fewer: Path) -> None:
    body = json.loads(feiqian("compare", hand_db, fewer, "-o", "json").stdout)
    assert body["schema"] == "feiqian.comparison.v1"
    assert (body["identical"], body["n_same"], body["only_a"]["n"], body["only_b"]["n"]) == (False, 57, 3, 0)
    assert body["by_typology"] == {"cash_line": {"same": 57, "only_a": 3, "only_b": 0, "changed": 0}}
    listed = list(csv.DictReader(io.StringIO(feiqian("compare", hand_db, fewer, "-o", "csv").stdout)))
    assert {(row["change"], row["typology"]) for row in listed} == {("only_in_a", "cash_line")}
    assert {row["alert_id"] for row in listed} == {row["alert_id"] for row in body["only_a"]["sample"]}


def test_changed_alerts_show_what_changed(feiqian: Feiqian, world: Path, world_db: Path, tmp_path: Path) -> None:
    db = tmp_path / "after.duckdb"
    (tmp_path / "params.toml").write_text("[pass_through]\nmin_inflow_usd_cents = 2000000\n")
    options = ("--params", tmp_path / "params.toml", "--progress", "off")
    assert feiqian("replay", world, "--db", db, *options).exit_code == exits.OK
    result = feiqian("compare", world_db, db, "--match", "overlap")
    assert result.exit_code == exits.FAILURE
    assert "CHANGED: " in result.stdout
    assert "reasons[" in result.stdout
    text = feiqian("compare", world_db, db, "--match", "overlap", "-o", "csv").stdout
    changed = [row for row in csv.DictReader(io.StringIO(text)) if row["change"] == "changed"]
    assert any(json.loads(row["fields"]) for row in changed)


def test_one_alert_that_became_several_is_said_to_have(feiqian: Feiqian, hand_db: Path, tmp_path: Path) -> None:
    db = tmp_path / "split.duckdb"
    shutil.copy(hand_db, db)
    with duckdb.connect(str(db)) as connection:
        for end in "xy":
            connection.execute(
                f"INSERT INTO core.alert_revision BY NAME SELECT * REPLACE (alert_id || '{end}' AS alert_id) "
                "FROM core.alert_revision WHERE subject_id = 'acc-0' AND right(alert_id, 1) <> 'x'"
            )
        connection.execute(
            "DELETE FROM core.alert_revision WHERE subject_id = 'acc-0' AND alert_id[-1] NOT IN ('x', 'y')"
        )
    result = feiqian("compare", hand_db, db, "--match", "overlap")
    assert result.exit_code == exits.FAILURE
    assert result.stdout.count("nothing differs but that it has another counterpart too") == 2


def test_an_unfinished_run_is_compared_with_a_warning(feiqian: Feiqian, hand_db: Path, tmp_path: Path) -> None:
    write_by_hand(tmp_path / "part.duckdb", 3, is_finished=False)
    assert "part.duckdb has not ended" in feiqian("compare", hand_db, tmp_path / "part.duckdb").stderr


def test_a_store_that_is_missing_cannot_be_compared(feiqian: Feiqian, hand_db: Path) -> None:
    assert feiqian("compare", hand_db, "none.duckdb").exit_code == exits.UNUSABLE


# verify


def test_every_figure_agrees_with_its_query(feiqian: Feiqian, world_db: Path) -> None:
    result = feiqian("verify", "--db", world_db)
    assert result.exit_code == exits.OK
    assert "all agree" in result.stdout
    body = json.loads(feiqian("verify", "--db", world_db, "-o", "json").stdout)
    n_alerts = len(json.loads(feiqian("alerts", "list", "--db", world_db, "-o", "json").stdout)["alerts"])
    assert body["agrees"] is True
    assert body["n_alerts"] == n_alerts
    assert body["n_computed"] > 5 * n_alerts


def test_a_figure_that_was_tampered_with_is_found(feiqian: Feiqian, hand_db: Path, tmp_path: Path) -> None:
    db = tmp_path / "tampered.duckdb"
    shutil.copy(hand_db, db)
    with duckdb.connect(str(db)) as connection:
        connection.execute("UPDATE core.event SET amount_usd = amount_usd + 1 WHERE event_id = 'a0-e1'")
    result = feiqian("verify", "--db", db)
    assert result.exit_code == exits.FAILURE
    assert "2 differ" in result.stdout
    listed = list(csv.DictReader(io.StringIO(feiqian("verify", "--db", db, "-o", "csv").stdout)))
    assert {row["figure"] for row in listed} == {"sum_above_line", "amount_usd"}
    (alert_id,) = {row["alert_id"] for row in listed}
    assert feiqian("verify", "--db", db, "--alert", alert_id).exit_code == exits.FAILURE
    other = next(
        row["alert_id"]
        for row in json.loads(feiqian("alerts", "list", "--db", db, "-o", "json").stdout)["alerts"]
        if row["alert_id"] != alert_id
    )
    assert feiqian("verify", "--db", db, "--alert", other).exit_code == exits.OK


# runs


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_runs_are_listed_with_what_they_read(output: str, feiqian: Feiqian, world_db: Path) -> None:
    text = feiqian("runs", "list", "--db", world_db, "-o", output).stdout
    assert "transactions.parquet" in text
    if output == "json":
        (run,) = json.loads(text)["runs"]
        assert run["is_current"] is run["is_finished"] is True
        assert run["n_read"] > run["n_accepted"] > 10_000
        assert "structuring" in run["versions"]
        assert run["params"]["timezone"] == "UTC"


# sql


def test_a_query_gives_its_rows_in_every_form(feiqian: Feiqian, hand_db: Path) -> None:
    query = "SELECT typology, count(*) AS n, sum(amount_usd) AS usd FROM alerts GROUP BY typology"
    assert "cash_line  60" in feiqian("sql", query, "--db", hand_db).stdout
    body = json.loads(feiqian("sql", query, "--db", hand_db, "-o", "json").stdout)
    assert body["rows"][0]["n"] == 60
    assert feiqian("sql", query, "--db", hand_db, "-o", "csv").stdout.startswith("typology,n,usd\ncash_line,60,")


def test_several_queries_are_answered_one_after_the_other(feiqian: Feiqian, hand_db: Path) -> None:
    result = feiqian("sql", "SELECT 1 AS a; SELECT 2 AS b", "--db", hand_db)
    assert result.stdout.split() == ["a", "1", "b", "2"]
    assert feiqian("sql", "SELECT 1; SELECT 2", "--db", hand_db, "-o", "csv").exit_code == exits.USAGE


@pytest.mark.parametrize("query", ["FRM alerts", "SELECT nothing FROM alerts", "DROP TABLE core.meta"])
def test_a_query_that_does_not_work_says_why(query: str, feiqian: Feiqian, hand_db: Path) -> None:
    result = feiqian("sql", query, "--db", hand_db)
    assert result.exit_code == exits.USAGE
    assert "the query does not work" in result.stderr
