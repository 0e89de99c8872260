"""Whether a window can hold a 72-hour mode at all, from its columns: necessary conditions that end most judgements.

What these let through, `modes` decides on events. Values are only compared where every USD value of the short span is
known; what cannot be told here passes.
"""

from __future__ import annotations

import numpy as np

from typologies.base.events import NULL_CODE
from typologies.base.explained import explained_in
from typologies.base.lazy import lazy
from typologies.base.window import Window, span_us
from typologies.base.windowcolumns import (
    DAY_US,
    BoolArray,
    Int64Array,
    IntArray,
    WindowColumns,
    codes_of,
    n_distinct,
    total,
)
from typologies.pass_through.params import PassThroughParams
from typologies.pass_through.profile import Profile

HOUR_US = 3_600_000_000
_EXACT = 1 << 62
"""Sums below this can be built up in 64 bits."""


class Glance:
    """The short span of a window, and the columns of all of it.

    Parameters
    ----------
    window
        A window whose last event is the trigger.
    params
        Parameters.
    """

    def __init__(self, window: Window, params: PassThroughParams) -> None:
        self._params = params
        self._window = window
        self._span = window.columns.since(params.window)
        self._n_in = int(np.count_nonzero(self._span.is_credit))
        self._n_out = int(np.count_nonzero(self._span.is_debit))

    @lazy
    def _before(self) -> WindowColumns:
        columns = self._window.columns
        return columns.part(0, len(columns) - len(self._span))

    @lazy
    def _inflow(self) -> int:
        return total(self._span.usd_or_zero, self._span.is_credit)

    @lazy
    def _outflow(self) -> int:
        return total(self._span.usd_or_zero, self._span.is_debit)

    @lazy
    def _explained(self) -> BoolArray:
        return explained_in(self._span, self._params.family_limit_usd_cents)

    @property
    def is_busy(self) -> bool:
        """Whether there are more entries on a side than any mode looks at."""
        return max(self._n_in, self._n_out) > self._params.max_entries_per_side

    @lazy
    def may_pass(self) -> bool:
        """Whether `modes.could_pass` may hold."""
        p, span = self._params, self._span
        if self._n_in == 0 or self.is_busy:
            return False
        if not span.is_all_in_usd:
            return True
        return (
            self._is_between(p.out_in_percent_low, p.out_in_percent_high)
            and self._is_covered()
            and self._is_onset(p.onset_percent)
            and 100 * total(span.amount_usd_cents, self._explained)
            < p.ordinary_percent * (self._inflow + self._outflow)
        )

    def may_match(self, profile: Profile) -> bool:
        """Return whether `modes.matching_mode` may find one, for a span that `may_pass`."""
        p = self._params
        is_fan = (
            self._n_out >= p.min_counterparties
            and self._reaches(p.min_inflow_usd_cents)
            and (self._n_in >= p.min_counterparties or self._reaches(p.cash_usd_cents))
        )
        room = p.same_day_tolerance_percent
        is_same_day = (
            min(self._n_in, self._n_out) >= p.same_day_counterparties
            and self._reaches(p.min_inflow_usd_cents)
            and self._is_between(100 - room, 100 + room)
        )
        room = p.relay_tolerance_percent
        is_relay = (
            max(self._n_in, self._n_out) <= p.relay_entries
            and self._reaches(p.relay_inflow_usd_cents)
            and self._is_between(100 - room, 100 + room)
            and self._is_onset(p.relay_onset_percent)
        )
        if is_fan and not self._is_well_known(profile):
            # Then a fan is one only if it is a running point.
            running = p.running_dwell_minutes * 60_000_000
            is_fan = self._n_in >= p.min_counterparties and self._has_gone_within(running, 50, self._gone)
        if is_same_day:
            is_same_day = self._has_gone_within(p.same_day_hours * HOUR_US, p.same_day_percent, self._inflow)
        if not (is_fan or is_same_day or is_relay):
            return False
        return self._may_be_strangers(is_fan=is_fan, is_same_day=is_same_day, is_relay=is_relay)

    def _may_be_strangers(self, *, is_fan: bool, is_same_day: bool, is_relay: bool) -> bool:
        """Return whether enough people on both sides are new, for one of the modes that are left."""
        p, span = self._params, self._span
        is_new = self._is_unrelated()
        ins = span.is_credit & is_new & ((span.amount_usd_cents > p.probe_usd_cents) | ~span.has_usd)
        outs = span.is_debit & is_new
        n_payers, n_payees = n_distinct(span.counterparty[ins]), n_distinct(span.counterparty[outs])
        if is_relay and n_payers == self._n_in and n_payees == self._n_out:
            return True
        if not self._is_share(outs, self._outflow):
            return False
        if is_fan and n_payees >= p.min_counterparties and np.count_nonzero(span.is_deposit):
            return True
        if not self._is_share(ins, self._inflow):
            return False
        both = min(n_payers, n_payees)
        is_running = n_payers >= p.running_payers and n_payees >= p.running_payees
        return (is_fan and (is_running or both >= p.min_counterparties)) or (
            is_same_day and both >= p.same_day_counterparties
        )

    def _is_well_known(self, profile: Profile) -> bool:
        """Return `modes.is_well_known`."""
        if profile.is_personal:
            return True
        end = self._window.end
        if (
            int(self._window.columns.time_us[0])
            <= end - span_us(self._params.window) - self._params.history_days * DAY_US
        ):
            return True
        age = profile.age_days(self._window.end_time)
        return age is not None and age * DAY_US <= end - self._window.start

    def _is_unrelated(self) -> BoolArray:
        """Return which entries of the span are with somebody new, not the holder, and not explained (Passage.known)."""
        span = self._span
        here = _other_end(span)
        known = codes_of(_other_end(self._before)) | (codes_of(here[span.is_credit]) & codes_of(here[span.is_debit]))
        known.add(NULL_CODE)
        is_known = np.array([name in known for name in here.tolist()], np.bool_)
        is_own: BoolArray = (span.counterparty == span.party) & (span.party != NULL_CODE)
        is_set_aside: BoolArray = is_known | is_own | self._explained
        return ~is_set_aside

    def _is_share(self, part: BoolArray, whole: int) -> bool:
        if not self._span.is_all_in_usd:
            return True
        return 100 * total(self._span.amount_usd_cents, part) >= self._params.first_seen_percent * whole

    def _reaches(self, floor_usd_cents: int) -> bool:
        span = self._span
        return self._inflow >= floor_usd_cents or bool(np.count_nonzero(span.is_credit & ~span.has_usd))

    def _is_between(self, low: int, high: int) -> bool:
        if not self._span.is_all_in_usd:
            return True
        room = self._params.fx_allowance_percent
        inflow, outflow = self._inflow, self._outflow
        return inflow > 0 and (low - room) * inflow <= 100 * outflow <= (high + room) * inflow

    def _is_onset(self, percent: int) -> bool:
        span, before = self._span, self._before
        if not (span.is_all_in_usd and before.is_all_in_usd):
            return True
        more = total(before.amount_usd_cents, before.is_credit)
        return 100 * self._inflow >= percent * (self._inflow + more)

    @lazy
    def _is_exact(self) -> bool:
        return self._span.is_all_in_usd and self._inflow + self._outflow < _EXACT

    @lazy
    def _flows(self) -> tuple[Int64Array, Int64Array]:
        """(n,) each: what has come in up to an entry, and what of it has left (not what an older balance paid)."""
        cents, is_credit = self._span.amount_usd_cents, self._span.is_credit
        came = (cents * is_credit).cumsum()
        paid = cents.cumsum() - came
        # What was paid although it had not come in is how far the balance fell below where it began.
        return came, paid + np.minimum.accumulate(np.minimum(came - paid, 0))

    @lazy
    def _gone(self) -> int:
        """Outflow that had come in in the span."""
        return int(self._flows[1][-1])

    def _is_covered(self) -> bool:
        """Return whether enough of the outflow had come in before (passage.Passage.is_covered)."""
        return not self._is_exact or 100 * self._gone >= self._params.covered_percent * self._outflow

    def _has_gone_within(self, limit_us: int, percent: int, whole: int) -> bool:
        """Return whether what left within some time of coming in, first in, first out, is `percent` of `whole`."""
        if not self._is_exact:
            return True
        came, gone = self._flows
        # Each part of the money lies between two edges; it came when `came` reached the upper one, and left likewise.
        edges = np.sort(np.concatenate((came, gone)))
        edges = edges[: edges.searchsorted(self._gone, "right")]
        times = self._span.time_us
        dwell = times[gone.searchsorted(edges)] - times[came.searchsorted(edges)]
        parts = edges.copy()
        parts[1:] -= edges[:-1]
        return 100 * total(parts, dwell <= limit_us) >= percent * whole


def _other_end(columns: WindowColumns) -> IntArray:
    """Return who is on the other side (passage.other_end): for cash the person at the counter, if not the holder."""
    is_cash = columns.is_cash
    if not np.count_nonzero(is_cash):
        return columns.counterparty
    person = np.where(columns.conductor == columns.party, NULL_CODE, columns.conductor)
    return np.where(is_cash, person, columns.counterparty)
