"""Errors of the alert store."""

from __future__ import annotations

from typologies.base.errors import FeiqianError


class StoreError(FeiqianError):
    """Root of what can go wrong with an alert store."""


class StoreNotFound(StoreError):
    """There is no file, or no folder for it, at the path."""


class NotAStore(StoreError):
    """The file is not DuckDB, or is a DuckDB file of somebody else."""


class StoreLocked(StoreError):
    """Another connection writes the file."""


class NewerStore(StoreError):
    """The file was written by a newer version."""


class OlderStore(StoreError):
    """The file was written by an older version and is only opened for reading, so that it cannot be migrated."""


class InvalidBatch(StoreError):
    """What was handed over for writing is incomplete: an alert cites events that never came, a column is missing."""


class UnknownAlert(StoreError):
    """No alert with this id stands in the file's current run."""


class UnknownRun(StoreError):
    """The file has no run with this id."""
