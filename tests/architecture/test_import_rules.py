"""The import rules of `pyproject.toml` hold, and each of the project's own contracts can break."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from subprocess import run
from typing import Any

import grimp
import pytest
from importlinter import Contract

from tests.architecture.contracts import PackageForbidden, ScenariosBlind, SelfContained, TypologiesApart


def test_lint_imports_keeps_every_contract(repository: Path) -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    result = run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_every_top_level_package_is_linted(repository: Path) -> None:
    configuration = tomllib.loads((repository / "pyproject.toml").read_text())
    roots = set(configuration["tool"]["importlinter"]["root_packages"])
    assert roots == set(configuration["tool"]["uv"]["build-backend"]["module-name"])
    assert roots == set(configuration["project"]["import-names"])
    assert roots == {path.parent.name for path in repository.glob("*/__init__.py")} - {"benchmarks"}  # never shipped


@pytest.mark.parametrize(
    ("contract", "options", "imports"),
    [
        (TypologiesApart, {"root": "t", "shared": ["base"]}, [("t.new_one.detector", "t.other.params")]),
        (TypologiesApart, {"root": "t", "shared": ["base"]}, [("t.base.run", "t.other")]),
        (ScenariosBlind, {"root": "t"}, [("t.new_one.scenario", "t.new_one.params")]),
        (
            ScenariosBlind,
            {"root": "t"},
            [("t.new_one.scenario", "t.new_one"), ("t.new_one", "t.new_one.detector")],
        ),
        (PackageForbidden, {"packages": ["t"], "forbidden": ["asyncio"]}, [("t.base.run", "asyncio")]),
        (PackageForbidden, {"packages": ["t"], "forbidden": ["p"]}, [("t.base", "t.base.run"), ("t.base.run", "p.x")]),
        (SelfContained, {"package": "p.x", "allowed": ["t.base"]}, [("p.x.inner", "p.y")]),
    ],
)
def test_a_broken_rule_is_found(
    contract: type[Contract], options: Mapping[str, Any], imports: list[tuple[str, str]]
) -> None:
    graph = _graph()
    checked = contract("rule", {"root_packages": ["t", "p"]}, dict(options))
    assert checked.check(graph, verbose=False).kept
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported, line_number=1, line_contents=f"import {imported}")
    assert not checked.check(graph, verbose=False).kept


def test_shared_code_may_be_imported_by_all() -> None:
    graph = _graph()
    for importer in ("t.new_one.detector", "t.other.detector", "p.x.inner"):
        graph.add_import(importer=importer, imported="t.base.run", line_number=1, line_contents="")
    session = {"root_packages": ["t", "p"]}
    assert TypologiesApart("rule", session, {"root": "t", "shared": ["base"]}).check(graph, verbose=False).kept
    assert SelfContained("rule", session, {"package": "p.x", "allowed": ["t.base"]}).check(graph, verbose=False).kept


def _graph() -> grimp.ImportGraph:
    graph = grimp.ImportGraph()
    for module in ("t", "t.base", "t.base.run", "p", "p.x", "p.x.inner", "p.y"):
        graph.add_module(module)
    for typology in ("t.new_one", "t.other"):
        graph.add_module(typology)
        for name in ("detector", "params", "scenario"):
            graph.add_module(f"{typology}.{name}")
    graph.add_module("asyncio", is_squashed=True)
    return graph
