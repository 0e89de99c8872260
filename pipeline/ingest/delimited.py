"""A delimited text file as a sequence of text blocks: header once, then records, in bounded memory.

Everything is text here; nothing is typed and nothing is lost. Records that are no records (wrong number of fields,
NUL bytes, other encodings, broken quotes, the torn end of a damaged archive) come as rejected rows with place, reason
and bytes. Other encodings than UTF-8 are turned into UTF-8 on the way in, and back for the bytes of rejected rows.
"""

from __future__ import annotations

import codecs
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.open import DamagedArchive, head, open_input
from pipeline.ingest.reader import MAX_RAW_BYTES
from pipeline.ingest.records import MAX_RECORD_BYTES, BadRecord, Block, first_record, split
from pipeline.ingest.validate import rejected_rows

BLOCK_BYTES = 16 << 20
"""Bytes taken in at once: some 140,000 records of 120 bytes. The working set of a block is about ten times that."""

_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited file is written.

    Attributes
    ----------
    delimiter, quote
        One ASCII character each; `quote` None: quotes are ordinary characters.
    encoding
        Any text encoding of Python.
    has_header
        Whether the first record names the columns.
    skip_lines
        Lines before the header (titles, account holder, period).
    line_breaks_in
        Names of the columns that may hold line breaks between quotes; None: all. The fewer, the less can a stray
        quote that another one happens to close take with it.
    """

    delimiter: str = ","
    quote: str | None = '"'
    encoding: str = "utf-8"
    has_header: bool = True
    skip_lines: int = 0
    line_breaks_in: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class TextRows:
    """Records of one piece of a file.

    Attributes
    ----------
    text
        (n, width) strings named "0", "1", ... by position; an empty field is null.
    position
        (n,) number of each record in the file, from 1; header and blank lines are not counted.
    rejected
        Records that could not be split, with the columns of `REJECTED_SCHEMA`.
    """

    text: pl.DataFrame
    position: pl.Series
    rejected: pl.DataFrame
    _block: Block
    _first: int
    _encoding: str

    def raw(self, rows: npt.NDArray[np.intp]) -> list[bytes]:
        """Return the bytes of rows of `text` as they stand in the file, without line ends."""
        return [as_written(record, self._encoding) for record in self._block.raw(rows + self._first)]


class DelimitedFile:
    """One delimited file.

    Parameters
    ----------
    path
        Plain, gzip or zstd.
    dialect
        How it is written.
    width
        Number of fields, for files without a header.

    Raises
    ------
    UnusableInput
        The file is empty, has no header, is of another encoding, or ends its lines with CR alone.
    """

    def __init__(self, path: Path, dialect: Dialect | None = None, width: int | None = None) -> None:
        self.path = path
        self.dialect = dialect or Dialect()
        self.header: list[str] = []
        self._encoding = _byte_order(path, self.dialect.encoding)
        self._pieces = _utf8(path, self._encoding)
        self._rest = b""
        self._ended = False
        self._damage: UnusableInput | None = None
        self._fill(BLOCK_BYTES)
        self._rest = self._rest.removeprefix(_BOM)
        for _ in range(self.dialect.skip_lines):
            self._rest = self._rest.partition(b"\n")[2]
        if not self._rest.strip():
            if self._damage is not None:
                raise self._damage
            raise UnusableInput(f"{path.name}: expected a file with records; found nothing in it")
        self._check_line_ends()
        if self.dialect.has_header:
            self.header = self._header()
        breaks = self.dialect.line_breaks_in
        self._breaks = None if breaks is None else frozenset(i for i, name in enumerate(self.header) if name in breaks)
        self.width = len(self.header) if self.dialect.has_header else width or len(self._peek())

    def rows(self, size: int) -> Iterator[TextRows]:
        """Yield all records in pieces of at most `size` usable rows. Can be called once.

        Damage of the archive comes as a last rejected row, which holds the torn record; rows before it are kept.
        """
        position = 1
        while block := self._block():
            yield from self._sliced(block, position, size)
            position += block.records
        if self._damage is not None:
            raw = as_written(self._rest, self._encoding)
            rejected = rejected_rows(self.path.name, [position], [str(self._damage)], [raw])
            yield from self._sliced(_no_records(self.width), position, size, rejected)

    def close(self) -> None:
        """Close the file; a file that was read to its end is closed already."""
        self._pieces.close()

    def _sliced(
        self, block: Block, position: int, size: int, rejected: pl.DataFrame | None = None
    ) -> Iterator[TextRows]:
        if rejected is None:
            rejected = rejected_rows(
                self.path.name,
                [position + bad.number for bad in block.bad],
                [bad.reason for bad in block.bad],
                [as_written(bad.raw, self._encoding) for bad in block.bad],
            )
        positions = pl.Series("position", block.number + position, dtype=pl.Int64)
        for first in range(0, max(block.text.height, 1), size):
            part = slice(first, first + size)
            found = rejected if first == 0 else rejected.clear()
            yield TextRows(block.text[part], positions[part], found, block, first, self._encoding)

    def _block(self) -> Block | None:
        while True:
            self._fill(BLOCK_BYTES)
            end = self._rest.rfind(b"\n") + 1
            final = self._ended
            if not end and not final:
                return self._long_line()
            # What stands behind the last line end of a damaged archive is torn off somewhere: no record.
            if final and self._damage is None:
                end = len(self._rest)
            if not end:
                return None
            data = self._rest[:end]
            block = split(
                data,
                self.width,
                self.dialect.delimiter,
                self.dialect.quote,
                final=final,
                line_breaks_in=self._breaks,
            )
            self._rest = self._rest[block.used :]
            if block.records:
                return block
            # Blank lines only; or one record that goes on, and is far shorter than two blocks.
            if not block.used:
                self._fill(len(self._rest) + BLOCK_BYTES)

    def _fill(self, size: int) -> None:
        parts = [self._rest]
        missing = size - len(self._rest)
        while missing > 0 and not self._ended:
            try:
                piece = next(self._pieces, b"")
            except UnusableInput as damage:
                if not isinstance(damage, DamagedArchive):
                    raise
                self._damage = damage
                piece = b""
            self._ended = not piece
            parts.append(piece)
            missing -= len(piece)
        self._rest = b"".join(parts)

    def _long_line(self) -> Block:
        # No line end in a whole block: keep the beginning, which shows what it is, and drop up to the next line end.
        start = self._rest[:MAX_RAW_BYTES]
        while not self._ended and b"\n" not in self._rest:
            self._rest = b""
            self._fill(BLOCK_BYTES)
        self._rest = self._rest.partition(b"\n")[2]
        reason = f"expected a record of at most {MAX_RECORD_BYTES:,} bytes; found a longer one"
        return _no_records(self.width, [BadRecord(0, reason, start)])

    def _check_line_ends(self) -> None:
        first = self._rest[:MAX_RECORD_BYTES]
        if b"\n" not in first and b"\r" in first.rstrip(b"\r"):
            raise UnusableInput(f"{self.path.name}: expected lines that end with LF or CR LF; found CR alone")

    def _header(self) -> list[str]:
        where = f"{self.path.name}: header"
        if b"\0" in self._rest.partition(b"\n")[0]:
            raise UnusableInput(f"{where}: expected text in {self.dialect.encoding}; found NUL bytes")
        try:
            names, end = first_record(self._rest[:MAX_RECORD_BYTES], self.dialect.delimiter, self.dialect.quote)
        except ValueError as error:
            raise UnusableInput(f"{where}: expected names of columns in {self.dialect.encoding}; {error}") from error
        self._rest = self._rest[end:]
        return [name.strip() for name in names]

    def _peek(self) -> list[str]:
        try:
            return first_record(self._rest[:MAX_RECORD_BYTES], self.dialect.delimiter, self.dialect.quote)[0]
        except ValueError as error:
            raise UnusableInput(f"{self.path.name}: expected a readable first record; {error}") from error


def as_written(record: bytes, encoding: str) -> bytes:
    """Return the bytes that a UTF-8 record had in the file, for at most `MAX_RAW_BYTES` of it."""
    if _is_utf8(encoding):
        return record
    whole = len(record) <= MAX_RAW_BYTES
    text = record[:MAX_RAW_BYTES].decode("utf-8", "surrogatepass" if whole else "ignore")
    return text.encode(encoding, _on_error(encoding))


def _byte_order(path: Path, encoding: str) -> str:
    """Return the encoding with its byte order, so that records are written back without a byte order mark."""
    name = codecs.lookup(encoding).name
    if name not in {"utf-16", "utf-32"}:
        return encoding
    first = head(path, 4)
    return f"{name}-be" if first.startswith((b"\xfe\xff", b"\x00\x00\xfe\xff")) else f"{name}-le"


def _utf8(path: Path, encoding: str) -> Generator[bytes]:
    """Yield the file as UTF-8; what does not decode becomes bytes that are no UTF-8, so that it is found later."""
    is_utf8 = _is_utf8(encoding)
    decoder = None if is_utf8 else codecs.getincrementaldecoder(encoding)(_on_error(encoding))
    with open_input(path) as stream:
        first = True
        for piece in stream.pieces():
            if first and is_utf8 and _is_wide(piece):
                raise UnusableInput(f"{path.name}: expected UTF-8; found the byte order mark of UTF-16 or UTF-32")
            first = False
            if decoder is None:
                yield piece
            else:
                yield from _encoded(decoder, piece, path, stream.handed_out)
        if decoder is not None:
            yield from _encoded(decoder, b"", path, stream.handed_out)


def _encoded(decoder: codecs.IncrementalDecoder, piece: bytes, path: Path, at: int) -> Iterator[bytes]:
    try:
        text = decoder.decode(piece, final=not piece)
    except UnicodeDecodeError as error:
        raise DamagedArchive(f"{path.name}: expected text in {error.encoding}; {error.reason}", at) from error
    if text:
        yield text.encode("utf-8", "surrogatepass")


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in {"utf-8", "utf-8-sig", "ascii"}


def _is_wide(first: bytes) -> bool:
    """Whether a file is UTF-16 or UTF-32, and not just a damaged record at its start."""
    sample = first[:65_536]
    return first.startswith(_WIDE_BOMS) and sample.count(0) * 4 > len(sample)


def _on_error(encoding: str) -> str:
    return "surrogatepass" if codecs.lookup(encoding).name.startswith("utf-") else "surrogateescape"


def _no_records(width: int, bad: list[BadRecord] | None = None) -> Block:
    text = pl.DataFrame(schema={str(column): pl.String for column in range(width)})
    return Block(b"", text, np.empty(0, np.int64), bad or [], 0)
