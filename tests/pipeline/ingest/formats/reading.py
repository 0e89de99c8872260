"""Reads a whole file with one reader and checks what must hold of every file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from pipeline.ingest.reader import REJECTED_SCHEMA, Reader, ReadOptions
from typologies.base.events import FRAME_SCHEMA
from typologies.base.facts import Fact


@dataclass(frozen=True, slots=True)
class Reading:
    """All batches of a file, put together."""

    events: pl.DataFrame
    rejected: pl.DataFrame
    rows_read: int
    facts: list[Fact]
    labels: pl.DataFrame | None
    notes: list[str]
    sizes: list[int]

    def one(self) -> dict[str, Any]:
        """Return the known columns of the only event."""
        assert self.events.height == 1, self.rejected["reason"].to_list()
        return self.row(0)

    def row(self, number: int) -> dict[str, Any]:
        """Return the known columns of one event."""
        return {name: value for name, value in self.events.row(number, named=True).items() if value is not None}

    def reasons(self) -> list[str]:
        """Return why records were rejected."""
        return self.rejected["reason"].to_list()

    def said(self, words: str) -> bool:
        """Return whether some note has these words in it."""
        return any(words in note for note in self.notes)


def read(
    reader: Reader,
    path: Path,
    *,
    zone: str = "UTC",
    batch_rows: int = 131_072,
    source: str | None = None,
    aside: int | None = 0,
    **extra: str,
) -> Reading:
    """Read `path` to its end.

    `aside` is the number of rows that are neither events nor rejected (context, labels, money that has not moved);
    None: any.
    """
    options = ReadOptions(timezone=ZoneInfo(zone), source=source, batch_rows=batch_rows, extra=extra)
    batches = list(reader.read(path, options))
    for batch in batches:
        assert batch.events.schema == pl.Schema(FRAME_SCHEMA)
        assert batch.rejected.schema == pl.Schema(REJECTED_SCHEMA)
        assert batch.events.height <= batch_rows
        assert batch.events["amount_usd"].null_count() == batch.events.height
        texts = batch.events.select(pl.col(pl.String))
        assert not any((texts[name] == "").any() for name in texts.columns), "unknown is null, never empty text"
    events = pl.concat([batch.events for batch in batches]) if batches else pl.DataFrame(schema=FRAME_SCHEMA)
    rejected = pl.concat([batch.rejected for batch in batches]) if batches else pl.DataFrame(schema=REJECTED_SCHEMA)
    rows_read = sum(batch.rows_read for batch in batches)
    if aside is not None:
        assert rows_read == events.height + rejected.height + aside
    labels = [batch.labels for batch in batches if batch.labels is not None]
    return Reading(
        events,
        rejected,
        rows_read,
        [fact for batch in batches for fact in batch.facts],
        pl.concat(labels) if labels else None,
        [note for batch in batches for note in batch.notes],
        [batch.events.height for batch in batches],
    )


def write(folder: Path, name: str, *lines: str) -> Path:
    """Write lines with LF."""
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    return path
