"""`feiqian alerts`: what an analyst reads."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipeline.cli import exits
from pipeline.cli.stores import SHORT_ID
from pipeline.storage.batch import AlertBatch, merge
from pipeline.storage.connection import connect
from pipeline.storage.store import AlertStore
from tests.pipeline.cli.conftest import Feiqian, write_by_hand
from tests.pipeline.storage import by_hand


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    connection = connect(path, read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def first(world_db: Path) -> str:
    """Id of the first alert of the queue."""
    return str(rows(world_db, "SELECT alert_id FROM alert_queue LIMIT 1")[0][0])


# list


def test_a_list_has_one_line_an_alert_and_says_what_it_leaves_out(feiqian: Feiqian, hand_db: Path) -> None:
    result = feiqian("alerts", "list", "--db", hand_db)
    lines = result.stdout.splitlines()
    assert " ".join(lines[0].split()) == "ID SEVERITY TYPOLOGY SUBJECT AMOUNT USD EVENTS TRIGGERED"
    assert len(lines) == 1 + 50
    assert "50 of 60 alerts" in result.stderr
    assert "alerts explain AL-" in result.stderr


def test_a_limit_of_zero_lists_everything(feiqian: Feiqian, hand_db: Path) -> None:
    assert len(feiqian("alerts", "list", "--db", hand_db, "--limit", "0").stdout.splitlines()) == 61


@pytest.mark.parametrize("output", ["json", "csv"])
def test_json_and_csv_have_all_alerts_with_full_ids(output: str, feiqian: Feiqian, hand_db: Path) -> None:
    text = feiqian("alerts", "list", "--db", hand_db, "--output", output).stdout
    listed = json.loads(text)["alerts"] if output == "json" else list(csv.DictReader(io.StringIO(text)))
    assert [row["alert_id"] for row in listed] == [row[0] for row in rows(hand_db, "SELECT alert_id FROM alert_queue")]


def test_amounts_in_json_are_exact_numbers(feiqian: Feiqian, hand_db: Path) -> None:
    body = json.loads(feiqian("alerts", "list", "--db", hand_db, "-o", "json").stdout, parse_float=Decimal)
    amounts = {row["alert_id"]: row["amount_usd"] for row in body["alerts"]}
    assert amounts == dict(rows(hand_db, "SELECT alert_id, amount_usd FROM alerts"))


def test_short_ids_name_one_alert_each(feiqian: Feiqian, hand_db: Path) -> None:
    lines = feiqian("alerts", "list", "--db", hand_db, "--limit", "0").stdout.splitlines()[1:]
    short = [line.split()[0] for line in lines]
    ids = [row[0] for row in rows(hand_db, "SELECT alert_id FROM alerts")]
    assert all(len(text) >= SHORT_ID and sum(i.startswith(text) for i in ids) == 1 for text in short)


def test_a_list_can_be_narrowed_in_every_way(feiqian: Feiqian, world_db: Path) -> None:
    def count(*options: str) -> int:
        return int(json.loads(feiqian("alerts", "list", "--db", world_db, "-o", "json", *options).stdout)["total"])

    def expected(where: str) -> int:
        return int(rows(world_db, f"SELECT count(*) FROM alerts WHERE {where}")[0][0])

    subject = rows(world_db, "SELECT subject_id FROM alerts LIMIT 1")[0][0]
    assert 0 < expected("severity = 'high'") < expected("true")
    assert count() == expected("true")
    assert count("--severity", "high") == expected("severity = 'high'")
    assert count("-s", "low", "-s", "medium") == expected("severity IN ('low', 'medium')")
    assert count("-t", "structuring,pass_through") == expected("typology IN ('structuring', 'pass_through')")
    assert count("--subject", subject) == expected(f"subject_id = '{subject}'")
    assert count("--since", "2026-02-01") == expected("triggered_at >= '2026-02-01'")
    assert count("--until", "2026-02-01T12:00Z") == expected("triggered_at < '2026-02-01 12:00'")


@pytest.mark.parametrize(
    ("order", "by"), [("newest", "triggered_at DESC"), ("oldest", "triggered_at"), ("amount", "amount_usd DESC")]
)
def test_a_list_comes_in_the_order_asked_for(order: str, by: str, feiqian: Feiqian, world_db: Path) -> None:
    body = json.loads(feiqian("alerts", "list", "--db", world_db, "-o", "json", "--order", order).stdout)
    expected = [row[0] for row in rows(world_db, f"SELECT alert_id FROM alerts ORDER BY {by}, alert_id")]
    assert [row["alert_id"] for row in body["alerts"]] == expected


def test_an_unfinished_run_is_said_to_be_one(feiqian: Feiqian, tmp_path: Path) -> None:
    write_by_hand(tmp_path / "a.duckdb", 2, is_finished=False)
    assert "has not ended" in feiqian("alerts", "list", "--db", tmp_path / "a.duckdb").stderr


def test_the_store_may_come_from_the_environment(
    feiqian: Feiqian, hand_db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEIQIAN_DB", str(hand_db))
    assert feiqian("alerts", "list", "-n", "1").exit_code == exits.OK


def test_without_a_store_the_demo_here_is_read_and_said(feiqian: Feiqian, hand_db: Path, tmp_path: Path) -> None:
    (tmp_path / "feiqian-demo").mkdir()
    (tmp_path / "feiqian-demo" / "alerts.duckdb").symlink_to(hand_db)
    result = feiqian("alerts", "list")
    assert result.exit_code == exits.OK
    assert "feiqian-demo/alerts.duckdb" in result.stderr


def test_without_any_store_the_error_says_how_to_name_one(feiqian: Feiqian) -> None:
    result = feiqian("alerts", "list")
    assert result.exit_code == exits.USAGE
    assert "--db FILE" in result.stderr


def test_what_is_no_store_is_unusable(feiqian: Feiqian, tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("no database " * 1000)
    duckdb.connect(str(tmp_path / "other.duckdb")).execute("CREATE TABLE t (i INTEGER)").close()
    for name in ("missing.duckdb", "text.duckdb", "other.duckdb"):
        result = feiqian("alerts", "list", "--db", tmp_path / name)
        assert result.exit_code == exits.UNUSABLE
        assert name in result.stderr


# show


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_show_gives_every_column(output: str, feiqian: Feiqian, world_db: Path, first: str) -> None:
    text = feiqian("alerts", "show", first, "--db", world_db, "-o", output).stdout
    columns = [row[0] for row in rows(world_db, "SELECT column_name FROM (DESCRIBE alerts)")]
    if output == "json":
        assert list(json.loads(text)["alerts"][0]) == columns
    elif output == "csv":
        assert next(csv.reader(io.StringIO(text))) == columns
    else:
        assert [name for name in columns if not re.search(rf"^{name}\b", text, re.MULTILINE)] == []


def test_an_id_may_be_cut_short_as_long_as_it_names_one_alert(feiqian: Feiqian, world_db: Path, first: str) -> None:
    body = json.loads(feiqian("alerts", "show", first[:SHORT_ID], "--db", world_db, "-o", "json").stdout)
    assert body["alerts"][0]["alert_id"] == first


def test_an_id_that_names_none_or_several_is_refused(feiqian: Feiqian, hand_db: Path) -> None:
    for text, message in (("AL-", "begins several"), ("AL-zzzz", "no alert AL-zzzz")):
        result = feiqian("alerts", "show", text, "--db", hand_db)
        assert result.exit_code == exits.FAILURE
        assert message in result.stderr


# explain


def test_an_explanation_tells_everything_about_every_alert(feiqian: Feiqian, world_db: Path) -> None:
    for (alert_id,) in rows(world_db, "SELECT arg_min(alert_id, alert_id) FROM alerts GROUP BY typology"):
        text = feiqian("alerts", "explain", alert_id, "--db", world_db).stdout
        flat = " ".join(text.split())
        row = json.loads(feiqian("alerts", "show", alert_id, "--db", world_db, "-o", "json").stdout)["alerts"][0]
        for heading in ("WHAT", "WHY", "EVIDENCE", "WHAT SPEAKS AGAINST IT", "LOOK-ALIKES CONSIDERED", "RED FLAGS"):
            assert f"\n{heading}" in text
        for heading in ("RULE, PARAMETERS, CONTEXT", "NEXT STEPS", "SQL THAT COMPUTES EVERY FIGURE AGAIN"):
            assert f"\n{heading}" in text
        assert row["explanation"].split(".")[0] in flat
        for part in ("counter_evidence", "look_alikes", "not_computed", "red_flags"):
            assert all(" ".join(value.split()[:3]) in flat for value in row[part] or ())
        n = len(row["context"])
        assert (f"{n} version{'s' if n > 1 else ''} of context used" if n else "no context was used") in flat
        for reason in row["reasons"]:
            assert reason["code"] in text
            assert f"{Decimal(reason['observed']):,f} {reason['unit']}" in flat
            assert f"expected {reason['expected'][:20]}" in flat
            assert f"{reason['weight']:.2f}" in text
        assert row["typology_version"] in text
        assert "default" in text


def test_red_flags_come_in_words_with_their_source(feiqian: Feiqian, world_db: Path) -> None:
    alert_id, flag = rows(world_db, "SELECT alert_id, red_flags[1] FROM alerts WHERE len(red_flags) > 0 LIMIT 1")[0]
    body = json.loads(feiqian("alerts", "explain", alert_id, "--db", world_db, "-o", "json").stdout)
    assert body["red_flags"][0]["id"] == flag
    assert len(body["red_flags"][0]["text"]) > 20
    assert "FIN-" in body["red_flags"][0]["source"]


def test_the_sql_of_every_figure_gives_what_the_alert_says(feiqian: Feiqian, world_db: Path) -> None:
    ids = [row[0] for row in rows(world_db, "SELECT alert_id FROM alert_queue LIMIT 6")]
    connection = connect(world_db, read_only=True)
    checked = 0
    try:
        for alert_id in ids:
            text = feiqian("alerts", "explain", alert_id, "--db", world_db, "--sql").stdout
            for block in re.split(r"^-- ", text, flags=re.MULTILINE)[1:]:
                comment, _, query = block.partition("\n")
                if not query.strip():
                    assert "not from events alone" in comment
                    continue
                observed = comment.partition(": ")[2].partition("; expected")[0].rsplit(" ", 1)[0]
                value = connection.execute(
                    f"SELECT CAST(v AS VARCHAR) FROM ({query.strip().rstrip(';')}) AS f(v)"
                ).fetchall()
                assert len(value) == 1
                found = value[0][0]
                assert found is not None
                assert observed.startswith(found) or Decimal(observed.split(" ")[0]) == Decimal(found), comment
                checked += 1
    finally:
        connection.close()
    assert checked > 5 * len(ids)


def test_the_sql_alone_is_a_script_that_runs(feiqian: Feiqian, world_db: Path, first: str) -> None:
    script = feiqian("alerts", "explain", first, "--db", world_db, "--sql").stdout
    result = feiqian("sql", "-", "--db", world_db, text=script)
    assert result.exit_code == exits.OK
    assert result.stdout.count("\n\n") >= 4


def test_an_explanation_in_json_is_complete(feiqian: Feiqian, world_db: Path, first: str) -> None:
    body = json.loads(feiqian("alerts", "explain", first, "--db", world_db, "-o", "json").stdout)
    assert body["schema"] == "feiqian.alert.v1"
    alert = body["alert"]
    assert alert["alert_id"] == first
    assert len({row["event_key"] for row in body["evidence"] if row["role"] != "baseline"}) == alert["n_events"]
    assert [row["code"] for row in body["reasons"]] == [row["code"] for row in alert["reasons"]]
    assert all(row["recompute_sql"] or row["figure_source"] for row in body["reasons"])
    assert {row["figure"] for row in body["figures"]} >= {"n_events", "amount_usd"}
    assert body["investigation_steps"]
    assert body["parameters"]
    assert body["run"]["run_id"] == alert["run_id"]
    assert body["note"] is None


def test_an_explanation_in_csv_is_that_of_the_macro(feiqian: Feiqian, world_db: Path, first: str) -> None:
    text = feiqian("alerts", "explain", first, "--db", world_db, "-o", "csv").stdout
    found = list(csv.DictReader(io.StringIO(text)))
    expected = rows(world_db, f"SELECT part, text FROM explain_alert('{first}')")
    assert [(row["part"], row["text"]) for row in found] == expected


def test_evidence_is_cut_and_counted(feiqian: Feiqian, world_db: Path) -> None:
    alert_id, n = rows(world_db, "SELECT alert_id, count(*) FROM alert_evidence GROUP BY ALL ORDER BY 2 DESC LIMIT 1")[
        0
    ]
    text = feiqian("alerts", "explain", alert_id, "--db", world_db, "--evidence", "3").stdout
    assert f"... {n - 3:,} more rows" in text
    assert "more rows" not in feiqian("alerts", "explain", alert_id, "--db", world_db, "--evidence", "0").stdout


def test_a_brief_explanation_leaves_out_parameters_and_sql(feiqian: Feiqian, world_db: Path, first: str) -> None:
    text = feiqian("alerts", "explain", first, "--db", world_db, "--brief").stdout
    assert "\nWHY" in text
    assert "SELECT" not in text
    assert "PARAMETER" not in text


def test_an_alert_of_a_typology_that_is_not_installed_is_explained_from_the_store(
    feiqian: Feiqian, hand_db: Path
) -> None:
    alert_id = rows(hand_db, "SELECT alert_id FROM alerts LIMIT 1")[0][0]
    text = feiqian("alerts", "explain", alert_id, "--db", hand_db).stdout
    assert "The deposits add up." in text
    assert "no typology cash_line is installed here" in text


def test_changed_parameters_are_marked(feiqian: Feiqian, world: Path, tmp_path: Path) -> None:
    (tmp_path / "params.toml").write_text("[pass_through]\nmin_inflow_usd_cents = 600000\n")
    db = tmp_path / "changed.duckdb"
    options = ("--params", tmp_path / "params.toml", "-t", "pass_through", "--progress", "off")
    assert feiqian("replay", world, "--db", db, *options).exit_code == exits.OK
    alert_id = rows(db, "SELECT alert_id FROM alerts LIMIT 1")[0][0]
    body = json.loads(feiqian("alerts", "explain", alert_id, "--db", db, "-o", "json").stdout)
    changed = {p["name"]: p["value"] for p in body["parameters"] if not p["is_default"]}
    assert changed == {"min_inflow_usd_cents": 600_000}


def test_sql_and_another_output_do_not_go_together(feiqian: Feiqian, world_db: Path, first: str) -> None:
    for option in (("--output", "json"), ("--brief",)):
        assert feiqian("alerts", "explain", first, "--db", world_db, "--sql", *option).exit_code == exits.USAGE


# export


@pytest.mark.parametrize("what", ["alerts", "reasons", "evidence", "events"])
def test_an_export_takes_its_form_from_the_file_name(
    what: str, feiqian: Feiqian, world_db: Path, tmp_path: Path
) -> None:
    counts = set()
    for name in ("x.csv", "x.jsonl", "x.parquet"):
        result = feiqian("alerts", "export", "--db", world_db, "--what", what, "--to", tmp_path / name)
        assert result.exit_code == exits.OK
    counts.add(pl.read_csv(tmp_path / "x.csv", infer_schema=False).height)
    counts.add(len((tmp_path / "x.jsonl").read_text().splitlines()))
    counts.add(pl.read_parquet(tmp_path / "x.parquet").height)
    assert len(counts) == 1
    assert counts != {0}


def test_an_export_can_go_to_standard_output_and_be_narrowed(feiqian: Feiqian, world_db: Path) -> None:
    result = feiqian("alerts", "export", "--db", world_db, "--to", "-", "--severity", "high", "--format", "json")
    n = rows(world_db, "SELECT count(*) FROM alerts WHERE severity = 'high'")[0][0]
    listed = [json.loads(line) for line in result.stdout.splitlines()]
    assert {row["severity"] for row in listed} == {"high"}
    assert len(listed) == n


def test_a_failed_export_leaves_what_was_there(feiqian: Feiqian, world_db: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("kept")
    assert feiqian("alerts", "export", "--db", tmp_path / "none.duckdb", "--to", target).exit_code == exits.UNUSABLE
    assert target.read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv"]


# Events that were retracted too late


@pytest.fixture(scope="module")
def retracted_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store of two alerts, the first of which cites an event that was retracted too late."""
    path = tmp_path_factory.mktemp("late") / "alerts.duckdb"
    grown = by_hand.growing_alerts(2)
    gone = grown[0][1][1:2].with_columns(kind=pl.lit("retraction"))
    with AlertStore.open(path, by_hand.Ticking()) as store:
        store.begin_run(by_hand.run_info())
        store.write(merge([AlertBatch(alerts, cited) for alerts, cited in grown] + [AlertBatch(late=gone)]))
        store.finish_run({})
    return path


