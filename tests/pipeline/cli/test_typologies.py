"""`feiqian typologies`: what is detected, and the loop of an author."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import typologies
from pipeline.cli import exits, params_file
from tests.pipeline.cli.conftest import Feiqian
from typologies.base import lock, testing
from typologies.base.catalogue import discover
from typologies.base.testing import Outcome, TestReport

KNOWN = sorted(discover())


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_every_typology_is_listed(output: str, feiqian: Feiqian) -> None:
    text = feiqian("typologies", "list", "-o", output).stdout
    if output == "json":
        assert [row["id"] for row in json.loads(text)["typologies"]] == KNOWN
    elif output == "csv":
        assert [row["id"] for row in csv.DictReader(io.StringIO(text))] == KNOWN
    else:
        assert [line.split()[0] for line in text.splitlines()[1:]] == KNOWN


@pytest.mark.parametrize("name", KNOWN)
def test_the_page_of_a_typology_holds_all_its_parameters_and_texts(name: str, feiqian: Feiqian) -> None:
    result = feiqian("typologies", "show", name)
    assert result.exit_code == exits.OK
    flat = " ".join(result.stdout.split())
    typology = discover()[name]
    for text in (*typology.meta.blind_spots, *typology.meta.benign_look_alikes, *typology.meta.investigation_steps):
        assert " ".join(text.split()[:4]) in flat
    for field in dataclasses.fields(typology.params_type):
        assert f"{field.name} " in flat
    for flag in typology.meta.red_flags:
        assert flag.id in flat


@pytest.mark.parametrize("name", KNOWN)
def test_the_parameters_as_a_file_are_the_defaults(name: str, feiqian: Feiqian, tmp_path: Path) -> None:
    text = feiqian("typologies", "show", name, "--params").stdout
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    typology = discover()[name]
    loaded = params_file.load(tmp_path / "p.toml")
    assert list(loaded) == [name]
    assert loaded[name].keys() == {field.name for field in dataclasses.fields(typology.params_type)}
    assert typology.bind(loaded[name]).detector.params == typology.params_type()
    assert list(tomllib.loads(text)) == [name]


@pytest.mark.parametrize("output", ["json", "csv"])
def test_parameters_come_with_unit_range_grade_and_reason(output: str, feiqian: Feiqian) -> None:
    text = feiqian("typologies", "show", "structuring", "-o", output).stdout
    rows = json.loads(text)["parameters"] if output == "json" else list(csv.DictReader(io.StringIO(text)))
    assert {"name", "default", "unit", "minimum", "maximum", "grade", "why"} == set(rows[0])
    assert all(row["why"] and row["unit"] and row["grade"] in "PSWJ" for row in rows)


def test_an_unknown_typology_is_refused_with_the_known_ones(feiqian: Feiqian) -> None:
    for command in (("show", "smurfs"), ("test", "smurfs")):
        result = feiqian("typologies", *command)
        assert result.exit_code == exits.USAGE
        assert "structuring" in result.stderr


# coverage


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_coverage_names_all_flags_of_the_advisory(output: str, feiqian: Feiqian) -> None:
    text = feiqian("typologies", "coverage", "-o", output).stdout
    assert all(f"A003-{n}" in text for n in range(1, 19))
    assert "A003-19" not in text
    assert "CVC-" not in text


def test_coverage_gives_status_and_the_code_behind_each_flag(feiqian: Feiqian) -> None:
    rows = json.loads(feiqian("typologies", "coverage", "-o", "json").stdout)["coverage"]
    statuses = {row["flag"]: row["status"] for row in rows}
    assert set(statuses.values()) <= {"computable", "needs enrichment", "not computable", "not implemented yet"}
    assert statuses["A003-2"] == "not computable"
    for row in rows:
        assert bool(row["code"]) == (row["status"] in ("computable", "needs enrichment"))
        assert all(code.split(":")[0] in KNOWN for code in row["code"] or ())


def test_coverage_of_all_advisories_is_longer(feiqian: Feiqian) -> None:
    every = feiqian("typologies", "coverage", "--all", "-o", "csv").stdout
    assert "F24-T4" in every
    assert len(every.splitlines()) > len(feiqian("typologies", "coverage", "-o", "csv").stdout.splitlines())


# test, lock, new


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What every typology's checks give; the checks themselves have their own tests."""
    found = [Outcome("golden cases"), Outcome("batches change nothing")]
    monkeypatch.setattr(
        testing, "run_all", lambda typology, rng, budget: TestReport(typology.id, "1.0.0", tuple(found), 3, budget)
    )
    return found


def test_all_typologies_are_tested_unless_some_are_named(feiqian: Feiqian, outcomes: list[Outcome]) -> None:
    result = feiqian("typologies", "test")
    assert result.exit_code == exits.OK
    assert f"{len(KNOWN)} of {len(KNOWN)} typologies pass" in result.stderr
    assert "1 of 1 typologies pass" in feiqian("typologies", "test", KNOWN[0]).stderr


