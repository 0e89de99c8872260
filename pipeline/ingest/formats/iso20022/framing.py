"""Cutting a file of ISO 20022 messages into headers and records, in bounded memory, with damage kept local.

A file may hold one message, several in an envelope of any name, or several simply one after the other, each with its
own XML declaration. Files of many gigabytes are common, and so is a single broken record in them. An XML parser that
runs over the whole file gives up at the first fault, so the file is cut first, at the tags of messages, containers
(statements) and records, and each piece is parsed on its own. The cut is exact for well-formed XML: "<" stands nowhere
but in markup, comments and CDATA sections. Pieces keep their bytes, which is what a rejected record must show.

Pieces are matched by local name: namespaces, prefixes and message versions make no difference.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.open import DamagedArchive, open_input
from pipeline.ingest.reader import MAX_RAW_BYTES

MAX_PIECE_BYTES = 64 << 20
"""Longest header or record taken in. A booked batch of 50,000 transactions has some 50 MB."""

MAX_TAG_BYTES = 1 << 16
MAX_COMMENT_BYTES = 1 << 16
"""A comment or CDATA section that does not end within this is taken for damage, not for a comment."""

_MARKUP = rb"<!--|<!\[CDATA\[|<\?xml[\s?]|</?(?:[A-Za-z_][\w.\-]*:)?(?:%s)(?=[\s/>])"
_TAG = re.compile(rb"<(/?)(?:[A-Za-z_][\w.\-]*:)?([\w.\-]+)")
_XMLNS = re.compile(rb"""xmlns(?::[\w.\-]+)?\s*=\s*["']([^"']*)["']""")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z][\w.\-]*)["']""")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)

FrameKind = Literal["message_head", "container_head", "record", "container_end", "message_end", "fault"]


