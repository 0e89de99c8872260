"""`simulate`, `mapping`, `events` and `doctor`."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path

import pytest

from pipeline.cli import checkup, exits
from pipeline.cli.checkup import Check, State
from tests.pipeline.cli.conftest import Feiqian

# simulate


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_a_world_is_written_and_told(output: str, feiqian: Feiqian, tmp_path: Path) -> None:
    result = feiqian("simulate", "--out", "w", "--days", "30", "--parties", "60", "--seed", "3", "-o", output)
    assert result.exit_code == exits.OK
    manifest = json.loads((tmp_path / "w" / "manifest.json").read_text())
    assert manifest["config"]["seed"] == 3
    assert manifest["sha256"]["transactions.parquet"] in result.stdout
    if output == "json":
        assert json.loads(result.stdout)["counts"] == manifest["counts"]


@pytest.mark.parametrize("option", [("--days", "5"), ("--parties", "3"), ("--seed", "-1")])
def test_a_world_has_a_least_size(option: tuple[str, str], feiqian: Feiqian) -> None:
    result = feiqian("simulate", "--out", "w", *option)
    assert result.exit_code == exits.USAGE
    assert not Path("w").exists()


def test_a_world_is_not_written_over_other_files(feiqian: Feiqian, tmp_path: Path) -> None:
    (tmp_path / "w").write_text("a file")
    assert feiqian("simulate", "--out", "w").exit_code == exits.USAGE


# mapping


def test_a_draft_is_printed_or_written_once(feiqian: Feiqian, data: Path, tmp_path: Path) -> None:
    source = data / "mapped" / "movements.csv"
    printed = feiqian("mapping", "draft", source)
    assert printed.exit_code == exits.OK
    assert "amount" in tomllib.loads(printed.stdout)
    written = feiqian("mapping", "draft", source, "--out", "m.toml")
    assert written.exit_code == exits.OK
    assert (tmp_path / "m.toml").read_text(encoding="utf-8") == printed.stdout
    assert "replay" in written.stderr
    assert feiqian("mapping", "draft", source, "--out", "m.toml").exit_code == exits.USAGE


def test_a_draft_that_leaves_choices_does_not_replay(feiqian: Feiqian, data: Path) -> None:
    source = data / "mapped" / "movements.csv"
    assert feiqian("mapping", "draft", source, "--out", "m.toml").exit_code == exits.OK
    result = feiqian("replay", source, "--mapping", "m.toml", "--db", "a.duckdb")
    assert result.exit_code == exits.UNUSABLE
    assert "still to be chosen" in result.stderr


def test_what_cannot_be_mapped_is_unusable(feiqian: Feiqian) -> None:
    assert feiqian("mapping", "draft", "missing.csv").exit_code == exits.UNUSABLE


# events


def test_a_schema_is_printed_and_all_are_written(feiqian: Feiqian, tmp_path: Path) -> None:
    printed = json.loads(feiqian("events", "schema", "cash").stdout)
    assert printed["$schema"].startswith("https://json-schema.org/")
    assert "amount" in json.dumps(printed["properties"])
    result = feiqian("events", "schema", "--out", "schemas")
    names = {Path(line).name for line in result.stdout.splitlines()}
    assert names == {path.name for path in (tmp_path / "schemas").iterdir()}
    assert json.loads((tmp_path / "schemas" / "cash.json").read_text()) == printed


def test_an_unknown_kind_is_refused_with_the_known_ones(feiqian: Feiqian) -> None:
    result = feiqian("events", "schema", "barter")
    assert result.exit_code == exits.USAGE
    assert "payment" in result.stderr


# doctor


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_a_machine_that_passes_the_tests_is_not_broken(output: str, feiqian: Feiqian) -> None:
    result = feiqian("doctor", "-o", output)
    assert result.exit_code == exits.OK
    for name in ("python", "libraries", "processors", "memory", "compiled kernels", "this folder", "exchange rates"):
        assert name in result.stdout
    if output == "json":
        assert {check["state"] for check in json.loads(result.stdout)["checks"]} <= {"fine", "note"}
    if output == "csv":
        assert next(csv.reader(io.StringIO(result.stdout))) == ["check", "state", "found", "advice"]


def test_something_broken_is_a_failure_with_advice(feiqian: Feiqian, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "check_all", lambda: [Check("libraries", State.BROKEN, "no duckdb", "./run setup")])
    result = feiqian("doctor")
    assert result.exit_code == exits.FAILURE
    assert "./run setup" in result.stdout


def test_a_library_that_is_missing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "LIBRARIES", ("duckdb", "no_such_library"))
    check = list(checkup.versions())[-1]
    assert check.state is State.BROKEN
    assert "no_such_library" in check.found


def test_a_folder_that_cannot_be_written_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "gone"))
    states = {check.name: check.state for check in checkup.folders()}
    assert states["temporary files"] is State.BROKEN


def test_every_kernel_of_the_engine_is_counted(repository: Path) -> None:
    total = int(checkup.kernels().found.split()[2])
    sources = (repository / "typologies" / "base").glob("*.py")
    marked = sum(path.read_text(encoding="utf-8").count("\n@kernel") for path in sources)
    assert total == marked > 10
