"""Parameters of structuring. Source tags and grades are those of the typology reference, sections 4.2 and 5.2."""

from __future__ import annotations

from dataclasses import dataclass

from typologies.base.parameters import parameter


@dataclass(frozen=True, slots=True)
class StructuringParams:
    """What counts as many, near, and by design."""

    business_days: int = parameter(
        10,
        unit="business days",
        why="Sliding window: PBoC 2006 calls 10 business days 'short term' [pboc-def W]; no US time frame exists.",
        grade="J",
        minimum=2,
        maximum=20,
    )
    min_deposits: int = parameter(
        3,
        unit="deposits",
        why="Fewest deposits under the line that look like a series; PBoC's 'frequent' (3 a day) is stricter.",
        grade="J",
        minimum=3,
        maximum=100,
    )
    min_deposits_business: int = parameter(
        6,
        unit="deposits",
        why="A business pays in cash as a matter of course: its series must be long enough to show its rhythm. So must "
        "the series of a subject of unknown class at one branch.",
        grade="J",
        minimum=3,
        maximum=100,
    )
    floor_percent: int = parameter(
        30,
        unit="percent of the line",
        why="Smaller deposits do not count: 3,000 under the line of 10,000 [worldcompliance W]; scales with the line.",
        grade="W",
        minimum=1,
        maximum=79,
    )
    near_percent: int = parameter(
        80,
        unit="percent of the line",
        why="From here to the line a deposit is near it: 8,000-10,000 [yggdrasil W].",
        grade="W",
        minimum=50,
        maximum=99,
    )
    cash_business_deposits: int = parameter(
        10,
        unit="deposits",
        why="With this many cash deposits in the look-back a subject pays in cash on most days: its people take turns, "
        "and only deposits near the line or a day's split above it say anything.",
        grade="J",
        minimum=4,
        maximum=1_000,
    )
    near_share_percent: int = parameter(
        60,
        unit="percent of the deposits",
        why="Share of deposits near the line from which their size looks chosen (reference 5.2).",
        grade="J",
        minimum=51,
        maximum=100,
    )
    return_floor_percent: int = parameter(
        10,
        unit="percent of the line",
        why="After a sum was cut on notice of the report, what comes back may be small; less than this is daily life.",
        grade="J",
        minimum=1,
        maximum=79,
    )
    visit_hours: int = parameter(
        12,
        unit="hours",
        why="Deposits of one business day this close are side by side; the night deposits of a long weekend are not.",
        grade="J",
        minimum=1,
        maximum=108,
    )
    roaming_share_percent: int = parameter(
        60,
        unit="percent of the deposits",
        why="With no branch above this share, several conductors at several branches are no rota of one shop.",
        grade="J",
        minimum=34,
        maximum=99,
    )
    home_branch_percent: int = parameter(
        80,
        unit="percent of the deposits",
        why="A shop banks its takings at one branch, but for an errand now and then.",
        grade="J",
        minimum=51,
        maximum=100,
    )
    rhythm_days: int = parameter(
        5,
        unit="business days",
        why="Takings come on most working days: at least this many of the last `business_days`.",
        grade="J",
        minimum=3,
        maximum=20,
    )
    monday_peak_percent: int = parameter(
        120,
        unit="percent",
        why="After a closed day takings of several days come at once: Monday peaks in [abrigo S][reddit W].",
        grade="J",
        minimum=101,
        maximum=500,
    )
    payday_gap_days: int = parameter(
        5,
        unit="days",
        why="Deposits at one branch at least this far apart follow a weekly pay-day, not a sum that is being split.",
        grade="J",
        minimum=2,
        maximum=14,
    )
    near_per_whole: int = parameter(
        3,
        unit="deposits",
        why="Deposits near the line that one deposit above it, paid in openly in one piece, makes plausible.",
        grade="J",
        minimum=1,
        maximum=100,
    )
    expected_cash_percent: int = parameter(
        125,
        unit="percent of the expected cash",
        why="Cash up to this share of what the customer announced is on profile.",
        grade="J",
        minimum=100,
        maximum=1_000,
    )
    lowest_line_usd_cents: int = parameter(
        10_000_00,
        unit="USD cents",
        why="Lowest line for cash paid into accounts: more than 10,000 [1010.313 P]. Lower rows are not used, because "
        "the screen is compiled from this.",
        grade="P",
        minimum=1_00,
        maximum=1_000_000_00,
    )
    highest_line_usd_cents: int = parameter(
        10_000_00,
        unit="USD cents",
        why="Highest line of any row; higher rows are not used.",
        grade="P",
        minimum=1_00,
        maximum=1_000_000_00,
    )
    lowest_small_line_usd_cents: int = parameter(
        200_00,
        unit="USD cents",
        why="Lowest line at money services businesses and for cash that buys transfers or instruments: the first "
        "south-west border order [GTO S].",
        grade="S",
        minimum=1_00,
        maximum=1_000_000_00,
    )
    institution_type: str = parameter(
        "bank",
        unit="institution type",
        why="Assumed where an event does not name the type of the reporting institution.",
        grade="J",
    )
    home_place: str = parameter(
        "US",
        unit="place code",
        why="Assumed where an event does not name the place of the branch; also the key of the holiday calendar.",
        grade="J",
    )