@dataclass(frozen=True, slots=True)
class Grammar:
    """Local names at which a family of messages is cut.

    Attributes
    ----------
    messages
        The element under `Document`.
    containers
        What a message repeats and what holds the records (statements); empty where records stand in the message.
    record
        What becomes events.
    """

    messages: frozenset[str]
    containers: frozenset[str]
    record: str

    @property
    def names(self) -> frozenset[str]:
        """All local names that matter."""
        return self.messages | self.containers | {self.record, "Document"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One piece of a file.

    Attributes
    ----------
    kind
        `message_head` and `container_head` are what stands before the first container or record.
    name
        Local name of the message, container or record.
    raw
        Its bytes: the whole record, or the content of a head. Of a fault what could not be used, at most
        `MAX_RAW_BYTES`.
    reason
        Of a fault: what was required, what was found.
    namespace
        Of a message head: the namespace of the message, "" if there is none.
    encoding
        In which `raw` is written.
    """

    kind: FrameKind
    name: str
    raw: bytes = b""
    reason: str = ""
    namespace: str = ""
    encoding: str = "utf-8"


class Framer:
    """Cuts one file. `frames` can be called once."""

    def __init__(self, path: Path, grammar: Grammar) -> None:
        self._path = path
        self._grammar = grammar
        names = b"|".join(re.escape(name.encode()) for name in sorted(grammar.names))
        self._markup = re.compile(_MARKUP % names)
        self._pieces: Iterator[bytes] = iter(())
        self._buffer = b""
        self._at = 0
        self._ended = False
        self._damage: DamagedArchive | None = None
        self._encoding = "utf-8"
        self._is_transcoded = False
        # Where the piece at hand begins, or where the last record ended; None: nothing is kept.
        self._mark: int | None = None
        self._lost: bytes | None = None
        self._document = b""
        self._is_empty_document = False
        self._namespace = ""
        self._message = ""
        self._container = ""
        self._head_open = False
        self._in_record = False
        self._is_stray = False

    def frames(self) -> Iterator[Frame]:
        """Yield the pieces in file order.

        Raises
        ------
        UnusableInput
            The file has nothing of this family in it, or cannot be opened.
        """
        found = False
        with open_input(self._path) as stream:
            self._pieces = self._as_utf8(stream.pieces())
            while self._next_markup():
                for frame in self._step():
                    found = True
                    yield frame
            for frame in self._end():
                found = True
                yield frame
        if not found:
            expected = " or ".join(sorted(self._grammar.messages))
            raise UnusableInput(f"{self._path.name}: expected XML with {expected}; found no such element")

    # Bytes

    def _as_utf8(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        first = next(pieces, b"")
        wide = _wide_encoding(first)
        if wide is None:
            yield first.removeprefix(b"\xef\xbb\xbf")
            yield from pieces
            return
        self._is_transcoded = True
        decoder = codecs.getincrementaldecoder(wide)("replace")
        yield decoder.decode(first).removeprefix("\ufeff").encode()
        for piece in pieces:
            yield decoder.decode(piece).encode()

    def _load(self) -> bool:
        """Take in more of the file; return whether there was more."""
        if self._ended:
            return False
        self._bound()
        keep = self._at if self._mark is None else min(self._mark, self._at)
        try:
            piece = next(self._pieces, b"")
        except DamagedArchive as damage:
            self._damage = damage
            piece = b""
        self._ended = not piece
        self._buffer = self._buffer[keep:] + piece
        self._at -= keep
        if self._mark is not None:
            self._mark -= keep
        return not self._ended

    def _bound(self) -> None:
        """Let go of a piece that is too long, but for its beginning."""
        if self._mark is not None and self._at - self._mark > MAX_PIECE_BYTES:
            if self._lost is None:
                self._lost = self._buffer[self._mark : self._mark + MAX_RAW_BYTES]
            self._mark = self._at

    def _next_markup(self) -> bool:
        """Go to the next markup that matters; return False at the end of the file."""
        while True:
            found = self._markup.search(self._buffer, self._at)
            if found is not None:
                self._at = found.start()
                return True
            # The last bytes may be the beginning of a tag.
            self._at = max(self._at, len(self._buffer) - 128)
            if not self._load():
                self._at = len(self._buffer)
                return False

    def _find(self, what: bytes, skip: int, limit: int) -> int:
        """Return where `what` ends, from `skip` bytes behind `self._at`; -1 if it does not come within `limit`."""
        while True:
            end = self._buffer.find(what, self._at + skip, self._at + limit)
            if end >= 0:
                return end + len(what)
            if len(self._buffer) - self._at >= limit or not self._load():
                return -1

    # Markup

    def _step(self) -> Iterator[Frame]:
        """Handle the markup at `self._at` and go behind it."""
        for opening, closing in ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>")):
            if self._buffer.startswith(opening, self._at):
                end = self._find(closing, len(opening), MAX_COMMENT_BYTES)
                self._at = end if end >= 0 else self._at + len(opening)
                return
        end = self._find(b">", 1, MAX_TAG_BYTES)
        if end < 0:
            self._at += 1
            return
        tag = self._buffer[self._at : end]
        parts = _TAG.match(tag)
        if parts is None:
            self._declaration(tag)
        elif parts[1]:
            yield from self._closed(parts[2].decode(), end)
        else:
            yield from self._opened(parts[2].decode(), tag, end)
            if tag.endswith(b"/>"):
                yield from self._closed(parts[2].decode(), end)
        self._at = end

    def _declaration(self, tag: bytes) -> None:
        if self._is_transcoded:
            return
        stated = _ENCODING.search(tag)
        self._encoding = "utf-8"
        if stated is not None:
            with suppress(LookupError):
                self._encoding = codecs.lookup(stated[1].decode()).name

    def _opened(self, name: str, tag: bytes, end: int) -> Iterator[Frame]:
        grammar = self._grammar
        if name == "Document":
            yield from self._leave_message()
            self._document = tag
            self._is_empty_document = True
        elif name in grammar.messages:
            yield from self._leave_message()
            self._message = name
            self._namespace = _namespace(tag) or _namespace(self._document)
            self._is_empty_document = False
            self._start_head(end)
        elif name in grammar.containers:
            if self._message and not self._in_record:
                yield from self._leave_container()
                yield from self._head()
                self._container = name
                self._start_head(end)
        else:
            yield from self._record_opened()

    def _closed(self, name: str, end: int) -> Iterator[Frame]:
        grammar = self._grammar
        if name == grammar.record:
            yield from self._record_closed(end)
        elif name in grammar.containers:
            if name == self._container:
                yield from self._leave_container()
        else:
            yield from self._leave_message()
            if name == "Document" and self._is_empty_document:
                expected = " or ".join(sorted(grammar.messages))
                found = _namespace(self._document) or "another message"
                yield Frame("fault", name, self._document, f"expected a Document with {expected}; found {found}")
                self._is_empty_document = False

    def _record_opened(self) -> Iterator[Frame]:
        name = self._grammar.record
        if self._in_record:
            yield self._fault(f"expected </{name}> before the next <{name}>; found none")
            self._mark = self._at
        self._is_stray = not self._is_home()
        if self._head_open:
            yield from self._head()
        elif self._mark is not None and _COMMENT.sub(b"", self._buffer[self._mark : self._at]).strip():
            yield self._fault(f"expected one {name} after the other; found something else between them")
        self._in_record = True
        self._mark = self._at

    def _record_closed(self, end: int) -> Iterator[Frame]:
        name = self._grammar.record
        if not self._in_record:
            yield self._fault(f"expected <{name}> before </{name}>; found none", end)
            if not self._head_open:
                self._mark = end if self._is_home() else None
            return
        if self._lost is not None:
            yield self._fault(f"expected at most {MAX_PIECE_BYTES:,} bytes in one {name}; found more")
        elif self._is_stray:
            where = " or ".join(sorted(self._grammar.containers or self._grammar.messages))
            yield self._fault(f"expected {name} inside {where}; found it outside", end)
        else:
            yield Frame("record", name, self._buffer[self._mark : end], encoding=self._encoding)
        self._in_record = False
        self._mark = end if self._is_home() else None

    # States

    def _is_home(self) -> bool:
        """Return whether records may stand here."""
        return bool(self._container if self._grammar.containers else self._message)

    def _start_head(self, end: int) -> None:
        self._mark = end
        self._head_open = True

    def _head(self) -> Iterator[Frame]:
        if self._head_open:
            if self._lost is not None:
                yield self._fault(f"expected at most {MAX_PIECE_BYTES:,} bytes before the first record; found more")
            kind: FrameKind = "container_head" if self._container else "message_head"
            raw = b"" if self._mark is None else self._buffer[self._mark : self._at]
            name = self._container or self._message
            yield Frame(kind, name, raw, namespace=self._namespace, encoding=self._encoding)
            self._head_open = False

    def _leave_container(self) -> Iterator[Frame]:
        if self._container:
            yield from self._leave_record(self._container)
            yield from self._head()
            yield Frame("container_end", self._container)
            self._container = ""
            self._mark = None

    def _leave_message(self) -> Iterator[Frame]:
        yield from self._leave_container()
        yield from self._leave_record(self._message or "the end of the document")
        if self._message:
            yield from self._head()
            yield Frame("message_end", self._message)
            self._message = ""
            self._mark = None

    def _leave_record(self, outer: str) -> Iterator[Frame]:
        if self._in_record:
            yield self._fault(f"expected </{self._grammar.record}> before </{outer}>; found none")

    def _fault(self, reason: str, end: int | None = None) -> Frame:
        """Return what stands between the mark and `end` (default: here) as unusable, and leave the record."""
        start = self._at if self._mark is None else self._mark
        stop = min(self._at if end is None else end, start + MAX_RAW_BYTES)
        raw = self._buffer[start:stop] if self._lost is None else self._lost
        self._in_record = False
        self._is_stray = False
        self._lost = None
        return Frame("fault", self._grammar.record, raw, reason)

    def _end(self) -> Iterator[Frame]:
        inside = self._grammar.record if self._in_record else self._message
        if inside or self._damage is not None:
            why = str(self._damage) if self._damage is not None else "expected the whole file; it ends too early"
            yield self._fault(f"{why}, inside {inside}" if inside else why, len(self._buffer))
        self._head_open = False
        if self._container:
            yield Frame("container_end", self._container)
        if self._message:
            yield Frame("message_end", self._message)


def _namespace(tag: bytes) -> str:
    """Return the ISO 20022 namespace that a start tag declares, "" if none."""
    found = (namespace.decode("utf-8", "replace") for namespace in _XMLNS.findall(tag))
    return next((namespace for namespace in found if "iso:20022" in namespace), "")


def _wide_encoding(first: bytes) -> str | None:
    """Return UTF-16 or UTF-32 in their byte order if a file begins like that (XML 1.0, appendix F), else None."""
    for mark, name in (
        (b"\xff\xfe\x00\x00", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"<\x00?\x00", "utf-16-le"),
        (b"\x00<\x00?", "utf-16-be"),
    ):
        if first.startswith(mark):
            return name
    return None
