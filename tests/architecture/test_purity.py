"""The core reads no wall clock and draws no unseeded random numbers: both make a second run differ from the first."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "date.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
}
UNSEEDED_MODULES = {"random", "secrets", "uuid"}


def impurities(source: str, *, may_import_dynamically: bool) -> list[str]:
    """Return what `source` does that depends on more than its arguments, as "line: what" in file order."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in CLOCKS:
                found.append((node.lineno, f"reads the clock: {called}"))
            elif _is_unseeded(called, is_seeded=bool(node.args or node.keywords)):
                found.append((node.lineno, f"unseeded: {called}"))
            elif called in ("__import__", "importlib.import_module", "import_module") and not may_import_dynamically:
                found.append((node.lineno, f"imports what the import rules cannot see: {called}"))
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        found += [(node.lineno, f"unseeded: {name}") for name in names if name in UNSEEDED_MODULES]  # type: ignore[attr-defined]
    return [f"{line}: {what}" for line, what in sorted(found)]


def _is_unseeded(called: str, *, is_seeded: bool) -> bool:
    if called.startswith(("np.random.", "numpy.random.")):
        return not (is_seeded and called.endswith((".default_rng", ".SeedSequence", ".PCG64", ".Generator")))
    return called == "default_rng" and not is_seeded


def test_the_core_depends_only_on_what_it_is_given(repository: Path) -> None:
    files = sorted((repository / "typologies").rglob("*.py"))
    assert files
    broken = [
        f"{path.relative_to(repository)}:{found}"
        for path in files
        for found in impurities(
            path.read_text(encoding="utf-8"),
            may_import_dynamically=path.is_relative_to(repository / "typologies" / "base"),
        )
    ]
    assert broken == []


@pytest.mark.parametrize(
    "line",
    [
        "now = datetime.now(UTC)",
        "day = date.today()",
        "started = time.time()",
        "rng = np.random.default_rng()",
        "x = np.random.normal(0, 1)",
        "import random",
        "from uuid import uuid4",
        "module = importlib.import_module('typologies.other')",
    ],
)
def test_an_impure_line_is_found(line: str) -> None:
    assert len(impurities(line, may_import_dynamically=False)) == 1


def test_a_seeded_generator_is_allowed() -> None:
    assert impurities("rng = np.random.default_rng(seed)", may_import_dynamically=False) == []
