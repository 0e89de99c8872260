"""Whether a window can hold a finding at all, from its columns: necessary conditions that end most judgements.

What these let through, `senders` and `cash` decide on events.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np

from typologies.base.events import NULL_CODE, Channel
from typologies.base.explained import explained_in
from typologies.base.window import Window, span_us
from typologies.base.windowcolumns import n_distinct
from typologies.funnel_account.params import FunnelAccountParams
from typologies.funnel_account.profile import Profile


def may_gather_from_senders(
    window: Window, profile: Callable[[], Profile | None], params: FunnelAccountParams, *, is_exit: bool
) -> bool:
    """Return whether little leaves, and what else is asked first holds.

    Parameters
    ----------
    window, params
        Of the judgement; the trigger is a payment at its end.
    profile
        Reads the profile, None if the account may collect for others.
    is_exit
        The payment leaves: then it must go to few. Otherwise gathering alone must be able to be telling: the account
        has a quiet past in sight or is new.
    """
    span = window.columns.since(params.span)
    leaving = span.is_debit & ~explained_in(span, params.family_limit_usd_cents)
    if np.count_nonzero(leaving) > params.max_debits:
        return False
    if is_exit:
        n_payees = n_distinct(span.counterparty[leaving])
        return 0 < n_payees <= params.max_payees and 2 * n_payees <= int(np.count_nonzero(span.is_credit))
    holder = profile()
    if holder is None:
        return False
    if holder.is_new(window.end_time, params):
        return True
    return not holder.customer.is_business and _was_quiet(window, params)


def _was_quiet(window: Window, params: FunnelAccountParams) -> bool:
    """Return whether nothing came in right before the span of an account seen before (Gathering.was_quiet)."""
    columns = window.columns
    end = int(columns.time_us[-1]) - span_us(params.span)
    begin = end - span_us(timedelta(days=params.history_days))
    if columns.time_us[0] > begin:
        return False
    return not np.count_nonzero(columns.is_credit[columns.n_until(begin) : columns.n_until(end)])


def may_gather_far_cash(window: Window, params: FunnelAccountParams) -> bool:
    """Return whether the deposits of the span are as many, and at as many places, as far ones must be."""
    span = window.columns.since(params.span)
    counted = span.is_deposit & (span.place != NULL_CODE) & (span.channel != int(Channel.ARMOURED_CAR))
    n = int(np.count_nonzero(counted))
    return params.min_far_credits <= n <= params.max_credits and (
        n_distinct(span.place[counted]) >= params.min_far_places
    )
