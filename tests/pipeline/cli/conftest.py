"""The program run in-process, and the stores it reads in these tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli.main import app
from pipeline.storage.batch import AlertBatch, merge
from pipeline.storage.store import AlertStore
from tests.pipeline.storage import by_hand

Feiqian = Callable[..., Result]


def run(*arguments: str | Path, text: str | None = None) -> Result:
    """Run the program; an error that it does not explain is raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=text, prog_name="feiqian")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def feiqian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Feiqian:
    """The program, started in an empty folder without settings of the user."""
    monkeypatch.chdir(tmp_path)
    for name in ("FEIQIAN_DB", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return run


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small synthetic world."""
    folder = tmp_path_factory.mktemp("world") / "world"
    result = run("simulate", "--out", folder, "--days", "45", "--parties", "60")
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="session")
def world_db(world: Path) -> Path:
    """Alert store of a replay of the small world."""
    db = world.parent / "alerts.duckdb"
    result = run("replay", world, "--db", db, "--progress", "off")
    assert result.exit_code == 0, result.output
    return db


@pytest.fixture(scope="session")
def hand_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store of 60 alerts made by hand, all of one typology that is not installed."""
    path = tmp_path_factory.mktemp("hand") / "alerts.duckdb"
    write_by_hand(path, 60)
    return path


def write_by_hand(path: Path, n_alerts: int, *, is_finished: bool = True) -> None:
    """Write a store of alerts made by hand."""
    with AlertStore.open(path, by_hand.Ticking()) as store:
        store.begin_run(by_hand.run_info())
        # A transaction each would take most of the time.
        store.write(merge([AlertBatch(revisions, frame) for revisions, frame in by_hand.growing_alerts(n_alerts)]))
        if is_finished:
            store.finish_run({"read": 250, "accepted": 240, "rejected": 10})
