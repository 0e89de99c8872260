"""Mode `beyond_means`: over the whole look-back, far more passes than the holder's income explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from typologies.base.events import PartyClass, Rail, Side
from typologies.base.explained import explained_in, is_explained
from typologies.base.window import Event
from typologies.base.windowcolumns import WindowColumns, total
from typologies.pass_through.params import PassThroughParams
from typologies.pass_through.passage import is_own, total_usd_cents
from typologies.pass_through.profile import Profile

DAYS_OF_A_YEAR = 365
REGULAR_CREDITS = 3
"""Flag A003-1 speaks of regular incoming funds: three credits at least (a judgement)."""


@dataclass(frozen=True, slots=True)
class Means:
    """Money of the look-back that no stated purpose explains, against the declared income.

    Attributes
    ----------
    ins, outs
        Unexplained credits and debits that are not between the holder's own accounts.
    all_ins, all_outs, explained
        All credits, debits and explained entries of the look-back.
    due_usd
        Declared income for as many days as the look-back has, above 0.
    """

    ins: tuple[Event, ...]
    outs: tuple[Event, ...]
    all_ins: tuple[Event, ...]
    all_outs: tuple[Event, ...]
    explained: tuple[Event, ...]
    due_usd: Decimal

    def reaches(self, multiple: int) -> bool:
        """Return whether the unexplained inflow is at least `multiple` times the income of the same time."""
        inflow = total_usd_cents(self.ins)
        return inflow is not None and len(self.ins) >= REGULAR_CREDITS and inflow >= multiple * 100 * self.due_usd


def means_of(events: Sequence[Event], profile: Profile, params: PassThroughParams) -> Means | None:
    """Return the means of the look-back, None without a declared income."""
    if profile.income_usd is None:
        return None
    all_ins = tuple(e for e in events if e.side is Side.CREDIT)
    all_outs = tuple(e for e in events if e.side is Side.DEBIT)
    explained = tuple(e for e in events if is_explained(e, params.family_limit_usd_cents))
    aside = {*explained, *(e for e in events if is_own(e))}
    return Means(
        ins=tuple(e for e in all_ins if e not in aside),
        outs=tuple(e for e in all_outs if e not in aside),
        all_ins=all_ins,
        all_outs=all_outs,
        explained=explained,
        due_usd=due_usd(profile.income_usd, params),
    )


def inflow_in_question(trigger: Event, columns: WindowColumns, params: PassThroughParams) -> int | None:
    """Return the unexplained inflow of the look-back in US cents, None unless it could be beyond somebody's means.

    The mode's conditions on sums, checked before any profile is read.
    """
    # Person to person: what keeps firms, which pay individuals all day, away from the judge.
    if trigger.rail is not Rail.P2P or trigger.counterparty_class is not PartyClass.INDIVIDUAL:
        return None
    if not columns.is_all_in_usd:
        return None
    cents, is_credit = columns.amount_usd_cents, columns.is_credit
    inflow, outflow = total(cents, is_credit), total(cents, columns.is_debit)
    if not params.means_out_percent_low * inflow <= 100 * outflow <= params.out_in_percent_high * inflow:
        return None
    unexplained = total(cents, is_credit & ~explained_in(columns, params.family_limit_usd_cents))
    holds = (
        unexplained >= params.means_inflow_usd_cents and 100 * unexplained >= params.means_unexplained_percent * inflow
    )
    return unexplained if holds else None


def due_usd(income_usd: Decimal, params: PassThroughParams) -> Decimal:
    """Return the part of a yearly income that falls to the look-back."""
    return income_usd * params.look_back_days / DAYS_OF_A_YEAR


def is_beyond_means(means: Means | None, params: PassThroughParams) -> bool:
    """Return whether the mode holds for a window with an `inflow_in_question`."""
    if means is None or not means.reaches(params.income_multiple):
        return False
    return len({e.counterparty for e in means.outs} - {None}) >= params.means_payees
