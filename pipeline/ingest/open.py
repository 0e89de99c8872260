"""Opening of input files: plain, gzip and zstd, told apart by their first bytes, never by their names.

Memory is bounded whatever the file claims: decompression advances in small steps and hands out what the caller asked
for. A damaged archive gives everything that can still be decoded, then raises `DamagedArchive` with the place, so that
a reader can keep the rows before the damage and say what is lost.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from pipeline.ingest.errors import UnusableInput

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD_BYTES = 65_536
"""What `Reader.recognises` gets to see, after decompression."""

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

_STEP_PLAIN = 1 << 22
_STEP_GZIP_IN = 1 << 18
_STEP_GZIP_OUT = 1 << 20
# A zstd block of 4 bytes can stand for 128 KiB, and the library hands out all of one step at once: 4 KiB in is at
# most 128 MiB out, even of a hostile file.
_STEP_ZSTD_IN = 1 << 12


class DamagedArchive(UnusableInput):
    """A compressed file ends early or does not decode; everything before the damage was handed out.

    Attributes
    ----------
    at
        Decompressed bytes that could be read.
    """

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Input(io.RawIOBase):
    """A readable stream of decompressed bytes.

    `read(n)` returns at most n bytes and b"" only at the end, like every raw stream; wrap it in `io.BufferedReader`
    where a library wants full reads.

    Attributes
    ----------
    path
        The file behind it.
    compression
        "plain", "gzip" or "zstd".
    handed_out
        Decompressed bytes given to the caller so far.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.handed_out = 0
        self._file = _open(path)
        first = _read(self._file, len(ZSTD_MAGIC), path)
        self._file.seek(0)
        if first.startswith(GZIP_MAGIC):
            self.compression = "gzip"
            self._pieces = self._gzip()
        elif _is_zstd(first):
            self.compression = "zstd"
            self._pieces = self._zstd()
        else:
            self.compression = "plain"
            self._pieces = self._plain()
        self._piece = memoryview(b"")
        self._damage: DamagedArchive | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer).cast("B")
        if not self._piece and len(target):
            self._piece = memoryview(self._next())
        count = min(len(target), len(self._piece))
        target[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        self.handed_out += count
        return count

    def pieces(self) -> Iterator[bytes]:
        """Yield what was not read yet in pieces of some MiB: `read` without its copies."""
        piece = bytes(self._piece) or self._next()
        self._piece = memoryview(b"")
        while piece:
            self.handed_out += len(piece)
            yield piece
            piece = self._next()

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _next(self) -> bytes:
        # Damage is raised again on every further read: a caller that asks twice must not take it for a clean end.
        if self._damage is not None:
            raise self._damage
        try:
            return next(self._pieces, b"")
        except DamagedArchive as damage:
            self._damage = damage
            raise

    def _plain(self) -> Iterator[bytes]:
        while piece := _read(self._file, _STEP_PLAIN, self.path):
            yield piece

    def _gzip(self) -> Iterator[bytes]:
        decoded = 0
        pending = _read(self._file, _STEP_GZIP_IN, self.path)
        while pending:
            if not pending.startswith(GZIP_MAGIC):
                raise self._damaged("bytes that are not gzip follow the end of the compressed data", decoded)
            member = zlib.decompressobj(wbits=31)
            while True:
                try:
                    piece = member.decompress(pending, _STEP_GZIP_OUT)
                except zlib.error as error:
                    raise self._damaged(str(error), decoded) from error
                if piece:
                    decoded += len(piece)
                    yield piece
                if member.eof:
                    break
                # A full piece means that more output may wait inside, even without input.
                pending = member.unconsumed_tail
                if not pending and len(piece) < _STEP_GZIP_OUT:
                    pending = _read(self._file, _STEP_GZIP_IN, self.path)
                    if not pending:
                        raise self._damaged("the file ends before the compressed data does", decoded)
            pending = self._next_gzip_member(member.unused_data)

    def _next_gzip_member(self, pending: bytes) -> bytes:
        # Zeros after a member are legal padding (tape blocks); anything else must be a further member.
        pending = pending.lstrip(b"\0")
        while len(pending) < len(GZIP_MAGIC) and (more := _read(self._file, _STEP_GZIP_IN, self.path)):
            pending = (pending + more).lstrip(b"\0")
        return pending

    def _zstd(self) -> Iterator[bytes]:
        decoded = 0
        pending = b""
        while True:
            pending = pending or _read(self._file, _STEP_ZSTD_IN, self.path)
            if not pending:
                return
            pending += _read(self._file, max(0, len(ZSTD_MAGIC) - len(pending)), self.path)
            if not _is_zstd(pending):
                raise self._damaged("bytes that are not zstd follow the end of a frame", decoded)
            decoder = zstandard.ZstdDecompressor().decompressobj()
            while not decoder.eof:
                pending = pending or _read(self._file, _STEP_ZSTD_IN, self.path)
                if not pending:
                    raise self._damaged("the file ends before the compressed data does", decoded)
                try:
                    piece = decoder.decompress(pending)
                except zstandard.ZstdError as error:
                    raise self._damaged(str(error), decoded) from error
                pending = b""
                if piece:
                    decoded += len(piece)
                    yield piece
            pending = decoder.unused_data

    def _damaged(self, why: str, decoded: int) -> DamagedArchive:
        return DamagedArchive(
            f"{self.path.name}: expected a whole {self.compression} file; {why} (after {decoded:,} decompressed bytes)",
            decoded,
        )


def open_input(path: Path) -> Input:
    """Open a file for reading, decompressed on the way.

    Raises
    ------
    UnusableInput
        The file does not exist, is a folder or cannot be opened. `DamagedArchive` (a subclass) comes while reading.
    """
    return Input(path)


def head(path: Path, size: int = HEAD_BYTES) -> bytes:
    """Return the first `size` decompressed bytes, fewer if the file is shorter.

    Raises
    ------
    UnusableInput
        The file cannot be opened, or is an archive of which nothing can be decoded.
    """
    parts: list[bytes] = []
    missing = size
    with open_input(path) as stream:
        try:
            while missing and (part := stream.read(missing)):
                parts.append(part)
                missing -= len(part)
        except DamagedArchive:
            if not parts:
                raise
    return b"".join(parts)


def _is_zstd(first: bytes) -> bool:
    # Skippable frames (RFC 8878, 3.1.2) may stand before and between data frames.
    return first.startswith(ZSTD_MAGIC) or (first[1:4] == b"\x2a\x4d\x18" and 0x50 <= first[0] <= 0x5F)


def _open(path: Path) -> io.FileIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise UnusableInput(f"{path}: expected a readable file; {error.strerror or error}") from error


def _read(file: io.FileIO, size: int, path: Path) -> bytes:
    try:
        return file.read(size) if size else b""
    except OSError as error:
        raise UnusableInput(f"{path}: reading stopped; {error.strerror or error}") from error
