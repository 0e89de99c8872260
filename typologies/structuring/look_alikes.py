"""Lawful explanations: which signals they answer, and what then speaks against the suspicion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from typologies.base.business_days import Calendar, day_of
from typologies.base.customer import Customer
from typologies.base.money import usd_text
from typologies.base.window import Event
from typologies.base.words import counted
from typologies.structuring.deposits import DayStatus, largest_share, total
from typologies.structuring.examined import Examined
from typologies.structuring.lines import Line
from typologies.structuring.params import StructuringParams
from typologies.structuring.signals import BRANCHES, CONDUCTORS, NEAR_LINE, REDUCED, UNREPORTED, Signal

DAYS_OF_A_MONTH = 30


@dataclass(frozen=True, slots=True)
class Weighed:
    """What is left after lawful explanations.

    Attributes
    ----------
    signals
        Signals that no explanation answers.
    counter_evidence
        Sentences: what speaks against the suspicion all the same.
    considered
        Sentences: which explanation was looked at, and why it did not hold.
    """

    signals: list[Signal]
    counter_evidence: tuple[str, ...]
    considered: tuple[str, ...]


def weigh(
    found: list[Signal],
    examined: Examined,
    look_back_days: int,
    holder: Customer,
    calendar: Calendar,
    params: StructuringParams,
) -> Weighed:
    """Return the signals that lawful explanations leave.

    Parameters
    ----------
    found
        Signals of the sliding window.
    examined
        What they were read from.
    look_back_days
        Length of the look-back.
    holder
        What is on file about the subject.
    calendar, params
        Business days and parameters.
    """
    answered: set[str] = set()
    against: list[str] = []
    considered: list[str] = []
    deposits = examined.look_back
    rhythm = takings_rhythm(examined, calendar, params)
    if rhythm:
        answered |= {signal.code for signal in found} - {REDUCED}
        against.append(rhythm)
    else:
        considered.append(
            "Shop takings: the deposits do not come on most business days to one branch with a peak after closed days."
        )
    is_used_to_cash = holder.is_business or len(deposits) >= params.min_deposits_business
    if is_used_to_cash and has_home_branch(deposits, params):
        answered |= {BRANCHES, CONDUCTORS, UNREPORTED}
        against.append("The subject pays in cash at one branch, but for an errand now and then.")
    near = next((signal.deposits for signal in found if signal.code == NEAR_LINE), ())
    if near and examined.line.cents < params.lowest_line_usd_cents and is_payday_rhythm(near, params):
        answered.add(NEAR_LINE)
        against.append(f"The deposits near the line lie at least {params.payday_gap_days} days apart, like pay-days.")
    n_whole = sum(examined.line.is_above(event.amount_usd_cents or 0) for event in deposits)
    if n_whole * params.near_per_whole >= len(near) > 0:
        answered.add(NEAR_LINE)
        against.append(f"{counted(n_whole, 'deposit')} in the look-back passed the line in one piece.")
    if any(is_whole_unreported(event, examined.line) for event in deposits):
        answered.add(UNREPORTED)
        against.append("A deposit above the line in one piece was not reported either: the customer may be exempt.")
    paid_in = total(deposits)
    expected = holder.expected_cash_usd_cents
    if expected is None:
        considered.append("Cash that the customer announced: no expected cash is on file.")
    elif paid_in * DAYS_OF_A_MONTH * 100 <= expected * look_back_days * params.expected_cash_percent:
        answered |= {CONDUCTORS, NEAR_LINE}
        against.append(
            f"{usd_text(paid_in)} in {look_back_days} days keep within the expected {usd_text(expected)} a month."
        )
    else:
        considered.append(
            f"Cash that the customer announced: {usd_text(paid_in)} in {look_back_days} days exceed the expected "
            f"{usd_text(expected)} a month."
        )
    reported = sum(day.status in (DayStatus.REPORTED, DayStatus.ASSUMED_REPORTED) for day in examined.days)
    if reported:
        against.append(f"{counted(reported, 'business day')} above the line: reported, or to be taken as reported.")
    return Weighed([s for s in found if s.code not in answered], tuple(against), tuple(considered))


def takings_rhythm(examined: Examined, calendar: Calendar, params: StructuringParams) -> str | None:
    """Return a sentence if the deposits look like the takings of a shop, None if they do not.

    Takings come on most business days to one branch, and either peak after closed days or now and then pass the line
    in one piece, which nobody does who wants to stay below it.
    """
    deposits = examined.look_back
    n_days = len({day.day for day in examined.days})
    if n_days < params.rhythm_days or not has_home_branch(deposits, params):
        return None
    if any(examined.line.is_above(event.amount_usd_cents or 0) for event in deposits):
        return f"Deposits on {n_days} business days at one branch, some above the line in one piece: like shop takings."
    totals: dict[date, int] = {}
    for event in deposits:
        totals[day_of(event)] = totals.get(day_of(event), 0) + (event.amount_usd_cents or 0)
    after_closed = [cents for day, cents in totals.items() if calendar.follows_closed_day(day)]
    others = [cents for day, cents in totals.items() if not calendar.follows_closed_day(day)]
    if not after_closed or not others:
        return None
    if sum(after_closed) * len(others) * 100 < sum(others) * len(after_closed) * params.monday_peak_percent:
        return None
    return f"Deposits on {n_days} business days at one branch with a peak after closed days: like shop takings."


def has_home_branch(deposits: Sequence[Event], params: StructuringParams) -> bool:
    """Return whether nearly all deposits whose branch is known went to one branch; true if no branch is known."""
    most, with_branch = largest_share(deposits, "branch")
    return most * 100 >= params.home_branch_percent * with_branch


def is_payday_rhythm(deposits: Sequence[Event], params: StructuringParams) -> bool:
    """Return whether each deposit came well after the one before."""
    gap = timedelta(days=params.payday_gap_days)
    return all(later.time - earlier.time >= gap for earlier, later in pairwise(deposits))


def is_whole_unreported(event: Event, line: Line) -> bool:
    """Return whether one deposit is above the line and no report was filed."""
    return event.ctr_filed is False and line.is_reported_in_ctr and line.is_above(event.amount_usd_cents or 0)
