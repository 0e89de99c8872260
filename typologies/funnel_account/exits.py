"""How much of what gathered has left soon after it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from typologies.base.dwell import Match, first_in_first_out, median_match
from typologies.base.window import Event, span_us
from typologies.funnel_account.gathering import Gathering


@dataclass(frozen=True, slots=True)
class Exit:
    """Money that gathered and left.

    Attributes
    ----------
    debits
        Debits without an ordinary purpose of which at least half is money that gathered shortly before.
    due
        The credits that could have left by now: whose time is up, or which have left for at least half.
    median
        The match with the median dwell; None if nothing left.
    """

    debits: tuple[Event, ...]
    due: tuple[Event, ...]
    median: Match | None


NO_EXIT = Exit((), (), None)


def quick_exit(gathering: Gathering, gathered: Sequence[Event], now_us: int) -> Exit:
    """Return what has left of `gathered` (credits of the span, in order), first in, first out, by `now_us`."""
    flows = sorted((*gathered, *gathering.leaving), key=lambda e: e.sort_key)
    limit = span_us(timedelta(hours=gathering.params.exit_hours))
    matches = [m for m in first_in_first_out((e, gathering.value(e)) for e in flows) if m.dwell_us <= limit]
    gone: Counter[Event] = Counter()
    for match in matches:
        gone[match.credit] += match.value
        gone[match.debit] += match.value

    def has_moved(event: Event) -> bool:
        return 2 * gone[event] >= gathering.value(event) > 0

    return Exit(
        debits=tuple(e for e in gathering.leaving if has_moved(e)),
        due=tuple(e for e in gathered if has_moved(e) or e.time_us <= now_us - limit),
        median=median_match(matches),
    )


def is_quick_exit(gathering: Gathering, gathered: Sequence[Event], found: Exit) -> bool:
    """Return whether enough of what was due has left, and enough of everything."""
    params = gathering.params
    return (
        bool(found.debits)
        and gathering.is_share(found.debits, found.due, params.exit_percent)
        and gathering.is_share(found.debits, gathered, params.exit_floor_percent)
    )
