"""From a verdict to a finding: reasons with their figures, evidence, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence

from typologies.base import figures
from typologies.base.events import Side
from typologies.base.explained import says_what_it_is
from typologies.base.figures import Figure
from typologies.base.findings import BASELINE, Cited, Finding, Reason, Severity, cite
from typologies.base.window import Event
from typologies.base.words import counted
from typologies.pass_through import modes
from typologies.pass_through.flags import STUDY_MEMOS, Observed, red_flags
from typologies.pass_through.means import Means
from typologies.pass_through.params import PassThroughParams
from typologies.pass_through.passage import Passage, total_usd_cents
from typologies.pass_through.profile import Profile
from typologies.pass_through.wording import counter_evidence, explanation, look_alikes, not_computed

WEIGHTS = {
    "out_equals_in": 5,
    "beyond_income": 5,
    "cash_in": 4,
    "many_payers": 4,
    "many_payees": 4,
    "forwarded_quickly": 3,
    "first_seen": 3,
    "no_ordinary_life": 3,
    "equal_to_the_last_unit": 3,
    "burst": 2,
    "new_account": 2,
    "probe": 2,
    "study_memo": 2,
    "changes_currency": 2,
    "woken": 2,
    "confirmed": 1,
}
"""Relative weight of each reason (a judgement); the weights of one finding are scaled to add up to 1."""

Draft = tuple[str, str, Figure, str]
"""Code, sentence, figure, expectation."""


def report(
    account: str,
    passage: Passage,
    means: Means | None,
    profile: Profile,
    params: PassThroughParams,
    mode: str,
    after: Sequence[Event] | None = None,
) -> Finding:
    """Return the finding of a mode that holds.

    Parameters
    ----------
    means
        Look-back against income; required for `beyond_means`, else None where no income is declared.
    after
        Entries between the passage and its confirmation; None: it needed none.
    """
    is_means = mode == modes.BEYOND_MEANS and means is not None
    if is_means and means is not None:
        ins, outs, ordinary = means.ins, means.outs, means.explained
        entries: Sequence[Event] = (*passage.earlier, *passage.events)
        drafts = [_out_in(means.all_outs, means.all_ins, params.means_out_percent_low, params)]
    else:
        ins = tuple(e for e in passage.ins if not passage.is_explained(e))
        outs = tuple(e for e in passage.outs if not passage.is_explained(e))
        ordinary, entries = tuple(passage.explained), passage.events
        drafts = _passage_drafts(passage, profile, params, mode)
    is_beyond = means is not None and means.reaches(params.income_multiple)
    if is_beyond and means is not None:
        drafts.append(_beyond_income(means, profile, params))
    is_stated = 2 * sum(map(says_what_it_is, entries)) >= len(entries)
    life = share(ordinary, entries)
    lives_ordinarily = life.value >= params.ordinary_percent
    if is_stated and not lives_ordinarily:
        text = f"{life.value} percent of the money moved is wages, rent, bills, purchases or trade"
        drafts.append(("no_ordinary_life", text, life, f">= {params.ordinary_percent} percent"))
    if is_means:
        drafts.append(_many("many_payees", "recipients", outs, params.means_payees))
    drafts += _account_drafts(passage, ins, profile, params)
    if after is not None:
        followed = f"{counted(len(after), 'entry', 'entries')} followed in the {params.confirm_hours} hours after"
        text = f"{followed}: no busy account began here"
        drafts.append(("confirmed", text, figures.count(after), "a busy account"))
    observed = Observed(ins, outs, entries, is_beyond, is_stated, lives_ordinarily, mode)
    return Finding(
        explanation=explanation(account, mode, ins, outs),
        reasons=_scaled(drafts),
        evidence=(*_evidence(passage, means, ins, outs, ordinary, is_means=is_means), *cite(after or (), BASELINE)),
        severity=_severity(passage, profile, params, mode, is_beyond=is_beyond),
        red_flags=red_flags(observed, profile, params),
        mode=mode,
        principal=("in",),
        counter_evidence=counter_evidence(passage, outs, profile, params),
        look_alikes=look_alikes(profile, is_stated=is_stated),
        not_computed=not_computed(passage, profile, ins, is_stated=is_stated),
    )


def share(part: Sequence[Event], whole: Sequence[Event]) -> Figure:
    """Return a share by amount where all is in one currency, else by USD value."""
    if len({e.currency for e in (*part, *whole)}) <= 1:
        return figures.share_of_amount(part, whole)
    return figures.share_of_usd(part, whole)


def _out_in(outs: Sequence[Event], ins: Sequence[Event], low: int, params: PassThroughParams) -> Draft:
    figure = share(outs, ins)
    text = f"{figure.value} percent of what came in within {params.look_back_days} days went out again"
    return "out_equals_in", text, figure, f"outside {low} to {params.out_in_percent_high} percent"


def _many(code: str, who: str, events: Sequence[Event], least: int) -> Draft:
    figure = figures.distinct(events, "counterparty", who)
    text = f"{counted(figure.value, who.removesuffix('s'))} with no earlier tie to the account"
    return code, text, figure, f"< {least}"


def _passage_drafts(passage: Passage, profile: Profile, params: PassThroughParams, mode: str) -> list[Draft]:
    low, high = _band(mode, params, len(passage.currencies))
    ratio = share(passage.outs, passage.ins)
    text = f"{ratio.value} percent of what came in within {params.window_hours} hours went out in the same hours"
    drafts: list[Draft] = [("out_equals_in", text, ratio, f"outside {low} to {high} percent")]
    if passage.n_payers:
        drafts.append(_many("many_payers", "payers", passage.new_ins, _least(mode, params, params.running_payers)))
    drafts.append(_many("many_payees", "recipients", passage.new_outs, _least(mode, params, params.running_payees)))
    if mode == modes.CASH_FAN_OUT:
        cash = share(passage.cash_ins, passage.ins)
        drafts.append(
            ("cash_in", f"{cash.value} percent of the inflow was cash", cash, f"< {params.cash_percent} percent")
        )
    elif passage.new_ins:
        fresh = share(passage.new_ins, passage.ins)
        text = (
            f"{fresh.value} percent of the inflow came from payers not seen in the {params.look_back_days} days before"
        )
        drafts.append(("first_seen", text, fresh, f"< {params.first_seen_percent} percent"))
    if passage.median is not None:
        hours = figures.hours_between(passage.median.credit, passage.median.debit)
        minutes = passage.median.dwell_us // 60_000_000
        text = f"half of the money was on its way again within {minutes // 60} h {minutes % 60} min"
        drafts.append(("forwarded_quickly", text, hours, f"> {_longest_dwell(mode, params)} hours"))
    before = [e for e in passage.earlier if e.side is Side.CREDIT]
    if before and passage.inflow_comparable_with(before)[1]:
        part = share(passage.ins, (*before, *passage.ins))
        span = f"{params.look_back_days} days came within {params.window_hours} hours"
        text = f"{part.value} percent of the credits of {span}"
        drafts.append(("burst", text, part, f"< {params.onset_percent} percent"))
    if passage.probes:
        probes = figures.count(passage.probes)
        small = f"{counted(probes.value, 'credit')} of at most {params.probe_usd_cents // 100} dollars"
        text = f"{small} came before the first large one"
        drafts.append(("probe", text, probes, "0"))
    if mode == modes.RELAY:
        drafts += _relay_drafts(passage, profile, params)
    return drafts


def _relay_drafts(passage: Passage, profile: Profile, params: PassThroughParams) -> list[Draft]:
    signals = modes.relay_signals(passage, profile, params)
    drafts: list[Draft] = []
    if "equal_to_the_last_unit" in signals:
        ratio = share(passage.outs, passage.ins)
        drafts.append(
            ("equal_to_the_last_unit", "an odd sum went out to the last unit", ratio, "not exactly 100 percent")
        )
    if "changes_currency" in signals:
        codes = figures.distinct((*passage.ins, *passage.outs), "currency", "currencies")
        text = f"it came in {_codes(passage.ins)} and went out in {_codes(passage.outs)}"
        drafts.append(("changes_currency", text, codes, "1 currency"))
    if passage.was_quiet:
        last = passage.earlier[-1]
        quiet = figures.hours_between(last, passage.events[0])
        text = f"nothing had moved since {last.time:%Y-%m-%d}"
        drafts.append(("woken", text, quiet, f"< {24 * params.history_days} hours"))
    return drafts


def _codes(events: Sequence[Event]) -> str:
    return ", ".join(sorted({e.currency for e in events}))


def _band(mode: str, params: PassThroughParams, n_currencies: int) -> tuple[int, int]:
    spread = params.fx_allowance_percent if n_currencies > 1 else 0
    room = {modes.RELAY: params.relay_tolerance_percent, modes.SAME_DAY: params.same_day_tolerance_percent}.get(mode)
    if room is not None:
        return 100 - room - spread, 100 + room + spread
    return params.out_in_percent_low - spread, params.out_in_percent_high + spread


def _least(mode: str, params: PassThroughParams, running: int) -> int:
    """Return the least number of counterparties on one side; `running`: that of running points."""
    least = {modes.RELAY: 1, modes.SAME_DAY: params.same_day_counterparties, modes.RUNNING_POINTS: running}
    return least.get(mode, params.min_counterparties)


def _longest_dwell(mode: str, params: PassThroughParams) -> str:
    if mode == modes.RUNNING_POINTS:
        return f"{params.running_dwell_minutes / 60:.1f}"
    hours = {modes.RELAY: params.relay_dwell_hours, modes.SAME_DAY: params.same_day_hours}
    return str(hours.get(mode, params.window_hours))


def _beyond_income(means: Means, profile: Profile, params: PassThroughParams) -> Draft:
    received = figures.total_usd(means.ins)
    source = f"declared income for {params.look_back_days} days, from {profile.source}"
    multiple = figures.times(received, means.due_usd, "times declared income", source)
    text = f"the unexplained inflow of {params.look_back_days} days is {multiple.value} times the declared income"
    return "beyond_income", text, multiple, f"< {params.income_multiple} times"


def _account_drafts(passage: Passage, ins: Sequence[Event], profile: Profile, params: PassThroughParams) -> list[Draft]:
    drafts: list[Draft] = []
    age = profile.age_days(passage.events[-1].time)
    if age is not None and 0 <= age <= params.new_account_days:
        text = f"the account was {age} days old"
        drafts.append(
            ("new_account", text, figures.stated(age, "days", profile.source), f"> {params.new_account_days} days")
        )
    study = [e for e in ins if any(word in (e.memo or "").lower() for word in STUDY_MEMOS)]
    if study:
        text = f"{counted(len(study), 'credit')} marked as tuition or living expenses"
        drafts.append(("study_memo", text, figures.count(study), "a payment to a school"))
    return drafts


def _scaled(drafts: Sequence[Draft]) -> tuple[Reason, ...]:
    whole = sum(WEIGHTS[code] for code, *_ in drafts)
    return tuple(
        Reason(c, text, figure, expected, round(WEIGHTS[c] / whole, 3)) for c, text, figure, expected in drafts
    )


def _evidence(
    passage: Passage,
    means: Means | None,
    ins: Sequence[Event],
    outs: Sequence[Event],
    ordinary: Sequence[Event],
    *,
    is_means: bool,
) -> tuple[Cited, ...]:
    probes = set() if is_means else set(passage.probes)
    cited = [
        *cite((e for e in ins if e not in probes), "in"),
        *cite((e for e in ins if e in probes), "probe"),
        *cite(outs, "out"),
        *cite(ordinary, "ordinary"),
    ]
    named = {item.event for item in cited}
    if is_means and means is not None:
        rest = [e for e in (*means.all_ins, *means.all_outs) if e not in named]
    else:
        rest = passage.decisive_earlier()
    return (*cited, *cite(rest, BASELINE))


def _severity(passage: Passage, profile: Profile, params: PassThroughParams, mode: str, *, is_beyond: bool) -> Severity:
    """Return high for running points and cash fan-outs, low for relays, else medium; one step up for aggravation.

    Aggravating: inflow beyond the declared income (outside `beyond_means`), a new account, a large sum.
    """
    if mode in (modes.RUNNING_POINTS, modes.CASH_FAN_OUT):
        return Severity.HIGH
    age = profile.age_days(passage.events[-1].time)
    is_new = age is not None and age <= params.new_account_days
    inflow = total_usd_cents(passage.ins)
    is_large = inflow is not None and inflow >= params.large_inflow_usd_cents
    step = (is_beyond and mode != modes.BEYOND_MEANS) or is_new or is_large
    base = Severity.LOW if mode == modes.RELAY else Severity.MEDIUM
    return Severity(base + 1) if step else base
