"""Splitting a block of delimited text into records and fields: RFC 4180, and damage that stays local.

A quoted field may hold delimiters, doubled quotes and line breaks. A quote that opens a field and does not close
properly costs its own line and no other: reading resumes at the next line, so that one flipped byte cannot swallow the
rest of a file. A quote inside an unquoted field stands for itself (`O"Brien`), as in common spreadsheets.

Lines without surprises are found by counting bytes of the whole block at once and go to the parser together; only the
others are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

MAX_RECORD_BYTES = 4 << 20
"""Longest record, and the distance within which a quoted field must close."""

Offsets = npt.NDArray[np.intp]

_LF, _CR = 0x0A, 0x0D
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be split into fields: its running number in the block, why, and its bytes."""

    number: int
    reason: str
    raw: bytes


class Block:
    """Records of one block.

    Attributes
    ----------
    text
        (n, width) strings named "0", "1", ...; an empty field is null.
    number
        (n,) running number of each record in the block from 0; blank lines are not counted.
    bad
        Records that could not be used.
    records
        All of them, good and bad.
    used
        Bytes of the data that were used up; the rest is the start of a record that needs more data.
    """

    __slots__ = ("_data", "_spans", "bad", "number", "records", "text", "used")

    def __init__(
        self,
        data: bytes,
        text: pl.DataFrame,
        number: npt.NDArray[np.int64],
        bad: list[BadRecord],
        used: int,
        spans: tuple[Offsets, Offsets] | None = None,
    ) -> None:
        self._data = data
        self._spans = spans
        self.text = text
        self.number = number
        self.bad = bad
        self.records = text.height + len(bad)
        self.used = used

    def raw(self, rows: npt.NDArray[np.intp]) -> list[bytes]:
        """Return the bytes of rows of `text`, without their line ends."""
        if self._spans is None:
            self._spans = _lines(self._data[: self.used])
        starts, stops = self._spans
        return [_without_line_end(self._data[starts[row] : stops[row]]) for row in rows]


def split(
    data: bytes,
    width: int,
    delimiter: str,
    quote: str | None,
    *,
    final: bool,
    line_breaks_in: frozenset[int] | None = None,
) -> Block:
    """Split a block of whole lines.

    Parameters
    ----------
    data
        UTF-8, from the start of a record up to a line end (or the end of the file).
    width
        Fields a record must have.
    delimiter, quote
        One ASCII character each; no quote means that quotes are ordinary characters.
    final
        Whether the file ends with this block: an open quoted field then cannot close any more.
    line_breaks_in
        Fields (by position) that may hold line breaks between quotes; None: all.
    """
    octets = np.frombuffer(data, np.uint8)
    lines = int(np.count_nonzero(octets == _LF)) + (not data.endswith(b"\n"))
    quoted = quote is not None and quote.encode() in data
    if not quoted and b"\0" not in data and _is_clean_utf8(data):
        # Right on the whole and nowhere too many (which the parser refuses) means right in every line.
        right = int(np.count_nonzero(octets == ord(delimiter))) == lines * (width - 1)
        text = _parse(data, width, delimiter, None) if right and width > 1 else None
        if text is not None and text.height == lines and _are_short(text):
            return Block(data, text, np.arange(lines, dtype=np.int64), [], len(data))
    return _Careful(data, octets, width, delimiter, quote, line_breaks_in, final=final).split()


def first_record(data: bytes, delimiter: str, quote: str | None) -> tuple[list[str], int]:
    """Return the fields of the record at the start of `data`, and where the next one starts.

    Raises
    ------
    ValueError
        The record does not close its quotes or is not UTF-8.
    """
    fields, end = _fields(data, 0, delimiter.encode(), quote.encode() if quote else None, final=True)
    return [field.decode() for field in fields], end


class _NeedsMore(Exception):
    """The record at hand may go on behind the block."""


