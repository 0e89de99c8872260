"""What makes much cash unusual: who brings it, for whom, how new the account is, what was announced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from typologies.base import figures
from typologies.base.business_days import day_of
from typologies.base.customer import Customer
from typologies.base.events import Side
from typologies.base.findings import Reason
from typologies.base.money import usd_text
from typologies.base.window import DaySum, Event, Window
from typologies.base.words import counted
from typologies.bulk_cash.params import BulkCashParams
from typologies.bulk_cash.placement import Placement, is_cash_in, total

THIRD_PARTY = "conductor_not_holder"
YOUNG = "young_account"
BRANCHES = "branches_same_day"
OFF_PROFILE = "off_profile"
OTHER_CONDUCTOR = "report_names_another"

ALONE = frozenset({OFF_PROFILE, OTHER_CONDUCTOR})
"""Signals that are enough alone: announced cash exceeded many times, or a report with a wrong conductor."""

MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign and the deposits that carry it."""

    reason: Reason
    deposits: tuple[Event, ...]

    @property
    def code(self) -> str:
        """Reason code."""
        return self.reason.code


def signals(placement: Placement, window: Window, holder: Customer, params: BulkCashParams) -> list[Signal]:
    """Return every sign that the placement shows."""
    found = [
        _third_party(placement, window, holder, params),
        _branches(placement),
        _other_conductor(placement),
    ]
    if window.role == "account":
        found += [_young(placement, holder, params), _off_profile(placement, window, holder, params)]
    return [signal for signal in found if signal is not None]


