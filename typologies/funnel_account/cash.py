"""The interstate form: cash in at several places far from home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from typologies.base.events import Channel, Kind, Side
from typologies.base.window import Event
from typologies.funnel_account.gathering import Gathering
from typologies.funnel_account.params import FunnelAccountParams
from typologies.funnel_account.places import Atlas
from typologies.funnel_account.profile import Profile


@dataclass(frozen=True, slots=True)
class FarCash:
    """Cash that came in far from home.

    Attributes
    ----------
    home
        The place that distances are taken from.
    is_home_stated
        Whether the profile names it; otherwise it is where most of the cash of W came in.
    credits
        Far deposits of the span that the holder did not bring.
    deposits, deposits_before
        All deposits at a counter, of the span and of W before it.
    of_the_month
        Far deposits that the holder did not bring, over the longer span of the sum.
    farthest_m
        Distance of the farthest of them in metres.
    """

    home: str
    is_home_stated: bool
    credits: tuple[Event, ...]
    deposits: tuple[Event, ...]
    deposits_before: tuple[Event, ...]
    of_the_month: tuple[Event, ...]
    farthest_m: int

    @property
    def places(self) -> frozenset[str]:
        """Where the far deposits of the span were made."""
        return frozenset(e.place for e in self.credits if e.place is not None)

    @property
    def has_conductors(self) -> bool:
        """Whether the source says who stood at the counter, for every far deposit."""
        return all(e.conductor is not None for e in self.credits)


def is_counted(event: Event) -> bool:
    """Return whether an entry is a deposit that can be a far one: at a place, and not brought by an armoured car."""
    return (
        event.kind is Kind.CASH
        and event.side is Side.CREDIT
        and event.place is not None
        and event.channel is not Channel.ARMOURED_CAR
    )


def far_cash(gathering: Gathering, profile: Profile, atlas: Atlas, params: FunnelAccountParams) -> FarCash | None:
    """Return the far deposits of a window, None where distances cannot be taken."""
    deposits = [e for e in gathering.events if is_counted(e)]
    home, is_stated = profile.home_place, True
    if atlas.position(home) is None:
        home, is_stated = _usual_place(deposits, atlas), False
    if home is None:
        return None
    far: list[Event] = []
    farthest = 0
    for event in deposits:
        metres = atlas.distance_m(home, event.place)
        if metres is None or metres <= 1_000 * params.far_km or _is_holder(event, profile):
            continue
        far.append(event)
        farthest = max(farthest, metres)
    month_start = gathering.events[-1].time - timedelta(days=params.sum_days)
    return FarCash(
        home=home,
        is_home_stated=is_stated,
        credits=tuple(e for e in far if e.time_us > gathering.span_start),
        deposits=tuple(e for e in deposits if e.time_us > gathering.span_start),
        deposits_before=tuple(e for e in deposits if e.time_us <= gathering.span_start),
        of_the_month=tuple(e for e in far if e.time > month_start),
        farthest_m=farthest,
    )


def _usual_place(deposits: Iterable[Event], atlas: Atlas) -> str | None:
    """Return the place of most deposits, of equals the first by name."""
    counts = Counter(e.place for e in deposits if e.place is not None and atlas.position(e.place) is not None)
    return min(counts, key=lambda place: (-counts[place], place)) if counts else None


def _is_holder(event: Event, profile: Profile) -> bool:
    conductor = event.conductor
    return conductor is not None and (conductor == event.party or conductor in profile.customer.holders)


def gathers_far_cash(gathering: Gathering, far: FarCash, profile: Profile, params: FunnelAccountParams) -> bool:
    """Return whether the deposits are enough, far and many, and not what the account is for."""
    return (
        gathering.is_measurable
        and params.min_far_credits <= len(far.deposits) <= params.max_credits
        and len(far.credits) >= params.min_far_credits
        and len(far.places) >= params.min_far_places
        and gathering.reaches(far.of_the_month)
        and gathering.is_share(far.credits, far.deposits, params.far_percent)
        and gathering.is_onset(far.deposits, far.deposits_before, params.cash_onset_percent)
        and not gathering.is_spent_ordinarily(far.credits)
        and not _was_announced(far, profile, params)
    )


def _was_announced(far: FarCash, profile: Profile, params: FunnelAccountParams) -> bool:
    """Return whether the cash of a month keeps within what the customer said to expect."""
    expected = profile.customer.expected_cash_usd_cents
    if not expected:
        return False
    paid_in = sum(e.amount_usd_cents or 0 for e in far.of_the_month)
    return 100 * paid_in <= params.expected_cash_percent * expected


def strangers(gathering: Gathering, far: FarCash) -> frozenset[str]:
    """Return who brought far cash and had nothing to do with the account before the span."""
    before = {e.conductor for e in gathering.earlier} | {e.counterparty for e in gathering.events}
    return frozenset(e.conductor for e in far.credits if e.conductor is not None and e.conductor not in before)


def is_telling_without_exit(gathering: Gathering, far: FarCash, profile: Profile, params: FunnelAccountParams) -> bool:
    """Return whether far cash alone is enough: strangers bring it, or nobody knows who and the account is new.

    A business whose past is out of sight may have outlets there.
    """
    is_new = profile.is_new(gathering.events[-1].time, params)
    if profile.customer.is_business and not is_new:
        return False
    if far.has_conductors:
        return len(strangers(gathering, far)) >= params.min_depositors
    return is_new