def test_a_failed_check_is_told_and_changes_the_exit_code(feiqian: Feiqian, outcomes: list[Outcome]) -> None:
    outcomes.append(Outcome("duplicates change nothing", "expected one alert, found two"))
    result = feiqian("typologies", "test", KNOWN[0])
    assert result.exit_code == exits.FAILURE
    assert "FAIL duplicates change nothing" in result.stdout
    assert "expected one alert, found two" in result.stdout
    body = json.loads(feiqian("typologies", "test", KNOWN[0], "-o", "json").stdout)
    assert body["passed"] is False
    assert [row["passed"] for row in body["checks"]] == [True, True, False]
    rows = list(csv.DictReader(io.StringIO(feiqian("typologies", "test", KNOWN[0], "-o", "csv").stdout)))
    assert rows[-1]["problem"] == "expected one alert, found two"


def test_a_real_typology_passes_its_checks(feiqian: Feiqian) -> None:
    result = feiqian("typologies", "test", "structuring", "--histories", "1")
    assert result.exit_code == exits.OK, result.output
    assert "golden cases" in result.stdout


def test_a_new_typology_is_a_whole_folder(feiqian: Feiqian, tmp_path: Path) -> None:
    result = feiqian("typologies", "new", "cash_relay", "--root", tmp_path)
    assert result.exit_code == exits.OK
    written = {Path(line).relative_to(tmp_path / "cash_relay").as_posix() for line in result.stdout.splitlines()}
    assert {"__init__.py", "detector.py", "params.py", "typology.toml", "README.md", "scenario.py"} <= written
    assert "feiqian typologies test cash_relay" in result.stderr
    assert feiqian("typologies", "new", "cash_relay", "--root", tmp_path).exit_code == exits.FAILURE
    assert feiqian("typologies", "new", "Cash Relay", "--root", tmp_path).exit_code == exits.FAILURE


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder outside the package; what was imported from it is forgotten."""
    monkeypatch.setattr(typologies, "__path__", list(typologies.__path__))
    before = set(sys.modules)
    yield tmp_path / "my own"
    for name in {name for name in set(sys.modules) - before if name.startswith("typologies.")}:
        del sys.modules[name]


def test_a_typology_outside_the_package_is_tested_as_the_program_says(feiqian: Feiqian, outside: Path) -> None:
    said = feiqian("typologies", "new", "cash_outside", "--root", outside).stderr.splitlines()
    command = shlex.split(next(line for line in said if "Next" in line).partition("feiqian ")[2])
    result = feiqian(*command, "--histories", "1")
    assert result.exit_code == exits.OK, result.output
    assert "1 of 1 typologies pass" in result.stderr
    alone = feiqian("typologies", "test", "--root", outside, "--histories", "1", "--output", "json")
    assert {check["typology"] for check in json.loads(alone.stdout)["checks"]} == {"cash_outside"}


def test_a_broken_typology_outside_the_package_fails(feiqian: Feiqian, outside: Path) -> None:
    feiqian("typologies", "new", "cash_broken", "--root", outside)
    cases = outside / "cash_broken" / "cases" / "silent.jsonl"
    cases.write_text((outside / "cash_broken" / "cases" / "fires.jsonl").read_text())
    (outside / "cash_broken" / "cases" / "fires.jsonl").write_text("")
    assert feiqian("typologies", "test", "cash_broken", "--root", outside, "--histories", "1").exit_code == 1


def test_a_typology_outside_with_the_name_of_one_inside_is_refused(feiqian: Feiqian, outside: Path) -> None:
    feiqian("typologies", "new", "structuring", "--root", outside)
    result = feiqian("typologies", "test", "structuring", "--root", outside)
    assert result.exit_code == exits.FAILURE
    assert "needs a name of its own" in " ".join(result.stderr.split())


def test_a_folder_without_typologies_and_no_folder_are_told_apart(feiqian: Feiqian, outside: Path) -> None:
    assert "folder that holds typologies is required" in feiqian("typologies", "test", "--root", outside).stderr
    outside.mkdir()
    assert "no typology lies in" in feiqian("typologies", "test", "--root", outside).stderr


def test_the_lock_is_checked_without_being_changed(
    feiqian: Feiqian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock.check_lock, "__defaults__", (tmp_path / "lock.toml",))
    monkeypatch.setattr(lock.update_lock, "__defaults__", (tmp_path / "lock.toml",))
    assert feiqian("typologies", "lock", "--check").exit_code == exits.FAILURE
    assert not (tmp_path / "lock.toml").exists()
    assert feiqian("typologies", "lock").stdout.splitlines() == [
        f"{name}: new -> {t.meta.version}" for name, t in discover().items()
    ]
    assert feiqian("typologies", "lock", "--check").exit_code == exits.OK
    assert feiqian("typologies", "lock").stdout == "nothing to change\n"
