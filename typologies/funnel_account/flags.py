"""Which red flags a far-cash finding meets, leg by leg (typology reference, section 3.3). The plain form cites none."""

from __future__ import annotations

from collections.abc import Sequence

from typologies.base.events import Kind, Rail
from typologies.base.window import Event
from typologies.funnel_account.cash import FarCash, strangers
from typologies.funnel_account.gathering import Gathering
from typologies.funnel_account.params import FunnelAccountParams
from typologies.funnel_account.places import Atlas
from typologies.funnel_account.profile import Profile

MEXICO = "MX"


def red_flags(
    gathering: Gathering, far: FarCash, exits: Sequence[Event], profile: Profile, atlas: Atlas
) -> tuple[str, ...]:
    """Return the ids of the flags whose legs are all met.

    Parameters
    ----------
    exits
        Debits by which the money left; empty without an exit.
    """
    params = gathering.params
    below = [e for e in far.credits if (e.amount_usd_cents or 0) < params.line_usd_cents]
    are_below = len(below) == len(far.credits)
    flags = []
    if exits and any(leaves_elsewhere(e, far, atlas, params) for e in exits):
        flags.append("F14-1")
    if profile.is_at_the_border and profile.is_new(gathering.events[-1].time, params):
        flags.append("F14-2")
    if len(strangers(gathering, far)) >= params.min_depositors:
        flags.append("F14-3")
    if is_off_profile(far, profile, params):
        flags.append("F14-5")
    if any(e.rail is Rail.CHEQUE and e.counterparty_country == MEXICO for e in exits):
        flags.append("F14-6")
    if are_below and far.is_home_stated:
        flags.append("F19-5")
    return tuple(flags)


def leaves_elsewhere(event: Event, far: FarCash, atlas: Atlas, params: FunnelAccountParams) -> bool:
    """Return whether money leaves in another area than it came in: another country, or cash far from every deposit."""
    if event.kind is Kind.CASH:
        distances = [atlas.distance_m(event.place, place) for place in sorted(far.places)]
        return all(metres is not None and metres > 1_000 * params.far_km for metres in distances)
    country = event.counterparty_country
    # Place codes begin with the country ("US-TX").
    return country is not None and all(country != place.partition("-")[0] for place in far.places)


def is_off_profile(far: FarCash, profile: Profile, params: FunnelAccountParams) -> bool:
    """Return whether the cash of a month is a multiple of what the customer said to expect."""
    expected = profile.customer.expected_cash_usd_cents
    if expected is None:
        return False
    return sum(e.amount_usd_cents or 0 for e in far.of_the_month) >= params.off_profile_multiple * expected
