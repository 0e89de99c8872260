"""From what was examined to the finding: reasons, evidence, severity, and what could not be computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from typologies.base import figures
from typologies.base.customer import Customer
from typologies.base.events import InstitutionType
from typologies.base.findings import BASELINE, Finding, Reason, Severity, cite
from typologies.base.money import usd_text
from typologies.base.window import Event
from typologies.base.words import counted
from typologies.structuring.deposits import known, total
from typologies.structuring.examined import Examined
from typologies.structuring.lines import Line
from typologies.structuring.look_alikes import Weighed
from typologies.structuring.signals import DIRECT, REDUCED, UNREPORTED

MODES = {REDUCED: "cut_on_notice", UNREPORTED: "unreported_day"}
SERIES = "series_below_line"

_WHOSE = {"on_behalf_of": "for this party", "conductor": "by this person", "account": "into this account"}


def explain(
    examined: Examined,
    weighed: Weighed,
    holder: Customer,
    unused_lines: Sequence[str],
) -> Finding:
    """Return the finding.

    Parameters
    ----------
    examined, weighed
        Deposits under the line, and the signals that lawful explanations left.
    holder
        What is on file.
    unused_lines
        Rows of the threshold table that the parameters exclude.
    """
    line, chosen = examined.line, weighed.signals
    carrying = {event for signal in chosen for event in signal.deposits}
    if examined.is_series:
        carrying |= set(examined.candidates)
    deposits = sorted(carrying, key=lambda event: event.sort_key)
    # Rhythm, home branch and number of deposits are read from the whole look-back: all of it is cited.
    others = [event for event in examined.window if event not in carrying]
    reasons = (_sum(deposits, line), _largest_day(deposits, line), *(signal.reason for signal in chosen))
    codes = [signal.code for signal in chosen]
    return Finding(
        explanation=_narrative(deposits, examined, [signal.reason.text for signal in chosen]),
        reasons=reasons,
        evidence=cite(deposits, "deposit") + cite(others, BASELINE),
        severity=severity(codes),
        red_flags=_red_flags(line),
        mode=next((MODES[code] for code in (REDUCED, UNREPORTED) if code in codes), SERIES),
        counter_evidence=weighed.counter_evidence,
        look_alikes=weighed.considered,
        not_computed=_not_computed(examined.look_back, holder, unused_lines),
    )


def severity(codes: Sequence[str]) -> Severity:
    """Return high for a recorded split or three signals, medium for two, low for one."""
    if any(code in DIRECT for code in codes) or len(codes) >= 3:
        return Severity.HIGH
    return Severity.MEDIUM if len(codes) == 2 else Severity.LOW


def _sum(deposits: Sequence[Event], line: Line) -> Reason:
    without = sum(event.amount_usd_cents is None for event in deposits)
    text = (
        f"{len(deposits)} deposits, each below the line, add up to {usd_text(total(deposits))}; "
        f"a report is due from {line.text} ({line.validity})."
    )
    if without:
        text += f" {without} more without a USD value are counted, not summed."
    weight = round(0.2 + 0.001 * min(total(deposits) * 10 // line.cents, 400), 3)
    return Reason("sum_above_line", text, figures.total_usd(deposits), f"not {line.text}", weight)


def _largest_day(deposits: Sequence[Event], line: Line) -> Reason:
    figure = figures.largest_day_usd(deposits)
    days = figures.n_days(deposits).value
    text = f"The deposits lie on {counted(days, 'business day')}; the largest day holds USD {figure.value:,.2f}."
    weight = round(0.1 + 0.001 * min(int(figure.value * 1_000) // line.cents, 100), 3)
    return Reason("largest_day", text, figure, f"a day of {line.text} would be reported", weight)


def _red_flags(line: Line) -> tuple[str, ...]:
    """F24-T4 is the avoidance of a reporting or recordkeeping line; F19-4 its form at a money transmitter."""
    is_transfer = line.institution == InstitutionType.MSB.name.lower() and line.instrument == "funds_transfer"
    return ("F19-4", "F24-T4") if is_transfer else ("F24-T4",)


def _narrative(deposits: Sequence[Event], examined: Examined, signal_texts: Iterable[str]) -> str:
    first, last = deposits[0].time, deposits[-1].time
    return (
        f"Suspected structuring: {len(deposits)} cash deposits {_WHOSE[examined.role]}, "
        f"{usd_text(total(deposits))} in all, between {first:%Y-%m-%d} and {last:%Y-%m-%d}, "
        f"each below the line of {usd_text(examined.line.cents)}. " + " ".join(signal_texts)
    )


def _not_computed(deposits: Sequence[Event], holder: Customer, unused_lines: Sequence[str]) -> tuple[str, ...]:
    gaps = []
    for attribute, indicator, lack in (
        ("branch", "branches on one day", "names its branch"),
        ("conductor", "several conductors", "names who stood at the counter"),
        ("reduced_on_notice", "sums cut on notice of the report", "says whether the sum tendered was cut"),
        ("ctr_filed", "days above the line without a report", "says whether a report was filed"),
    ):
        with_value = sum(event.field(attribute) is not None for event in deposits)
        if not with_value:
            gaps.append(f"{indicator}: no deposit {lack}")
        elif with_value < len(deposits) and attribute in ("branch", "conductor"):
            gaps.append(f"{indicator}: only {with_value} of {len(deposits)} deposits say it")
    undated = sum(event.business_date is None for event in deposits)
    if undated:
        gaps.append(f"business day: {undated} of {len(deposits)} deposits have none, the calendar day UTC stands in")
    unpriced = [event for event in deposits if event.amount_usd_cents is None]
    if unpriced:
        currencies = ", ".join(sorted(str(c) for c in known(unpriced, "currency")))
        gaps.append(f"size against the line: {len(unpriced)} deposits in {currencies} have no USD value")
    if not holder.is_on_file:
        gaps.append("expected cash, class and exemption of the subject: no profile")
    gaps += [f"line outside the parameters' range, not used: {text}" for text in unused_lines]
    return tuple(gaps)
