"""The sentences of a finding: recorded facts only, sums are "suspected", nobody is called anything."""

from __future__ import annotations

from collections.abc import Sequence

from typologies.base.money import usd_text
from typologies.base.window import Event
from typologies.base.words import counted
from typologies.pass_through import modes
from typologies.pass_through.params import PassThroughParams
from typologies.pass_through.passage import Passage, total_usd_cents
from typologies.pass_through.profile import Profile

LEAD = {
    modes.RUNNING_POINTS: "forwarded money within minutes of its arrival",
    modes.CASH_FAN_OUT: "turned cash into payments to many recipients",
    modes.SAME_DAY: "kept nothing overnight: out equals in",
    modes.RAPID_MOVEMENT: "passed on within days what many unrelated payers sent",
    modes.BEYOND_MEANS: "moved far more than the declared income explains",
    modes.RELAY: "relayed a sum nearly unchanged between parties it had nothing to do with",
}


def explanation(account: str, mode: str, ins: Sequence[Event], outs: Sequence[Event]) -> str:
    """Return who, what, when and why in three sentences."""
    times = sorted(e.time for e in (*ins, *outs))
    payers = len({e.counterparty for e in ins} - {None})
    payees = len({e.counterparty for e in outs} - {None})
    came = f"{_sum(ins)} came in by {counted(len(ins), 'credit')} from {counted(payers, 'payer')}"
    went = f"{_sum(outs)} went out by {counted(len(outs), 'debit')} to {counted(payees, 'payee')}"
    return (
        f"Account {account} {LEAD[mode]}. Between {times[0]:%Y-%m-%d %H:%M} and {times[-1]:%Y-%m-%d %H:%M} UTC "
        f"{came}; {went}. The amounts are suspected; the holder may be unaware of it or a victim."
    )


def _sum(events: Sequence[Event]) -> str:
    cents = total_usd_cents(events)
    if cents is not None:
        return usd_text(cents)
    totals: dict[str, int] = {}
    for event in events:
        totals[event.currency] = totals.get(event.currency, 0) + 1
    return " and ".join(f"{n} amounts in {code} without a USD rate" for code, n in sorted(totals.items()))


def counter_evidence(
    passage: Passage, outs: Sequence[Event], profile: Profile, params: PassThroughParams
) -> tuple[str, ...]:
    """Return what speaks against the suspicion."""
    found = []
    if passage.explained:
        cents = total_usd_cents(passage.explained)
        worth = f" worth {usd_text(cents)}" if cents is not None else ""
        found.append(
            f"{counted(len(passage.explained), 'entry', 'entries')}{worth} with an ordinary purpose or counterparty"
        )
    if not passage.has_history:
        found.append(
            f"no entry older than {params.history_days} days before the span is known: "
            "that everybody is new may be due to where the data begins"
        )
    age = profile.age_days(passage.events[-1].time)
    if age is not None and age > 365:
        found.append(f"the account is {age // 365} years old")
    if len({e.counterparty for e in outs}) == 1:
        found.append("all of it went to one recipient: the holder may move money between own accounts at other banks")
    return tuple(found)


def look_alikes(profile: Profile, *, is_stated: bool) -> tuple[str, ...]:
    """Return which lawful explanations were considered, and why they were not enough."""
    if not is_stated:
        return ("house move, client account, landlord, own transfer between banks: alike without purposes and classes",)
    considered = [
        "house move, tuition, tax, rent and card balances: no stated purpose or class of counterparty says so",
        "client or escrow account, landlord, platform worker: counterparties would be known or of such a class",
    ]
    if profile.customer.holder_class is None and profile.account_type is None:
        considered.append("what kind of account it is, is not on file")
    return tuple(considered)


def not_computed(passage: Passage, profile: Profile, ins: Sequence[Event], *, is_stated: bool) -> tuple[str, ...]:
    """Return the indicators that the data did not allow."""
    missing = ["residual balance: the feed has entries, no balances; the share that went out stands for it"]
    if not is_stated:
        missing.append("share of ordinary life (A003-7) and purpose (A003-6): the source has no purposes or classes")
    if profile.income_usd is None:
        missing.append("inflow against income (A003-1, A003-3, A003-4): no declared income in US dollars on file")
    if profile.opened_on is None:
        missing.append("account age: no opening date on file")
    if all(e.party is None for e in passage.events):
        missing.append("relation of holder and counterparties: the source names accounts, no parties")
    if total_usd_cents(ins) is None:
        missing.append("floors in USD and the amount: some entries have no rate")
    return tuple(missing)
