"""The rules of the 72-hour modes. Each takes the same picture of the window and says whether it holds.

Cheap conditions that all modes share come first, so that a window that only brushed the screen costs little.
"""

from __future__ import annotations

from datetime import timedelta

from typologies.pass_through.params import PassThroughParams
from typologies.pass_through.passage import Passage, total_usd_cents
from typologies.pass_through.profile import Profile

RUNNING_POINTS = "running_points"
CASH_FAN_OUT = "cash_fan_out"
SAME_DAY = "same_day"
RAPID_MOVEMENT = "rapid_movement"
BEYOND_MEANS = "beyond_means"
RELAY = "relay"
TIGHT = frozenset({RUNNING_POINTS, SAME_DAY, RELAY})
"""Modes whose sums and speed are close enough to hold without a known past, once they are confirmed."""


def could_pass(passage: Passage, params: PassThroughParams) -> bool:
    """Return what every 72-hour mode needs: in and out, comparable, about equal, a beginning, no ordinary life."""
    return (
        bool(passage.ins)
        and max(len(passage.ins), len(passage.outs)) <= params.max_entries_per_side
        and passage.is_measurable
        and passage.is_covered
        and passage.is_out_in_between(params.out_in_percent_low, params.out_in_percent_high)
        and passage.is_onset(params.onset_percent)
        and not passage.lives_ordinarily()
    )


def matching_mode(passage: Passage, profile: Profile, params: PassThroughParams) -> str | None:
    """Return the most telling 72-hour mode that holds for a window that `could_pass`, None if none does."""
    is_fan = _is_fan(passage, params)
    if is_fan and _is_running_point(passage, params):
        return RUNNING_POINTS
    if is_fan and _is_cash_fan_out(passage, profile, params):
        return CASH_FAN_OUT
    if _is_same_day(passage, profile, params):
        return SAME_DAY
    if is_fan and _is_rapid(passage, profile, params):
        return RAPID_MOVEMENT
    if _is_relay(passage, profile, params):
        return RELAY
    return None


def _is_fan(passage: Passage, params: PassThroughParams) -> bool:
    return (
        len(passage.outs) >= params.min_counterparties
        and passage.reaches(params.min_inflow_usd_cents)
        and (len(passage.ins) >= params.min_counterparties or passage.reaches(params.cash_usd_cents))
    )


def _is_running_point(passage: Passage, params: PassThroughParams) -> bool:
    """Credits of several strangers, each on its way again within minutes."""
    return (
        len(passage.ins) >= params.min_counterparties
        and passage.median is not None
        and passage.median.dwell_us <= params.running_dwell_minutes * 60_000_000
        and passage.n_payers >= params.running_payers
        and passage.n_payees >= params.running_payees
        and passage.is_new_money
    )


def _is_cash_fan_out(passage: Passage, profile: Profile, params: PassThroughParams) -> bool:
    """Much cash in, then payments to many whom the account never paid."""
    cash = total_usd_cents(passage.cash_ins)
    return (
        bool(passage.cash_ins)
        and (cash is None or cash >= params.cash_usd_cents)
        and 100 * passage.total(passage.cash_ins) >= params.cash_percent * passage.inflow
        and is_well_known(passage, profile)
        and passage.n_payees >= params.min_counterparties
        and passage.goes_to_strangers
    )


def _is_same_day(passage: Passage, profile: Profile, params: PassThroughParams) -> bool:
    """Out equals in, and nearly nothing stays overnight: tight enough to need no history, except of a firm.

    A firm that holds money for its clients passes sums on to new people every week.
    """
    room = params.same_day_tolerance_percent
    return (
        min(len(passage.ins), len(passage.outs)) >= params.same_day_counterparties
        and passage.reaches(params.min_inflow_usd_cents)
        and passage.is_out_in_between(100 - room, 100 + room)
        and (not profile.customer.is_business or passage.was_quiet or is_young(passage, profile, params))
        and passage.has_gone_within(timedelta(hours=params.same_day_hours), params.same_day_percent)
        and min(passage.n_payers, passage.n_payees) >= params.same_day_counterparties
        and passage.is_new_money
    )


def _is_rapid(passage: Passage, profile: Profile, params: PassThroughParams) -> bool:
    """Many strangers in, many strangers out, on an account of which we know that this is new."""
    return (
        is_well_known(passage, profile)
        and min(passage.n_payers, passage.n_payees) >= params.min_counterparties
        and passage.is_new_money
    )


def is_well_known(passage: Passage, profile: Profile) -> bool:
    """Return whether "never seen before" can be trusted.

    In the first days of a feed every counterparty of every shop is new. Either entries from well before the span are
    there, or the account was opened within the look-back, or it is known to be a person's.
    """
    if passage.has_history or profile.is_personal:
        return True
    age = profile.age_days(passage.events[-1].time)
    return age is not None and timedelta(days=age) <= passage.events[-1].time - passage.look_back_start


def is_young(passage: Passage, profile: Profile, params: PassThroughParams) -> bool:
    """Return whether the account is known to be new."""
    age = profile.age_days(passage.events[-1].time)
    return age is not None and age <= params.new_account_days


def _is_relay(passage: Passage, profile: Profile, params: PassThroughParams) -> bool:
    """Few entries, nearly equal sums, nobody ever seen before, and signs of design."""
    room = params.relay_tolerance_percent
    return (
        max(len(passage.ins), len(passage.outs)) <= params.relay_entries
        and passage.reaches(params.relay_inflow_usd_cents)
        and passage.is_out_in_between(100 - room, 100 + room)
        and passage.is_onset(params.relay_onset_percent)
        # Everybody is new and comes once: a platform or a client who pays twice is a relation.
        and passage.n_payers == len(passage.ins)
        and passage.n_payees == len(passage.outs)
        and (not profile.customer.is_business or is_young(passage, profile, params))
        and len(relay_signals(passage, profile, params)) >= params.relay_signals
    )


def relay_signals(passage: Passage, profile: Profile, params: PassThroughParams) -> tuple[str, ...]:
    """Return the design signals of a relay: codes of reasons."""
    signals = []
    flows, whole = passage.native_flows, 100 * 10**passage.exponent
    if flows is not None and flows[0] == flows[1] and flows[0] % whole:
        signals.append("equal_to_the_last_unit")
    if min(passage.n_payers, passage.n_payees) >= 2 or max(passage.n_payers, passage.n_payees) >= 3:
        signals.append("gathers_or_scatters")
    if {e.currency for e in passage.ins}.isdisjoint({e.currency for e in passage.outs}):
        signals.append("changes_currency")
    if passage.median is not None and passage.median.dwell_us <= params.relay_dwell_hours * 3_600_000_000:
        signals.append("short_dwell")
    if passage.was_quiet or is_young(passage, profile, params):
        signals.append("new_or_woken")
    return tuple(signals)


def is_confirmed(passage: Passage, after: Passage, mode: str, profile: Profile, params: PassThroughParams) -> bool:
    """Return whether a passage of a tight mode still looks like one some time later.

    The first hours of a busy account, in a feed that has just begun, look like a passage too. Then either the same mode
    holds for all that has come and gone since, or hardly anything has.

    Parameters
    ----------
    passage
        What the mode was found in.
    after
        The same, with everything up to the confirmation.
    """
    if could_pass(after, params) and matching_mode(after, profile, params) == mode:
        return True
    if not after.is_measurable:
        return False
    more_in, more_out = after.inflow - after.total(passage.ins), after.outflow - after.total(passage.outs)
    limit = params.confirm_percent
    return 100 * more_in <= limit * after.total(passage.ins) and 100 * more_out <= limit * after.total(passage.outs)
