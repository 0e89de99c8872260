"""The sentences of a finding: recorded facts only, sums are "suspected", nobody is called anything."""

from __future__ import annotations

from collections.abc import Sequence

from typologies.base.money import usd_text
from typologies.base.window import Event
from typologies.base.words import counted
from typologies.funnel_account.cash import FarCash
from typologies.funnel_account.gathering import Gathering, total_usd_cents
from typologies.funnel_account.profile import Profile
from typologies.funnel_account.senders import payees


def explanation(account: str, gathered: Sequence[Event], who: str, exits: Sequence[Event]) -> str:
    """Return who, what, when and where in three or four sentences."""
    first, last = gathered[0].time, gathered[-1].time
    when = f"between {first:%Y-%m-%d} and {last:%Y-%m-%d}"
    parts = [f"Account {account} took in {_sum(gathered)} {when}, {counted(len(gathered), 'credit')} {who}."]
    if exits:
        to = counted(len(payees(exits)), "payee")
        parts.append(f"{_sum(exits)} left by {counted(len(exits), 'debit')} to {to} soon after.")
    else:
        parts.append("It has not left quickly so far.")
    return " ".join([*parts, "The amounts are suspected; the holder may be unaware of it or a victim."])


def _sum(events: Sequence[Event]) -> str:
    cents = total_usd_cents(events)
    if cents is not None:
        return usd_text(cents)
    return f"sums in {', '.join(sorted({e.currency for e in events}))} without a USD rate"


def counter_evidence(gathering: Gathering, profile: Profile) -> tuple[str, ...]:
    """Return what speaks against the suspicion."""
    found = []
    if gathering.ordinary_outs:
        cents = total_usd_cents(gathering.ordinary_outs)
        worth = f" worth {usd_text(cents)}" if cents is not None else ""
        found.append(f"{counted(len(gathering.ordinary_outs), 'debit')}{worth} for wages, rent, suppliers or tax")
    if not gathering.has_history:
        days = gathering.params.history_days
        found.append(
            f"no entry older than {days} days before the span is known: that senders are new may be due to where the "
            "data begins"
        )
    age = profile.age_days(gathering.events[-1].time)
    if age is not None and age > 365:
        found.append(f"the account is {age // 365} years old")
    return tuple(found)


def look_alikes(gathering: Gathering, profile: Profile, *, is_cash: bool) -> tuple[str, ...]:
    """Return which lawful explanations were considered, and why they were not enough."""
    considered = []
    if is_cash:
        considered.append("franchise or firm with outlets: wages, rent and suppliers use up less than half of it")
        considered.append("armoured cars and the holder's own deposits are left out")
        if profile.customer.expected_cash_usd_cents is None:
            considered.append("cash that the customer announced: no expected cash is on file")
    else:
        considered.append("landlord, employer, member dues: whoever paid in the weeks before does not count as new")
        if profile.customer.holder_class is None:
            considered.append("merchant, charity, club, collecting agent: what the holder does is not on file")
    if not any(e.purpose is not None for e in gathering.outs):
        considered.append("what the debits are for is not stated")
    return tuple(considered)


def not_computed(
    gathering: Gathering, profile: Profile, exits: Sequence[Event], far: FarCash | None
) -> tuple[str, ...]:
    """Return the indicators that the data did not allow."""
    missing = []
    if far is None:
        missing.append("cash far from home (F14-1 to F14-7, F19-5): no such deposits with a known place in this window")
    else:
        if not far.is_home_stated:
            missing.append(f"distance from home: no home place on file, {far.home} is where most cash comes in")
        if not far.has_conductors:
            missing.append("people at the counter (F14-3): not every deposit names one")
        if exits and all(e.counterparty_country is None and e.place is None for e in exits):
            missing.append("area where the money leaves (F14-1, F14-6): the debits name neither country nor place")
        missing.append("payee and signature on cheques (F14-4): no such data")
    if profile.customer.opened_on is None:
        missing.append("account age (F14-2): no opening date on file")
    if profile.customer.expected_cash_usd_cents is None:
        missing.append("activity against the profile (F14-5): no expected cash on file")
    if total_usd_cents(gathering.ins) is None:
        missing.append("floors in USD and the amount: some entries have no rate")
    return tuple(missing)
