"""One pass of a run through the store: numbering of what it says, and the statements that write it.

A run is written in *sessions*. One that is broken off leaves a valid file; the next session of the same run says
everything again, and what is there already is kept: the n-th change of an alert in a session is revision n, the n-th
rejected record is row n. Equal rows stay as they are, times of writing included; where a session says something else
(after other batches, for example), the rest is written anew from there, and what it did not say goes when it ends. So
a run that is repeated changes nothing, and one that is completed ends as if it had never been broken off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from pipeline.storage import batch as batches
from pipeline.storage.batch import AlertBatch
from pipeline.storage.connection import Connection, first
from pipeline.storage.errors import InvalidBatch
from pipeline.storage.rows import ROW_SCHEMA, Content, Revision, to_table
from typologies.base.alerts import Alert

_EVENT_COLUMNS = batches.event_columns()
_LATE_COLUMNS = _EVENT_COLUMNS | {"accepted_from": "accepted_from"}
_ALERT_COLUMNS = ", ".join(ROW_SCHEMA.names)


@dataclass(frozen=True, slots=True)
class _Head:
    """Last revision of an alert in this session."""

    number: int
    hash: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch, checked and numbered, ready to be written."""

    revisions: Sequence[Revision]
    events: pl.DataFrame
    rejected: pl.DataFrame
    late: pl.DataFrame
    context: pl.DataFrame