def test_a_list_marks_alerts_whose_events_were_retracted_too_late(feiqian: Feiqian, retracted_db: Path) -> None:
    lines = feiqian("alerts", "list", "--db", retracted_db).stdout.splitlines()[1:]
    assert sorted("(1 retracted)" in line for line in lines) == [False, True]
    listed = json.loads(feiqian("alerts", "list", "--db", retracted_db, "-o", "json").stdout)["alerts"]
    assert sorted(len(alert["retracted_late"]) for alert in listed) == [0, 1]


def test_an_explanation_says_which_events_were_retracted_too_late(feiqian: Feiqian, retracted_db: Path) -> None:
    ((alert, key),) = rows(retracted_db, "SELECT alert_id, unnest(retracted_late) FROM alerts")
    told = feiqian("alerts", "explain", alert, "--db", retracted_db).stdout
    assert "1 cited event was retracted too late" in " ".join(told.split())
    assert [line for line in told.splitlines() if "too late" in line and "a0-e1" in line]
    body = json.loads(feiqian("alerts", "explain", alert, "--db", retracted_db, "-o", "json").stdout)
    assert body["alert"]["retracted_late"] == [key]
    assert [row["event_key"] for row in body["evidence"] if row["is_retracted_late"]] == [key]
    assert key in feiqian("alerts", "show", alert, "--db", retracted_db).stdout
    exported = feiqian("alerts", "export", "--to", "-", "--format", "json", "--db", retracted_db).stdout
    assert sorted(json.loads(line)["retracted_late"] for line in exported.splitlines()) == [[], [key]]


