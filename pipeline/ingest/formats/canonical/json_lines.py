"""Canonical events and context as JSON lines: one object a line, flat as the columns, or a record of the wire contract.

Types are strict: text is a JSON string, `amount` an integer (minor units) or a string. A JSON number with a fraction
has passed through a binary float somewhere, and is no amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from pydantic_core import from_json

from pipeline.ingest.delimited import DelimitedFile, Dialect, TextRows
from pipeline.ingest.formats.canonical.columns import batch, unused_notes
from pipeline.ingest.formats.canonical.facts import FACT_TABLES, parse_fact
from pipeline.ingest.formats.canonical.flat import flat_columns
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.typed import READABLE
from pipeline.ingest.validate import rejected_rows
from pipeline.schemas.frames import to_facts, to_frame
from pipeline.schemas.onchain import OnChain
from pipeline.schemas.wire import MODELS, Retraction, WireEvent, parse_event
from typologies.base.errors import BrokenInvariant, InvalidEvent
from typologies.base.events import Kind
from typologies.base.facts import Fact

EVENT_KINDS: Final = frozenset(kind.name.lower() for kind in Kind)

_UNUSED = frozenset({"registry_statement", "trade_document"})
"""Wire records that hold neither transfers nor context of detectors: they have readers of their own."""

# No character of a JSON line separates it: control characters stand escaped in JSON.
_LINES = Dialect(delimiter="\x1e", quote=None, has_header=False)


def recognise_line(line: bytes) -> float:
    """Return how surely a line is one of this format, 0.0 to 1.0."""
    try:
        record = from_json(line)
    except ValueError:
        return 0.0
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
        return 0.0
    if record["kind"] in EVENT_KINDS and (set(record) & {"event_time", "retracts"}):
        return 1.0
    return 1.0 if record["kind"] in FACT_TABLES | set(MODELS) and "valid_from" in record else 0.3


def read_json_lines(path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
    """Yield the batches of one file.

    Raises
    ------
    UnusableInput
        The file is empty, or not UTF-8 text at all.
    """
    file = DelimitedFile(path, _LINES, width=1)
    told: set[str] = set()
    for rows in file.rows(options.batch_rows):
        lines = _Lines(path, options)
        for number, text in enumerate(rows.text["0"].to_list()):
            lines.take(number, text)
        read = lines.batch(rows)
        read.notes = [note for note in read.notes if note not in told]
        told.update(read.notes)
        yield read


@dataclass(slots=True)
class _Lines:
    """The lines of one batch, sorted by what they are."""

    path: Path
    options: ReadOptions
    flat: list[dict[str, object]] = field(default_factory=list)
    flat_rows: list[int] = field(default_factory=list)
    wired: list[tuple[int, WireEvent]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    unused: set[str] = field(default_factory=set)

    def take(self, number: int, text: str) -> None:
        """Take in the line with this number in the batch."""
        try:
            record = from_json(text, allow_inf_nan=False)
        except ValueError as error:
            self.refused[number] = f"expected a JSON object; {str(error).replace('at line 1 column', 'at character')}"
            return
        try:
            if not isinstance(record, dict):
                raise ValueError("expected a JSON object; found another value")
            self._sort(number, record, text)
        except (ValueError, InvalidEvent) as error:
            self.refused[number] = str(error)[:500]

    def _sort(self, number: int, record: dict[str, object], text: str) -> None:
        kind = record.get("kind")
        if not isinstance(kind, str):
            raise ValueError("kind is required as text; found none")
        if kind in EVENT_KINDS and "transfer" not in record and "retracts" not in record:
            self.flat.append(record)
            self.flat_rows.append(number)
        elif kind in FACT_TABLES and "values" in record:
            fact, unread = parse_fact(record, self.options.timezone)
            self.unused.update(unread)
            self.facts.append(fact)
        elif kind in MODELS and kind not in _UNUSED:
            # Chain transactions, and retractions that carry what they take out, are no flat rows; nor is context here.
            event = parse_event(text.encode("utf-8", "surrogatepass"))
            if isinstance(event, Retraction) and event.retracts.kind in _UNUSED:
                raise ValueError(f"a retraction must take out a transfer; found {event.retracts.kind}")
            facts = to_facts(event)
            self.facts += facts
            if not facts:
                self.wired.append((number, event))
        else:
            raise ValueError(f"kind must be that of an event or of context; found {ascii(kind)[:60]}")

    def batch(self, rows: TextRows) -> ReadBatch:
        """Return what came of the lines of `rows`."""
        wired, numbers_of_wired = self._wired_rows()
        rejected = rows.rejected
        if self.refused:
            numbers = sorted(self.refused)
            reasons = [self.refused[number] for number in numbers]
            own = rejected_rows(self.path.name, rows.position[numbers], reasons, rows.raw(np.asarray(numbers, np.intp)))
            rejected = pl.concat([rejected, own]).sort("position")
        read = self._placed(*flat_columns(self.flat, self.options.timezone), self.flat_rows, rows, rejected)
        if wired.height:
            more = self._placed(wired, None, numbers_of_wired, rows, None)
            read = ReadBatch(
                pl.concat([read.events, more.events]).sort("position", maintain_order=True),
                pl.concat([read.rejected, more.rejected]).sort("position"),
                read.rows_read + more.rows_read,
            )
        read.facts = self.facts
        read.rows_read += len(self.facts)
        self.unused.update(*self.flat)
        read.notes = unused_notes(self.path, self.unused)
        return read

    def _wired_rows(self) -> tuple[pl.DataFrame, list[int]]:
        """Return the rows of wire records, and the line of each; records that have none are refused."""
        simple = [(number, event) for number, event in self.wired if not _is_on_chain(event)]
        frames = [to_frame([event for _, event in simple])]
        numbers = [number for number, _ in simple]
        if frames[0].height != len(simple):
            raise BrokenInvariant(f"wire records: expected {len(simple)} rows; found {frames[0].height}")
        for number, event in self.wired:
            if _is_on_chain(event):
                # One transaction has as many rows as outputs with an address.
                frames.append(to_frame([event]))
                numbers += [number] * frames[-1].height
                if not frames[-1].height:
                    self.refused[number] = "expected a chain transaction that pays an address; found none"
        return pl.concat(frames).select(READABLE), numbers

    def _placed(
        self,
        frame: pl.DataFrame,
        reasons: pl.Series | None,
        numbers: list[int],
        rows: TextRows,
        rejected: pl.DataFrame | None,
    ) -> ReadBatch:
        lines = np.asarray(numbers, np.intp)
        position = rows.position[numbers]
        return batch(
            self.path, frame, position, self.options, lambda wanted: rows.raw(lines[wanted]), reasons, rejected
        )


def _is_on_chain(event: WireEvent) -> bool:
    return isinstance(event, OnChain) or (isinstance(event, Retraction) and isinstance(event.retracts, OnChain))
