"""Which red flags of FIN-2025-A003 a finding meets, leg by leg (typology reference, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from typologies.base.events import Kind, PartyClass, Rail
from typologies.base.window import Event
from typologies.pass_through import modes
from typologies.pass_through.means import REGULAR_CREDITS
from typologies.pass_through.params import PassThroughParams
from typologies.pass_through.profile import Profile

WAYS_IN = frozenset({Rail.WIRE, Rail.ACH, Rail.P2P, Rail.CASH, Rail.INSTRUMENT})
"""Flag 6, in: much cash or many cashier's checks, or many wires, ACH or P2P."""
WAYS_OUT = frozenset({Rail.WIRE, Rail.P2P, Rail.INSTRUMENT})
"""Flag 6, out: cashier's checks, P2P or wires."""
STUDY_MEMOS = ("tuition", "living expense")
NUMEROUS = 10
"""Flag 7 speaks of numerous credits and debits: ten entries at least (a judgement)."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What flags are read from.

    Attributes
    ----------
    ins, outs
        Unexplained credits and debits of the finding.
    entries
        All entries of the same span.
    is_beyond_income
        The unexplained inflow of the look-back is a multiple of the declared income.
    is_stated
        The source names purposes or classes of most entries.
    lives_ordinarily
        Entries that explain themselves are not a negligible share of them.
    """

    ins: Sequence[Event]
    outs: Sequence[Event]
    entries: Sequence[Event]
    is_beyond_income: bool
    is_stated: bool
    lives_ordinarily: bool
    mode: str


def red_flags(observed: Observed, profile: Profile, params: PassThroughParams) -> tuple[str, ...]:
    """Return the ids of the flags whose legs are all met."""
    flags = []
    if observed.is_beyond_income and len(observed.ins) >= REGULAR_CREDITS:
        flags.append("A003-1")
    if _is_study_story(observed, profile):
        flags.append("A003-3")
    if observed.is_beyond_income and profile.is_low_income:
        flags.append("A003-4")
    if observed.is_stated and _fans_in_and_out(observed, params):
        flags.append("A003-6")
    if observed.is_stated and not observed.lives_ordinarily and len(observed.entries) >= NUMEROUS:
        flags.append("A003-7")
    return tuple(flags)


def _is_study_story(observed: Observed, profile: Profile) -> bool:
    """Flag 3: a student, money marked as tuition beyond their means, no school paid, then wires or P2P to others."""
    return (
        profile.occupation == "student"
        and observed.is_beyond_income
        and any(word in (e.memo or "").lower() for e in observed.ins for word in STUDY_MEMOS)
        and all(e.counterparty_class is not PartyClass.SCHOOL for e in observed.entries)
        and any(e.rail in (Rail.WIRE, Rail.P2P) for e in observed.outs)
    )


def _fans_in_and_out(observed: Observed, params: PassThroughParams) -> bool:
    """Flag 6: much or many in by the named ways, none with a purpose, out to several by the named ways."""
    ins = [e for e in observed.ins if e.rail in WAYS_IN]
    outs = [e for e in observed.outs if e.rail in WAYS_OUT]
    payees = {e.counterparty for e in outs} - {None}
    has_much_in = len(ins) >= params.min_counterparties or (
        observed.mode == modes.CASH_FAN_OUT and any(e.kind is Kind.CASH for e in ins)
    )
    return has_much_in and all(e.purpose is None for e in observed.ins) and len(payees) >= params.min_counterparties