class _Careful:
    """One block in which some line is not plain."""

    def __init__(
        self,
        data: bytes,
        octets: npt.NDArray[np.uint8],
        width: int,
        delimiter: str,
        quote: str | None,
        line_breaks_in: frozenset[int] | None,
        *,
        final: bool,
    ) -> None:
        self.data = data
        self.width = width
        self.delimiter = delimiter
        self.quote = quote
        self.line_breaks_in = line_breaks_in
        self.final = final
        self.octets = octets
        self.starts, self.stops = _lines(data)
        self.bad: dict[int, tuple[str, bytes]] = {}  # line on which the record starts: reason, bytes
        self.wide: dict[int, tuple[list[str], int]] = {}  # line: fields, line on which the record ends
        self.inside = np.zeros(len(self.starts), bool)  # lines that continue a record, or are blank
        self.cut = len(self.starts)
        self.has_pairs = False  # whether two quotes stand side by side somewhere

    def split(self) -> Block:
        plain, odd = self._classify()
        self._odd_records(odd)
        plain[self.cut :] = False
        plain &= ~self.inside
        self._unfit_text(plain)
        plain[list(self.bad)] = False
        plain[list(self.wide)] = False
        return self._assemble(plain)

    def _classify(self) -> tuple[npt.NDArray[np.bool_], Offsets]:
        """Return which lines are plain records, and the numbers of those that must be parsed one by one."""
        contents = self.stops - (self.octets[np.maximum(self.stops - 1, 0)] == _CR)
        self.inside |= contents <= self.starts
        separators = np.flatnonzero(self.octets == ord(self.delimiter))
        fields = np.diff(np.searchsorted(separators, self.stops), prepend=0) + 1
        irregular = np.zeros(len(self.starts), bool)
        if self.quote is not None and self.quote.encode() in self.data:
            quoted, irregular = self._quotes(separators, contents)
            fields -= quoted
        for line in np.flatnonzero(~irregular & ~self.inside & (fields != self.width)):
            self._reject(int(line), f"expected {self.width} fields; found {fields[line]}")
        for line in np.flatnonzero(self.stops - self.starts > MAX_RECORD_BYTES):
            self._reject(int(line), f"expected a record of at most {MAX_RECORD_BYTES:,} bytes; found a longer one")
            irregular[line] = False
        plain = ~irregular & ~self.inside
        return plain, np.flatnonzero(irregular)

    def _quotes(self, separators: Offsets, contents: Offsets) -> tuple[Offsets, npt.NDArray[np.bool_]]:
        """Return how many delimiters of each line stand between quotes, and which lines have quotes out of place."""
        mark = ord(str(self.quote))
        quotes = np.flatnonzero(self.octets == mark)
        self.has_pairs = bool((np.diff(quotes) == 1).any())
        line = np.searchsorted(self.stops, quotes)
        rank = np.arange(len(quotes)) - np.searchsorted(quotes, self.starts)[line]
        opens = rank % 2 == 0
        before = self.octets[np.maximum(quotes - 1, 0)]
        behind = self.octets[np.minimum(quotes + 1, len(self.octets) - 1)]
        first = (quotes == self.starts[line]) | (before == ord(self.delimiter)) | ((rank > 0) & (before == mark))
        last = (quotes + 1 == contents[line]) | (behind == ord(self.delimiter)) | (behind == mark)
        irregular = np.bincount(line, minlength=len(self.starts)) % 2 == 1
        irregular[line[np.where(opens, ~first, ~last)]] = True
        closing = np.flatnonzero(~opens)
        between = np.searchsorted(separators, quotes[closing]) - np.searchsorted(separators, quotes[closing - 1])
        quoted = np.bincount(line[closing], weights=between, minlength=len(self.starts))
        return quoted.astype(np.intp), irregular

    def _odd_records(self, odd: Offsets) -> None:
        delimiter, quote = self.delimiter.encode(), self.quote.encode() if self.quote else None
        next_line = 0
        for line in odd.tolist():
            if line < next_line or self.inside[line]:
                continue
            start = int(self.starts[line])
            try:
                raw_fields, end = _fields(self.data, start, delimiter, quote, final=self.final)
            except _NeedsMore:
                self.cut = line
                return
            except ValueError as error:
                self._reject(line, str(error))
                continue
            if len(raw_fields) != self.width:
                self._reject(line, f"expected {self.width} fields; found {len(raw_fields)}")
                continue
            if self._breaks_elsewhere(raw_fields):
                self._reject(line, "expected a quoted field to close on its line; found a line break in it")
                continue
            last = int(np.searchsorted(self.stops, end - 1))
            next_line = min(last, len(self.starts) - 1) + 1
            self.inside[line + 1 : next_line] = True
            # Lines that were judged on their own turn out to be the inside of this record.
            for swallowed in range(line + 1, next_line):
                self.bad.pop(swallowed, None)
            raw = _without_line_end(self.data[start:end])
            try:
                if 0 in raw:
                    raise ValueError("expected text; found a NUL byte")
                self.wide[line] = ([field.decode() for field in raw_fields], next_line - 1)
            except UnicodeDecodeError as error:
                self.bad[line] = (_not_utf8(error), raw)
            except ValueError as error:
                self.bad[line] = (str(error), raw)

    def _breaks_elsewhere(self, fields: list[bytes]) -> bool:
        allowed = self.line_breaks_in
        return allowed is not None and any(b"\n" in field for place, field in enumerate(fields) if place not in allowed)

    def _unfit_text(self, plain: npt.NDArray[np.bool_]) -> None:
        if b"\0" in self.data:
            lines = np.unique(np.searchsorted(self.stops, np.flatnonzero(self.octets == 0)))
            for line in lines[plain[np.minimum(lines, len(plain) - 1)]]:
                self._reject(int(line), "expected text; found a NUL byte")
        if _is_clean_utf8(self.data):
            return
        for line in np.flatnonzero(plain):
            content = self.data[self.starts[line] : self.stops[line]]
            if content.isascii():
                continue
            if content.startswith(_BOM):
                self._reject(int(line), "expected a byte order mark at the start of the file only; found one inside")
            try:
                content.decode()
            except UnicodeDecodeError as error:
                self._reject(int(line), _not_utf8(error))

    def _reject(self, line: int, reason: str) -> None:
        content = self.data[self.starts[line] : self.stops[line]]
        self.bad.setdefault(line, (reason, _without_line_end(content)))

    def _assemble(self, plain: npt.NDArray[np.bool_]) -> Block:
        used = len(self.data) if self.cut == len(self.starts) else int(self.starts[self.cut])
        bad_lines = sorted(line for line in self.bad if line < self.cut)
        wide_lines = sorted(self.wide)
        plain_lines = np.flatnonzero(plain)
        pieces = []
        if len(plain_lines):
            joined = self.data if plain.all() else b"".join(self._runs(plain))
            text = _parse(joined, self.width, self.delimiter, self.quote, may_be_empty=self.has_pairs)
            if text is None or text.height != len(plain_lines):
                text = self._one_by_one(plain_lines)
            pieces.append(text)
        if wide_lines:
            pieces.append(_frame([self.wide[line][0] for line in wide_lines], self.width))
        text = pl.concat(pieces) if pieces else _frame([], self.width)
        lines, stops = plain_lines, self.stops[plain_lines]
        if wide_lines:
            ends = self.stops[[self.wide[line][1] for line in wide_lines]]
            lines, stops = np.concatenate([lines, np.asarray(wide_lines, np.intp)]), np.concatenate([stops, ends])
            order = np.argsort(lines, kind="stable")
            text, lines, stops = text[order], lines[order], stops[order]
        # A record's number is how many of its own sort stand before it, and how many of the other.
        numbers = np.arange(len(lines), dtype=np.int64) + np.searchsorted(np.asarray(bad_lines, np.intp), lines)
        good_before = np.searchsorted(lines, bad_lines).tolist()
        bad = [BadRecord(place + good_before[place], *self.bad[line]) for place, line in enumerate(bad_lines)]
        return Block(self.data, text, numbers, bad, used, (self.starts[lines], stops))

    def _runs(self, plain: npt.NDArray[np.bool_]) -> Iterator[bytes]:
        """Yield the plain lines, neighbours together, each with its line end."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], plain, [False]]).astype(np.int8)))
        for first, behind in edges.reshape(-1, 2).tolist():
            run = self.data[self.starts[first] : self.stops[behind - 1] + 1]
            yield run if run.endswith(b"\n") else run + b"\n"

    def _one_by_one(self, lines: Offsets) -> pl.DataFrame:
        delimiter, quote = self.delimiter.encode(), self.quote.encode() if self.quote else None
        rows = []
        for line in lines:
            fields, _ = _fields(self.data, int(self.starts[line]), delimiter, quote, final=True)
            rows.append([field.decode() for field in fields])
        return _frame(rows, self.width)


def _parse(
    data: bytes, width: int, delimiter: str, quote: str | None, *, may_be_empty: bool = False
) -> pl.DataFrame | None:
    """Return the fields of plain lines, None where the parser refuses them; "" between quotes becomes null too."""
    try:
        text = pl.read_csv(
            data,
            has_header=False,
            schema={str(column): pl.String for column in range(width)},
            separator=delimiter,
            quote_char=quote,
            extra_columns="raise",
        )
    except pl.exceptions.PolarsError:
        return None
    if may_be_empty:
        text = text.with_columns(pl.when(pl.all() != "").then(pl.all()).name.keep())
    return text


def _are_short(text: pl.DataFrame) -> bool:
    longest = text.select(pl.all().str.len_bytes().max().fill_null(0)).row(0)
    return bool(sum(longest) + text.width <= MAX_RECORD_BYTES)


def _frame(rows: Iterable[list[str]], width: int) -> pl.DataFrame:
    schema = {str(column): pl.String for column in range(width)}
    return pl.DataFrame([[field or None for field in row] for row in rows], schema=schema, orient="row")


def _lines(data: bytes) -> tuple[Offsets, Offsets]:
    stops = np.flatnonzero(np.frombuffer(data, np.uint8) == _LF)
    if not data.endswith(b"\n"):
        stops = np.append(stops, len(data))
    starts = np.empty_like(stops)
    starts[:1] = 0
    starts[1:] = stops[:-1] + 1
    return starts, stops


def _fields(data: bytes, start: int, delimiter: bytes, quote: bytes | None, *, final: bool) -> tuple[list[bytes], int]:
    """Return the fields of the record that starts at `start`, and the offset behind its line end.

    Raises
    ------
    ValueError
        Quotes that do not close, or text behind a closing quote.
    _NeedsMore
        The data ends inside a quoted field, and more may come.
    """
    fields = []
    place = start
    while True:
        if quote is not None and data.startswith(quote, place):
            field, place = _quoted_field(data, start, place + 1, quote, final=final)
        else:
            line_end = data.find(b"\n", place)
            line_end = len(data) if line_end < 0 else line_end
            end = data.find(delimiter, place, line_end)
            if end < 0:
                end = line_end - 1 if line_end > place and data[line_end - 1] == _CR else line_end
            field, place = data[place:end], end
        fields.append(field)
        if data.startswith(delimiter, place):
            place += 1
        elif place >= len(data):
            return fields, place
        elif data.startswith((b"\n", b"\r\n"), place) or (data[place] == _CR and place + 1 == len(data)):
            return fields, place + (1 if data[place] == _LF else 2)
        else:
            raise ValueError("expected a delimiter or the line end after a closing quote; found more text")


def _quoted_field(data: bytes, start: int, place: int, quote: bytes, *, final: bool) -> tuple[bytes, int]:
    limit = start + MAX_RECORD_BYTES
    parts = []
    while True:
        end = data.find(quote, place, limit)
        if end < 0:
            if len(data) < limit and not final:
                raise _NeedsMore
            raise ValueError("expected a quoted field to close; found no closing quote")
        if not data.startswith(quote, end + 1):
            parts.append(data[place:end])
            return b"".join(parts), end + 1
        parts.append(data[place : end + 1])
        place = end + 2


def _without_line_end(record: bytes) -> bytes:
    return record.removesuffix(b"\n").removesuffix(b"\r")


def _is_clean_utf8(data: bytes) -> bool:
    """Whether data is UTF-8 without a byte order mark inside."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return _BOM not in data


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"expected UTF-8; found byte 0x{error.object[error.start]:02X} at byte {error.start + 1}"
