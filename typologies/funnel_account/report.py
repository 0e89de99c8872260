"""From a verdict to a finding: reasons with their figures and evidence."""

from __future__ import annotations

from collections.abc import Sequence

from typologies.base import figures
from typologies.base.figures import Figure
from typologies.base.findings import BASELINE, Cited, Finding, Reason, Severity, cite
from typologies.base.money import usd
from typologies.base.window import Event
from typologies.base.words import counted
from typologies.funnel_account.cash import FarCash, strangers
from typologies.funnel_account.exits import Exit
from typologies.funnel_account.flags import is_off_profile, red_flags
from typologies.funnel_account.gathering import Gathering
from typologies.funnel_account.places import Atlas
from typologies.funnel_account.profile import Profile
from typologies.funnel_account.senders import NewSenders, similar
from typologies.funnel_account.wording import counter_evidence, explanation, look_alikes, not_computed

WITH_EXIT = "with_exit"
GATHERING_ONLY = "gathering_only"

WEIGHTS = {
    "far_deposits": 5,
    "new_senders": 5,
    "quick_exit": 5,
    "far_places": 4,
    "unknown_depositors": 4,
    "new_money": 3,
    "few_payees": 3,
    "farthest": 2,
    "far_total": 2,
    "below_line": 2,
    "off_profile": 2,
    "similar_amounts": 2,
    "quiet_before": 2,
    "new_account": 2,
    "burst": 2,
    "dwell": 2,
    "confirmed": 1,
}
"""Relative weight of each reason (a judgement); the weights of one finding are scaled to add up to 1."""

Draft = tuple[str, str, Figure, str]
"""Code, sentence, figure, expectation."""