class Session:
    """A session of one run.

    Parameters
    ----------
    connection
        Of the store.
    run_id
        The run.
    is_resumed
        The run has had a session before.

    Notes
    -----
    Keeps some 250 bytes an alert of the run in memory; events are looked up in the file.
    """

    def __init__(self, connection: Connection, run_id: str, is_resumed: bool) -> None:
        self._connection = connection
        self._run_id = run_id
        self._is_resumed = is_resumed
        self._is_changed = False
        self._heads: dict[str, _Head] = {}
        self._raised: dict[str, datetime] = {}
        self._n_rejected = 0
        self._n_late = 0
        if is_resumed:
            rows = connection.execute(
                "SELECT alert_id, min(raised_at) FROM core.alert_revision WHERE run_id = ? GROUP BY alert_id", [run_id]
            ).fetchall()
            self._raised = dict(rows)

    def prepare(self, batch: AlertBatch, now: datetime) -> Prepared:
        """Check a batch and number its changes; `now` is when they are written.

        Raises
        ------
        InvalidBatch
            A frame has other columns than it must.
        """
        return Prepared(
            self._number(batch.alerts, now),
            batches.cited_events(batch.cited),
            batches.checked_rejected(batch.rejected),
            batches.late_events(batch.late),
            batches.context_versions(batch.context),
        )

    def put(self, prepared: Prepared) -> bool:
        """Write a prepared batch inside the caller's transaction; return whether the file changed.

        Raises
        ------
        InvalidBatch
            An alert cites an event that the run has not been given.
        """
        changed = self._put_events(prepared.events)
        changed += self._put_context(prepared.context)
        self._check_citations(prepared.revisions)
        changed += self._put_alerts(prepared.revisions)
        plain = {name: name for name in prepared.rejected.columns}
        changed += self._put_rows("core.rejected", plain, prepared.rejected, self._n_rejected)
        changed += self._put_rows("core.late_event", _LATE_COLUMNS, prepared.late, self._n_late)
        return bool(changed)

    def confirm(self, prepared: Prepared, *, is_changed: bool) -> None:
        """Count a batch as said, once its transaction has ended well."""
        for revision in prepared.revisions:
            alert_id = revision.content.row["alert_id"]
            self._heads[alert_id] = _Head(revision.number, revision.content.hash, revision.raised_at)
        self._n_rejected += prepared.rejected.height
        self._n_late += prepared.late.height
        self._is_changed |= is_changed

    def end(self, counters: Mapping[str, int]) -> bool:
        """Remove what this session did not say and write the counts, inside the caller's transaction.

        Returns
        -------
        Whether this session, from its start, has changed the file.
        """
        if self._is_resumed:
            self._is_changed |= self._remove_unsaid()
        self._is_changed |= self._put_counters(counters)
        return self._is_changed

    def _number(self, alerts: Sequence[Alert], now: datetime) -> list[Revision]:
        heads: dict[str, _Head] = {}
        revisions = []
        for alert in alerts:
            content = Content.of(alert)
            head = heads.get(alert.alert_id) or self._heads.get(alert.alert_id)
            if head is None:
                head = _Head(0, "", self._raised.get(alert.alert_id, now))
            if head.hash == content.hash:
                continue
            heads[alert.alert_id] = _Head(head.number + 1, content.hash, head.raised_at)
            revisions.append(Revision(content, head.number + 1, head.raised_at, now))
        return revisions

    def _put_events(self, events: pl.DataFrame) -> int:
        if events.is_empty():
            return 0
        names, values = ", ".join(_EVENT_COLUMNS), ", ".join(_EVENT_COLUMNS.values())
        with self._frame(events):
            added = self._changes(
                f"INSERT INTO core.event (run_id, {names}, has_id_conflict) "
                f"SELECT $run, {values}, false FROM incoming i "
                "WHERE NOT EXISTS (FROM core.event e WHERE e.run_id = $run AND e.event_key = i.event_key)"
            )
            if added:
                self._changes(
                    "UPDATE core.event SET has_id_conflict = true "
                    "WHERE run_id = $run AND NOT has_id_conflict AND (source, event_id) IN ("
                    "SELECT (source, event_id) FROM core.event e "
                    "WHERE run_id = $run AND event_id IS NOT NULL "
                    "AND (source, event_id) IN (SELECT (source, event_id) FROM incoming) "
                    "GROUP BY source, event_id HAVING count(*) > 1)"
                )
        return added

    def _put_context(self, versions: pl.DataFrame) -> int:
        if versions.is_empty():
            return 0
        names = ", ".join(f'"{name}"' for name in versions.columns)
        with self._frame(versions):
            return self._changes(
                f"INSERT INTO core.fact (run_id, {names}) SELECT $run, {names} FROM incoming i "
                "WHERE NOT EXISTS (FROM core.fact f WHERE f.run_id = $run AND f.version = i.version)"
            )

    def _check_citations(self, revisions: Sequence[Revision]) -> None:
        alert_of = {key: r.content.row["alert_id"] for r in revisions for key in r.content.cited_keys()}
        if not alert_of:
            return
        with self._frame(pl.DataFrame({"event_key": list(alert_of)})):
            missing = self._connection.execute(
                "SELECT event_key FROM incoming i WHERE NOT EXISTS "
                "(FROM core.event e WHERE e.run_id = $run AND e.event_key = i.event_key) ORDER BY event_key LIMIT 5",
                {"run": self._run_id},
            ).fetchall()
        if missing:
            named = ", ".join(f"{key} ({alert_of[key]})" for (key,) in missing)
            raise InvalidBatch(f"every cited event must be handed over with its alert or before; missing: {named}")

    def _put_alerts(self, revisions: Sequence[Revision]) -> int:
        if not revisions:
            return 0
        insert = (
            f"INSERT INTO core.alert_revision (run_id, {_ALERT_COLUMNS}) SELECT $run, {_ALERT_COLUMNS} FROM incoming i "
        )
        with self._frame(to_table(revisions)):
            if not self._is_resumed:
                return self._changes(insert)
            removed = self._changes(
                "DELETE FROM core.alert_revision r USING ("
                "SELECT i.alert_id, min(i.revision) AS revision FROM incoming i JOIN core.alert_revision s "
                "ON s.run_id = $run AND s.alert_id = i.alert_id AND s.revision = i.revision "
                "WHERE s.content_hash <> i.content_hash GROUP BY i.alert_id) d "
                "WHERE r.run_id = $run AND r.alert_id = d.alert_id AND r.revision >= d.revision"
            )
            added = self._changes(
                insert + "WHERE NOT EXISTS (FROM core.alert_revision s "
                "WHERE s.run_id = $run AND s.alert_id = i.alert_id AND s.revision = i.revision)"
            )
        return removed + added

    def _put_rows(self, table: str, columns: Mapping[str, str], frame: pl.DataFrame, first: int) -> int:
        """Write rows that have no key of their own: row n of this session is row n of the run."""
        if frame.is_empty():
            return 0
        names = ", ".join(columns)
        rows = f"(SELECT n, {', '.join(f'{sql} AS {name}' for name, sql in columns.items())} FROM incoming)"
        with self._frame(frame.with_row_index("n", offset=first)):
            removed = 0
            if self._is_resumed:
                stored, said = (", ".join(f"{side}.{name}" for name in columns) for side in ("s", "i"))
                removed = self._changes(
                    f"DELETE FROM {table} s USING {rows} i "
                    f"WHERE s.run_id = $run AND s.n = i.n AND ({stored}) IS DISTINCT FROM ({said})"
                )
            added = self._changes(
                f"INSERT INTO {table} (run_id, n, {names}) SELECT $run, n, {names} FROM {rows} i "
                f"WHERE NOT EXISTS (FROM {table} s WHERE s.run_id = $run AND s.n = i.n)"
            )
        return removed + added

    def _remove_unsaid(self) -> bool:
        said = pl.DataFrame(
            {"alert_id": list(self._heads), "revision": [head.number for head in self._heads.values()]},
            schema={"alert_id": pl.String, "revision": pl.Int32},
        )
        with self._frame(said):
            removed = self._changes(
                "DELETE FROM core.alert_revision r WHERE run_id = $run AND NOT EXISTS "
                "(FROM incoming s WHERE s.alert_id = r.alert_id AND s.revision >= r.revision)"
            )
        removed += self._changes(f"DELETE FROM core.rejected WHERE run_id = $run AND n >= {self._n_rejected}")
        removed += self._changes(f"DELETE FROM core.late_event WHERE run_id = $run AND n >= {self._n_late}")
        if removed or self._is_changed:
            removed += self._changes(
                "DELETE FROM core.event e WHERE run_id = $run AND NOT EXISTS (FROM ("
                "SELECT unnest(list_transform(evidence, lambda x: x.event_key)) AS event_key "
                "FROM core.alert_revision WHERE run_id = $run UNION ALL "
                "SELECT unnest(list_transform(citations, lambda x: x.event_key)) "
                "FROM core.alert_revision WHERE run_id = $run) c WHERE c.event_key = e.event_key)"
            )
            removed += self._changes(
                "DELETE FROM core.fact f WHERE run_id = $run AND NOT EXISTS (FROM ("
                "SELECT unnest(context) AS version FROM core.alert_revision WHERE run_id = $run"
                ") c WHERE c.version = f.version)"
            )
        return bool(removed)

    def _put_counters(self, counters: Mapping[str, int]) -> bool:
        rows = self._connection.execute(
            "SELECT name, value FROM core.counter WHERE run_id = ?", [self._run_id]
        ).fetchall()
        if dict(rows) == dict(counters):
            return False
        self._changes("DELETE FROM core.counter WHERE run_id = $run")
        said = pl.DataFrame(
            {"name": list(counters), "value": list(counters.values())}, schema={"name": pl.String, "value": pl.Int64}
        )
        with self._frame(said.sort("name")):
            self._changes("INSERT INTO core.counter SELECT $run, name, value FROM incoming")
        return True

    def _changes(self, statement: str) -> int:
        """Run a statement in which $run is the run; return how many rows it changed."""
        row = first(self._connection, statement, {"run": self._run_id})
        return int(row[0]) if row else 0

    @contextmanager
    def _frame(self, data: object) -> Iterator[None]:
        """Show a Polars or Arrow table to the statements inside as `incoming`."""
        self._connection.register("incoming", data)
        try:
            yield
        finally:
            self._connection.unregister("incoming")