def _third_party(placement: Placement, window: Window, holder: Customer, params: BulkCashParams) -> Signal | None:
    """Somebody who is not the holder and has not paid in for this holder on earlier days."""
    if window.is_collapsed:
        return None
    by_person = window.role == "conductor"
    faces: dict[str | None, set[date]] = {}
    for event in placement.baseline.deposits:
        faces.setdefault(event.on_behalf_of if by_person else event.conductor, set()).add(day_of(event))
    strangers: list[Event] = []
    for event in placement.deposits:
        owners = owners_of(event, holder)
        if event.conductor is None or not owners or event.conductor in owners:
            continue
        if len(faces.get(event.on_behalf_of if by_person else event.conductor, ())) < params.familiar_days:
            strangers.append(event)
    if by_person:
        figure = figures.distinct(strangers, "on_behalf_of", "holders")
        if figure.value < params.min_holders:
            return None
        text = (
            f"One person paid in for {figure.value} holders, is none of them, "
            f"and did so for each on fewer than {params.familiar_days} earlier days."
        )
        return Signal(Reason(THIRD_PARTY, text, figure, f"< {params.min_holders} holders", 0.4), tuple(strangers))
    if not strangers:
        return None
    figure = figures.distinct(strangers, "conductor", "conductors")
    text = (
        f"{usd_text(total(strangers))} came from {counted(figure.value, 'person', 'people')} other than the holder, "
        f"known here from fewer than {params.familiar_days} earlier days."
    )
    weight = _rising(0.4, total(strangers) * 10 // params.day_usd_cents)
    return Signal(Reason(THIRD_PARTY, text, figure, "0 conductors unknown to the account", weight), tuple(strangers))


def owners_of(event: Event, holder: Customer) -> frozenset[str]:
    """Return who may pay in as the holder, as far as known: the holders on file and the party on the entry."""
    party = event.party
    return frozenset(holder.holders) | (frozenset() if party is None else frozenset({party}))


def _branches(placement: Placement) -> Signal | None:
    figure = figures.distinct(placement.deposits, "branch", "branches")
    if figure.value < 2:
        return None
    text = f"The cash of one day went to {figure.value} branches."
    weight = _rising(0.3, int(figure.value) * 10)
    return Signal(Reason(BRANCHES, text, figure, "1 branch on a day", weight), placement.deposits)


def _other_conductor(placement: Placement) -> Signal | None:
    wrong = tuple(
        event
        for event in placement.deposits
        if event.conductor is not None and event.ctr_conductor not in (None, event.conductor)
    )
    if not wrong:
        return None
    figure = figures.count(wrong)
    text = f"The reports on {counted(len(wrong), 'deposit')} name somebody else than the person who paid in."
    weight = _rising(0.6, len(wrong) * 10)
    return Signal(Reason(OTHER_CONDUCTOR, text, figure, "0 reports with another conductor", weight), wrong)


def _young(placement: Placement, holder: Customer, params: BulkCashParams) -> Signal | None:
    opened, day = holder.opened_on, day_of(placement.last)
    if opened is None or not opened <= day < opened + timedelta(days=params.young_days):
        return None
    age = (day - opened).days
    figure = figures.stated(age, "days", f"account_profile, opened on {opened.isoformat()}, version {holder.version}")
    text = f"The account was opened on {opened.isoformat()}, {age} days before."
    return Signal(Reason(YOUNG, text, figure, f">= {params.young_days}", 0.3), ())


def _rising(base: float, tenths: int) -> float:
    """Return a weight that grows with what is shown, so that an episode keeps its fullest reason."""
    return round(base + 0.001 * min(tenths, 300), 3)


def month_of(window: Window, last: Event) -> tuple[list[Event], list[DaySum]]:
    """Return the cash paid in in the 30 days that end with a deposit: deposits, and sums of days above the row cap."""
    events = [e for e in window if is_cash_in(e) and e.sort_key <= last.sort_key and last.time - e.time < MONTH]
    first = (last.time - MONTH).date()
    return events, [s for s in window.day_sums if s.side is Side.CREDIT and s.day > first]


def is_on_profile(placement: Placement, window: Window, holder: Customer, params: BulkCashParams) -> bool:
    """Return whether the cash of 30 days keeps within what the customer announced."""
    expected = holder.expected_cash_usd_cents
    if expected is None:
        return False
    figure = figures.total_usd(*month_of(window, placement.last))
    return int(figure.value * 100) * 100 <= expected * params.on_profile_percent


def _off_profile(placement: Placement, window: Window, holder: Customer, params: BulkCashParams) -> Signal | None:
    expected = holder.expected_cash_usd_cents
    if expected is None:
        return None
    figure = figures.total_usd(*month_of(window, placement.last))
    limit = expected * params.off_profile_percent // 100
    if int(figure.value * 100) < limit:
        return None
    text = f"USD {figure.value:,.2f} in 30 days, while {usd_text(expected)} a month are expected."
    weight = _rising(0.5, int(figure.value * 100) * 10 // max(limit, 1))
    return Signal(Reason(OFF_PROFILE, text, figure, f"< {usd_text(limit)}", weight), placement.deposits)


def not_computed(deposits: Sequence[Event], holder: Customer, window: Window) -> tuple[str, ...]:
    """Return which signs the data did not allow."""
    gaps: list[str] = []

    def lack(attribute: str, events: Iterable[Event] = deposits) -> bool:
        return all(event.field(attribute) is None for event in events)

    if lack("conductor"):
        gaps.append("conductor against holder: no deposit names who stood at the counter")
    elif not any(owners_of(event, holder) for event in deposits):
        gaps.append("conductor against holder: neither entry nor profile names the holder")
    elif window.is_collapsed:
        gaps.append("conductor against holder: earlier days of this subject are there as sums only")
    if lack("branch"):
        gaps.append("branches on a day: no deposit names its branch")
    if lack("ctr_conductor"):
        gaps.append("report with another conductor: the source names nobody on its reports")
    if window.role == "account":
        if holder.opened_on is None:
            gaps.append("age of the account: no opening day on file")
        if holder.expected_cash_usd_cents is None:
            gaps.append("cash against profile: no expected cash on file")
    else:
        gaps.append("age of the accounts and cash against profile: seen from the accounts' own windows")
    undated = sum(event.business_date is None for event in deposits)
    if undated:
        gaps.append(f"business day: {undated} of {len(deposits)} deposits have none, the calendar day UTC stands in")
    unpriced = sum(event.amount_usd_cents is None for event in deposits)
    if unpriced:
        gaps.append(f"size: {unpriced} of {len(deposits)} deposits have no USD value and are not summed")
    return tuple(gaps)
