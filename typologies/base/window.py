"""What `judge` sees: one subject's relevant events before one trigger, as plain Python objects, decoded when asked for.

An `Event` shows behaviour only. Names, nationality and everything that depends on how an event arrived are not among
its attributes (events.HIDDEN_FROM_DETECTORS), so no detector can read them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from typologies.base.events import (
    NULL_CODE,
    NULL_I64,
    Channel,
    Flag,
    InstitutionType,
    Kind,
    PartyClass,
    Purpose,
    Rail,
    Side,
)
from typologies.base.facts import Fact
from typologies.base.lazy import lazy
from typologies.base.money import Money
from typologies.base.records import FIELD_INDEX
from typologies.base.windowcolumns import EventRows, WindowColumns, WindowRows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DATE = date(1970, 1, 1)
ONE_MICROSECOND = timedelta(microseconds=1)

_I = FIELD_INDEX


def to_datetime(microseconds: int) -> datetime:
    """Return the aware UTC time of `microseconds` since 1970-01-01."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_microseconds(moment: datetime) -> int:
    """Return microseconds since 1970-01-01 UTC of an aware time."""
    return (moment - EPOCH) // ONE_MICROSECOND


def span_us(span: timedelta) -> int:
    """Return a duration in microseconds."""
    return span // ONE_MICROSECOND


class Decoder(Protocol):
    """Turns codes and text places of a record back into strings."""

    def string(self, code: int) -> str | None:
        """Return the string of a dictionary code, None for NULL_CODE."""

    def text(self, record: tuple[int, ...], name: str) -> str | None:
        """Return a text column of a record."""


