"""`feiqian demo`: the story a newcomer reads, and that every word of it works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline.cli import exits
from pipeline.cli.demo_story import QUERIES
from pipeline.cli.outcome import CaseOutcome, against_truth
from tests.pipeline.cli.conftest import Feiqian, run


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder of a finished demo, and what it told."""
    folder = tmp_path_factory.mktemp("demo") / "feiqian-demo"
    result = run("demo", "--db", folder, "--progress", "off")
    assert result.exit_code == exits.OK, result.output
    return folder, result.stdout


@pytest.fixture(scope="module")
def truth(demo: tuple[Path, str]) -> dict[str, pl.DataFrame]:
    """The truth that the demo wrote."""
    return {name: pl.read_parquet(demo[0] / "truth" / f"{name}.parquet") for name in ("cases", "events", "parties")}


def test_the_story_has_its_five_parts_in_order(demo: tuple[Path, str]) -> None:
    heads = re.findall(r"^(\d)  [A-Z]", demo[1], re.MULTILINE)
    assert heads == ["1", "2", "3", "4", "5"]


def test_what_came_in_is_what_lies_in_the_folder(demo: tuple[Path, str]) -> None:
    folder, told = demo
    manifest = json.loads((folder / "manifest.json").read_text())
    n = pl.scan_parquet(folder / "transactions.parquet").select(pl.len()).collect().item()
    flat = " ".join(told.split())
    assert f"{n:,} transactions" in flat
    assert f"{manifest['counts']['schemes']} laundering schemes" in flat
    assert f"{manifest['counts']['twins']} lawful look-alikes" in flat
    assert manifest["sha256"]["transactions.parquet"][:16] in told
    assert "0 rejected" in told
    assert "seed 7" in flat
    assert "synthetic" in flat


def test_schemes_are_found_and_most_look_alikes_stay_silent(
    demo: tuple[Path, str], truth: dict[str, pl.DataFrame]
) -> None:
    outcome = against_truth(demo[0] / "alerts.duckdb", truth)
    found = sum(case.is_found for case in outcome.schemes)
    silent = sum(not case.is_found for case in outcome.twins)
    # Wide of the mark on purpose: detection quality has its own tests; this one is about the story.
    assert found > len(outcome.schemes) / 2
    assert silent > len(outcome.twins) / 2
    (total,) = re.findall(r"^  all .*$", demo[1], re.MULTILINE)
    assert f"{found} of {len(outcome.schemes)}" in total
    assert f"{silent} of {len(outcome.twins)}" in total
    assert total.split()[1] == str(len(outcome.alerts))


def test_misses_and_false_alerts_are_told(demo: tuple[Path, str], truth: dict[str, pl.DataFrame]) -> None:
    outcome = against_truth(demo[0] / "alerts.duckdb", truth)
    flat = " ".join(demo[1].split())
    for case in outcome.schemes:
        assert (f"Missed: {case.case_id}" in flat or f"; {case.case_id}" in flat) or case.is_found
    for case in outcome.twins:
        assert f"{case.case_id} (" in flat or not case.is_found
    assert f"False alerts: {len(outcome.on_ordinary_life)} of {len(outcome.alerts)}" in flat
    parts = (outcome.on_schemes, outcome.on_twins, outcome.on_ordinary_life)
    assert set().union(*parts) == set(outcome.alerts)
    assert sum(map(len, parts)) == len(outcome.alerts)


def test_a_case_is_found_by_an_alert_that_is_mostly_about_it(
    demo: tuple[Path, str], truth: dict[str, pl.DataFrame]
) -> None:
    db = demo[0] / "alerts.duckdb"
    found: dict[str, CaseOutcome] = {case.case_id: case for case in against_truth(db, truth).cases if case.is_found}
    case = next(iter(found.values()))
    with duckdb.connect(str(db), read_only=True) as connection:
        cited = {
            row[0]
            for row in connection.execute(
                "SELECT DISTINCT event_id FROM alert_evidence WHERE alert_id = ? AND role <> 'baseline'",
                [case.alerts[0]],
            ).fetchall()
        }
    own = set(truth["events"].filter(pl.col("case_id") == case.case_id)["event_id"])
    assert len(cited & own) * 2 >= len(cited)


