"""The reader of account statements, notifications and reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.camt.entry import BOOKED, Movement, movements, signed_amount, status_of
from pipeline.ingest.formats.camt.known import KnownPayments
from pipeline.ingest.formats.camt.reversals import Reversals, retraction_of
from pipeline.ingest.formats.camt.statement import GRAMMAR, MESSAGES, Statement, statement_of
from pipeline.ingest.formats.iso20022.checks import Flags
from pipeline.ingest.formats.iso20022.elements import Element, Unreadable, parse_one
from pipeline.ingest.formats.iso20022.framing import Frame, Framer
from pipeline.ingest.formats.iso20022.output import Output
from pipeline.ingest.reader import MAX_RAW_BYTES, ReadBatch, Reader, ReadOptions

_REVERSAL = re.compile(rb"RvslInd>\s*(?:true|1)\s*<")


class CamtReader:
    """Reads files of one message, of several in an envelope of any name, and of several one after the other.

    Options
    -------
    camt_messages
        Which messages to take, of 052, 053 and 054, separated by commas. Default: all.
    camt_known_payments
        A pacs.008 file, or a folder with some: payments in them are left out of the statements.
    """

    name = "camt"
    default_source = "camt"

    def recognises(self, path: Path, head: bytes) -> float:
        """Return 1.0 where one of the message elements is at the beginning, else 0.0."""
        narrow = head.replace(b"\0", b"")
        return 1.0 if any(message.encode() in narrow for message in MESSAGES) else 0.0

    def read(self, path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
        """Yield batches in file order, reversals at the end.

        Raises
        ------
        UnusableInput
            The file has none of the messages in it, or an option has no such value.
        """
        wanted = _wanted(options)
        known_at = options.extra.get("camt_known_payments")
        known = KnownPayments(Path(known_at), options) if known_at else None
        out = Output(path.name, options.source or self.default_source, options)
        work = _Work(out, options, wanted, known, _references_of_reversals(path, options, wanted))
        for frame in Framer(path, GRAMMAR).frames():
            work.take(frame)
            yield from out.full()
        work.finish()
        yield from out.last()


def _wanted(options: ReadOptions) -> frozenset[str]:
    chosen = options.extra.get("camt_messages", "052,053,054")
    wanted = frozenset(part.strip() for part in chosen.split(","))
    if not wanted or not wanted <= set(MESSAGES.values()):
        raise UnusableInput(f"option camt_messages must name some of 052, 053, 054; found {chosen[:40]}")
    return wanted


def _references_of_reversals(path: Path, options: ReadOptions, wanted: frozenset[str]) -> Reversals:
    reversals = Reversals()
    unheard = Flags(path.name)
    place = _Place(wanted)
    for frame in Framer(path, GRAMMAR).frames():
        place.follow(frame, unheard)
        if frame.kind == "record" and _REVERSAL.search(frame.raw) and place.statement is not None:
            try:
                element = parse_one(frame.raw, frame.encoding)
                if status_of(element) == BOOKED:
                    for movement in movements(element, place.statement, options.timezone, unheard):
                        if movement.is_reversal:
                            reversals.want(place.statement.account.id, movement)
            except Unreadable:
                continue
    return reversals


class _Place:
    """Where in a file a frame stands: in which message, in which statement."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted
        self.message = ""
        self.statement: Statement | None = None
        self.trouble = ""

    @property
    def is_wanted(self) -> bool:
        return self.message in self._wanted

    def follow(self, frame: Frame, flags: Flags) -> None:
        """Take note of heads and ends."""
        if frame.kind == "message_head":
            self.message = MESSAGES[frame.name]
        elif frame.kind == "container_head":
            self.statement, self.trouble = None, ""
            if self.is_wanted:
                try:
                    self.statement = statement_of(frame, self.message, flags)
                except Unreadable as error:
                    self.trouble = str(error)


