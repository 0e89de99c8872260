"""D02 funnel account: gathering from many, far from home or never seen before, with and without a quick exit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from typologies.base.customer import allowed_because
from typologies.base.detector import Context, Detector
from typologies.base.events import Channel, Kind, Rail, Side
from typologies.base.explained import explained, is_explained
from typologies.base.expressions import Expr, Past, Trailing, col, count, total
from typologies.base.findings import Deadline, Finding
from typologies.base.window import DeadlineTrigger, Event, Window
from typologies.funnel_account.cash import far_cash, gathers_far_cash, is_counted, is_telling_without_exit
from typologies.funnel_account.early import may_gather_far_cash, may_gather_from_senders
from typologies.funnel_account.exits import NO_EXIT, is_quick_exit, quick_exit
from typologies.funnel_account.gathering import Gathering
from typologies.funnel_account.params import FunnelAccountParams
from typologies.funnel_account.places import Atlas
from typologies.funnel_account.profile import Profile, read_profile
from typologies.funnel_account.report import GATHERING_ONLY, WITH_EXIT, report_cash, report_senders
from typologies.funnel_account.senders import (
    gathers_from_strangers,
    is_narrow,
    is_well_known,
    may_show_two_signals,
    new_senders,
    signals,
)

EXIT, CONFIRM = "exit", "confirm"
"""Deadlines: the time for the exit of far cash is up; an exit on an account without a known past is looked at again."""


class FunnelAccountDetector(Detector[FunnelAccountParams]):
    """Two forms of one pattern, each with the modes `gathering_only` and `with_exit`.

    Cash far from home: judged at each far deposit, and again when the time for its exit is up (a deadline). Payments by
    many new senders: judged at each such credit, and at each debit without a purpose.
    """

    context_tables = frozenset({"account_profile", "place", "allowlist"})

    @property
    def look_back(self) -> timedelta:
        return self.params.look_back

    def relevant(self) -> Expr:
        """Payments, cash and instruments from the entry floor up. No cards, no transfers to oneself."""
        moves_value = (col.kind <= Kind.INSTRUMENT) & (col.rail != Rail.CARD) & (col.rail != Rail.REINVESTMENT)
        return moves_value & (col.is_self == 0) & (col.amount_usd >= self.params.entry_floor_usd_cents)

    def trailing(self) -> Mapping[str, Trailing]:
        ordinary = explained(self.params.family_limit_usd_cents)
        credit, leaves = col.side == Side.CREDIT, (col.side == Side.DEBIT) & ~ordinary
        deposit, strange = credit & _at_a_counter(), credit & (col.kind != Kind.CASH) & ~ordinary
        span = self.params.span
        return {
            "n_deposits": count(span, deposit),
            "n_strange": count(span, strange),
            "n_leaving": count(span, leaves),
            "deposits": total(col.amount_usd, span, deposit),
            "strange": total(col.amount_usd, span, strange),
            "outflow": total(col.amount_usd, span, leaves),
            "deposits_before_too": total(col.amount_usd, self.look_back, deposit),
            "inflow_before_too": total(col.amount_usd, self.look_back, credit),
        }

    def screen(self, past: Past) -> Expr:
        """Both forms' conditions on counts and sums, in USD; shares are lower by the FX allowance.

        What is new is not known here, so a share of a share stands for it: new senders bring a share of the span's
        credits, and those are a share of the look-back's.
        """
        p = self.params
        ordinary = explained(p.family_limit_usd_cents)
        credit = col.side == Side.CREDIT
        far = (
            (credit & _at_a_counter())
            & (past.n_deposits >= p.min_far_credits)
            & (past.n_deposits <= p.max_credits)
            & (past.deposits_before_too >= p.min_total_usd_cents)
            & (100 * past.deposits >= p.cash_onset_percent * past.deposits_before_too)
        )
        new = (
            (past.n_strange <= p.max_credits)
            & (past.n_leaving <= p.max_debits)
            & (past.strange >= p.min_total_usd_cents)
        )
        alone = (
            (credit & (col.kind != Kind.CASH) & ~ordinary)
            & (past.n_strange >= p.min_senders_without_exit)
            & self._stands_out(past, p.onset_percent_without_exit)
        )
        leaves = (
            ((col.side == Side.DEBIT) & (col.kind != Kind.CASH) & ~ordinary)
            & (past.n_strange >= p.min_senders)
            & self._stands_out(past, p.onset_percent)
            & self._has_left(past)
        )
        return far | (new & (alone | leaves))

    def _stands_out(self, past: Past, onset_percent: int) -> Expr:
        least = (self.params.new_sender_percent - self.params.fx_allowance_percent) * onset_percent
        return 10_000 * past.strange >= least * past.inflow_before_too

    def _has_left(self, past: Past) -> Expr:
        # The exit is a share of what new senders brought, and that is a share of the credits.
        least = (self.params.exit_floor_percent - self.params.fx_allowance_percent) * (
            self.params.new_sender_percent - self.params.fx_allowance_percent
        )
        return 10_000 * past.outflow >= least * past.strange

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        trigger = window.trigger
        if window.is_collapsed or not window:
            return
        if isinstance(trigger, DeadlineTrigger):
            yield from self._due(trigger, window, context)
        elif isinstance(trigger, Event) and trigger.kind is not Kind.CASH:
            if not is_explained(trigger, self.params.family_limit_usd_cents):
                yield from self._senders(window, context, trigger.side is Side.DEBIT)
        elif isinstance(trigger, Event) and is_counted(trigger):
            yield from self._far_cash(trigger, window, context)

    def _due(self, trigger: DeadlineTrigger, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        place = next((i for i, e in enumerate(window.events) if trigger.event_key.startswith(e.event_key)), None)
        if place is None:
            return
        if trigger.name == EXIT:
            yield from self._far_cash_exit(window, place + 1, context)
        else:
            yield from self._confirmed(window, place + 1, context)

    # Cash far from home

    def _far_cash(self, trigger: Event, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        p, atlas = self.params, Atlas(context)
        # Most deposits end here: nobody knows where they were made, or they were made near home.
        if atlas.position(trigger.place) is None:
            return
        profile = self._profile(window, context)
        if profile is None or atlas.is_within(profile.home_place, trigger.place, p.far_km):
            return
        if not may_gather_far_cash(window, p):
            return
        gathering = Gathering(window.events, window.start, p)
        far = far_cash(gathering, profile, atlas, p)
        if far is None or trigger not in far.credits or not gathers_far_cash(gathering, far, profile, p):
            return
        yield Deadline(timedelta(hours=p.exit_hours), EXIT)
        if is_telling_without_exit(gathering, far, profile, p):
            yield report_cash(window.subject_id, gathering, far, NO_EXIT, profile, atlas, GATHERING_ONLY)

    def _far_cash_exit(self, window: Window, n_then: int, context: Context) -> Iterable[Finding]:
        """Judge, when the time of the last deposit is up, how much of what gathered has left."""
        p, events = self.params, window.events
        profile, atlas = self._profile(window, context), Atlas(context)
        then = Gathering(events[:n_then], window.start, p)
        far = None if profile is None else far_cash(then, profile, atlas, p)
        if profile is None or far is None or not gathers_far_cash(then, far, profile, p):
            return
        now = Gathering(events, window.start, p, then.span_start)
        found = quick_exit(now, far.credits, window.end)
        if is_quick_exit(now, far.credits, found) and not now.is_spent_ordinarily(far.credits):
            yield report_cash(window.subject_id, now, far, found, profile, atlas, WITH_EXIT)

    # Many new senders

    def _senders(self, window: Window, context: Context, is_exit: bool) -> Iterable[Finding | Deadline]:
        p = self.params
        if not may_gather_from_senders(window, lambda: self._profile(window, context), p, is_exit=is_exit):
            return
        gathering = Gathering(window.events, window.start, p)
        if len(gathering.leaving) > p.max_debits or (is_exit and not is_narrow(gathering, p)):
            return
        profile = self._profile(window, context)
        if profile is None or (not is_exit and not may_show_two_signals(gathering, profile, p)):
            return
        new = new_senders(gathering, p)
        if not gathers_from_strangers(gathering, new, p, is_exit=is_exit):
            return
        known = signals(gathering, new, profile, p)
        if not is_exit:
            if window.trigger in new.credits and len(known) >= p.signals_without_exit:
                yield report_senders(window.subject_id, gathering, new, NO_EXIT, known, profile, GATHERING_ONLY)
            return
        is_past_known = is_well_known(gathering, profile)
        if not is_past_known and not known:
            return
        found = quick_exit(gathering, new.credits, window.end)
        if is_quick_exit(gathering, new.credits, found):
            if is_past_known:
                yield report_senders(window.subject_id, gathering, new, found, known, profile, WITH_EXIT)
            else:
                yield Deadline(p.confirm, CONFIRM)

    def _confirmed(self, window: Window, n_then: int, context: Context) -> Iterable[Finding]:
        """Judge an exit again on an account without a known past: the gathering must be over."""
        p, events = self.params, window.events
        gathering, after = Gathering(events[:n_then], window.start, p), events[n_then:]
        profile = self._profile(window, context)
        if profile is None or not gathering.is_over(after) or not is_narrow(gathering, p):
            return
        new = new_senders(gathering, p)
        known = signals(gathering, new, profile, p)
        if not known or not gathers_from_strangers(gathering, new, p, is_exit=True):
            return
        found = quick_exit(gathering, new.credits, events[n_then - 1].time_us)
        if is_quick_exit(gathering, new.credits, found):
            yield report_senders(window.subject_id, gathering, new, found, known, profile, WITH_EXIT, after)

    def _profile(self, window: Window, context: Context) -> Profile | None:
        """Return the profile, None if the account may collect for others."""
        profile = read_profile(context.profile("account_profile"))
        is_allowed = allowed_because(context, window.subject_id, "funnel_account") is not None
        return None if profile.collects_for_others or is_allowed else profile


def _at_a_counter() -> Expr:
    """Return whether an entry is cash at a known place that no armoured car brought."""
    return (col.kind == Kind.CASH) & (col.has_place == 1) & (col.channel != Channel.ARMOURED_CAR)
