"""Structuring: cash split by amount, day, branch, person or account so that no day exceeds a reporting line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import numpy as np

from typologies.base.business_days import Calendar, longest_span
from typologies.base.customer import allowed_because, customer
from typologies.base.detector import ACCOUNT, CONDUCTOR, ON_BEHALF_OF, Context, Detector
from typologies.base.events import NULL_CODE, Channel, InstitutionType, Kind, Side
from typologies.base.expressions import Expr, Past, Trailing, col, count, total
from typologies.base.findings import Deadline, Finding
from typologies.base.window import Event, Window
from typologies.structuring.examined import examine, goes_round, may_show_design
from typologies.structuring.explain import explain
from typologies.structuring.lines import SMALL_LINE_RAILS, Line, LineTable
from typologies.structuring.look_alikes import weigh
from typologies.structuring.params import StructuringParams
from typologies.structuring.signals import signals

NOT_NAMED = 0
"""Code of an enum column that the source leaves open."""


class StructuringDetector(Detector[StructuringParams]):
    """Series of cash deposits under a reporting line, with at least one sign of design."""

    lenses = (ON_BEHALF_OF, CONDUCTOR, ACCOUNT)
    context_tables = frozenset({"account_profile", "party_profile", "threshold", "place", "holiday", "allowlist"})

    @property
    def look_back(self) -> timedelta:
        """Whatever counts on the business days that end with a trigger: 20 days for ten of them."""
        return longest_span(self.params.business_days)

    def relevant(self) -> Expr:
        """Cash in; cash-out is aggregated apart (31 CFR 1010.313) and never split by who is paid with it."""
        return (col.kind == Kind.CASH) & (col.side == Side.CREDIT) & (col.channel != Channel.ARMOURED_CAR)

    def trailing(self) -> Mapping[str, Trailing]:
        """Deposits in the band of the lines, for usual lines and for small ones."""
        p, span, visit = self.params, self.look_back, timedelta(hours=self.params.visit_hours)
        band = self._band(p.lowest_line_usd_cents, p.floor_percent)
        at_counter = (col.has_branch == 1) | (col.has_conductor == 1)
        small = self._is_small() & self._band(p.lowest_small_line_usd_cents, p.return_floor_percent)
        near = self._band(p.lowest_line_usd_cents, p.near_percent)
        # Size first: most sources do not say whether a sum was cut, and an unknown filter lets everything pass.
        cut = (col.channel == Channel.TELLER) & (col.reduced_on_notice == 1)
        return {
            "n_all": count(span),
            "n": count(span, band),
            "usd": total(col.amount_usd, span, band),
            "n_near": count(span, near),
            "n_at_counter": count(span, band & at_counter),
            "n_visit": count(visit, band & at_counter),
            "usd_visit": total(col.amount_usd, visit, band & at_counter),
            "n_cut": count(span, near & cut),
            "n_cut_small": count(span, small & cut),
            "usd_not_above": total(col.amount_usd, span, col.amount_usd <= p.highest_line_usd_cents),
            "n_small": count(span, small),
            "usd_small": total(col.amount_usd, span, small),
            "n_visit_small": count(visit, small & at_counter),
            "usd_visit_small": total(col.amount_usd, visit, small & at_counter),
        }

    def screen(self, past: Past) -> Expr:
        """A series with a sign of design that columns can show, a day's split, or what came after a cut on notice."""
        p = self.params
        line, small_line = p.lowest_line_usd_cents, p.lowest_small_line_usd_cents
        is_few = past.n_all < p.cash_business_deposits
        is_near = (past.n_near >= 2) & (past.n_near * 100 >= past.n * p.near_share_percent)
        in_series = (past.n >= p.min_deposits) & (past.usd >= line)
        series = in_series & (is_near | (is_few & ((past.n_near >= 2) | (past.n_at_counter >= 2))))
        split = (past.n_visit >= 2) & (past.usd_visit >= line)
        after_cut = self._band(line, p.return_floor_percent) & (past.n_cut >= 1) & (past.usd_not_above >= line)
        small_series = (past.n_small >= p.min_deposits) & (past.usd_small >= small_line)
        small_split = (past.n_visit_small >= 2) & (past.usd_visit_small >= small_line)
        small_cut = (past.n_cut_small >= 1) & (past.n_small >= 2) & (past.usd_small >= small_line)
        small = self._is_small() & self._band(small_line, p.return_floor_percent)
        return (
            (self._band(line, p.floor_percent) & (series | split))
            | after_cut
            | (small & (small_series | small_split | small_cut))
        )

    def _band(self, lowest: int, percent: int) -> Expr:
        return (col.amount_usd >= lowest * percent // 100) & (col.amount_usd <= self.params.highest_line_usd_cents)

    def _is_small(self) -> Expr:
        types = [InstitutionType.MSB]
        if self.params.institution_type == InstitutionType.MSB.name.lower():
            types.append(NOT_NAMED)  # type: ignore[arg-type]
        return col.institution_type.is_in(types) | col.rail.is_in(SMALL_LINE_RAILS)

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        """Return a finding if the trigger is part of such a series under one of its lines, the lowest first."""
        trigger = window.trigger
        if not isinstance(trigger, Event) or window.is_collapsed or _is_seen_by_beneficiary(window):
            return ()
        if not may_show_design(window, self.params):
            return ()
        table = LineTable(context, self.params)
        for line in table.lines_of(trigger):
            finding = self._under(line, table, trigger, window, context)
            if finding is not None:
                return (finding,)
        return ()

    def _under(self, line: Line, table: LineTable, trigger: Event, window: Window, context: Context) -> Finding | None:
        p = self.params
        under = list(_under_line(window, line, table))
        if trigger not in under:
            return None
        calendar = Calendar(context, p.home_place)
        holder = customer(context, window.subject_kind)
        examined = examine(window, trigger, line, under, holder, calendar, p)
        found = signals(examined, p)
        if not found or (window.role == CONDUCTOR.name and not goes_round(examined)):
            return None
        if holder.is_exempt or allowed_because(context, window.subject_id, "structuring"):
            return None
        weighed = weigh(found, examined, self.look_back.days, holder, calendar, p)
        if not weighed.signals:
            return None
        return explain(examined, weighed, holder, sorted(table.unused))


def _is_seen_by_beneficiary(window: Window) -> bool:
    """Return whether all deposits are for one known party, whose own window sees them and more (semantics C4)."""
    if window.role == ON_BEHALF_OF.name:
        return False
    beneficiaries = window.columns.on_behalf_of
    n = beneficiaries.shape[0]
    return (
        n > 0 and bool(beneficiaries[0] != NULL_CODE) and int(np.count_nonzero(beneficiaries == beneficiaries[0])) == n
    )


def _under_line(events: Iterable[Event], line: Line, table: LineTable) -> Iterator[Event]:
    """Yield the deposits to which the line applies and that no lower reporting line has put into a report already."""
    for event in events:
        lines = table.lines_of(event)
        if any(other.family == line.family for other in lines) and not _is_reported_below(event, lines, line):
            yield event


def _is_reported_below(event: Event, lines: Sequence[Line], line: Line) -> bool:
    cents = event.amount_usd_cents or 0
    return any(other.is_reported_in_ctr and other.cents < line.cents and other.is_above(cents) for other in lines)
