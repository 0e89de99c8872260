"""The reader of the project's own format, in all its shapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.canonical.columns import ACCOUNTS, DEFAULT_SOURCE, REQUIRED
from pipeline.ingest.formats.canonical.json_lines import read_json_lines, recognise_line
from pipeline.ingest.formats.canonical.parquet import read_parquet
from pipeline.ingest.formats.canonical.text import header_and_delimiter, read_text
from pipeline.ingest.open import head as head_of
from pipeline.ingest.parquet import MAGIC, parquet_columns
from pipeline.ingest.reader import ReadBatch, Reader, ReadOptions

_LINES_LOOKED_AT = 20


class CanonicalReader:
    """Canonical Parquet, delimited text and JSON lines; which of them it is, the first bytes say."""

    name = "canonical"
    default_source = DEFAULT_SOURCE

    def recognises(self, path: Path, head: bytes) -> float:
        """See `Reader.recognises`."""
        if head.startswith(MAGIC):
            try:
                return _fit(set(parquet_columns(path)))
            except UnusableInput:
                return 0.0
        return max(_as_json(head), _fit(set(header_and_delimiter(head)[0])))

    def read(self, path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
        """See `Reader.read`."""
        head = head_of(path)
        if head.startswith(MAGIC):
            yield from read_parquet(path, options)
        elif not _fit(set(header_and_delimiter(head)[0])) and _objects(head):
            yield from read_json_lines(path, options)
        else:
            yield from read_text(path, head, options)


def _as_json(head: bytes) -> float:
    """Return how surely these are JSON lines: one damaged line among the first must not hide what the others are."""
    return max((recognise_line(line) for line in _objects(head)), default=0.0)


def _objects(head: bytes) -> list[bytes]:
    """Return those of the first lines that begin as JSON objects do."""
    lines = head.removeprefix(b"\xef\xbb\xbf").splitlines()[:_LINES_LOOKED_AT]
    return [line for line in lines if line.lstrip().startswith(b"{")]


def _fit(names: set[str]) -> float:
    """Return how well a set of columns is canonical: all required ones leave no doubt, most of them a good guess."""
    have = [name in names for name in REQUIRED] + [bool(set(ACCOUNTS) & names)]
    if all(have):
        return 1.0
    return 0.6 if have[0] and sum(have) >= len(have) - 2 else 0.0


READER: Reader = CanonicalReader()
READERS: tuple[Reader, ...] = (READER,)
