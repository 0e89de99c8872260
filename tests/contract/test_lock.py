"""The logic of a typology cannot change without a new version."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from typologies.base.catalogue import Typology, discover
from typologies.base.errors import CatalogueError
from typologies.base.lock import check_lock, logic_hash, logic_text, read_lock, update_lock

CATALOGUE = discover()


def test_every_version_stands_for_its_logic() -> None:
    assert check_lock(CATALOGUE) == []


@pytest.fixture
def copied(tmp_path: Path) -> Typology:
    """A typology in a folder that a test may change."""
    original = next(iter(CATALOGUE.values()))
    folder = tmp_path / original.id
    shutil.copytree(original.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return replace(original, folder=folder)


def _version(typology: Typology, version: str) -> Typology:
    return replace(typology, meta=typology.meta.model_copy(update={"version": version}))


def _edit(typology: Typology, name: str, old: str, new: str) -> None:
    path = typology.folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_changed_detector_under_an_old_version_is_found(copied: Typology, tmp_path: Path) -> None:
    lock = tmp_path / "lock.toml"
    update_lock({copied.id: copied}, lock)
    assert check_lock({copied.id: copied}, lock) == []
    _edit(copied, "detector.py", "return", "return None or")
    (problem,) = check_lock({copied.id: copied}, lock)
    assert "the logic has changed" in problem
    with pytest.raises(CatalogueError, match="stays as it is"):
        update_lock({copied.id: copied}, lock)


def test_a_new_version_of_changed_logic_is_taken(copied: Typology, tmp_path: Path) -> None:
    lock = tmp_path / "lock.toml"
    update_lock({copied.id: copied}, lock)
    _edit(copied, "detector.py", "return", "return None or")
    raised = _version(copied, "99.0.0")
    assert check_lock({copied.id: raised}, lock) != []
    assert update_lock({copied.id: raised}, lock) == [f"{copied.id}: {copied.meta.version} -> 99.0.0"]
    assert check_lock({copied.id: raised}, lock) == []


def test_prose_scenarios_and_cases_may_change(copied: Typology) -> None:
    before = logic_hash(copied)
    _edit(copied, "detector.py", '"""', '"""More to read. ')
    (copied.folder / "scenario.py").write_text("# nothing\n", encoding="utf-8")
    (copied.folder / "cases" / "more.jsonl").write_text("\n", encoding="utf-8")
    reworded = replace(copied, meta=copied.meta.model_copy(update={"description": "Other words."}))
    assert logic_hash(reworded) == before


def test_the_scope_in_the_metadata_is_logic(copied: Typology) -> None:
    other = "chain" if copied.meta.scope != "chain" else "account"
    changed = replace(copied, meta=copied.meta.model_copy(update={"scope": other}))
    assert logic_hash(changed) != logic_hash(copied)


def test_a_new_module_beside_the_detector_is_logic(copied: Typology) -> None:
    before = logic_hash(copied)
    (copied.folder / "more.py").write_text("X = 1\n", encoding="utf-8")
    assert logic_hash(copied) != before


def test_a_locked_typology_is_not_deleted(copied: Typology, tmp_path: Path) -> None:
    lock = tmp_path / "lock.toml"
    update_lock({copied.id: copied}, lock)
    (problem,) = check_lock({}, lock)
    assert "deprecated" in problem
    with pytest.raises(CatalogueError, match="gone"):
        update_lock({}, lock)


def test_a_version_does_not_fall(copied: Typology, tmp_path: Path) -> None:
    lock = tmp_path / "lock.toml"
    update_lock({copied.id: _version(copied, "2.0.0")}, lock)
    with pytest.raises(CatalogueError, match="fell"):
        update_lock({copied.id: _version(copied, "1.9.0")}, lock)


def test_unreleased_logic_may_be_locked_again(copied: Typology, tmp_path: Path) -> None:
    lock = tmp_path / "lock.toml"
    update_lock({copied.id: copied}, lock)
    _edit(copied, "detector.py", "return", "return None or")
    update_lock({copied.id: copied}, lock, unreleased=True)
    assert check_lock({copied.id: copied}, lock) == []


def test_comments_docstrings_and_blank_lines_are_not_logic() -> None:
    plain = 'X = "#1"\ndef f():\n    return 1\n'
    dressed = (
        '"""Module."""\n\nX = "#1"  # why\n"""About X."""\n\n\n'
        'def f():\n    """Doc\n    more."""\n    # why\n    return 1\n'
    )
    assert logic_text(dressed) == logic_text(plain)
    assert logic_text(plain.replace("1\n", "2\n")) != logic_text(plain)


def test_a_broken_lock_is_said(tmp_path: Path) -> None:
    path = tmp_path / "lock.toml"
    path.write_text("[x]\nversion = 1\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="lock"):
        read_lock(path)
