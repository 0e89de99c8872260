"""Small batches, collected: a transaction of DuckDB costs the same for one alert as for a hundred."""

from __future__ import annotations

from types import TracebackType

from pipeline.storage.batch import AlertBatch, merge
from pipeline.storage.store import AlertStore

DEFAULT_ROWS = 20_000
"""Rows after which a buffer is written: some 100 ms of writing, a few ten MB of memory."""


class Buffer:
    """Collects batches for a store and writes them together, in order.

    What is in the buffer when a process dies is lost with it; a rerun says it again. As a context manager it writes
    what is left, unless an error ended the block.

    Parameters
    ----------
    store
        With an open run.
    max_rows
        Alerts and frame rows after which `add` writes.
    """

    def __init__(self, store: AlertStore, max_rows: int = DEFAULT_ROWS) -> None:
        self._store = store
        self._max_rows = max_rows
        self._batches: list[AlertBatch] = []
        self._n_rows = 0

    def __enter__(self) -> Buffer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()

    def add(self, batch: AlertBatch) -> None:
        """Take in a batch; write everything once there is enough."""
        if not batch.n_rows:
            return
        self._batches.append(batch)
        self._n_rows += batch.n_rows
        if self._n_rows >= self._max_rows:
            self.flush()

    def flush(self) -> None:
        """Write what is there."""
        if self._batches:
            self._store.write(merge(self._batches))
        self._batches = []
        self._n_rows = 0
