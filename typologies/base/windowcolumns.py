"""A window as columns, for the early exits of a judge: numbers out of the engine's records, no object a row.

Columns are named like the attributes of `window.Event` and mean the same; what is text there is a code here. They are
made when first asked for, and only what an event shows is among them (events.HIDDEN_FROM_DETECTORS is not).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from typologies.base.errors import ContractError
from typologies.base.events import NULL_CODE, NULL_I64, Flag, Kind, Side
from typologies.base.lazy import lazy
from typologies.base.records import FIELD_INDEX, RECORD

if TYPE_CHECKING:
    from typologies.base.encoding import Records
    from typologies.base.window import Event

BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]
IntArray = npt.NDArray[np.integer[Any]]

DAY_US = 86_400_000_000
_ONE_MICROSECOND = timedelta(microseconds=1)

# Arrays without dimension and of the column's own type: a short column is compared with them in half the time that a
# Python integer takes, and in an eighth of what a member of an IntEnum does.
_CASH = np.array(Kind.CASH, RECORD["kind"])
_CREDIT = np.array(Side.CREDIT, np.int32)
_NO_USD = np.array(NULL_I64, np.int64)
_UNKNOWN = np.array(NULL_CODE, np.int32)

READABLE_FIELDS = frozenset(
    {"amount_usd", "business_date", "kind", "rail", "channel", "purpose", "institution_type", "flags"}
    | {f"{side}{rest}" for side in ("debtor", "creditor") for rest in ("", "_account", "_agent", "_country", "_class")}
    | {"conductor", "on_behalf_of", "ctr_conductor", "branch", "place", "merchant_category", "cardholder"}
)
"""Fields of a record that columns are made of. All others are refused, those hidden from detectors above all."""


class WindowRows:
    """The rows of a window, from which columns and, if anybody asks, events are made.

    Attributes
    ----------
    times
        (n,) event times in microseconds, ascending.
    sides
        (n,) codes of `Side`.
    """

    times: Int64Array
    sides: IntArray

    def __len__(self) -> int:
        return int(self.times.shape[0])

    @property
    def last_time(self) -> int:
        """Time of the last row in microseconds; there must be one."""
        return int(self.times[-1])

    @property
    def is_empty(self) -> bool:
        """Whether there is no row."""
        return len(self) == 0

    def since(self, after_us: int) -> WindowRows:
        """Return the rows after a time."""
        return self.part(int(self.times.searchsorted(after_us, "right")), len(self))

    def field(self, name: str) -> npt.NDArray[Any]:
        """Return (n,) one of `READABLE_FIELDS` of the records, as a new array.

        Raises
        ------
        ContractError
            The field is no other column's business.
        """
        if name not in READABLE_FIELDS:
            raise ContractError(f"columns are made of {', '.join(sorted(READABLE_FIELDS))}; found {name!r}")
        return self._field(name)

    def _field(self, name: str) -> npt.NDArray[Any]:
        raise NotImplementedError

    def part(self, first: int, after: int) -> WindowRows:
        """Return the rows [first, after)."""
        raise NotImplementedError

    def events(self) -> Sequence[Event]:
        """Return the rows as events."""
        raise NotImplementedError


class StoredRows(WindowRows):
    """Rows of the engine's store; they mean something until it takes in the next batch.

    Parameters
    ----------
    records
        All records of the store.
    places
        (n,) which of them, of a type that indexes without being converted.
    times, sides
        (n,) as known from the chain.
    make_events
        Makes the events of these places and sides.
    """

    def __init__(
        self,
        records: Records,
        places: npt.NDArray[np.intp],
        times: Int64Array,
        sides: IntArray,
        make_events: Callable[[npt.NDArray[np.intp], IntArray], list[Event]],
    ) -> None:
        self._records = records
        self._places = places
        self._make_events = make_events
        self.times = times
        self.sides = sides

    def _field(self, name: str) -> npt.NDArray[Any]:
        # Indexed, not `take`n: that would copy the field of the whole store first.
        found: npt.NDArray[Any] = self._records[name][self._places]
        return found

    def part(self, first: int, after: int) -> StoredRows:
        return StoredRows(
            self._records,
            self._places[first:after],
            self.times[first:after],
            self.sides[first:after],
            self._make_events,
        )

    def events(self) -> list[Event]:
        return self._make_events(self._places, self.sides)


class LazyRows(WindowRows):
    """Rows that are looked for when they are asked for: the last few days of a window without what comes before.

    Parameters
    ----------
    start, end
        Bounds of the window in microseconds, start excluded; a row stands at the end.
    find
        Returns the rows after a time.
    """

    def __init__(self, start: int, end: int, find: Callable[[int], StoredRows]) -> None:
        self._start = start
        self._end = end
        self._find = find

    @lazy
    def _all(self) -> StoredRows:
        return self._find(self._start)

    def __getattr__(self, name: str) -> Any:
        if name not in ("times", "sides"):
            raise AttributeError(name)
        value = getattr(self._all, name)
        setattr(self, name, value)
        return value

    @property
    def last_time(self) -> int:
        return self._end

    @property
    def is_empty(self) -> bool:
        return False

    def since(self, after_us: int) -> WindowRows:
        if "_all" in self.__dict__:
            return self._all.since(after_us)
        return self._find(max(after_us, self._start))

    def _field(self, name: str) -> npt.NDArray[Any]:
        return self._all._field(name)

    def part(self, first: int, after: int) -> StoredRows:
        return self._all.part(first, after)

    def events(self) -> list[Event]:
        return self._all.events()


class EventRows(WindowRows):
    """Rows of a window that was made of events. Their codes must be those of one dictionary."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self.times = np.array([event.time_us for event in events], np.int64)
        self.sides = np.array([event.side for event in events], np.int32)

    def _field(self, name: str) -> npt.NDArray[Any]:
        place = FIELD_INDEX[name]
        return np.array([event.record[place] for event in self._events], RECORD[name])

    def part(self, first: int, after: int) -> EventRows:
        return EventRows(self._events[first:after])

    def events(self) -> Sequence[Event]:
        return self._events


