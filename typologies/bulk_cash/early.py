"""Whether a window can hold a finding at all, from its columns: a necessary condition that ends most judgements.

The last days come first, the whole look-back only if they leave something to ask. What this lets through, `placement`
and `signals` decide on events.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from typologies.base.business_days import ROLL_OVER
from typologies.base.customer import customer
from typologies.base.detector import ACCOUNT, CONDUCTOR, Context
from typologies.base.events import NULL_CODE, Side
from typologies.base.window import EPOCH_DATE, Window, span_us, to_datetime
from typologies.base.windowcolumns import DAY_US, BoolArray, WindowColumns, codes_of, n_distinct, total
from typologies.bulk_cash.params import BulkCashParams
from typologies.bulk_cash.signals import MONTH


def may_find(window: Window, context: Context, params: BulkCashParams, *, is_exit: bool) -> bool:
    """Return whether the trigger may complete a placement with enough signs, or be the exit of a large day.

    Parameters
    ----------
    window, context, params
        Of the judgement; the trigger is an event.
    is_exit
        The trigger is a payment out: then the last deposit before it counts.
    """
    columns = window.columns
    if is_exit:
        columns = columns.part(0, _n_until_deposit(columns, timedelta(days=params.exit_days)))
        if not len(columns):
            return False
    recent = columns.since(ROLL_OVER)
    deposit, day = recent.is_deposit, recent.business_day
    placed = deposit & (day == day[-1])
    is_by_person = window.role == CONDUCTOR.name
    # The rows of the day alone: every further column is looked up for them, not for all that came before.
    first = int(placed.argmax())
    on_the_day = recent.part(first)
    is_large_day = total(on_the_day.usd_or_zero, placed[first:]) >= params.day_usd_cents
    if is_large_day:
        recent, placed = on_the_day, placed[first:]
    else:
        if is_exit or is_by_person:
            return False
        placed = deposit & (recent.time_us > recent.time_us[-1] - DAY_US)
        if total(recent.usd_or_zero, placed) <= params.mean_floor_usd_cents:
            return False
    if is_by_person:
        return n_distinct(recent.on_behalf_of[placed]) > 1
    if window.role == ACCOUNT.name and not _may_show_signs(columns, recent, placed, window, context, params):
        return False
    return is_large_day or _is_above_mean(total(recent.usd_or_zero, placed), columns, window, params)


def _n_until_deposit(columns: WindowColumns, within: timedelta) -> int:
    """Return how many events there are up to the last deposit in `within`, 0 if there is none."""
    reach = columns.since(within)
    deposits = reach.is_deposit.nonzero()[0]
    return len(columns) - len(reach) + int(deposits[-1]) + 1 if deposits.shape[0] else 0


def _before(columns: WindowColumns) -> WindowColumns:
    """Return what came 24 hours and more before the last event."""
    return columns.part(0, columns.n_until(int(columns.time_us[-1]) - DAY_US))


def _is_above_mean(cents: int, columns: WindowColumns, window: Window, params: BulkCashParams) -> bool:
    """Return whether the cash of 24 hours is far above the subject's own mean (placement.Placement.is_above_mean)."""
    before = _before(columns)
    deposit = before.is_deposit
    cents_before = total(before.usd_or_zero, deposit)
    days: set[int] = set(before.business_day[deposit].tolist())
    for whole in window.day_sums:
        if whole.side is Side.CREDIT:
            days.add((whole.day - EPOCH_DATE).days)
            cents_before += whole.amount_usd_cents
    return len(days) >= params.mean_days and cents * len(days) * 100 >= params.mean_percent * cents_before


def _may_show_signs(
    columns: WindowColumns,
    recent: WindowColumns,
    placed: BoolArray,
    window: Window,
    context: Context,
    params: BulkCashParams,
) -> bool:
    """Return whether `signals` may find enough in an account's placement, and its cash is not on profile."""
    conductor = recent.conductor[placed]
    is_named = conductor != NULL_CODE
    reported = recent.ctr_conductor[placed]
    if np.count_nonzero(is_named & (reported != NULL_CODE) & (reported != conductor)):
        return True
    holder = customer(context, window.subject_kind)
    expected = holder.expected_cash_usd_cents
    if expected is not None:
        cents = _month_usd_cents(columns, window)
        if cents * 100 <= expected * params.on_profile_percent:
            return False
        if cents >= expected * params.off_profile_percent // 100:
            return True
    n_signs = (n_distinct(recent.branch[placed]) > 1) + (holder.opened_on is not None)
    if n_signs >= params.min_signals:
        return True
    if n_signs + 1 < params.min_signals or window.is_collapsed:
        return False
    strangers = codes_of(conductor[is_named & (conductor != recent.party[placed])])
    return bool(strangers) and _is_anybody_new(columns, strangers, params)


def _is_anybody_new(columns: WindowColumns, strangers: set[int], params: BulkCashParams) -> bool:
    """Return whether one of some people has paid in on fewer earlier days than make a familiar face."""
    before = _before(columns)
    for person in strangers:
        days = before.business_day[(before.conductor == person) & before.is_deposit]
        if len(set(days.tolist())) < params.familiar_days:
            return True
    return False


def _month_usd_cents(columns: WindowColumns, window: Window) -> int:
    """Return the cash of the 30 days that end with the last of some events (signals.month_of)."""
    month = columns.since(MONTH)
    cents = total(month.usd_or_zero, month.is_deposit)
    if window.is_collapsed:
        first = to_datetime(int(columns.time_us[-1]) - span_us(MONTH)).date()
        cents += sum(s.amount_usd_cents for s in window.day_sums if s.side is Side.CREDIT and s.day > first)
    return cents
