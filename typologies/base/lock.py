"""The version lock: the logic of a typology cannot change without a new version.

`typologies/versions.lock.toml` holds, for each typology, its version and a hash over everything that can change what
it finds or says: every module of its folder but `scenario.py`, without comments, docstrings and blank lines, and the
parts of `typology.toml` that reach an engine. Prose may be improved at any time; a threshold may not move unseen.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from typologies.base.catalogue import Typology
from typologies.base.errors import CatalogueError

LOCK_FILE = Path(__file__).resolve().parents[1] / "versions.lock.toml"

NOT_LOGIC = frozenset({"scenario.py"})
"""Modules that serve tests only."""

LOGIC_KEYS = ("id", "code", "scope", "jurisdictions")
"""Keys of typology.toml that an engine or an alert uses; the rest is prose, status or the version itself."""

_HEADER = """\
# Version and hash of the logic of every typology. Written by `feiqian typologies lock`; do not edit by hand.
# The hash covers the modules of the folder (without scenario.py, comments and docstrings) and the keys of
# typology.toml that reach the engine.
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """One entry of the lock file."""

    version: str
    logic: str


def logic_text(source: str) -> str:
    """Return a module's source without comments, docstrings and blank lines.

    The rest stays as it is written: no Python version parses or prints it differently.
    """
    lines = source.splitlines()
    for start, end in _docstrings(ast.parse(source)):
        for number in range(start, end + 1):
            lines[number - 1] = ""
    comments = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT]
    for token in comments:
        line, column = token.start
        lines[line - 1] = lines[line - 1][:column]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _docstrings(tree: ast.Module) -> Iterable[tuple[int, int]]:
    """Yield first and last line of every string that stands alone: of modules, classes, functions, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.end_lineno or node.lineno


def logic_hash(typology: Typology) -> str:
    """Return 32 hex digits over everything that can change what a typology finds or says."""
    body: dict[str, str] = {}
    for path in sorted(typology.folder.rglob("*.py")):
        name = path.relative_to(typology.folder).as_posix()
        if name not in NOT_LOGIC:
            body[name] = logic_text(path.read_text(encoding="utf-8"))
    meta = typology.meta.model_dump(mode="json", include=set(LOGIC_KEYS))
    text = json.dumps([body, meta], sort_keys=True, ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def read_lock(path: Path = LOCK_FILE) -> dict[str, Locked]:
    """Return the entries of the lock file by typology id; an absent file has none.

    Raises
    ------
    CatalogueError
        The file is wrong.
    """
    if not path.is_file():
        return {}
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: Locked(str(entry["version"]), str(entry["logic"])) for name, entry in raw.items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise CatalogueError(f"{path.name}: not a lock file: {error!r}") from error


def check_lock(typologies: Mapping[str, Typology], path: Path = LOCK_FILE) -> list[str]:
    """Return what is wrong between typologies and lock, a sentence each; empty: every version stands for its logic."""
    locked = read_lock(path)
    problems: list[str] = []
    for name, typology in typologies.items():
        entry, version, logic = locked.get(name), typology.meta.version, logic_hash(typology)
        if entry is None:
            problems.append(f"{name} {version} is not locked: run `feiqian typologies lock`")
        elif entry.logic != logic and entry.version == version:
            problems.append(
                f"{name}: the logic has changed and the version is still {version}: raise it in typology.toml, then "
                "run `feiqian typologies lock`"
            )
        elif entry != Locked(version, logic):
            problems.append(
                f"{name}: version {version} differs from {entry.version} in the lock: run `feiqian typologies lock`"
            )
    problems += [
        f"{name} is locked and its folder is gone: a released typology becomes deprecated, it is not deleted"
        for name in locked
        if name not in typologies
    ]
    return problems


def update_lock(typologies: Mapping[str, Typology], path: Path = LOCK_FILE, *, unreleased: bool = False) -> list[str]:
    """Write the lock and return what changed, a sentence each.

    Parameters
    ----------
    typologies
        The whole catalogue.
    path
        The lock file.
    unreleased
        Take new logic under an old version: only for versions that nobody has run yet.

    Raises
    ------
    CatalogueError
        Logic changed under an unchanged version, a version fell, or a locked typology is gone. Nothing is written.
    """
    locked = read_lock(path)
    fresh = {name: Locked(t.meta.version, logic_hash(t)) for name, t in sorted(typologies.items())}
    problems = [f"{name} is gone from the folder" for name in locked if name not in fresh]
    for name, entry in fresh.items():
        before = locked.get(name)
        if before is None or before == entry:
            continue
        if _numbers(entry.version) < _numbers(before.version):
            problems.append(f"{name}: the version fell from {before.version} to {entry.version}")
        elif entry.version == before.version and not unreleased:
            problems.append(f"{name}: the logic has changed and the version is still {entry.version}")
    if problems:
        raise CatalogueError(f"{path.name} stays as it is: " + "; ".join(problems))
    entries = [f'\n[{name}]\nversion = "{e.version}"\nlogic = "{e.logic}"\n' for name, e in fresh.items()]
    path.write_text(_HEADER + "".join(entries), encoding="utf-8")
    return [
        f"{name}: {locked[name].version if name in locked else 'new'} -> {entry.version}"
        for name, entry in fresh.items()
        if locked.get(name) != entry
    ]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
