"""The plain form: many people who never sent anything before pay into one account, each once or twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from typologies.base.events import Kind
from typologies.base.window import Event
from typologies.funnel_account.gathering import Gathering, other_end
from typologies.funnel_account.params import FunnelAccountParams
from typologies.funnel_account.profile import Profile


@dataclass(frozen=True, slots=True)
class NewSenders:
    """Credits of the span by senders the account had nothing to do with."""

    credits: tuple[Event, ...]
    names: frozenset[str]


def new_senders(gathering: Gathering, params: FunnelAccountParams) -> NewSenders:
    """Return the one-off senders of the span. Cash has no sender: the other form looks at it."""
    known = {other_end(e) for e in gathering.earlier} | {other_end(e) for e in gathering.outs}
    found = [e for e in gathering.ins if e.kind is not Kind.CASH and _may_be_new(e, gathering, known)]
    times = Counter(e.counterparty for e in found)
    once = tuple(e for e in found if times[e.counterparty] <= params.max_credits_per_sender)
    return NewSenders(once, frozenset(e.counterparty for e in once if e.counterparty is not None))


def _may_be_new(event: Event, gathering: Gathering, known: set[str | None]) -> bool:
    name = event.counterparty
    is_own = event.party is not None and name == event.party
    return name is not None and name not in known and not is_own and not gathering.is_explained(event)


def gathers_from_strangers(
    gathering: Gathering, new: NewSenders, params: FunnelAccountParams, *, is_exit: bool
) -> bool:
    """Return whether new senders are enough, bring most of the inflow, and the account is no collecting business."""
    least = params.min_senders if is_exit else params.min_senders_without_exit
    onset = params.onset_percent if is_exit else params.onset_percent_without_exit
    return (
        len(new.names) >= least
        and len(gathering.leaving) <= params.max_debits
        and gathering.is_measurable
        and sum(map(gathering.is_strange, gathering.ins)) <= params.max_credits
        and gathering.reaches(new.credits)
        and gathering.is_share(new.credits, gathering.ins, params.new_sender_percent)
        and gathering.is_onset(gathering.ins, gathering.earlier_ins, onset)
        and not gathering.is_spent_ordinarily(new.credits)
    )


def payees(events: Sequence[Event]) -> frozenset[str]:
    """Return who was paid."""
    return frozenset(e.counterparty for e in events if e.counterparty is not None)


def is_narrow(gathering: Gathering, params: FunnelAccountParams) -> bool:
    """Return whether what leaves goes to few, for the number of credits: a business pays more people."""
    n_payees = len(payees(gathering.leaving))
    return 0 < n_payees <= params.max_payees and 2 * n_payees <= len(gathering.ins)


def signals(gathering: Gathering, new: NewSenders, profile: Profile, params: FunnelAccountParams) -> tuple[str, ...]:
    """Return the design signals of a gathering: codes of reasons."""
    found = []
    if similar(gathering, new, params):
        found.append("similar_amounts")
    if gathering.was_quiet:
        found.append("quiet_before")
    if profile.is_new(gathering.events[-1].time, params):
        found.append("new_account")
    return tuple(found)


def may_show_two_signals(gathering: Gathering, profile: Profile, params: FunnelAccountParams) -> bool:
    """Return whether gathering alone can be telling: a quiet past in sight, or a new account, never an old firm."""
    is_new = profile.is_new(gathering.events[-1].time, params)
    return is_new or (gathering.was_quiet and not profile.customer.is_business)


def similar(gathering: Gathering, new: NewSenders, params: FunnelAccountParams) -> tuple[Event, ...]:
    """Return the credits near the median sum if they are most of them, else nothing."""
    values = sorted(map(gathering.value, new.credits))
    if not values:
        return ()
    median = values[len(values) // 2]
    near = tuple(e for e in new.credits if 100 * abs(gathering.value(e) - median) <= params.similar_percent * median)
    return near if 100 * len(near) >= params.similar_share_percent * len(values) else ()


def is_well_known(gathering: Gathering, profile: Profile) -> bool:
    """Return whether "never seen before" can be trusted: the past is in sight, or it is a person's or a new account."""
    age = profile.age_days(gathering.events[-1].time)
    span = (gathering.events[-1].time - gathering.look_back_start).days
    return gathering.has_history or profile.is_personal or (age is not None and age <= span)
