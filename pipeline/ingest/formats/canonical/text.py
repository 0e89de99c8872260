"""Canonical events as delimited text: commas, tabs or semicolons, header first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.ingest.delimited import DelimitedFile, Dialect
from pipeline.ingest.formats.canonical.columns import batch, check_header
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.records import MAX_RECORD_BYTES, first_record
from pipeline.ingest.typed import READABLE, type_columns
from pipeline.ingest.validate import FREE_TEXT

DELIMITERS = (",", "\t", ";")


def header_and_delimiter(head: bytes) -> tuple[list[str], str]:
    """Return the column names on the first line, split by the delimiter that gives most canonical names."""
    first = head.removeprefix(b"\xef\xbb\xbf")[:MAX_RECORD_BYTES]
    best: tuple[list[str], str] = ([], DELIMITERS[0])
    for delimiter in DELIMITERS:
        try:
            names = [name.strip() for name in first_record(first, delimiter, '"')[0]]
        except ValueError:
            continue
        if not best[0] or len(set(names) & set(READABLE)) > len(set(best[0]) & set(READABLE)):
            best = (names, delimiter)
    return best


def read_text(path: Path, head: bytes, options: ReadOptions) -> Iterator[ReadBatch]:
    """Yield the batches of one file.

    Raises
    ------
    UnusableInput
        See `DelimitedFile` and `check_header`.
    """
    _, delimiter = header_and_delimiter(head)
    file = DelimitedFile(path, Dialect(delimiter=delimiter, line_breaks_in=FREE_TEXT))
    notes = check_header(path, file.header)
    places = {name: str(place) for place, name in enumerate(file.header) if name in READABLE}
    for rows in file.rows(options.batch_rows):
        text = {name: rows.text[place] for name, place in places.items()}
        frame, reasons = type_columns(text, options.timezone)
        read = batch(path, frame, rows.position, options, rows.raw, reasons.first(), rows.rejected)
        read.notes, notes = notes, []
        yield read
