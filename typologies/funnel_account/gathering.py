"""The picture of one window that both forms look at: what gathered in the span, who sent it, how much has left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from typologies.base.events import Kind, Side
from typologies.base.explained import is_explained
from typologies.base.lazy import lazy
from typologies.base.window import Event, span_us, to_datetime
from typologies.funnel_account.params import FunnelAccountParams


class Gathering:
    """One account's entries, and the span of some days that ends with the last of them.

    Parameters
    ----------
    events
        Entries of one account in order, at least one.
    look_back_start
        From when on entries are there, microseconds since 1970-01-01 UTC, excluded.
    span_start
        Where the span starts, excluded; None: the gathering days before the last entry.

    Attributes
    ----------
    events
        All entries of W in order.
    earlier, ins, outs
        Entries before the span; credits and debits of the span.
    """

    def __init__(
        self, events: Sequence[Event], look_back_start: int, params: FunnelAccountParams, span_start: int | None = None
    ) -> None:
        self.params = params
        self.events = events
        self.look_back_start = to_datetime(look_back_start)
        self.span_start = events[-1].time_us - span_us(params.span) if span_start is None else span_start
        first = len(events)
        while first and events[first - 1].time_us > self.span_start:
            first -= 1
        self.earlier = events[:first]
        self.ins = [e for e in events[first:] if e.side is Side.CREDIT]
        self.outs = [e for e in events[first:] if e.side is Side.DEBIT]

    # Amounts

    @lazy
    def is_in_usd(self) -> bool:
        """Whether the USD value of every entry of W is known: then values are USD cents."""
        return all(e.amount_usd_cents is not None for e in self.events)

    @lazy
    def is_in_one_currency(self) -> bool:
        """Whether all entries of W share one currency."""
        return len({e.currency for e in self.events}) == 1

    @lazy
    def is_measurable(self) -> bool:
        """Whether the entries of W can be compared: USD values for all, or one currency."""
        return self.is_in_usd or self.is_in_one_currency

    @lazy
    def _exponent(self) -> int:
        return max(e.amount.exponent for e in self.events)

    def native(self, event: Event) -> int:
        """Return the amount in its own currency, at the largest exponent of W."""
        amount = event.amount
        return amount.minor * int(10 ** (self._exponent - amount.exponent))

    def value(self, event: Event) -> int:
        """Return what an entry is worth: in USD cents where all are known, else in its currency."""
        return (event.amount_usd_cents or 0) if self.is_in_usd else self.native(event)

    def total(self, events: Iterable[Event]) -> int:
        """Return the sum of values."""
        return sum(map(self.value, events))

    def is_share(self, part: Sequence[Event], whole: Sequence[Event], percent: int) -> bool:
        """Return whether `part` is at least `percent` of `whole`.

        In the one currency of W where there is one; in USD, where known, it may then be less by the allowance for
        moving fixings. Over several currencies in USD.
        """
        if not self.is_in_one_currency:
            return 100 * self.total(part) >= percent * self.total(whole)
        part_usd, whole_usd = total_usd_cents(part), total_usd_cents(whole)
        room = self.params.fx_allowance_percent
        if part_usd is not None and whole_usd is not None and 100 * part_usd < (percent - room) * whole_usd:
            return False
        return 100 * sum(map(self.native, part)) >= percent * sum(map(self.native, whole))

    def reaches(self, events: Iterable[Event]) -> bool:
        """Return whether entries add up to the least total; unknown passes."""
        cents = total_usd_cents(events)
        return cents is None or cents >= self.params.min_total_usd_cents

    def is_onset(self, now: Sequence[Event], before: Sequence[Event], percent: int) -> bool:
        """Return whether `percent` of W's credits of one sort lie in the span."""
        recent, more = total_usd_cents(now), total_usd_cents(before)
        if recent is None or more is None:
            recent, more = self.total(now), self.total(before)
        return 100 * recent >= percent * (recent + more)

    @lazy
    def earlier_ins(self) -> list[Event]:
        """Credits of W before the span."""
        return [e for e in self.earlier if e.side is Side.CREDIT]

    def is_over(self, after: Sequence[Event]) -> bool:
        """Return whether hardly anything came in after the last entry."""
        more = [e for e in after if e.side is Side.CREDIT]
        inflow, later = total_usd_cents(self.ins), total_usd_cents(more)
        if inflow is None or later is None:
            if len({e.currency for e in (*self.ins, *more)}) > 1:
                return False
            inflow, later = self.total(self.ins), self.total(more)
        return 100 * later <= self.params.confirm_percent * inflow

    # Ordinary life

    def is_explained(self, event: Event) -> bool:
        """Return whether an entry explains itself."""
        return is_explained(event, self.params.family_limit_usd_cents)

    def is_strange(self, event: Event) -> bool:
        """Return whether an entry is a payment that does not explain itself."""
        return event.kind is not Kind.CASH and not self.is_explained(event)

    @lazy
    def leaving(self) -> list[Event]:
        """Debits of the span that do not explain themselves."""
        return [e for e in self.outs if not self.is_explained(e)]

    @lazy
    def ordinary_outs(self) -> list[Event]:
        """Debits of the span that explain themselves: wages, rent, suppliers, tax."""
        return [e for e in self.outs if self.is_explained(e)]

    def is_spent_ordinarily(self, gathered: Sequence[Event]) -> bool:
        """Return whether such debits use up a large share of what gathered, beyond what other credits pay for."""
        others = self.total(self.ins) - self.total(gathered)
        used = self.total(self.ordinary_outs) - others
        return used > 0 and 100 * used >= self.params.ordinary_out_percent * self.total(gathered)

    # Past

    @lazy
    def has_history(self) -> bool:
        """Whether entries from well before the span are known."""
        limit = self.span_start - span_us(timedelta(days=self.params.history_days))
        return bool(self.earlier) and self.earlier[0].time_us <= limit

    @lazy
    def was_quiet(self) -> bool:
        """Whether no credit came right before the span although the account was seen before that."""
        limit = self.span_start - span_us(timedelta(days=self.params.history_days))
        return self.has_history and all(e.time_us <= limit or e.side is Side.DEBIT for e in self.earlier)


def other_end(event: Event) -> str | None:
    """Return who is on the other side: the counterparty, for cash the person at the counter."""
    return event.conductor if event.kind is Kind.CASH else event.counterparty


def total_usd_cents(events: Iterable[Event]) -> int | None:
    """Return the sum of the USD values, None as soon as one is unknown: what a trailing figure gives."""
    known = [e.amount_usd_cents for e in events]
    return None if None in known else sum(cents for cents in known if cents is not None)
