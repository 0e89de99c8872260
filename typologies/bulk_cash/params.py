"""Parameters of bulk cash placement. Source tags and grades are those of the typology reference, 4.1 and 5.2."""

from __future__ import annotations

from dataclasses import dataclass

from typologies.base.parameters import parameter


@dataclass(frozen=True, slots=True)
class BulkCashParams:
    """What counts as much cash, and what makes it unusual for this holder."""

    look_back_days: int = parameter(
        90,
        unit="days",
        why="The subject's own mean is taken over a quarter (reference 5.2); cash and large payments out are kept.",
        grade="J",
        minimum=15,
        maximum=180,
    )
    day_usd_cents: int = parameter(
        50_000_00,
        unit="USD cents",
        why="Cash paid in on one business day from which a placement is large; exactly this much counts. Cases: about "
        "100,000 per visit [WSJ25 S], more than a million per day [TD S].",
        grade="J",
        minimum=1_00,
        maximum=1_000_000_000_00,
    )
    mean_percent: int = parameter(
        300,
        unit="percent of the own mean",
        why="Cash of 24 hours against the mean of the subject's own days with cash (reference 5.2: three times).",
        grade="J",
        minimum=110,
        maximum=10_000,
    )
    mean_floor_usd_cents: int = parameter(
        10_000_00,
        unit="USD cents",
        why="More than this in 24 hours, so that small accounts do not stand out by a single deposit: the line above "
        "which a report is due, which this behaviour ignores [1010.313 P].",
        grade="P",
        minimum=1_00,
        maximum=1_000_000_000_00,
    )
    mean_days: int = parameter(
        5,
        unit="days with cash",
        why="Fewer earlier days say nothing about what is usual.",
        grade="J",
        minimum=2,
        maximum=60,
    )
    young_days: int = parameter(
        180,
        unit="days",
        why="An account younger than this is young (reference 5.2).",
        grade="J",
        minimum=1,
        maximum=3_650,
    )
    off_profile_percent: int = parameter(
        300,
        unit="percent of the expected cash",
        why="Cash of 30 days from this multiple of the announced monthly cash on is off profile: the multiple used for "
        "income (reference 5.2, D06); student cases lie at 11 to 18 times [amlcc W].",
        grade="J",
        minimum=110,
        maximum=10_000,
    )
    on_profile_percent: int = parameter(
        150,
        unit="percent of the expected cash",
        why="Cash of 30 days up to this share of the announced monthly cash is what the customer said it would be.",
        grade="J",
        minimum=100,
        maximum=1_000,
    )
    familiar_days: int = parameter(
        3,
        unit="days",
        why="Who has paid in at this account on this many earlier days is an employee or carrier, not a stranger.",
        grade="J",
        minimum=1,
        maximum=60,
    )
    min_holders: int = parameter(
        3,
        unit="holders",
        why="A person who brings cash for fewer may work for two firms of one owner.",
        grade="J",
        minimum=2,
        maximum=50,
    )
    min_signals: int = parameter(
        2,
        unit="signals",
        why="One sign (a young account, an unknown face, a second branch) happens in every trade.",
        grade="J",
        minimum=1,
        maximum=3,
    )
    exit_days: int = parameter(
        5,
        unit="days",
        why="Calendar days that hold three business days: cash becomes a check on the same or the next three (D07).",
        grade="J",
        minimum=1,
        maximum=30,
    )
    exit_floor_usd_cents: int = parameter(
        3_000_00,
        unit="USD cents",
        why="Smaller wires and checks are no use of bulk cash; 3,000 is the line of the instrument log [fincrime W].",
        grade="W",
        minimum=1_00,
        maximum=1_000_000_00,
    )
    exit_percent: int = parameter(
        50,
        unit="percent of the cash",
        why="Share that must leave by wire or official check to be named as the next use of the cash.",
        grade="J",
        minimum=1,
        maximum=100,
    )
    exit_payees: int = parameter(
        3,
        unit="payees",
        why="Fan-out: flag A003-6 speaks of payments to several; fewer than three are not.",
        grade="J",
        minimum=2,
        maximum=100,
    )
    high_usd_cents: int = parameter(
        100_000_00,
        unit="USD cents",
        why="Size of single teller visits in cases [WSJ25 S]: severity is high from here on.",
        grade="S",
        minimum=1_00,
        maximum=1_000_000_000_00,
    )