class Event:
    """One event as its subject sees it: `side` CREDIT if value came to the subject, DEBIT if it left.

    Two events are equal if key and side are: a transfer to oneself stands twice in a window, once from each side.
    Attributes are decoded when they are first asked for and kept: the windows of one subject share their events.
    """

    def __init__(self, record: tuple[int, ...], side: Side, decoder: Decoder) -> None:
        self._record = record
        self._decoder = decoder
        self.side = side

    def rebind(self, decoder: Decoder) -> None:
        """Decode through `decoder` from now on (the engine pins what a finding cites)."""
        self._decoder = decoder

    def rebase(self, record: tuple[int, ...]) -> None:
        """Use another record of the same event (equal but for codes)."""
        self._record = record

    @property
    def record(self) -> tuple[int, ...]:
        """The engine's record, for the engine: its codes mean something to one decoder only."""
        return self._record

    def _code(self, name: str) -> str | None:
        code = self._record[_I[name]]
        return None if code == NULL_CODE else self._decoder.string(code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and self.sort_key == other.sort_key

    def __hash__(self) -> int:
        return hash(self.sort_key)

    def __repr__(self) -> str:
        return f"Event({self.time:%Y-%m-%d %H:%M} {self.kind.name} {self.side.name} {self.amount} id={self.event_id})"

    @lazy
    def sort_key(self) -> tuple[int, int, int, int]:
        """Order of events: event time, event key, side (semantics A1)."""
        r = self._record
        return r[_I["time"]], r[_I["key_hi"]], r[_I["key_lo"]], int(self.side)

    @lazy
    def event_key(self) -> str:
        """32 hex digits that identify this content of this event."""
        return f"{self._record[_I['key_hi']]:016x}{self._record[_I['key_lo']]:016x}"

    @lazy
    def event_id(self) -> str:
        """Id given by the source, or `row-` and the event key where the source has none."""
        return self._decoder.text(self._record, "event_id") or f"row-{self.event_key}"

    @lazy
    def source(self) -> str:
        """Name of the feed."""
        return self._code("source") or ""

    @lazy
    def time_us(self) -> int:
        """Event time in microseconds since 1970-01-01 UTC."""
        return self._record[_I["time"]]

    @lazy
    def time(self) -> datetime:
        """Event time, aware UTC."""
        return to_datetime(self._record[_I["time"]])

    @lazy
    def business_date(self) -> date | None:
        """Business day on which a cash event counts."""
        days = self._record[_I["business_date"]]
        return None if days == NULL_CODE else EPOCH_DATE + timedelta(days=days)

    @lazy
    def kind(self) -> Kind:
        """Kind of event."""
        return Kind(self._record[_I["kind"]])

    @lazy
    def rail(self) -> Rail | None:
        """How value moved."""
        return Rail(code) if (code := self._record[_I["rail"]]) else None

    @lazy
    def channel(self) -> Channel | None:
        """Where cash was handed over."""
        return Channel(code) if (code := self._record[_I["channel"]]) else None

    @lazy
    def purpose(self) -> Purpose | None:
        """What the entry was for."""
        return Purpose(code) if (code := self._record[_I["purpose"]]) else None

    @lazy
    def institution_type(self) -> InstitutionType | None:
        """Type of the reporting institution."""
        return InstitutionType(code) if (code := self._record[_I["institution_type"]]) else None

    @lazy
    def is_deposit(self) -> bool:
        """Cash that came into an account."""
        return self.kind is Kind.CASH and self.side is Side.CREDIT

    @lazy
    def amount(self) -> Money:
        """Exact amount in the currency of the subject's side."""
        r = self._record
        counter = r[_I["counter_amount"]]
        if self.side is Side.CREDIT and counter != NULL_I64:
            return Money(counter, r[_I["counter_exponent"]], self._code("counter_currency") or "")
        minor = r[_I["amount"]]
        if minor == NULL_I64:
            minor = (r[_I["amount_high"]] << 63) + r[_I["amount_low"]]
        return Money(minor, r[_I["exponent"]], self._code("currency") or "")

    @lazy
    def currency(self) -> str:
        """Currency or asset code of `amount`."""
        return self.amount.currency

    @lazy
    def amount_usd_cents(self) -> int | None:
        """USD equivalent at the fixing valid at event time; None if there is no rate."""
        cents = self._record[_I["amount_usd"]]
        return None if cents == NULL_I64 else cents

    def _own(self, credit: str, debit: str) -> str | None:
        return self._code(credit if self.side is Side.CREDIT else debit)

    def _other(self, credit: str, debit: str) -> str | None:
        return self._code(debit if self.side is Side.CREDIT else credit)

    @lazy
    def account(self) -> str | None:
        """The account on the subject's side."""
        return self._own("creditor_account", "debtor_account")

    @lazy
    def party(self) -> str | None:
        """The holder on the subject's side."""
        return self._own("creditor", "debtor")

    @lazy
    def agent(self) -> str | None:
        """The bank on the subject's side."""
        return self._own("creditor_agent", "debtor_agent")

    @lazy
    def counterparty_account(self) -> str | None:
        """The account on the other side; None for cash."""
        return self._other("creditor_account", "debtor_account")

    @lazy
    def counterparty(self) -> str | None:
        """Who is on the other side: the party where known, else the account."""
        return self._other("creditor", "debtor") or self.counterparty_account

    @lazy
    def counterparty_agent(self) -> str | None:
        """The bank on the other side."""
        return self._other("creditor_agent", "debtor_agent")

    @lazy
    def counterparty_country(self) -> str | None:
        """Country of the bank on the other side: a corridor, never a person."""
        return self._other("creditor_country", "debtor_country")

    @lazy
    def counterparty_class(self) -> PartyClass | None:
        """Class of the counterparty."""
        name = "debtor_class" if self.side is Side.CREDIT else "creditor_class"
        return PartyClass(code) if (code := self._record[_I[name]]) else None

    @lazy
    def is_self(self) -> bool:
        """Debtor account and creditor account are the same."""
        r = self._record
        return r[_I["debtor_account"]] == r[_I["creditor_account"]] != NULL_CODE

    @lazy
    def conductor(self) -> str | None:
        """Who stood at the counter."""
        return self._code("conductor")

    @lazy
    def on_behalf_of(self) -> str | None:
        """For whom the cash was handled: as stated, else the holder of the account."""
        return self._code("on_behalf_of") or self.party

    @lazy
    def ctr_conductor(self) -> str | None:
        """Whom the currency transaction report names as conductor."""
        return self._code("ctr_conductor")

    @lazy
    def ctr_filed(self) -> bool | None:
        """Whether a currency transaction report was filed; None: the source does not say."""
        flags = self._record[_I["flags"]]
        return bool(flags & Flag.CTR_FILED) if flags & Flag.CTR_KNOWN else None

    @lazy
    def reduced_on_notice(self) -> bool | None:
        """Whether the sum tendered was cut after the customer heard of the report; None: not said."""
        flags = self._record[_I["flags"]]
        return bool(flags & Flag.REDUCED_ON_NOTICE) if flags & Flag.REDUCED_KNOWN else None

    @lazy
    def branch(self) -> str | None:
        """Branch or machine."""
        return self._code("branch")

    @lazy
    def place(self) -> str | None:
        """Area of the branch ("US-TX")."""
        return self._code("place")

    @lazy
    def merchant_category(self) -> str | None:
        """Merchant category code of a card purchase."""
        return self._code("merchant_category")

    @lazy
    def cardholder(self) -> str | None:
        """Holder of the card that was paid or used."""
        return self._code("cardholder")

    @lazy
    def ultimate_debtor(self) -> str | None:
        """Party behind the debtor."""
        return self._code("ultimate_debtor")

    @lazy
    def ultimate_creditor(self) -> str | None:
        """Party behind the creditor."""
        return self._code("ultimate_creditor")

    @lazy
    def memo(self) -> str | None:
        """Free text of the payment. Context for an analyst, never the only ground of a finding."""
        return self._decoder.text(self._record, "memo")

    @lazy
    def instrument_number(self) -> str | None:
        """Number of a cheque or draft."""
        return self._decoder.text(self._record, "instrument_number")

    def field(self, name: str) -> object:
        """Return a public attribute by name, for measures such as `distinct(events, "branch")`."""
        return getattr(self, name)


@dataclass(frozen=True, slots=True)
class DaySum:
    """One whole UTC day of a hub, from one side, as sums (semantics C6)."""

    day: date
    side: Side
    n_events: int
    n_counterparties: int
    amount_usd_cents: int
    n_without_usd: int


@dataclass(frozen=True, slots=True)
class DeadlineTrigger:
    """A deadline that passed, standing at `time`: set at the trigger with `event_key` (or, through other deadlines,
    going back to it; for a context version its content hash)."""

    time: datetime
    event_key: str
    name: str


Trigger = Event | DeadlineTrigger | Fact


class Window:
    """One subject's relevant events in (end - look-back, end], ordered by `(event time, event key)`.

    Parameters
    ----------
    events
        Its events, or the rows from which they are made when somebody asks for them.

    Attributes
    ----------
    subject_kind, subject_id, role
        Whose window it is, and by which lens it is seen ("account"; "conductor").
    trigger
        The event at the end of the window, a deadline, or a context version that became known.
    start, end
        Bounds in microseconds since 1970-01-01 UTC; start excluded, end included.
    day_sums
        Empty, unless the subject has more rows than the cap in this window: then its whole days before
        `end` - lateness are here as sums and not among the events.
    """

    __slots__ = (
        "_columns",
        "_events",
        "_rows",
        "_sums",
        "end",
        "role",
        "start",
        "subject_id",
        "subject_kind",
        "trigger",
    )

    def __init__(
        self,
        subject_kind: str,
        subject_id: str,
        role: str,
        trigger: Trigger,
        start: int,
        end: int,
        events: Sequence[Event] | WindowRows,
        day_sums: Sequence[DaySum] | Callable[[], Sequence[DaySum]] = (),
    ) -> None:
        self.subject_kind = subject_kind
        self.subject_id = subject_id
        self.role = role
        self.trigger = trigger
        self.start = start
        self.end = end
        self._rows: WindowRows | None = None
        self._events: Sequence[Event] | None = None
        self._columns: WindowColumns | None = None
        if isinstance(events, WindowRows):
            self._rows = events
        else:
            self._events = events
        self._sums = day_sums

    @property
    def day_sums(self) -> Sequence[DaySum]:
        """Whole days of a hub as sums, by day and side; worked out when first read."""
        if callable(self._sums):
            self._sums = self._sums()
        return self._sums

    @property
    def events(self) -> Sequence[Event]:
        """All events of the window in order; the last one is the trigger if the trigger is an event."""
        if self._events is None:
            self._events = () if self._rows is None else self._rows.events()
        return self._events

    @property
    def columns(self) -> WindowColumns:
        """The same as columns: for what a judge decides before it needs events."""
        if self._columns is None:
            if self._rows is None:
                self._rows = EventRows(self._events or ())
            self._columns = WindowColumns(self._rows)
        return self._columns

    @property
    def is_collapsed(self) -> bool:
        """Whether whole days of this window are only there as sums."""
        return callable(self._sums) or bool(self._sums)

    @property
    def end_time(self) -> datetime:
        """The trigger's time."""
        return to_datetime(self.end)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        if self._rows is not None:
            return len(self._rows)
        return len(self.events)

    def __bool__(self) -> bool:
        """Whether there is any event; unlike `len`, this does not look for all of them."""
        if self._rows is not None:
            return not self._rows.is_empty
        return bool(self.events)

    def since(self, span: timedelta) -> list[Event]:
        """Return the events of the last `span` before the trigger: (end - span, end]."""
        after = self.end - span_us(span)
        return [event for event in self.events if event.time_us > after]

    def day_sums_since(self, span: timedelta) -> list[DaySum]:
        """Return the day sums that lie wholly inside the last `span`."""
        after = self.end - span_us(span)
        return [
            s
            for s in self.day_sums
            if to_microseconds(datetime(s.day.year, s.day.month, s.day.day, tzinfo=UTC)) > after
        ]


def credits(events: Iterable[Event]) -> list[Event]:
    """Return the events by which value came to the subject."""
    return [event for event in events if event.side is Side.CREDIT]


def debits(events: Iterable[Event]) -> list[Event]:
    """Return the events by which value left the subject."""
    return [event for event in events if event.side is Side.DEBIT]
