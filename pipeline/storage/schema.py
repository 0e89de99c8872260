"""Schema of the alert store: numbered migrations for tables, one file of definitions for views and macros.

A migration, once released, is never edited: a new one follows it. Views, macros and comments hold no data and are
written again whenever their text has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import duckdb

from pipeline.storage import comments
from pipeline.storage.connection import Connection, first
from pipeline.storage.errors import NewerStore, NotAStore, OlderStore, StoreError


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: `sql` takes a store from version `number` - 1 to `number`."""

    number: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """Return all migrations in order; their numbers run from 1 without gaps."""
    folder = files("pipeline.storage").joinpath("migrations")
    found = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".sql"):
            number, _, name = entry.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, entry.read_text(encoding="utf-8")))
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise StoreError(f"migrations must be numbered from 1 without gaps; found {[m.number for m in found]}")
    return tuple(found)


def definitions() -> str:
    """Return the SQL of all views and macros."""
    return files("pipeline.storage").joinpath("views.sql").read_text(encoding="utf-8")


def _definitions_hash(views: str) -> str:
    text = repr((views, comments.RELATIONS, comments.MACROS, comments.COLUMNS, comments.OVERRIDES))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def stored_version(connection: Connection, path: Path) -> int:
    """Return the schema version of an open file; 0 for an empty one.

    Raises
    ------
    NotAStore
        The file has tables, but none of ours.
    """
    tables = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
        "WHERE database_name = current_database() ORDER BY ALL"
    ).fetchall()
    names = [name for (name,) in tables]
    if "core.meta" in names:
        row = first(connection, "SELECT schema_version FROM core.meta")
        if row is None:
            raise NotAStore(f"{path} has an empty table core.meta; an alert store has one row there")
        return int(row[0])
    if names:
        raise NotAStore(f"{path} is a DuckDB file of something else (it has {', '.join(names[:5])}); name another file")
    return 0


def migrate(
    connection: Connection, path: Path, steps: Sequence[Migration] | None = None, views: str | None = None
) -> tuple[int, int]:
    """Bring an open file to the newest schema in one transaction.

    Parameters
    ----------
    connection
        Opened for writing, outside a transaction.
    path
        For messages.
    steps, views
        Migrations and definitions; None: those of this package.

    Returns
    -------
    Schema version before and after.

    Raises
    ------
    NewerStore
        The file has a newer schema than `steps` know.
    NotAStore
        The file belongs to something else.
    StoreError
        A migration failed; the file is as it was.
    """
    steps = migrations() if steps is None else steps
    views = definitions() if views is None else views
    newest = len(steps)
    before = stored_version(connection, path)
    _refuse_newer(before, newest, path)
    text_hash = _definitions_hash(views)
    if before == newest:
        row = first(connection, "SELECT definitions FROM core.meta")
        if row is not None and row[0] == text_hash:
            return before, newest
    connection.execute("BEGIN")
    try:
        if before == 0:
            connection.execute("CREATE SCHEMA IF NOT EXISTS core")
            connection.execute(
                "CREATE TABLE core.meta "
                "(schema_version INTEGER NOT NULL, definitions VARCHAR NOT NULL, current_run VARCHAR)"
            )
            connection.execute("INSERT INTO core.meta VALUES (0, '', NULL)")
        for step in steps[before:]:
            connection.execute(step.sql)
        connection.execute(views)
        comments.apply_comments(connection)
        connection.execute("UPDATE core.meta SET schema_version = ?, definitions = ?", [newest, text_hash])
        connection.execute("COMMIT")
    except (duckdb.Error, StoreError) as error:
        connection.execute("ROLLBACK")
        raise StoreError(
            f"{path} could not be brought from schema {before} to {newest} and is unchanged: {error}"
        ) from error
    return before, newest


def check_readable(connection: Connection, path: Path, newest: int | None = None) -> None:
    """Refuse a file whose schema is not the one that this version reads.

    Raises
    ------
    NewerStore, OlderStore, NotAStore
    """
    newest = len(migrations()) if newest is None else newest
    found = stored_version(connection, path)
    _refuse_newer(found, newest, path)
    if found == 0:
        raise NotAStore(f"an alert store is required; {path} is an empty DuckDB file")
    if found < newest:
        raise OlderStore(
            f"{path} has schema {found}, this version reads {newest}; open it once for writing to migrate it "
            "(any replay into it does), or read it with the version that wrote it"
        )


def _refuse_newer(found: int, newest: int, path: Path) -> None:
    if found > newest:
        raise NewerStore(
            f"{path} has schema {found}, this version knows up to {newest}; use a newer version of feiqian"
        )
