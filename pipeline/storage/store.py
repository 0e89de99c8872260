"""The writer of an alert store: one process, one open run, every write a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import duckdb

from pipeline.storage.batch import AlertBatch
from pipeline.storage.connection import connect, first
from pipeline.storage.errors import StoreError, StoreLocked
from pipeline.storage.run import RunInfo
from pipeline.storage.schema import migrate
from pipeline.storage.session import Session

Clock = Callable[[], datetime]

_GUARD = "feiqian_writer"


def utc_now() -> datetime:
    """Return the wall clock's time."""
    return datetime.now(UTC)


class AlertStore:
    """An alert store open for writing; a context manager.

    Parameters
    ----------
    path
        The file; made if it does not exist, migrated if it is older.
    clock
        Wall clock behind `raised_at` and the like; aware UTC.

    Raises
    ------
    StoreNotFound, StoreLocked, NotAStore, NewerStore
        The path cannot be opened for writing; the message says why.

    Examples
    --------
    >>> with AlertStore.open(path) as store:                                        # doctest: +SKIP
    ...     store.begin_run(RunInfo.of(inputs, params, versions))
    ...     store.write(AlertBatch(alerts, cited))
    ...     store.finish_run({"read": 1000, "accepted": 1000})
    """

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        self._path = path
        self._clock = clock
        self._connection = connect(path, read_only=False)
        try:
            self._hold()
            migrate(self._connection, path)
        except BaseException:
            self._connection.close()
            raise
        self._run_id = ""
        self._session: Session | None = None

    @classmethod
    def open(cls, path: Path, clock: Clock = utc_now) -> AlertStore:
        """Open or make the store at `path`."""
        return cls(path, clock)

    def __enter__(self) -> AlertStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. A run that is not finished stays marked as such."""
        # After a fatal error DuckDB refuses even this; closing frees the guard then, with everything else.
        with suppress(duckdb.Error):
            self._connection.execute(f"DETACH DATABASE IF EXISTS {_GUARD}")
        self._connection.close()

    def begin_run(self, run: RunInfo) -> bool:
        """Start a session of a run (see `session`).

        The views go on showing the run they show until this one is finished. Where they show none, or one that was
        never finished, they show this one at once.

        Returns
        -------
        Whether the run has been in this file before: it is repeated or completed.

        Raises
        ------
        StoreError
            Another run is open in this store.
        """
        if self._session is not None:
            raise StoreError(f"run {self._run_id} is open in {self._path}; finish it before run {run.run_id} begins")
        is_resumed = self._exists("SELECT 1 FROM core.run WHERE run_id = $run", run.run_id)
        with self._transaction():
            if not is_resumed:
                self._insert_run(run)
            if not self._exists(
                "SELECT 1 FROM core.run WHERE run_id = (SELECT current_run FROM core.meta) AND finished_at IS NOT NULL"
            ):
                self._show(run.run_id)
        self._run_id = run.run_id
        self._session = Session(self._connection, run.run_id, is_resumed)
        return is_resumed

    def write(self, batch: AlertBatch) -> int:
        """Write changes of alerts, cited events, rejected records and late events in one transaction.

        A transaction costs some 10 ms, whatever it holds: `buffer.Buffer` collects small batches.

        Returns
        -------
        Number of revisions in the batch; an alert that is repeated unchanged makes none.

        Raises
        ------
        InvalidBatch
            An alert cites an event that has not been handed over, or a frame has other columns. Nothing is written.
        StoreError
            No run is open, or the file cannot be written (a full disk); what was written before still stands.
        """
        session = self._open_session()
        if not batch.n_rows:
            return 0
        prepared = session.prepare(batch, self._clock())
        with self._transaction():
            is_changed = session.put(prepared)
            if is_changed:
                self._mark_running()
        session.confirm(prepared, is_changed=is_changed)
        return len(prepared.revisions)

    def finish_run(self, counters: Mapping[str, int]) -> None:
        """End the run: remove what this session did not say, write the counts, show the run in the views.

        Parameters
        ----------
        counters
            Name to count: read, accepted, rejected, duplicate, late, ignored and others.

        Raises
        ------
        StoreError
            No run is open.
        """
        session = self._open_session()
        with self._transaction():
            if session.end(counters):
                self._mark_running()
            self._connection.execute(
                "UPDATE core.run SET status = 'finished', finished_at = $now "
                "WHERE run_id = $run AND status <> 'finished'",
                {"now": self._clock(), "run": self._run_id},
            )
            self._show(self._run_id)
        self._session = None

    def _hold(self) -> None:
        # DuckDB locks a file between processes only: two writers in one process would share it unnoticed.
        try:
            self._connection.execute(f"ATTACH ':memory:' AS {_GUARD}")
        except duckdb.BinderException as error:
            raise StoreLocked(f"{self._path} is already open for writing in this process") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            # A COMMIT that failed has rolled back already; what matters then is why it failed.
            with suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")
            if isinstance(error, duckdb.Error):
                reason = str(error).splitlines()[0]
                raise StoreError(
                    f"{self._path} could not be written; what it held before still stands: {reason}"
                ) from error
            raise

    def _open_session(self) -> Session:
        if self._session is None:
            raise StoreError(f"a run must be begun before anything is written to {self._path}")
        return self._session

    def _exists(self, query: str, run_id: str | None = None) -> bool:
        return first(self._connection, query, {"run": run_id} if run_id else None) is not None

    def _insert_run(self, run: RunInfo) -> None:
        inputs = [{"name": i.name, "fingerprint": i.fingerprint, "n_bytes": i.n_bytes} for i in run.inputs]
        versions = [{"name": name, "version": version} for name, version in sorted(run.versions.items())]
        self._connection.execute(
            "INSERT INTO core.run VALUES (?, 'running', ?, NULL, ?, ?, ?, ?)",
            [run.run_id, self._clock(), inputs, run.params_json, run.params_hash, versions],
        )

    def _show(self, run_id: str) -> None:
        self._connection.execute(
            "UPDATE core.meta SET current_run = $run WHERE current_run IS DISTINCT FROM $run", {"run": run_id}
        )

    def _mark_running(self) -> None:
        self._connection.execute(
            "UPDATE core.run SET status = 'running' WHERE run_id = $run AND status <> 'running'", {"run": self._run_id}
        )
