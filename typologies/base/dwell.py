"""How long money stays: outflow is matched with the oldest inflow that is not used up (first in, first out)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from typologies.base.events import Side
from typologies.base.window import Event


@dataclass(frozen=True, slots=True)
class Match:
    """A part of a credit that left with a debit; `value` in whatever unit the caller measures in."""

    credit: Event
    debit: Event
    value: int

    @property
    def dwell_us(self) -> int:
        """Time between the two, microseconds."""
        return self.debit.time_us - self.credit.time_us


def first_in_first_out(entries: Iterable[tuple[Event, int]]) -> list[Match]:
    """Return the matches of entries and their values (in order), fewer than there are entries.

    Outflow beyond what has come in by then has no match: it was paid from a balance.

    Examples
    --------
    100 in, 60 out, 60 out: matches of 60 and 40; 20 without one.
    """
    matches: list[Match] = []
    waiting: list[tuple[Event, int]] = []
    used = 0  # of the first one waiting
    head = 0
    for event, left in entries:
        if event.side is Side.CREDIT:
            waiting.append((event, left))
            continue
        while left > 0 and head < len(waiting):
            credit, brought = waiting[head]
            part = max(min(left, brought - used), 0)
            if part:
                matches.append(Match(credit, event, part))
            left -= part
            used += part
            if used >= brought:
                head += 1
                used = 0
    return matches


def median_match(matches: Iterable[Match]) -> Match | None:
    """Return the match at which half of the matched value has left as quickly or quicker; None without matches."""
    ordered = sorted(matches, key=lambda m: (m.dwell_us, m.credit.sort_key, m.debit.sort_key))
    whole = sum(m.value for m in ordered)
    seen = 0
    for match in ordered:
        seen += 2 * match.value
        if seen >= whole:
            return match
    return None
