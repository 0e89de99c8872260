"""The wheel holds the three packages with their data and nothing else, and no other distribution owns their names."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from subprocess import run
from zipfile import ZipFile

import pytest

PACKAGES = {"pipeline", "replay", "typologies"}


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend that `pyproject.toml` names."""
    folder = tmp_path_factory.mktemp("wheel")
    # The backend looks for its program on PATH; an environment that is not activated has it beside the interpreter.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-c", "import sys, uv_build; uv_build.build_wheel(sys.argv[1])", str(folder)]
    result = run(command, cwd=repository, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_has_every_file_of_the_packages_and_nothing_else(repository: Path, wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    inside = {name for name in names if ".dist-info/" not in name}
    expected = {
        path.relative_to(repository).as_posix()
        for package in PACKAGES
        for path in (repository / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".pyc", ".nbi", ".nbc")
    }
    assert inside == expected
    assert any(name.endswith("/entry_points.txt") for name in names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_each_import_name_belongs_to_this_distribution_alone(wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = (
        "import json, sys; sys.path.insert(0, sys.argv[1]);"
        "from importlib.metadata import packages_distributions as owners;"
        "print(json.dumps({name: sorted(set(by)) for name, by in owners().items()}))"
    )
    # Isolated: neither the working folder nor an editable installation may lend the names.
    result = run([sys.executable, "-I", "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    owners: dict[str, list[str]] = json.loads(result.stdout)
    assert {name for name, by in owners.items() if "feiqian" in by} == PACKAGES
    assert {name: owners[name] for name in PACKAGES} == {name: ["feiqian"] for name in PACKAGES}


def test_no_installed_distribution_claims_our_names() -> None:
    owners = packages_distributions()
    assert {name: sorted(set(owners.get(name, [])) - {"feiqian"}) for name in PACKAGES} == {n: [] for n in PACKAGES}