class WindowColumns:
    """The events of a window, or of its end, as read-only arrays (n,) in the order of the window.

    Codes of enums are those of `events`, 0 where unknown. Codes of ids and places are integers at or above 0 that tell
    equal from different within one window and nothing else; NULL_CODE (-1) is unknown. Facts that may be unknown are 1,
    0 or -1.
    """

    def __init__(self, rows: WindowRows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def since(self, span: timedelta) -> WindowColumns:
        """Return the columns of the events in (last - span, last]: cheap, whatever comes before."""
        if self._rows.is_empty:
            return self
        return WindowColumns(self._rows.since(self._rows.last_time - span // _ONE_MICROSECOND))

    def n_until(self, time_us: int) -> int:
        """Return how many events there are up to and at a time: the place of the first one after it."""
        return int(self._rows.times.searchsorted(time_us, "right"))

    def part(self, first: int, after: int | None = None) -> WindowColumns:
        """Return the columns of the events [first, after) of these; None: to the last one."""
        n = len(self._rows)
        return WindowColumns(self._rows.part(first, n if after is None else after))

    def _plain(self, name: str) -> npt.NDArray[Any]:
        return _fixed(self._rows.field(name))

    def _by_side(self, credit: str, debit: str) -> npt.NDArray[Any]:
        """Return a field for credits and another for debits; who stands beside the money sees as a debit does."""
        if self._n_credits == len(self._rows):
            return self._rows.field(credit)
        if self._n_credits == 0:
            return self._rows.field(debit)
        return np.where(self.is_credit, self._rows.field(credit), self._rows.field(debit))

    # When and which side

    @lazy
    def time_us(self) -> Int64Array:
        """Event times in microseconds since 1970-01-01 UTC, ascending."""
        return _fixed(self._rows.times.view())

    @lazy
    def is_credit(self) -> BoolArray:
        """Value came to the subject."""
        return _fixed(self._rows.sides == _CREDIT)

    @lazy
    def is_debit(self) -> BoolArray:
        """Value left the subject."""
        return _fixed(self._rows.sides > _CREDIT)

    @lazy
    def _n_credits(self) -> int:
        return int(np.count_nonzero(self.is_credit))

    @lazy
    def business_date(self) -> IntArray:
        """Business days in days since 1970-01-01, NULL_CODE where unknown."""
        return self._plain("business_date")

    @lazy
    def business_day(self) -> IntArray:
        """Day on which an event counts (business_days.day_of): the business day, where unknown the day UTC."""
        return _fixed(_first_known(self.business_date, lambda: self.time_us // DAY_US))

    # What

    @lazy
    def kind(self) -> IntArray:
        """Codes of `Kind`."""
        return self._plain("kind")

    @lazy
    def is_cash(self) -> BoolArray:
        """Cash, in or out."""
        return _fixed(self.kind == _CASH)

    @lazy
    def is_deposit(self) -> BoolArray:
        """Cash that came into an account."""
        return _fixed(self.is_cash & self.is_credit)

    @lazy
    def rail(self) -> IntArray:
        """Codes of `Rail`."""
        return self._plain("rail")

    @lazy
    def channel(self) -> IntArray:
        """Codes of `Channel`."""
        return self._plain("channel")

    @lazy
    def purpose(self) -> IntArray:
        """Codes of `Purpose`."""
        return self._plain("purpose")

    @lazy
    def institution_type(self) -> IntArray:
        """Codes of `InstitutionType`."""
        return self._plain("institution_type")

    @lazy
    def amount_usd_cents(self) -> Int64Array:
        """USD values in cents, NULL_I64 where unknown."""
        return self._plain("amount_usd")

    @lazy
    def has_usd(self) -> BoolArray:
        """Whether the USD value is known."""
        return _fixed(self.amount_usd_cents != _NO_USD)

    @lazy
    def is_all_in_usd(self) -> bool:
        """Whether every USD value is known."""
        return int(np.count_nonzero(self.has_usd)) == len(self._rows)

    @lazy
    def usd_or_zero(self) -> Int64Array:
        """USD values in cents, 0 where unknown."""
        return self.amount_usd_cents if self.is_all_in_usd else _fixed(self.amount_usd_cents * self.has_usd)

    @lazy
    def reduced_on_notice(self) -> IntArray:
        """Whether the sum tendered was cut after the customer heard of the report; 1, 0, or -1."""
        return self._tri_state(Flag.REDUCED_KNOWN, Flag.REDUCED_ON_NOTICE)

    @lazy
    def ctr_filed(self) -> IntArray:
        """Whether a currency transaction report was filed; 1, 0, or -1."""
        return self._tri_state(Flag.CTR_KNOWN, Flag.CTR_FILED)

    @lazy
    def _flags(self) -> IntArray:
        return self._plain("flags")

    def _tri_state(self, known: int, yes: int) -> IntArray:
        flags = self._flags
        return _fixed(np.where(flags & known != 0, (flags & yes != 0).astype(np.int8), np.int8(-1)))

    # Who

    @lazy
    def is_self(self) -> BoolArray:
        """Debtor account and creditor account are the same."""
        debtor = self._rows.field("debtor_account")
        return _fixed((debtor == self._rows.field("creditor_account")) & (debtor != _UNKNOWN))

    @lazy
    def account(self) -> IntArray:
        """The account on the subject's side."""
        return _fixed(self._by_side("creditor_account", "debtor_account"))

    @lazy
    def party(self) -> IntArray:
        """The holder on the subject's side."""
        return _fixed(self._by_side("creditor", "debtor"))

    @lazy
    def agent(self) -> IntArray:
        """The bank on the subject's side."""
        return _fixed(self._by_side("creditor_agent", "debtor_agent"))

    @lazy
    def counterparty_account(self) -> IntArray:
        """The account on the other side."""
        return _fixed(self._by_side("debtor_account", "creditor_account"))

    @lazy
    def counterparty(self) -> IntArray:
        """Who is on the other side: the party where known, else the account."""
        return _fixed(_first_known(self._by_side("debtor", "creditor"), lambda: self.counterparty_account))

    @lazy
    def counterparty_agent(self) -> IntArray:
        """The bank on the other side."""
        return _fixed(self._by_side("debtor_agent", "creditor_agent"))

    @lazy
    def counterparty_country(self) -> IntArray:
        """Country of the bank on the other side."""
        return _fixed(self._by_side("debtor_country", "creditor_country"))

    @lazy
    def counterparty_class(self) -> IntArray:
        """Codes of `PartyClass` of the other side."""
        return _fixed(self._by_side("debtor_class", "creditor_class"))

    @lazy
    def conductor(self) -> IntArray:
        """Who stood at the counter."""
        return self._plain("conductor")

    @lazy
    def on_behalf_of(self) -> IntArray:
        """For whom the cash was handled: as stated, else the holder of the account."""
        return _fixed(_first_known(self._rows.field("on_behalf_of"), lambda: self.party))

    @lazy
    def ctr_conductor(self) -> IntArray:
        """Whom the currency transaction report names as conductor."""
        return self._plain("ctr_conductor")

    @lazy
    def branch(self) -> IntArray:
        """Branch or machine."""
        return self._plain("branch")

    @lazy
    def place(self) -> IntArray:
        """Area of the branch."""
        return self._plain("place")

    @lazy
    def merchant_category(self) -> IntArray:
        """Merchant category of a card purchase."""
        return self._plain("merchant_category")

    @lazy
    def cardholder(self) -> IntArray:
        """Holder of the card that was paid or used."""
        return self._plain("cardholder")


def _fixed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.setflags(write=False)
    return array


def _first_known(codes: IntArray, others: Callable[[], IntArray]) -> IntArray:
    unknown = codes == _UNKNOWN
    return np.where(unknown, others(), codes) if np.count_nonzero(unknown) else codes


def total(cents: Int64Array, chosen: BoolArray | None = None) -> int:
    """Return the exact sum of values (of those `chosen`)."""
    # Of Python integers: they do not overflow, and up to some hundred values they are as quick as an array's sum.
    return sum((cents if chosen is None else cents[chosen]).tolist())


def codes_of(codes: IntArray) -> set[int]:
    """Return the different known codes."""
    found: set[int] = set(codes.tolist())
    found.discard(NULL_CODE)
    return found


def n_distinct(codes: IntArray) -> int:
    """Return how many different known codes there are."""
    return len(codes_of(codes))
