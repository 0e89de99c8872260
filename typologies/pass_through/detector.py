"""D06 pass-through: in about equals out, little rest, unrelated counterparties, no ordinary life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from typologies.base.customer import allowed_because
from typologies.base.detector import Context, Detector
from typologies.base.events import Kind, PartyClass, Rail, Side
from typologies.base.explained import explained, is_explained
from typologies.base.expressions import Expr, Past, Trailing, col, count, total
from typologies.base.findings import Deadline, Finding
from typologies.base.window import DeadlineTrigger, Event, Window
from typologies.pass_through.early import Glance
from typologies.pass_through.means import due_usd, inflow_in_question, is_beyond_means, means_of
from typologies.pass_through.modes import (
    BEYOND_MEANS,
    RELAY,
    TIGHT,
    could_pass,
    is_confirmed,
    is_well_known,
    matching_mode,
)
from typologies.pass_through.params import PassThroughParams
from typologies.pass_through.passage import Passage
from typologies.pass_through.profile import Profile, read_profile
from typologies.pass_through.report import report


class PassThroughDetector(Detector[PassThroughParams]):
    """Judges an account at each payment from it that does not explain itself.

    The modes, from the most to the least telling: `running_points`, `cash_fan_out`, `same_day`, `rapid_movement`,
    `beyond_means`, `relay`. A finding carries the first that holds.
    """

    context_tables = frozenset({"account_profile", "allowlist"})

    @property
    def look_back(self) -> timedelta:
        return self.params.look_back

    def relevant(self) -> Expr:
        """Payments, cash and instruments from the entry floor up, and probes. No cards, no transfers to oneself.

        Card purchases are most of a bank's rows and say only that somebody lives; purposes of payments say the same.
        """
        moves_value = (col.kind <= Kind.INSTRUMENT) & (col.rail != Rail.CARD) & (col.rail != Rail.REINVESTMENT)
        probe = (col.side == Side.CREDIT) & (col.amount_usd <= self.params.probe_usd_cents) & (col.amount_usd > 0)
        return moves_value & (col.is_self == 0) & ((col.amount_usd >= self.params.entry_floor_usd_cents) | probe)

    def trailing(self) -> Mapping[str, Trailing]:
        credit, debit = col.side == Side.CREDIT, col.side == Side.DEBIT
        ordinary = explained(self.params.family_limit_usd_cents)
        span, look_back = self.params.window, self.look_back
        return {
            "n_in": count(span, credit),
            "n_out": count(span, debit),
            "inflow": total(col.amount_usd, span, credit),
            "outflow": total(col.amount_usd, span, debit),
            "ordinary": total(col.amount_usd, span, ordinary),
            "inflow_before_too": total(col.amount_usd, look_back, credit),
            "outflow_before_too": total(col.amount_usd, look_back, debit),
            "unexplained_inflow_before_too": total(col.amount_usd, look_back, credit & ~ordinary),
        }

    def screen(self, past: Past) -> Expr:
        """Every mode's conditions on counts and sums. Sums are in USD: the bands are wider by the FX allowance."""
        p = self.params
        busy = (past.n_in > p.max_entries_per_side) | (past.n_out > p.max_entries_per_side)
        pays = (col.side == Side.DEBIT) & (col.kind != Kind.CASH) & ~explained(p.family_limit_usd_cents)
        begins = 100 * past.inflow >= p.onset_percent * past.inflow_before_too
        unexplained = 100 * past.ordinary < p.ordinary_percent * (past.inflow + past.outflow)
        fan = (
            (past.n_out >= p.min_counterparties)
            & ((past.n_in >= p.min_counterparties) | (past.inflow >= p.cash_usd_cents))
            & (past.inflow >= p.min_inflow_usd_cents)
            & self._between(past, p.out_in_percent_low, p.out_in_percent_high)
        )
        same_day = (
            (past.n_in >= p.same_day_counterparties)
            & (past.n_out >= p.same_day_counterparties)
            & (past.inflow >= p.min_inflow_usd_cents)
            & self._between(past, 100 - p.same_day_tolerance_percent, 100 + p.same_day_tolerance_percent)
        )
        relay = (
            (past.n_in <= p.relay_entries)
            & (past.n_out <= p.relay_entries)
            & (past.inflow >= p.relay_inflow_usd_cents)
            & (100 * past.inflow >= p.relay_onset_percent * past.inflow_before_too)
            & self._between(past, 100 - p.relay_tolerance_percent, 100 + p.relay_tolerance_percent)
        )
        inflow, outflow = past.inflow_before_too, past.outflow_before_too
        unexplained_inflow = past.unexplained_inflow_before_too
        means = (
            (col.rail == Rail.P2P)
            & (col.creditor_class == PartyClass.INDIVIDUAL)
            & (unexplained_inflow >= p.means_inflow_usd_cents)
            & (100 * unexplained_inflow >= p.means_unexplained_percent * inflow)
            & (100 * outflow >= p.means_out_percent_low * inflow)
            & (100 * outflow <= p.out_in_percent_high * inflow)
        )
        return pays & ~busy & ((begins & unexplained & (fan | same_day | relay)) | means)

    def _between(self, past: Past, low: int, high: int) -> Expr:
        room = self.params.fx_allowance_percent
        return (100 * past.outflow >= (low - room) * past.inflow) & (100 * past.outflow <= (high + room) * past.inflow)

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        trigger = window.trigger
        if window.is_collapsed or not window:
            return
        if isinstance(trigger, DeadlineTrigger):
            yield from self._confirm(trigger, window, context)
            return
        if not isinstance(trigger, Event) or trigger.side is not Side.DEBIT or trigger.kind is Kind.CASH:
            return
        if self._is_explained(trigger):
            return
        glance = Glance(window, self.params)
        if glance.is_busy:
            return
        in_question = inflow_in_question(trigger, window.columns, self.params)
        if in_question is None and not glance.may_pass:
            return
        profile = read_profile(context.profile("account_profile"))
        is_above_income = self._is_above_income(in_question, profile)
        if not is_above_income and not (glance.may_pass and glance.may_match(profile)):
            return
        if self._is_lawful(profile, window, context):
            return
        events = window.events
        passage = Passage(events, window.start, self.params)
        may_pass = could_pass(passage, self.params)
        if not may_pass and not is_above_income:
            return
        mode = matching_mode(passage, profile, self.params) if may_pass else None
        means = means_of(events, profile, self.params)
        if in_question is not None and mode in (None, RELAY) and is_beyond_means(means, self.params):
            mode = BEYOND_MEANS
        if mode in TIGHT and not is_well_known(passage, profile):
            yield Deadline(self.params.confirm, "confirm")
        elif mode is not None:
            yield report(window.subject_id, passage, means, profile, self.params, mode)

    def _confirm(self, trigger: DeadlineTrigger, window: Window, context: Context) -> Iterable[Finding]:
        events = window.events
        place = next((i for i, e in enumerate(events) if trigger.event_key.startswith(e.event_key)), None)
        if place is None:
            return
        passage = Passage(events[: place + 1], window.start, self.params)
        if not could_pass(passage, self.params):
            return
        profile = read_profile(context.profile("account_profile"))
        mode = matching_mode(passage, profile, self.params)
        if mode is None or mode not in TIGHT or self._is_lawful(profile, window, context):
            return
        later = Passage(events, window.start, self.params, passage.span_start)
        if is_confirmed(passage, later, mode, profile, self.params):
            means = means_of(events[: place + 1], profile, self.params)
            after = events[place + 1 :]
            yield report(window.subject_id, passage, means, profile, self.params, mode, after)

    def _is_explained(self, event: Event) -> bool:
        return is_explained(event, self.params.family_limit_usd_cents)

    def _is_lawful(self, profile: Profile, window: Window, context: Context) -> bool:
        allowed = allowed_because(context, window.subject_id, "pass_through")
        return profile.holds_money_for_others or allowed is not None

    def _is_above_income(self, inflow: int | None, profile: Profile) -> bool:
        if inflow is None or profile.income_usd is None:
            return False
        return inflow >= 100 * self.params.income_multiple * due_usd(profile.income_usd, self.params)