@dataclass(slots=True)
class _Work:
    """One file on its way from frames to events."""

    out: Output
    options: ReadOptions
    wanted: frozenset[str]
    known: KnownPayments | None
    reversals: Reversals
    place: _Place = field(init=False)
    waiting: list[tuple[str, Movement, bytes]] = field(default_factory=list)
    sequences: dict[str, int] = field(default_factory=dict)
    not_booked: int = 0
    not_wanted: int = 0
    left_out: int = 0
    opposite: int = 0
    retracted: int = 0
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.place = _Place(self.wanted)

    def take(self, frame: Frame) -> None:
        """Handle one frame."""
        statement = self.place.statement
        if frame.kind == "container_end" and statement is not None:
            statement.check_balance(self.out.flags)
        self.place.follow(frame, self.out.flags)
        if frame.kind == "container_head" and self.place.statement is not None:
            self.seen.add(self.place.message)
            self._check_sequence(self.place.statement)
        elif frame.kind == "fault":
            if statement is not None:
                statement.lost += 1
            self.out.reject(frame.reason, frame.raw)
        elif frame.kind == "record":
            self._record(frame)

    def finish(self) -> None:
        """Handle what waited for the end of the file, and say what the file was like."""
        for account, movement, raw in self.waiting:
            self._reverse(account, movement, raw)
        counted = (
            (self.not_booked, "entries are not booked (pending, for information, future) and were left out"),
            (self.not_wanted, "entries are in messages that were not asked for"),
            (self.left_out, "entries are payments of the pacs.008 files and were left out"),
            (self.retracted, "reversals take back an entry of this file"),
            (self.opposite, "reversals name no entry of this file and count as payments in their direction"),
        )
        for count, what in counted:
            if count:
                self.out.note(f"{count:,} {what}")
        if self.seen:
            said = "camt." + ", camt.".join(sorted(self.seen))
            self.out.note(
                f"has {said}; the same entry in another message counts once only with the same reference and details"
            )

    def _check_sequence(self, statement: Statement) -> None:
        if statement.sequence is None:
            return
        account = f"{statement.message} {statement.account.id}"
        last = self.sequences.get(account)
        if last is not None and statement.sequence > last + 1:
            self.out.flags.add(
                "gap in the numbers of statements: one or more are missing",
                f"{account}: {last} to {statement.sequence}",
            )
        self.sequences[account] = statement.sequence

    def _record(self, frame: Frame) -> None:
        statement = self.place.statement
        if not self.place.is_wanted:
            self.not_wanted += 1
            self.out.set_aside()
            return
        if statement is None:
            self.out.reject(f"the statement of the entry cannot be used: {self.place.trouble}", frame.raw)
            return
        try:
            element = parse_one(frame.raw, frame.encoding)
            if status_of(element) != BOOKED:
                self.not_booked += 1
                self.out.set_aside()
                return
            found = movements(element, statement, self.options.timezone, self.out.flags)
        except Unreadable as error:
            statement.lost += 1
            self.out.reject(str(error), frame.raw)
            return
        self._booked(element, statement, found, frame.raw)

    def _booked(self, element: Element, statement: Statement, found: list[Movement], raw: bytes) -> None:
        statement.total += signed_amount(element)
        account = statement.account.id
        for movement in found:
            if movement.is_reversal:
                # Whether it has exactly one original is known only when the whole file was seen.
                self.waiting.append((account, movement, raw[:MAX_RAW_BYTES]))
            elif self.known is not None and self.known.knows(movement):
                self.left_out += 1
                self.out.set_aside()
            else:
                self.reversals.offer(account, movement, self._event(movement, raw))

    def _event(self, movement: Movement, raw: bytes) -> dict[str, object]:
        row = self.out.event(movement.row, raw)
        for party in movement.parties:
            self.out.facts(self.out.addresses.add(party.id, party.address, row["event_time"]))
        return row

    def _reverse(self, account: str, movement: Movement, raw: bytes) -> None:
        original = self.reversals.take(account, movement)
        if original is not None:
            key, row = original
            self.retracted += 1
            self.out.event(retraction_of(row, key), raw)
        else:
            self.opposite += 1
            self._event(movement, raw)


READERS: tuple[Reader, ...] = (CamtReader(),)
