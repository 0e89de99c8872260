"""Which reader reads a file, and which files a path means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats import amlsim, amlworld, camt, canonical, mapped, pacs008, saml_d
from pipeline.ingest.open import head
from pipeline.ingest.parquet import MAGIC, parquet_columns
from pipeline.ingest.reader import Reader

READERS: Final[tuple[Reader, ...]] = (
    *canonical.READERS,
    *amlworld.READERS,
    *saml_d.READERS,
    *amlsim.READERS,
    *pacs008.READERS,
    *camt.READERS,
    *mapped.READERS,
)
"""All readers. Adding a format is a module under `formats` and a line here."""

NAMES: Final = ", ".join(reader.name for reader in READERS)
"""What `--format` takes beside auto."""

SURE: Final = 0.5
"""Least likelihood at which a format is taken for granted."""

CLOSE: Final = 0.2
"""Two formats whose likelihoods differ by less are both possible: the user has to say which."""

TRUTH: Final = "truth"
"""Name of the folder that holds ground truth: left out of every folder that is read."""

NOT_DATA: Final = (
    "*.cfg",
    "*.duckdb",
    "*.duckdb.wal",
    "*.html",
    "*.ini",
    "*.log",
    "*.md",
    "*.pdf",
    "*.py",
    "*.rst",
    "*.sha256",
    "*.sql",
    "*.toml",
    "*.xsd",
    "*.yaml",
    "*.yml",
    "manifest.json",
    "licen[cs]e",
    "licen[cs]e*.txt",
    "notice",
    "notice*.txt",
    "readme",
    "readme*.txt",
    "sha256sums",
)
"""Files that lie beside data in folders, by name in lower case; named on their own, they are tried all the same."""


def detect(path: Path) -> Reader:
    """Return the one reader that recognises a file.

    Raises
    ------
    UnusableInput
        The file cannot be opened, is empty, is damaged, is of no known format, or could be of several; the message says
        what to give to `--format`.
    """
    first = head(path)
    if not first.strip():
        raise UnusableInput(f"{path}: expected a file with records; found nothing in it")
    likely = sorted(
        ((reader.recognises(path, first), reader) for reader in READERS), key=lambda each: each[0], reverse=True
    )
    best, reader = likely[0]
    if best < SURE:
        found = (
            f"found Parquet with the columns {', '.join(parquet_columns(path))}"  # raises if it is damaged
            if first.startswith(MAGIC)
            else f"it begins with {_shown(first)}"
        )
        raise UnusableInput(
            f"{path}: expected a file of a known format ({NAMES}); {found}. "
            "For a bank's own columns use --format mapped with --mapping FILE"
        )
    others = [other for likelihood, other in likely[1:] if best - likelihood < CLOSE]
    if others:
        names = ", ".join(candidate.name for candidate in (reader, *others))
        raise UnusableInput(f"{path}: expected one format; found that it could be {names}: choose one with --format")
    return reader


def reader_for(name: str) -> Reader:
    """Return the reader with this name.

    Raises
    ------
    UnusableInput
        There is none; the message lists those there are.
    """
    for reader in READERS:
        if reader.name == name:
            return reader
    raise UnusableInput(f"--format {name}: expected auto or one of {NAMES}")


def expand(paths: Iterable[Path]) -> list[Path]:
    """Return the files that paths mean, each once: files as they are, folders with everything in them, sorted.

    In folders, `truth` folders, hidden files and folders, and what is plainly no data (`NOT_DATA`) are left out.

    Raises
    ------
    UnusableInput
        A path does not exist.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise UnusableInput(f"{path}: expected a file or a folder; found nothing there")
        files = _files_in(path) if path.is_dir() else [path]
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _files_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and _is_data(file.relative_to(folder).parts))


def _is_data(parts: Sequence[str]) -> bool:
    if any(part.startswith(".") for part in parts) or TRUTH in parts[:-1]:
        return False
    name = parts[-1].lower()
    return not any(fnmatch(name, pattern) for pattern in NOT_DATA)


def _shown(first: bytes) -> str:
    return ascii(first[:60].decode("utf-8", "replace"))
