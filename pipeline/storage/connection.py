"""Opening of DuckDB files: one place for its settings and for what its errors mean to a user."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from pipeline.storage.errors import NewerStore, NotAStore, StoreError, StoreLocked, StoreNotFound

Connection = duckdb.DuckDBPyConnection

# Nothing is downloaded behind the user's back, whatever a query mentions.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def connect(path: Path, *, read_only: bool) -> Connection:
    """Open a DuckDB file with times in UTC.

    Raises
    ------
    StoreNotFound
        Reading: no such file. Writing: no such folder.
    StoreLocked
        Another process writes the file, or this one has it open in the other mode.
    NotAStore
        The file is not a DuckDB database.
    NewerStore
        The file format is newer than the installed DuckDB.
    """
    if read_only and not path.exists():
        raise StoreNotFound(f"an alert store is required; there is no file {path}")
    if not read_only and not path.absolute().parent.is_dir():
        raise StoreNotFound(f"the folder of an alert store must exist; there is no folder {path.absolute().parent}")
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=_CONFIG)
    except duckdb.Error as error:
        raise explain(error, path) from error
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def memory() -> Connection:
    """Open an empty database in memory with the same settings: a place from which files are attached."""
    connection = duckdb.connect(":memory:", config=_CONFIG)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def attach(connection: Connection, path: Path, name: str) -> None:
    """Attach a file read-only under `name`; errors as in `connect`."""
    if not path.exists():
        raise StoreNotFound(f"an alert store is required; there is no file {path}")
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS {name} (READ_ONLY)")
    except duckdb.Error as error:
        raise explain(error, path) from error


def explain(error: duckdb.Error, path: Path) -> StoreError:
    """Return our error for an error of DuckDB at opening."""
    text = str(error).splitlines()[0]
    if "lock on file" in text or "different configuration" in text:
        return StoreLocked(
            f"{path} is in use: one process writes an alert store, others read it when that has ended. "
            f"End the other one, or read a snapshot. ({text})"
        )
    if "not a valid DuckDB" in text or "Is a directory" in text:
        return NotAStore(f"a DuckDB file is required; {path} is something else ({text})")
    if "version number" in text:
        return NewerStore(f"{path} has a storage format that DuckDB {duckdb.__version__} cannot read ({text})")
    return StoreError(f"{path} cannot be opened: {text}")


def first(connection: Connection, query: str, values: Mapping[str, object] | None = None) -> tuple[Any, ...] | None:
    """Return the first row of a query, None if it has none.

    Not `fetchone`: that leaves the result open, and DuckDB refuses all other work on the connection until it is closed.
    """
    rows = connection.execute(query, dict(values) if values else None).fetchall()
    return rows[0] if rows else None


def literal(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