def test_an_alert_whose_events_all_stand_says_nothing_of_retractions(feiqian: Feiqian, retracted_db: Path) -> None:
    ((alert,),) = rows(retracted_db, "SELECT alert_id FROM alerts WHERE retracted_late = []")
    assert "RETRACTED" not in feiqian("alerts", "explain", alert, "--db", retracted_db).stdout


# Context


def test_an_explanation_shows_the_profile_values_that_were_used(feiqian: Feiqian, world_db: Path) -> None:
    ((alert, key, begin, occupation),) = rows(
        world_db,
        "SELECT alert_id, key, valid_from, content->>'occupation' FROM alert_context "
        "WHERE ends_with(context_table, '_profile') AND content->>'occupation' IS NOT NULL ORDER BY ALL LIMIT 1",
    )
    told = " ".join(feiqian("alerts", "explain", alert, "--db", world_db).stdout.split())
    assert f"{key} (valid from {begin:%Y-%m-%d})" in told
    assert f"occupation {occupation};" in told
    body = json.loads(feiqian("alerts", "explain", alert, "--db", world_db, "-o", "json").stdout)
    assert [version["content"]["occupation"] for version in body["context"] if version["key"] == key] == [occupation]


def test_a_version_of_context_that_the_file_does_not_hold_is_told_by_its_hash(feiqian: Feiqian, hand_db: Path) -> None:
    ((alert,),) = rows(hand_db, "SELECT alert_id FROM alert_queue LIMIT 1")
    assert "c0ffee (this file holds its hash only)" in feiqian("alerts", "explain", alert, "--db", hand_db).stdout
