"""The picture of one window that every mode looks at: what came in, what went out, by and to whom, how quickly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from typologies.base.dwell import Match, first_in_first_out, median_match
from typologies.base.events import Kind, Side
from typologies.base.explained import is_explained
from typologies.base.lazy import lazy
from typologies.base.window import Event, span_us, to_datetime
from typologies.pass_through.params import PassThroughParams

DAY_US = 86_400_000_000


class Passage:
    """One account's entries, and the short span that ends with the last of them.

    Parameters
    ----------
    events
        Entries of one account in order, at least one.
    look_back_start
        From when on entries are there, microseconds since 1970-01-01 UTC, excluded.
    span_start
        Where the short span starts, excluded; None: the comparison window before the last entry.

    Attributes
    ----------
    events, earlier
        Entries of the short span and those before it, in order.
    ins, outs
        Credits and debits of the short span, probes and explained entries included.
    """

    def __init__(
        self, events: Sequence[Event], look_back_start: int, params: PassThroughParams, span_start: int | None = None
    ) -> None:
        self._params = params
        self.look_back_start = to_datetime(look_back_start)
        self.span_start = events[-1].time_us - span_us(params.window) if span_start is None else span_start
        first = len(events)
        while first and events[first - 1].time_us > self.span_start:
            first -= 1
        self.events = events[first:]
        self.earlier = events[:first]
        self.ins = [e for e in self.events if e.side is Side.CREDIT]
        self.outs = [e for e in self.events if e.side is Side.DEBIT]

    # Amounts

    @lazy
    def currencies(self) -> tuple[str, ...]:
        """Currencies of the short span, sorted."""
        return tuple(sorted({e.currency for e in self.events}))

    @lazy
    def is_in_usd(self) -> bool:
        """Whether the USD value of every entry of the short span is known: then values are USD cents."""
        return all(e.amount_usd_cents is not None for e in self.events)

    @lazy
    def is_measurable(self) -> bool:
        """Whether the amounts of the short span can be compared: USD values for all, or one currency."""
        return self.is_in_usd or len(self.currencies) == 1

    @lazy
    def exponent(self) -> int:
        """The largest exponent of the window's amounts."""
        return max(e.amount.exponent for e in (*self.earlier, *self.events))

    def native(self, event: Event) -> int:
        """Return the amount in its own currency, at the largest exponent of the window."""
        amount = event.amount
        return amount.minor * int(10 ** (self.exponent - amount.exponent))

    def value(self, event: Event) -> int:
        """Return what an entry of the short span is worth: in USD cents where all are known, else in its currency."""
        return (event.amount_usd_cents or 0) if self.is_in_usd else self.native(event)

    def total(self, events: Iterable[Event]) -> int:
        """Return the sum of values of entries of the short span."""
        return sum(map(self.value, events))

    @lazy
    def inflow(self) -> int:
        """Value of the short span's credits."""
        return self.total(self.ins)

    @lazy
    def outflow(self) -> int:
        """Value of the short span's debits."""
        return self.total(self.outs)

    @lazy
    def native_flows(self) -> tuple[int, int] | None:
        """Inflow and outflow in the one currency of the short span, None if there are several."""
        if len(self.currencies) > 1:
            return None
        return sum(map(self.native, self.ins)), sum(map(self.native, self.outs))

    def reaches(self, floor_usd_cents: int) -> bool:
        """Return whether the inflow reaches a floor; unknown passes."""
        inflow = total_usd_cents(self.ins)
        return inflow is None or inflow >= floor_usd_cents

    def is_out_in_between(self, low: int, high: int) -> bool:
        """Return whether outflow in percent of inflow lies within the bounds (inclusive).

        In one currency the bounds hold in that currency, and in USD within the allowance for moving fixings; over
        several currencies they hold in USD within the allowance.
        """
        room = self._params.fx_allowance_percent
        if self.is_in_usd and not _between(self.inflow, self.outflow, low - room, high + room):
            return False
        flows = self.native_flows
        return self.is_in_usd if flows is None else _between(*flows, low, high)

    def is_onset(self, percent: int) -> bool:
        """Return whether `percent` of the look-back's credits lie in the short span; True where nothing can tell."""
        before = [e for e in self.earlier if e.side is Side.CREDIT]
        inflow, everything = self.inflow_comparable_with(before)
        return 100 * inflow >= percent * everything

    def inflow_comparable_with(self, before: list[Event]) -> tuple[int, int]:
        """Return the inflow, and the inflow with `before`: in USD if known, else in the one currency, else 0 and 0."""
        inflow, more = total_usd_cents(self.ins), total_usd_cents(before)
        if inflow is not None and more is not None:
            return inflow, inflow + more
        if len({e.currency for e in (*self.ins, *before)}) == 1:
            inflow = sum(map(self.native, self.ins))
            return inflow, inflow + sum(map(self.native, before))
        return 0, 0

    # Who

    def is_explained(self, event: Event) -> bool:
        """Return whether an entry explains itself."""
        return is_explained(event, self._params.family_limit_usd_cents)

    @lazy
    def explained(self) -> list[Event]:
        """Entries of the short span that explain themselves."""
        return [e for e in self.events if self.is_explained(e)]

    def lives_ordinarily(self) -> bool:
        """Return whether explained entries are too large a share of the short span's value."""
        part = self.total(self.explained)
        return 100 * part >= self._params.ordinary_percent * (self.inflow + self.outflow)

    @lazy
    def known(self) -> frozenset[str]:
        """Who paid in or was paid in the look-back before the short span, and who is on both sides of it."""
        before = {name for e in self.earlier if (name := other_end(e)) is not None}
        payers = {name for e in self.ins if (name := other_end(e)) is not None}
        payees = {name for e in self.outs if (name := other_end(e)) is not None}
        return frozenset(before | (payers & payees))

    def unrelated(self, events: Iterable[Event]) -> list[Event]:
        """Return the entries whose other end is new to the account, is not its holder and is not explained."""
        return [e for e in events if self._is_unrelated(e)]

    def _is_unrelated(self, event: Event) -> bool:
        name = other_end(event)
        return name is not None and name not in self.known and not is_own(event) and not self.is_explained(event)

    @lazy
    def new_ins(self) -> list[Event]:
        """Credits by unrelated payers."""
        return self.unrelated(e for e in self.ins if not self.is_probe(e))

    @lazy
    def new_outs(self) -> list[Event]:
        """Debits to unrelated payees."""
        return self.unrelated(self.outs)

    @lazy
    def n_payers(self) -> int:
        """How many unrelated payers there are; who hands over cash is none."""
        return len({e.counterparty for e in self.new_ins} - {None})

    @lazy
    def n_payees(self) -> int:
        """How many unrelated payees there are."""
        return len({e.counterparty for e in self.new_outs} - {None})

    @lazy
    def is_new_money(self) -> bool:
        """Whether enough of the inflow and of the outflow is by and to unrelated counterparties."""
        enough = 100 * self.total(self.new_ins) >= self._params.first_seen_percent * self.inflow
        return enough and self.goes_to_strangers

    @lazy
    def goes_to_strangers(self) -> bool:
        """Whether enough of the outflow is to unrelated counterparties."""
        return 100 * self.total(self.new_outs) >= self._params.first_seen_percent * self.outflow

    def decisive_earlier(self) -> list[Event]:
        """Return the earlier entries on which a verdict rests: it follows from these and the short span alone.

        All credits (what began), everything with a counterparty of the short span (who is known), the first and the
        last entry (what is known of the past).
        """
        if not self.earlier:
            return []
        here = {other_end(e) for e in self.events} - {None}
        ends = (self.earlier[0], self.earlier[-1])
        return [e for e in self.earlier if e.side is Side.CREDIT or e in ends or other_end(e) in here]

    # What

    def is_probe(self, event: Event) -> bool:
        """Return whether a credit is small enough for a probe."""
        cents = event.amount_usd_cents
        return event.side is Side.CREDIT and cents is not None and cents <= self._params.probe_usd_cents

    @lazy
    def probes(self) -> list[Event]:
        """Probes before the first credit that is none."""
        found: list[Event] = []
        for event in self.ins:
            if not self.is_probe(event):
                break
            found.append(event)
        return found

    @lazy
    def cash_ins(self) -> list[Event]:
        """Cash that came in."""
        return [e for e in self.ins if e.kind is Kind.CASH]

    # When

    @lazy
    def matches(self) -> list[Match]:
        """Outflow matched with inflow, first in, first out."""
        return first_in_first_out((event, self.value(event)) for event in self.events)

    @lazy
    def is_covered(self) -> bool:
        """Whether enough of the outflow had come in before: what was paid from an older balance is not."""
        there = covered = 0
        for event in self.events:
            value = self.value(event)
            if event.side is Side.CREDIT:
                there += value
            else:
                from_span = min(value, there)
                covered += from_span
                there -= from_span
        return 100 * covered >= self._params.covered_percent * self.outflow

    def has_gone_within(self, span: timedelta, percent: int) -> bool:
        """Return whether at least `percent` of the inflow had left within `span` of coming in."""
        limit = span_us(span)
        return 100 * sum(m.value for m in self.matches if m.dwell_us <= limit) >= percent * self.inflow

    @lazy
    def median(self) -> Match | None:
        """The match with the median dwell."""
        return median_match(self.matches)

    @lazy
    def has_history(self) -> bool:
        """Whether the feed is known to reach back far enough before the short span for "new" to mean something."""
        if not self.earlier:
            return False
        return self.earlier[0].time_us <= self.span_start - self._params.history_days * DAY_US

    @lazy
    def was_quiet(self) -> bool:
        """Whether nothing happened in the days right before the short span although the account was seen before."""
        return self.has_history and self.earlier[-1].time_us <= self.span_start - self._params.history_days * DAY_US


def other_end(event: Event) -> str | None:
    """Return who is on the other side: the counterparty, for cash the person at the counter."""
    if event.kind is Kind.CASH:
        person = event.conductor
        return None if person is None or person == event.party else person
    return event.counterparty


def is_own(event: Event) -> bool:
    """Return whether the holder stands on both sides."""
    return event.party is not None and event.counterparty == event.party


def total_usd_cents(events: Iterable[Event]) -> int | None:
    """Return the sum of the USD values, None as soon as one is unknown: what a trailing figure gives."""
    known = [e.amount_usd_cents for e in events]
    return None if None in known else sum(cents for cents in known if cents is not None)


def _between(whole: int, part: int, low: int, high: int) -> bool:
    return whole > 0 and low * whole <= 100 * part <= high * whole
