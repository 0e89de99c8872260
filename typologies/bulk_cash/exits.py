"""The next use of the cash: wires and official checks out of the account in the days after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from typologies.base import figures
from typologies.base.events import Kind, Rail, Side
from typologies.base.findings import Reason
from typologies.base.money import usd_text
from typologies.base.window import Event, Window
from typologies.base.words import counted
from typologies.bulk_cash.params import BulkCashParams
from typologies.bulk_cash.placement import Placement, is_cash_in, total

EXIT = "exit_next_days"
FAN_OUT = "fan_out"
DEPOSITED_ELSEWHERE = "checks_deposited_elsewhere"


@dataclass(frozen=True, slots=True)
class Exit:
    """What left after a placement, and what that shows."""

    payments: tuple[Event, ...] = ()
    reasons: tuple[Reason, ...] = ()
    red_flags: tuple[str, ...] = ()


def is_payment_out(event: Event) -> bool:
    """Return whether a wire or an official check left."""
    return event.side is Side.DEBIT


def exit_after(placement: Placement, window: Window, params: BulkCashParams) -> Exit:
    """Return what left the account in the days around a placement, measured against the cash of the same days.

    Large cash that leaves to several payees meets flag A003-6; checks that another bank takes in, flag A003-8.
    """
    last, reach = placement.last.time, timedelta(days=params.exit_days)
    begin = min(placement.deposits[0].time, last - reach)
    cash = [event for event in window if is_cash_in(event) and event.time >= begin]
    payments = tuple(
        event
        for event in window
        if is_payment_out(event)
        and event.sort_key > cash[0].sort_key
        and event.time - last <= reach
        and (event.amount_usd_cents or 0) >= params.exit_floor_usd_cents
    )
    if total(payments) * 100 < total(cash) * params.exit_percent or not payments:
        return Exit()
    share = figures.share_of_usd(payments, cash)
    text = (
        f"{usd_text(total(payments))} left by {counted(len(payments), 'payment')}, wires or checks of "
        f"{usd_text(params.exit_floor_usd_cents)} and more within {params.exit_days} days: "
        f"{share.value} percent of the cash paid in meanwhile."
    )
    reasons = [Reason(EXIT, text, share, f"< {params.exit_percent}.0", 0.4)]
    flags: list[str] = []
    payees = figures.distinct(payments, "counterparty", "payees")
    if payees.value >= params.exit_payees:
        text = f"The money went to {payees.value} payees."
        weight = round(0.3 + 0.01 * min(int(payees.value), 50), 2)
        reasons.append(Reason(FAN_OUT, text, payees, f"< {params.exit_payees} payees", weight))
        flags.append("A003-6")
    elsewhere = tuple(event for event in payments if is_check(event) and _is_taken_in_elsewhere(event))
    if elsewhere:
        text = f"Another institution took in {counted(len(elsewhere), 'check')}, {usd_text(total(elsewhere))} in all."
        weight = round(0.5 + 0.01 * min(len(elsewhere), 40), 2)
        reasons.append(Reason(DEPOSITED_ELSEWHERE, text, figures.total_usd(elsewhere), "0.00", weight))
        flags.append("A003-8")
    return Exit(payments, tuple(reasons), tuple(flags))


def is_check(event: Event) -> bool:
    """Return whether a payment is an official check, draft or money order."""
    return event.kind is Kind.INSTRUMENT or event.rail is Rail.INSTRUMENT


def _is_taken_in_elsewhere(event: Event) -> bool:
    return None not in (event.agent, event.counterparty_agent) and event.agent != event.counterparty_agent
