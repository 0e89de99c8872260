"""Bulk cash placement: much cash at once, reports or not, in a way that does not fit the holder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from typologies.base.business_days import ROLL_OVER
from typologies.base.customer import Customer, allowed_because, customer
from typologies.base.detector import ACCOUNT, CONDUCTOR, Context, Detector
from typologies.base.events import Channel, Kind, Rail, Side
from typologies.base.expressions import Expr, Past, Trailing, col, count, total
from typologies.base.findings import Deadline, Finding
from typologies.base.window import Event, Window
from typologies.bulk_cash.early import may_find
from typologies.bulk_cash.exits import Exit, exit_after
from typologies.bulk_cash.explain import explain
from typologies.bulk_cash.params import BulkCashParams
from typologies.bulk_cash.placement import DAY, Placement, find_placement, is_cash_in, last_deposit
from typologies.bulk_cash.signals import ALONE, OTHER_CONDUCTOR, is_on_profile, signals

CASH = col.kind == Kind.CASH


class BulkCashDetector(Detector[BulkCashParams]):
    """A large day, or far more than the subject's own mean, with signs that it does not fit."""

    lenses = (ACCOUNT, CONDUCTOR)
    context_tables = frozenset({"account_profile", "party_profile", "allowlist", "institution"})

    @property
    def look_back(self) -> timedelta:
        """The span of the subject's own mean."""
        return timedelta(days=self.params.look_back_days)

    def relevant(self) -> Expr:
        """Cash in but for armoured cars, and large wires and official checks out: the next use of the cash."""
        cash_in = CASH & (col.side == Side.CREDIT) & (col.channel != Channel.ARMOURED_CAR)
        by_wire = (col.kind == Kind.PAYMENT) & col.rail.is_in((Rail.WIRE, Rail.INSTRUMENT))
        payment_out = (col.side == Side.DEBIT) & (by_wire | (col.kind == Kind.INSTRUMENT))
        return cash_in | (payment_out & (col.amount_usd >= self.params.exit_floor_usd_cents))

    def trailing(self) -> Mapping[str, Trailing]:
        """Cash of a business day, of 24 hours, of the look-back, and before a payment out."""
        usd, span = col.amount_usd, self.look_back
        return {
            "usd_day": total(usd, ROLL_OVER, CASH),
            "usd_24h": total(usd, DAY, CASH),
            "n_24h": count(DAY, CASH),
            "usd": total(usd, span, CASH),
            "n": count(span, CASH),
            "usd_before_exit": total(usd, self._before_exit, CASH),
        }

    @property
    def _before_exit(self) -> timedelta:
        return min(timedelta(days=self.params.exit_days) + ROLL_OVER, self.look_back)

    def screen(self, past: Past) -> Expr:
        """A day that reaches the size, 24 hours that can exceed the mean, or a payment out after such a day.

        The mean is per day with cash; no day has less than one deposit, so the mean per deposit is a bound.
        """
        p = self.params
        n_before, usd_before = past.n - past.n_24h, past.usd - past.usd_24h
        above_mean = (
            (past.usd_24h > p.mean_floor_usd_cents)
            & (n_before >= p.mean_days)
            & (past.usd_24h * n_before * 100 >= usd_before * p.mean_percent)
        )
        large_day = past.usd_day >= p.day_usd_cents
        return (CASH & (large_day | above_mean)) | (~CASH & (past.usd_before_exit >= p.day_usd_cents))

    def judge(self, window: Window, context: Context) -> Iterable[Finding | Deadline]:
        """Return a finding if the trigger completes a placement, or is the exit of a large day."""
        trigger = window.trigger
        if not isinstance(trigger, Event):
            return ()
        is_exit = not is_cash_in(trigger)
        if not may_find(window, context, self.params, is_exit=is_exit):
            return ()
        is_by_person = window.role == CONDUCTOR.name
        last = last_deposit(window.events, timedelta(days=self.params.exit_days)) if is_exit else trigger
        if last is None:
            return ()
        placement = find_placement(window, last, self.params, only_large=is_exit or is_by_person)
        if placement is None or (is_by_person and not _is_for_others(placement, window.subject_id)):
            return ()
        out = Exit() if is_by_person else exit_after(placement, window, self.params)
        if is_exit and trigger not in out.payments:
            return ()
        finding = self._weigh(placement, out, window, context)
        return () if finding is None else (finding,)

    def _weigh(self, placement: Placement, out: Exit, window: Window, context: Context) -> Finding | None:
        holder = customer(context, window.subject_kind)
        found = signals(placement, window, holder, self.params)
        codes = {signal.code for signal in found}
        if not codes & ALONE and len(codes) < self.params.min_signals:
            return None
        if window.role == ACCOUNT.name:
            if OTHER_CONDUCTOR not in codes and is_on_profile(placement, window, holder, self.params):
                return None
            if _handles_cash_by_trade(placement, holder, context):
                return None
        if allowed_because(context, window.subject_id, "bulk_cash"):
            return None
        return explain(placement, found, out, window, holder, self.params)


def _is_for_others(placement: Placement, conductor: str) -> bool:
    """Return whether the cash is for two holders or more, and not the conductor's own."""
    holders = {event.on_behalf_of for event in placement.deposits} - {None, conductor}
    return len(holders) > 1


def _handles_cash_by_trade(placement: Placement, holder: Customer, context: Context) -> bool:
    """Return whether the holder is exempt from reports or is a bank, money services business, exchange or casino."""
    if holder.is_exempt or holder.is_institution:
        return True
    party = placement.last.party
    return party is not None and context.lookup("institution", party) is not None
