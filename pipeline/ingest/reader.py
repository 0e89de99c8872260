"""The reader contract: a file of any supported format in, canonical frames out.

A reader turns one file into batches. It never drops a row silently: what it cannot use comes back in `rejected` with
place and reason, and `rows_read` counts everything, so that read = accepted + rejected + (later) duplicate + late.
A reader does no FX, makes no identity for rows without ids, and does not sort: that is common to all formats and is
done once, behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import polars as pl

from typologies.base.facts import Fact

REJECTED_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": pl.String,  # file name (or topic-partition)
    "position": pl.Int64,  # data row, 1-based (or offset); null when the whole file is meant
    "reason": pl.String,  # what was required, what was found
    "raw": pl.Binary,  # the record's bytes, untouched (at most MAX_RAW_BYTES of it)
}

MAX_RAW_BYTES = 65_536

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user said about the files.

    Attributes
    ----------
    timezone
        Zone of times without one. Default UTC; recorded with the run.
    source
        Name of the feed that enters the event's identity; None: the format's own default name.
    batch_rows
        Rows a batch holds at most.
    mapping
        Mapping file for the format `mapped`.
    extra
        Options of single formats, by name ("amlsim_base_date", "samld_currency").
    """

    timezone: ZoneInfo = UTC_ZONE
    source: str | None = None
    batch_rows: int = 131_072
    mapping: Path | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ReadBatch:
    """What a reader yields.

    Attributes
    ----------
    events
        Frame with exactly the columns of `typologies.base.events.FRAME_SCHEMA`, in that order; `amount_usd` and
        `fx_source` null.
    rejected
        Frame with the columns of `REJECTED_SCHEMA`.
    rows_read
        Data rows this batch accounts for: events + rejected (+ rows that are context or labels).
    facts
        Context found in the file (account owners, profiles).
    labels
        Ground truth found in the file, apart from the events: columns `event_id` or (`origin`, `position`), `label`
        (String), `is_illicit` (Boolean), `group` (String, pattern or alert id). No detector can read it.
    notes
        Sentences for the user, said once ("bank ids are compared without leading zeros").
    """

    events: pl.DataFrame
    rejected: pl.DataFrame
    rows_read: int
    facts: list[Fact] = field(default_factory=list)
    labels: pl.DataFrame | None = None
    notes: list[str] = field(default_factory=list)


class Reader(Protocol):
    """One format."""

    name: str
    """Name given to `--format`."""

    default_source: str
    """Feed name that enters the identity of rows when the user gives none."""

    def recognises(self, path: Path, head: bytes) -> float:
        """Return 0.0 to 1.0: how surely this file is of this format.

        `head` is the first 64 KiB after decompression. 1.0: nothing else can look like that.
        """

    def read(self, path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
        """Yield batches in file order, in bounded memory.

        Raises
        ------
        UnusableInput
            The whole file cannot be used: required columns missing, not the stated format, nothing decodable.
        """