def test_the_queries_it_prints_work(demo: tuple[Path, str]) -> None:
    part = demo[1].partition("4  WHERE TO QUERY NEXT")[2].partition("5  NEXT")[0]
    queries = [text for text in re.split(r"^  -- .*$", part, flags=re.MULTILINE)[1:] if text.strip()]
    assert len(queries) == len(QUERIES) == 3
    with duckdb.connect(str(demo[0] / "alerts.duckdb"), read_only=True) as connection:
        for query in queries:
            assert connection.execute(query).fetchall()


def test_the_commands_it_prints_work(demo: tuple[Path, str], feiqian: Feiqian, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo[0].parent)
    part = demo[1].partition("\n5  NEXT")[2]
    commands = re.findall(r"^  feiqian (.*?)(?:  |$)", part, re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        arguments = ["feiqian-demo/transactions.parquet" if word == "FILE" else word for word in command.split()]
        result = feiqian(*arguments)
        assert result.exit_code == exits.OK, f"{command}\n{result.output}"
        assert result.stdout


def test_the_demo_is_the_world_of_its_seed(demo: tuple[Path, str], feiqian: Feiqian, tmp_path: Path) -> None:
    assert feiqian("simulate", "--out", "again", "--seed", "7").exit_code == exits.OK
    assert (tmp_path / "again" / "manifest.json").read_bytes() == (demo[0] / "manifest.json").read_bytes()


def blocks(repository: Path, mark: str) -> list[str]:
    """The code blocks of the README under a mark."""
    markdown = (repository / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^<!-- {re.escape(mark)} -->\n```\w+\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)
    assert markdown.count(f"<!-- {mark} -->") == len(found) > 0
    return [str(block) for block in found]


def test_the_readme_shows_what_the_demo_tells(demo: tuple[Path, str], repository: Path) -> None:
    (shown,) = blocks(repository, "shown: demo")
    told = {line.strip() for line in demo[1].splitlines()}
    seconds = re.compile(r"records a second|for generating|generating the bank")
    lines = [
        line.strip() for line in shown.splitlines() if line.strip() not in ("", "...") and not seconds.search(line)
    ]
    assert len(lines) > 10
    assert [line for line in lines if line not in told] == [], "paste the output of `feiqian demo` into README.md"


def test_the_readme_shows_what_explain_says(demo: tuple[Path, str], repository: Path, feiqian: Feiqian) -> None:
    (shown,) = blocks(repository, "shown: explain")
    alert_id = shown.split()[0]
    told = {
        line.strip()
        for line in feiqian("alerts", "explain", alert_id, "--db", demo[0] / "alerts.duckdb").stdout.splitlines()
    }
    lines = [line.strip() for line in shown.splitlines() if line.strip() not in ("", "...")]
    assert len(lines) > 10
    assert [line for line in lines if line not in told] == [], (
        "paste the output of `feiqian alerts explain` into README.md"
    )


def test_the_questions_of_the_readme_have_answers(demo: tuple[Path, str], repository: Path) -> None:
    queries = blocks(repository, "executed on the demo's store")
    assert len(queries) == 5
    with duckdb.connect(str(demo[0] / "alerts.duckdb"), read_only=True) as connection:
        for query in queries:
            assert connection.execute(query).fetchall(), query


def test_clean_removes_what_the_demo_wrote_and_nothing_else(feiqian: Feiqian, tmp_path: Path) -> None:
    folder = tmp_path / "feiqian-demo"
    (folder / "truth").mkdir(parents=True)
    written = ("transactions.parquet", "context.jsonl", "manifest.json", "alerts.duckdb", "truth/cases.parquet")
    for name in written:
        (folder / name).write_text("x")
    (folder / "mine.txt").write_text("x")
    assert feiqian("demo", "--clean").exit_code == exits.OK
    assert [path.name for path in folder.rglob("*")] == ["mine.txt"]
    (folder / "mine.txt").unlink()
    assert feiqian("demo", "--clean").exit_code == exits.OK
    assert not folder.exists()
    assert feiqian("demo", "--clean").exit_code == exits.OK


def test_clean_knows_every_file_that_the_demo_writes(demo: tuple[Path, str], feiqian: Feiqian, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    for path in sorted(demo[0].rglob("*")):
        target = folder / path.relative_to(demo[0])
        if path.is_dir():
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
    assert feiqian("demo", "--clean", "--db", folder).exit_code == exits.OK
    assert not folder.exists()


def test_the_demo_does_not_write_among_other_files(feiqian: Feiqian, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    result = feiqian("demo", "--db", "mine")
    assert result.exit_code == exits.USAGE
    assert "mine holds something else" in result.stderr
    assert feiqian("demo", "--db", "alerts.duckdb").exit_code == exits.USAGE
