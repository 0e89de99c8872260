"""Signs of design. A sum of deposits is no suspicion; at least one of these must come with it (reference, rule 8)."""

from __future__ import annotations

from dataclasses import dataclass

from typologies.base import figures
from typologies.base.events import Channel
from typologies.base.findings import Reason
from typologies.base.money import usd_text
from typologies.base.window import Event
from typologies.base.words import counted
from typologies.structuring.deposits import STILL_AVOIDING, DayStatus, known, largest_share, total
from typologies.structuring.examined import Examined, branches_side_by_side, is_at_counter
from typologies.structuring.lines import Line
from typologies.structuring.params import StructuringParams

NEAR_LINE = "near_line"
BRANCHES = "branches_same_day"
CONDUCTORS = "several_conductors"
REDUCED = "reduced_on_notice"
UNREPORTED = "unreported_day"

DIRECT = frozenset({REDUCED, UNREPORTED})
"""Signals that record the split itself: two deposits are enough."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign of design and the deposits that carry it."""

    reason: Reason
    deposits: tuple[Event, ...]

    @property
    def code(self) -> str:
        """Reason code."""
        return self.reason.code


def signals(examined: Examined, params: StructuringParams) -> list[Signal]:
    """Return every signal that the deposits show and that has enough deposits around it."""
    found: list[Signal | None] = []
    if examined.is_series:
        found += [_near_line(examined, params), _branches(examined, params), _conductors(examined, params)]
    found += [_reduced(examined, params), _unreported(examined)]
    return [signal for signal in found if signal is not None]


def _near_line(examined: Examined, params: StructuringParams) -> Signal | None:
    line, deposits = examined.line, examined.candidates
    near = [
        event
        for event in deposits
        if event.amount_usd_cents is not None and line.is_in_band(event.amount_usd_cents, params.near_percent)
    ]
    if not examined.is_near_all_along or len(near) * 100 < params.near_share_percent * len(deposits):
        return None
    low = usd_text(line.cents * params.near_percent // 100)
    reason = Reason(
        NEAR_LINE,
        f"{len(near)} of {len(deposits)} deposits lie between {low} and the line of {usd_text(line.cents)}.",
        figures.share_of_count(near, deposits),
        f"< {params.near_share_percent}.0",
        _rising(0.3, len(near)),
    )
    return Signal(reason, tuple(near))


def _branches(examined: Examined, params: StructuringParams) -> Signal | None:
    group = _telling_group(examined, "branch", branches_side_by_side(examined.role))
    if not group:
        return None
    figure = figures.distinct(group, "branch", "branches")
    text = (
        f"{len(group)} deposits, {usd_text(total(group))} together, went to {figure.value} branches "
        f"within {params.visit_hours} hours of one business day."
    )
    return Signal(Reason(BRANCHES, text, figure, "1 branch on a day", _rising(0.5, int(figure.value) - 2)), group)


def _conductors(examined: Examined, params: StructuringParams) -> Signal | None:
    """People who share the work: side by side on one day, or over days at branches of which none is the usual one."""
    if examined.role == "conductor":
        return None
    group = _telling_group(examined, "conductor", 2)
    if group:
        figure = figures.distinct(group, "conductor", "conductors")
        text = (
            f"{figure.value} people paid in {usd_text(total(group))} together "
            f"within {params.visit_hours} hours of one business day."
        )
        weight = _rising(0.4, int(figure.value) - 2)
        return Signal(Reason(CONDUCTORS, text, figure, "1 conductor on a day", weight), group)
    deposits = tuple(examined.candidates)
    most, with_branch = largest_share(deposits, "branch")
    if examined.is_trade or len(known(deposits, "conductor")) < 2:
        return None
    if with_branch < examined.least or most * 100 > params.roaming_share_percent * with_branch:
        return None
    figure = figures.distinct(deposits, "conductor", "conductors")
    text = (
        f"{figure.value} people paid in cash at {len(known(deposits, 'branch'))} branches, none of them the usual one."
    )
    return Signal(Reason(CONDUCTORS, text, figure, "1 conductor", _rising(0.4, int(figure.value) - 2)), deposits)


def _telling_group(examined: Examined, attribute: str, least: int) -> tuple[Event, ...]:
    """Return the side-by-side deposits with the most branches or people; empty if none have `least`.

    What may be the takings of a trade must add up to more than the line at several branches: only then did the split
    make a difference.
    """
    best: tuple[Event, ...] = ()
    for group in examined.side_by_side:
        values = len(known(group, attribute))
        if values < least or values <= len(known(best, attribute)):
            continue
        if examined.is_trade and not (examined.line.is_above(total(group)) and len(known(group, "branch")) > 1):
            continue
        best = group
    return best


def _reduced(examined: Examined, params: StructuringParams) -> Signal | None:
    """A sum cut at the counter on notice of the report, and what came back later; only a teller can give notice."""
    line = examined.line
    deposits = [event for day in examined.days if day.status in STILL_AVOIDING for event in day.deposits]
    deposits.sort(key=lambda event: event.sort_key)
    for i, cut in enumerate(deposits):
        if not _is_cut(cut, line, params):
            continue
        later = [event for event in deposits[i + 1 :] if _can_return(event, line, params)]
        if examined.trigger in later and line.is_above(total((cut, *later))):
            text = (
                f"A deposit was cut to {usd_text(cut.amount_usd_cents or 0)} after notice of the report; "
                f"{usd_text(total(later))} followed, together {usd_text(total((cut, *later)))}."
            )
            figure = figures.count([cut])
            reason = Reason(REDUCED, text, figure, "0 deposits cut on notice", _rising(0.75, len(later)))
            return Signal(reason, (cut, *later))
    return None


def _is_cut(event: Event, line: Line, params: StructuringParams) -> bool:
    """Return whether a teller gave notice and the customer then paid in just below the line."""
    if not event.reduced_on_notice or event.channel is not Channel.TELLER:
        return False
    cents = event.amount_usd_cents
    return cents is not None and line.is_in_band(cents, params.near_percent)


def _can_return(event: Event, line: Line, params: StructuringParams) -> bool:
    """Return whether a deposit can belong to a sum that was cut: not above the line, and not daily life."""
    cents = event.amount_usd_cents
    return cents is not None and line.is_in_band(cents, params.return_floor_percent)


def _unreported(examined: Examined) -> Signal | None:
    """A day above the line that was split and not reported; money of several holders is not one sum."""
    if examined.role == "conductor":
        return None
    split_days = {day.day: day for day in examined.days if day.status is DayStatus.SPLIT}
    for group in reversed(examined.side_by_side):
        day = split_days.get(examined.day_of(group[0]))
        deposits = tuple(event for event in group if is_at_counter(event))
        branches, people = len(known(deposits, "branch")), len(known(deposits, "conductor"))
        if day is None or max(branches, people) < 2 or not examined.line.is_above(total(deposits)):
            continue
        if not examined.is_series and examined.trigger not in deposits:
            continue
        text = (
            f"On business day {day.day.isoformat()} {len(deposits)} deposits "
            f"at {counted(branches, 'branch', 'branches')} by {counted(people, 'person', 'people')} "
            f"add up to {usd_text(total(deposits))}, and no report was filed."
        )
        reason = Reason(
            UNREPORTED,
            text,
            figures.total_usd(deposits),
            f"a report from {examined.line.text}",
            _rising(0.7, len(deposits) - 2),
        )
        return Signal(reason, deposits)
    return None


def _rising(base: float, more: int) -> float:
    """Return a weight that grows with what is shown, so that an episode keeps its fullest reason."""
    return round(base + 0.01 * min(more, 20), 2)
