"""From records read one by one to batches, with a bound on rows and on bytes kept for rejected ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from pipeline.ingest.formats.iso20022.addresses import AddressBook
from pipeline.ingest.formats.iso20022.checks import Flags
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.validate import rejected_rows, validate
from typologies.base.events import FRAME_SCHEMA
from typologies.base.facts import Fact

MAX_KEPT_BYTES = 64 << 20
"""A batch ends when the records it came from have this many bytes, however few rows they are."""

Row = dict[str, Any]
"""Canonical columns of one event; columns that are not there are null."""


class Output:
    """Collects what one file gives. Positions count from 1 everything that a record became: events and rejects."""

    def __init__(self, origin: str, source: str, options: ReadOptions) -> None:
        self.origin = origin
        self.source = source
        self.flags = Flags(origin)
        self.addresses = AddressBook()
        self.notes: list[str] = []
        self.position = 0
        self._options = options
        self._rows: list[Row] = []
        self._raw: list[bytes] = []
        self._rejected: list[tuple[int, str, bytes]] = []
        self._facts: list[Fact] = []
        self._aside = 0
        self._bytes = 0

    def event(self, columns: Mapping[str, Any], raw: bytes) -> Row:
        """Take in one event; return its full row."""
        self.position += 1
        row = {**columns, "source": self.source, "origin": self.origin, "position": self.position}
        self._rows.append(row)
        self._raw.append(raw)
        self._bytes += len(raw)
        return row

    def reject(self, reason: str, raw: bytes) -> None:
        """Take in one record that cannot be used."""
        self.position += 1
        self._rejected.append((self.position, reason, raw))
        self._bytes += len(raw)

    def set_aside(self) -> None:
        """Count a record that is rightly no event (money that has not moved, a message type not asked for)."""
        self.position += 1
        self._aside += 1

    def facts(self, facts: Iterator[Fact]) -> None:
        """Take in context."""
        self._facts.extend(facts)

    def note(self, sentence: str) -> None:
        """Take in a sentence for the user."""
        self.notes.append(f"{self.origin}: {sentence}")

    def full(self) -> Iterator[ReadBatch]:
        """Yield what there is if that is enough for a batch."""
        waiting = len(self._rows) + len(self._rejected) + self._aside
        if waiting >= self._options.batch_rows or self._bytes >= MAX_KEPT_BYTES:
            yield from self._batches()

    def last(self) -> Iterator[ReadBatch]:
        """Yield what is left, with the sentences that hold for the whole file."""
        self.notes += self.addresses.sentence(self.origin) + self.flags.sentences()
        yield from self._batches()

    def _batches(self) -> Iterator[ReadBatch]:
        size = max(self._options.batch_rows, 1)
        rejected = rejected_rows(
            self.origin,
            [position for position, _, _ in self._rejected],
            [reason for _, reason, _ in self._rejected],
            [raw for _, _, raw in self._rejected],
        )
        rows_read = len(self._rejected) + self._aside
        # One record can become more events than a batch holds.
        for first in range(0, max(len(self._rows), 1), size):
            raw = self._raw[first : first + size]
            frame = frame_of(self._rows[first : first + size])
            events, bad = validate(frame, pl.Series(raw, dtype=pl.Binary))
            yield ReadBatch(
                events,
                pl.concat([rejected, bad]).sort("position"),
                rows_read + len(raw),
                facts=self._facts,
                notes=self.notes,
            )
            rejected, rows_read, self._facts, self.notes = rejected.clear(), 0, [], []
        self._rows, self._raw, self._rejected, self._aside, self._bytes = [], [], [], 0, 0


def frame_of(rows: list[Row]) -> pl.DataFrame:
    """Return rows as a canonical frame."""
    return pl.DataFrame(
        {name: pl.Series(name, [row.get(name) for row in rows], dtype=kind) for name, kind in FRAME_SCHEMA.items()}
    )
