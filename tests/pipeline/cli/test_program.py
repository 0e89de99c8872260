"""The program as a whole: help, errors and exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import exits, main
from pipeline.ingest.errors import MappingError, UnusableInput
from pipeline.storage.errors import NotAStore, StoreLocked, StoreNotFound, UnknownAlert
from tests.pipeline.cli.conftest import Feiqian
from typologies.base.errors import BrokenInvariant, CatalogueError, FeiqianError, InvalidParameters

HEAVY = ("duckdb", "lxml", "numba", "numpy", "polars", "pyarrow", "pydantic", "rich")

COMMANDS = [
    *("demo", "replay", "compare", "verify", "sql", "simulate", "doctor"),
    *("alerts list", "alerts show", "alerts explain", "alerts export", "runs list", "mapping draft", "events schema"),
    *(f"typologies {name}" for name in ("list", "show", "new", "test", "coverage", "lock")),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, feiqian: Feiqian) -> None:
    result = feiqian(*command.split(), "--help")
    assert result.exit_code == exits.OK
    assert result.stdout.startswith(f"Usage: feiqian {command}")


def test_help_names_every_command_and_exit_code(feiqian: Feiqian) -> None:
    text = " ".join(feiqian("--help").stdout.split())
    for command in COMMANDS:
        assert command.split()[0] in text
    for code in (exits.OK, exits.FAILURE, exits.USAGE, exits.UNUSABLE, exits.ALERTS, exits.INTERRUPTED):
        assert f" {code} " in text


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pipeline.cli.main import app\n"
        "try: app(['--help'], prog_name='feiqian')\n"
        f"except SystemExit: pass\nprint(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "demo" in result.stdout
    assert result.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "command", [("alerts", "export", "--to", "-", "--what", "events"), ("alerts", "list", "--output", "json")]
)
def test_a_reader_that_stops_early_ends_the_program_quietly(command: tuple[str, ...], hand_db: Path) -> None:
    program = [sys.executable, "-m", "pipeline", *command, "--db", str(hand_db)]
    # Longer than a pipe holds, so that writing has to fail: the output is read by nobody.
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == exits.FAILURE
    assert "Traceback" not in said
    assert "error" not in said


def test_the_module_is_the_same_program() -> None:
    result = subprocess.run([sys.executable, "-m", "pipeline", "--version"], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("feiqian ")


def test_an_unknown_command_is_wrong_usage_and_close_ones_are_named(feiqian: Feiqian) -> None:
    result = feiqian("alert")
    assert result.exit_code == exits.USAGE
    assert "'alerts'" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnusableInput("x"), exits.UNUSABLE),
        (MappingError("x"), exits.UNUSABLE),
        (StoreNotFound("x"), exits.UNUSABLE),
        (NotAStore("x"), exits.UNUSABLE),
        (InvalidParameters("x"), exits.USAGE),
        (exits.WrongUsage("x"), exits.USAGE),
        (StoreLocked("x"), exits.FAILURE),
        (UnknownAlert("x"), exits.FAILURE),
        (CatalogueError("x"), exits.FAILURE),
        (BrokenInvariant("x"), exits.FAILURE),
    ],
)
def test_each_error_has_its_exit_code(error: FeiqianError, code: int) -> None:
    assert exits.exit_code(error) == code


def raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `doctor` fail."""

    def fail() -> None:
        raise error

    monkeypatch.setattr("pipeline.cli.checkup.check_all", fail)


def test_an_error_raised_on_purpose_is_one_line_without_traceback(
    feiqian: Feiqian, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(InvalidParameters("file.toml: x must be at least 1, found 0"), monkeypatch)
    result = feiqian("doctor")
    assert result.exit_code == exits.USAGE
    assert result.stderr == "error: file.toml: x must be at least 1, found 0\n"
    assert result.stdout == ""


def test_the_traceback_of_an_error_can_be_asked_for(feiqian: Feiqian, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(InvalidParameters("x"), monkeypatch)
    with pytest.raises(InvalidParameters):
        feiqian("--traceback", "doctor")


def test_a_defect_is_not_hidden(feiqian: Feiqian, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(ZeroDivisionError("x"), monkeypatch)
    with pytest.raises(ZeroDivisionError):
        feiqian("doctor")


def test_a_file_that_cannot_be_written_is_named(feiqian: Feiqian, hand_db: Path) -> None:
    result = feiqian("alerts", "export", "--db", hand_db, "--to", "nowhere/alerts.csv")
    assert result.exit_code == exits.FAILURE
    assert result.stderr.startswith("error: nowhere/")


def test_an_interruption_has_its_own_exit_code(feiqian: Feiqian, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(KeyboardInterrupt(), monkeypatch)
    result = feiqian("doctor")
    assert result.exit_code == exits.INTERRUPTED
    assert "interrupted" in result.stderr


def test_an_error_cannot_steer_the_terminal(feiqian: Feiqian, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(UnusableInput("found \x1b[2J"), monkeypatch)
    assert "\x1b" not in feiqian("doctor").stderr


def test_the_console_script_is_this_program(repository: Path) -> None:
    assert 'feiqian = "pipeline.cli.main:run"' in (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert callable(main.run)
