"""From a placement to the finding: reasons, evidence, severity, what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence

from typologies.base import figures
from typologies.base.customer import Customer
from typologies.base.findings import BASELINE, Finding, Reason, Severity, cite
from typologies.base.money import usd_text
from typologies.base.window import Window
from typologies.base.words import counted
from typologies.bulk_cash.exits import Exit
from typologies.bulk_cash.params import BulkCashParams
from typologies.bulk_cash.placement import Placement, total
from typologies.bulk_cash.signals import OTHER_CONDUCTOR, Signal, not_computed

LARGE_DAY = "large_day"
ABOVE_MEAN = "above_own_mean"


def explain(
    placement: Placement, found: Sequence[Signal], out: Exit, window: Window, holder: Customer, params: BulkCashParams
) -> Finding:
    """Return the finding of a placement with its signs and its exit."""
    reasons = [_large_day(placement, params)] if placement.is_large_day else []
    if placement.is_above_mean:
        reasons.append(_above_mean(placement, params))
    reasons += [signal.reason for signal in found]
    reasons += out.reasons
    carrying = {*placement.deposits, *out.payments}
    if placement.is_above_mean:
        carrying |= set(placement.of_24_hours)
    deposits = [event for event in window if event in carrying and event not in out.payments]
    # The mean, familiar faces and the month are read from the whole look-back: all of it is cited.
    others = [event for event in window if event not in carrying]
    return Finding(
        explanation=_narrative(placement, found, out, window),
        reasons=tuple(reasons),
        evidence=cite(deposits, "deposit") + cite(out.payments, "exit") + cite(others, BASELINE),
        severity=severity(placement, [signal.code for signal in found], params),
        red_flags=out.red_flags,
        mode=LARGE_DAY if placement.is_large_day else ABOVE_MEAN,
        principal=("deposit",),
        counter_evidence=_counter_evidence(placement, holder),
        look_alikes=_look_alikes(holder),
        not_computed=not_computed(placement.deposits, holder, window),
    )


def severity(placement: Placement, codes: Sequence[str], params: BulkCashParams) -> Severity:
    """Return high for a wrong name on a report, three signs or a case-sized sum; low below the absolute size."""
    if OTHER_CONDUCTOR in codes or len(codes) >= 3 or placement.total_usd_cents >= params.high_usd_cents:
        return Severity.HIGH
    return Severity.MEDIUM if placement.is_large_day else Severity.LOW


def _large_day(placement: Placement, params: BulkCashParams) -> Reason:
    figure = figures.total_usd(placement.deposits)
    n = len(placement.deposits)
    text = f"The cash of one business day, {counted(n, 'deposit')}, is USD {figure.value:,.2f}."
    weight = round(0.3 + 0.001 * min(placement.total_usd_cents * 10 // params.day_usd_cents, 300), 3)
    return Reason(LARGE_DAY, text, figure, f"< {usd_text(params.day_usd_cents)}", weight)


def _above_mean(placement: Placement, params: BulkCashParams) -> Reason:
    part, baseline = placement.of_24_hours, placement.baseline
    mean = baseline.total_usd_cents // baseline.n_days
    text = (
        f"{usd_text(total(part))} in 24 hours, while {baseline.n_days} earlier days with cash "
        f"have a mean of {usd_text(mean)}."
    )
    limit = f"{params.mean_percent / baseline.n_days:.1f}"
    if baseline.sums or not baseline.total_usd_cents:
        figure = figures.total_usd(part)
        return Reason(ABOVE_MEAN, text, figure, f"< {params.mean_percent} percent of {usd_text(mean)}", 0.3)
    figure = figures.share_of_usd(part, baseline.deposits)
    expected = f"< {limit} percent of the cash of {baseline.n_days} days ({params.mean_percent} percent of a mean day)"
    return Reason(ABOVE_MEAN, text, figure, expected, round(0.3 + 0.0001 * min(int(figure.value), 3_000), 4))


def _narrative(placement: Placement, found: Sequence[Signal], out: Exit, window: Window) -> str:
    whose = "by one person into several accounts" if window.role == "conductor" else "into one account"
    first, last = placement.deposits[0].time, placement.last.time
    texts = [signal.reason.text for signal in found] + [reason.text for reason in out.reasons]
    return (
        f"Suspected placement of bulk cash: {usd_text(placement.total_usd_cents)} "
        f"in {counted(len(placement.deposits), 'deposit')} {whose}, "
        f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC. " + " ".join(texts)
    )


def _counter_evidence(placement: Placement, holder: Customer) -> tuple[str, ...]:
    against: list[str] = []
    filed = sum(event.ctr_filed is True for event in placement.deposits)
    if filed:
        against.append(f"A report was filed on {filed} of {counted(len(placement.deposits), 'deposit')}.")
    if holder.is_business:
        against.append(f"The holder is a business ({holder.holder_class}).")
    if placement.is_large_day and not placement.is_above_mean and placement.baseline.n_days:
        mean = placement.baseline.total_usd_cents // placement.baseline.n_days
        against.append(f"{placement.baseline.n_days} earlier days with cash have a mean of {usd_text(mean)}.")
    return tuple(against)


def _look_alikes(holder: Customer) -> tuple[str, ...]:
    expected = holder.expected_cash_usd_cents
    if expected is None:
        return ("A trade with much cash (supermarket, car dealer, casino): no expected cash is on file.",)
    return (f"A trade with much cash: the expected {usd_text(expected)} a month are exceeded.",)