def report_cash(
    account: str, gathering: Gathering, far: FarCash, left: Exit, profile: Profile, atlas: Atlas, mode: str
) -> Finding:
    """Return the finding of the interstate form."""
    p = gathering.params
    exits = left.debits
    places = figures.distinct(far.credits, "place", "places")
    n_far = figures.count(far.credits)
    month = figures.total_usd(far.of_the_month)
    farthest = figures.stated(far.farthest_m // 1_000, "km", f"table place: from {far.home}")
    drafts: list[Draft] = [
        (
            "far_deposits",
            f"{n_far.value} cash deposits in {p.gather_days} days more than {p.far_km} km from {far.home}",
            n_far,
            f"< {p.min_far_credits}",
        ),
        ("far_places", f"they were made in {', '.join(sorted(far.places))}", places, f"< {p.min_far_places}"),
        (
            "farthest",
            f"the farthest lies {farthest.value} km from {far.home}",
            farthest,
            f"<= {p.far_km} km",
        ),
        (
            "far_total",
            f"{month.value:,.2f} dollars in cash came in far from home in {p.sum_days} days",
            month,
            f"< {p.min_total_usd_cents // 100}",
        ),
    ]
    unknown = strangers(gathering, far)
    brought = [e for e in far.credits if e.conductor in unknown]
    if brought:
        people = figures.distinct(brought, "conductor", "people")
        text = f"{counted(people.value, 'person', 'people')} with no earlier tie to the account brought it"
        drafts.append(("unknown_depositors", text, people, "the holder"))
    below = [e for e in far.credits if (e.amount_usd_cents or 0) < p.line_usd_cents]
    if below:
        part = figures.share_of_count(below, far.credits)
        text = f"{part.value} percent of these deposits are below {p.line_usd_cents // 100:,} dollars"
        drafts.append(("below_line", text, part, "no line avoided"))
    if is_off_profile(far, profile, p) and profile.customer.expected_cash_usd_cents:
        drafts.append(_off_profile(month, profile, gathering))
    if far.deposits_before:
        drafts.append(_burst(far.deposits, far.deposits_before, "cash", p.cash_onset_percent, gathering))
    drafts += _common(gathering, left, profile, mode)
    others = [e for e in gathering.ins if e not in far.credits]
    evidence = [*cite(far.credits, "deposit"), *cite(others, "in"), *cite(exits, "out")]
    who = f"in cash at {len(far.places)} places far from {far.home}"
    return Finding(
        explanation=explanation(account, far.credits, who, exits),
        reasons=_scaled(drafts),
        evidence=_with_baseline(evidence, gathering),
        severity=_cash_severity(gathering, far, profile, mode),
        red_flags=red_flags(gathering, far, exits, profile, atlas),
        mode=mode,
        principal=("deposit",),
        counter_evidence=counter_evidence(gathering, profile),
        look_alikes=look_alikes(gathering, profile, is_cash=True),
        not_computed=not_computed(gathering, profile, exits, far),
    )


def report_senders(
    account: str,
    gathering: Gathering,
    new: NewSenders,
    left: Exit,
    signals: Sequence[str],
    profile: Profile,
    mode: str,
    after: Sequence[Event] | None = None,
) -> Finding:
    """Return the finding of the plain form.

    Parameters
    ----------
    signals
        Codes of the design signals that were found.
    after
        Entries between the exit and its confirmation; None: it needed none.
    """
    p = gathering.params
    exits = left.debits
    n_senders = figures.distinct(new.credits, "counterparty", "senders")
    fresh = share(new.credits, gathering.ins)
    least = p.min_senders if mode == WITH_EXIT else p.min_senders_without_exit
    drafts: list[Draft] = [
        (
            "new_senders",
            f"{n_senders.value} senders not seen in {p.look_back_days} days paid in within {p.gather_days} days",
            n_senders,
            f"< {least}",
        ),
        (
            "new_money",
            f"they brought {fresh.value} percent of what came in",
            fresh,
            f"< {p.new_sender_percent} percent",
        ),
    ]
    if exits:
        to = figures.distinct(exits, "counterparty", "payees")
        drafts.append(
            ("few_payees", f"it went on to {counted(to.value, 'payee')}", to, f"> {p.max_payees} or half the senders")
        )
    if "similar_amounts" in signals:
        part = figures.share_of_count(similar(gathering, new, p), new.credits)
        text = f"{part.value} percent of the sums lie within {p.similar_percent} percent of their median"
        drafts.append(("similar_amounts", text, part, f"< {p.similar_share_percent} percent"))
    if "quiet_before" in signals:
        last = gathering.earlier[-1]
        quiet = figures.hours_between(last, gathering.ins[0])
        text = f"no credit had come in the {p.history_days} days before; the last entry is of {last.time:%Y-%m-%d}"
        drafts.append(("quiet_before", text, quiet, "credits as usual"))
    if gathering.earlier_ins:
        onset = p.onset_percent if mode == WITH_EXIT else p.onset_percent_without_exit
        drafts.append(_burst(gathering.ins, gathering.earlier_ins, "credits", onset, gathering))
    if after is not None:
        figure = figures.count(after)
        followed = f"{counted(figure.value, 'entry', 'entries')} followed in {p.confirm_hours} hours"
        text = f"{followed}: no busy account began here"
        drafts.append(("confirmed", text, figure, "a busy account"))
    drafts += _common(gathering, left, profile, mode)
    most = Severity.HIGH if mode == WITH_EXIT else Severity.MEDIUM
    others = [e for e in gathering.ins if e not in new.credits]
    evidence = [*cite(new.credits, "in"), *cite(others, "other_in"), *cite(exits, "out")]
    return Finding(
        explanation=explanation(account, new.credits, f"from {len(new.names)} senders never seen before", exits),
        reasons=_scaled(drafts),
        evidence=(*_with_baseline(evidence, gathering), *cite(after or (), BASELINE)),
        severity=Severity(min(most, Severity.LOW + len(signals))),
        mode=mode,
        principal=("in",),
        counter_evidence=counter_evidence(gathering, profile),
        look_alikes=look_alikes(gathering, profile, is_cash=False),
        not_computed=not_computed(gathering, profile, exits, None),
    )


def share(part: Sequence[Event], whole: Sequence[Event]) -> Figure:
    """Return a share by amount where all is in one currency, else by USD value."""
    if len({e.currency for e in (*part, *whole)}) <= 1:
        return figures.share_of_amount(part, whole)
    return figures.share_of_usd(part, whole)


def _common(gathering: Gathering, left: Exit, profile: Profile, mode: str) -> list[Draft]:
    """Return the reasons that both forms share: exit, dwell, age."""
    p = gathering.params
    drafts: list[Draft] = []
    if mode == WITH_EXIT:
        part = share(left.debits, left.due)
        text = f"of what was there for {p.exit_hours} hours or has moved, {part.value} percent has left in that time"
        drafts.append(("quick_exit", text, part, f"< {p.exit_percent} percent"))
        if left.median is not None:
            hours = figures.hours_between(left.median.credit, left.median.debit)
            text = f"half of what left had stayed for at most {hours.value} hours"
            drafts.append(("dwell", text, hours, f"> {p.exit_hours} hours"))
    age = profile.age_days(gathering.events[-1].time)
    if age is not None and age <= p.new_account_days:
        figure = figures.stated(age, "days", profile.source)
        drafts.append(("new_account", f"the account was {age} days old", figure, f"> {p.new_account_days} days"))
    return drafts


def _burst(now: Sequence[Event], before: Sequence[Event], what: str, least: int, gathering: Gathering) -> Draft:
    p = gathering.params
    part = share(now, (*before, *now))
    text = f"{part.value} percent of the {what} of {p.look_back_days} days came within {p.gather_days} days"
    return "burst", text, part, f"< {least} percent"


def _off_profile(month: Figure, profile: Profile, gathering: Gathering) -> Draft:
    expected = usd(profile.customer.expected_cash_usd_cents or 0)
    source = f"expected monthly cash, from {profile.source}"
    multiple = figures.times(month, expected, "times expected cash", source)
    text = f"the cash is {multiple.value} times what the customer said to expect in a month"
    return "off_profile", text, multiple, f"< {gathering.params.off_profile_multiple} times"


def _scaled(drafts: Sequence[Draft]) -> tuple[Reason, ...]:
    whole = sum(WEIGHTS[code] for code, *_ in drafts)
    return tuple(Reason(c, text, seen, expected, round(WEIGHTS[c] / whole, 3)) for c, text, seen, expected in drafts)


def _with_baseline(evidence: Sequence[Cited], gathering: Gathering) -> tuple[Cited, ...]:
    """Return the evidence, and everything else in the window as baseline: it decided who is new and what began."""
    named = {item.event for item in evidence}
    return (*evidence, *cite((e for e in gathering.events if e not in named), BASELINE))


def _cash_severity(gathering: Gathering, far: FarCash, profile: Profile, mode: str) -> Severity:
    """Return high for an exit of what strangers brought or of a new account, medium for an exit, else low to medium."""
    p = gathering.params
    is_grave = len(strangers(gathering, far)) >= p.min_depositors or profile.is_new(gathering.events[-1].time, p)
    if mode == WITH_EXIT:
        return Severity.HIGH if is_grave else Severity.MEDIUM
    return Severity.MEDIUM if is_grave else Severity.LOW
