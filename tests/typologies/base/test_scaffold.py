"""`feiqian typologies new` writes a folder that works as it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from subprocess import run

import pytest

import typologies
from typologies.base.catalogue import discover
from typologies.base.errors import CatalogueError
from typologies.base.lock import check_lock, update_lock
from typologies.base.scaffold import new_typology
from typologies.base.testing import test_typology as examine

DAY = date(2026, 3, 2)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second folder of typologies, as if it were part of the package."""
    before = set(sys.modules)
    monkeypatch.setattr(typologies, "__path__", [*typologies.__path__, str(tmp_path)])
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("typologies.many_"):
            del sys.modules[name]


def test_a_new_typology_passes_every_check_as_it_is(root: Path) -> None:
    folder = new_typology("many_payers", root, created=DAY)
    assert folder == root / "many_payers"
    report = examine("many_payers", root, budget=6)
    assert report.is_passed, str(report)
    assert report.n_cases >= 8


def test_a_new_typology_is_discovered_by_its_folder_alone(root: Path) -> None:
    new_typology("many_friends", root, created=DAY)
    found = discover(root)
    assert list(found) == ["many_friends"]
    assert found["many_friends"].meta.title == "Many friends"
    assert found["many_friends"].meta.created == DAY


def test_a_new_typology_is_locked_like_any_other(root: Path, tmp_path: Path) -> None:
    new_typology("many_locks", root, created=DAY)
    found = discover(root)
    lock = tmp_path / "versions.lock.toml"
    assert update_lock(found, lock) == ["many_locks: new -> 0.1.0"]
    assert check_lock(found, lock) == []


def test_what_is_written_is_linted_and_formatted(root: Path) -> None:
    folder = new_typology("many_lints", root, created=DAY)
    config = str(Path(__file__).parents[3] / "pyproject.toml")
    for command in (["check"], ["format", "--check"]):
        done = run(
            [sys.executable, "-m", "ruff", *command, "--config", config, str(folder)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["Payers", "many-payers", "class", "base", "_x", "x__y", "1x", "", "../x"])
def test_a_name_that_cannot_be_a_module_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="lower-case words"):
        new_typology(name, tmp_path, created=DAY)


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    folder = new_typology("many_payers", tmp_path, created=DAY)
    (folder / "detector.py").write_text("mine", encoding="utf-8")
    with pytest.raises(CatalogueError, match="is there already"):
        new_typology("many_payers", tmp_path, created=DAY)
    assert (folder / "detector.py").read_text(encoding="utf-8") == "mine"
