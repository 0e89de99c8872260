"""Parameters of the pass-through typology. Source tags resolve in section 8 of the typology reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from typologies.base.parameters import parameter


@dataclass(frozen=True, slots=True)
class PassThroughParams:
    """Defaults of D06. Grade J: a judgement that has to be calibrated on your own data."""

    look_back_days: int = parameter(
        42,
        unit="days",
        minimum=35,
        maximum=180,
        grade="J",
        why="W. A month (31), a shift over a long weekend (4) and the window (3) fit in, so that whoever pays or is "
        "paid every month is seen a second time and does not count as new; rounded up to whole weeks",
    )
    window_hours: int = parameter(
        72, unit="hours", minimum=24, maximum=168, grade="J", why="In and out are compared over this span (D06: 72 h)"
    )
    out_in_percent_low: int = parameter(
        80, unit="percent", minimum=50, maximum=100, grade="J", why="Least share of the inflow that left (D06: 80 %)"
    )
    out_in_percent_high: int = parameter(
        120, unit="percent", minimum=100, maximum=200, grade="J", why="Most that left per inflow (D06: 120 %)"
    )
    fx_allowance_percent: int = parameter(
        2,
        unit="percentage points",
        minimum=0,
        maximum=20,
        grade="J",
        why="A ratio is taken in the account's currency; the same ratio in USD may be off by this much, because "
        "fixings move between the days. It is also the room for spreads where in and out differ in currency",
    )
    min_inflow_usd_cents: int = parameter(
        5_000_00,
        unit="USD cents",
        minimum=0,
        grade="J",
        why="Least inflow of the window, the size of the banks' suspicious-activity line (itself marked U)",
    )
    entry_floor_usd_cents: int = parameter(
        100_00,
        unit="USD cents",
        minimum=0,
        grade="J",
        why="Smaller entries are no part of the pattern and not looked at",
    )
    max_entries_per_side: int = parameter(
        40,
        unit="entries",
        minimum=10,
        grade="J",
        why="Accounts with more credits or debits in the window are businesses or payment firms: not judged; S13 has "
        "20 and 18 in ten days, S14 one account filled in a day",
    )
    min_counterparties: int = parameter(
        5,
        unit="counterparties",
        minimum=1,
        grade="J",
        why="Unrelated payers, and payees, at least (D06: >= 5 in and out)",
    )
    first_seen_percent: int = parameter(
        80,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="Least share of the money, in and out, that belongs to counterparties the account had nothing to do with",
    )
    covered_percent: int = parameter(
        80,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="Least share of the outflow that had come in before it left: in first, then out, not paid from a balance",
    )
    onset_percent: int = parameter(
        50,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="The window holds at least this share of all credits of the look-back: something began or woke up. An "
        "account that lives evenly has 7 % in 72 of 1,008 hours",
    )
    ordinary_percent: int = parameter(
        5,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="Share of entries that explain themselves (wages, rent, suppliers, tax) must be below (D06: < 5 %)",
    )
    family_limit_usd_cents: int = parameter(
        10_000_00,
        unit="USD cents",
        minimum=0,
        grade="J",
        why="Family support and living expenses explain themselves up to this sum an entry",
    )
    history_days: int = parameter(
        14,
        unit="days",
        minimum=0,
        maximum=60,
        grade="J",
        why="An entry at least this much older than the window shows that the feed reaches back far enough for 'new' "
        "and 'quiet before' to mean something",
    )
    same_day_hours: int = parameter(
        24,
        unit="hours",
        minimum=1,
        maximum=72,
        grade="S",
        why="'In = out same day, does not stay overnight' [orientsec S]; hours, because feeds have no local day",
    )
    same_day_percent: int = parameter(
        90, unit="percent", minimum=50, maximum=100, grade="J", why="Least share of the inflow that left that quickly"
    )
    same_day_tolerance_percent: int = parameter(
        5, unit="percentage points", minimum=0, maximum=20, grade="J", why="How far 'in = out' may be off"
    )
    same_day_counterparties: int = parameter(
        3,
        unit="counterparties",
        minimum=1,
        grade="J",
        why="Fewer than in the 72-hour mode, because the sums must agree more closely and leave sooner",
    )
    running_dwell_minutes: int = parameter(
        30,
        unit="minutes",
        minimum=1,
        maximum=720,
        grade="J",
        why="Running points forward within minutes (section 5.3; on a chain 1.6 minutes on average [febspot S])",
    )
    running_payers: int = parameter(
        5, unit="counterparties", minimum=2, grade="J", why="More payers than a worker has platforms"
    )
    running_payees: int = parameter(
        2, unit="counterparties", minimum=1, grade="J", why="A worker who forwards wages home has one payee"
    )
    probe_usd_cents: int = parameter(
        10_00,
        unit="USD cents",
        minimum=0,
        grade="J",
        why="Credits up to this sum before the first large one: probes (S14: 1-10)",
    )
    cash_usd_cents: int = parameter(
        10_000_00,
        unit="USD cents",
        minimum=0,
        grade="S",
        why="Least cash of the window for a cash fan-out; takeover accounts are fed 10,000-100,000 in cash [fx168 W]",
    )
    cash_percent: int = parameter(
        80, unit="percent", minimum=0, maximum=100, grade="J", why="Share of cash in the inflow of a cash fan-out"
    )
    relay_inflow_usd_cents: int = parameter(
        1_000_00, unit="USD cents", minimum=0, grade="J", why="Least sum that a relay passes on"
    )
    relay_tolerance_percent: int = parameter(
        3,
        unit="percentage points",
        minimum=0,
        maximum=20,
        grade="J",
        why="With few counterparties in and out must be nearly equal: the fee of a hop is 1-3 % (section 4.1)",
    )
    relay_entries: int = parameter(
        4,
        unit="entries",
        minimum=1,
        maximum=20,
        grade="J",
        why="Most credits, and debits, of a relay: nothing else happens",
    )
    relay_onset_percent: int = parameter(
        80,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="Least share of the look-back's credits that the relayed sum is: it stands out on the account",
    )
    relay_dwell_hours: int = parameter(
        48,
        unit="hours",
        minimum=1,
        maximum=168,
        grade="J",
        why="Short dwell of a relay: a clearing-house credit and a debit each settle on the next day",
    )
    relay_signals: int = parameter(
        2,
        unit="signals",
        minimum=1,
        maximum=5,
        grade="J",
        why="Design signals a relay needs beside equal sums and novelty",
    )
    confirm_hours: int = parameter(
        48,
        unit="hours",
        minimum=1,
        maximum=336,
        grade="J",
        why="A tight mode on an account without a known past is looked at again after this time, so that the first "
        "hours of a busy account in a feed that has just begun are not taken for a passage",
    )
    confirm_percent: int = parameter(
        20,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="What came in and went out since may be at most this share of the passage, unless the mode still holds",
    )
    income_multiple: int = parameter(
        3,
        unit="times",
        minimum=1,
        grade="J",
        why="Inflow, annualised, against declared income (D06: >= 3; cases 11-18 [amlcc W])",
    )
    means_inflow_usd_cents: int = parameter(
        3_000_00, unit="USD cents", minimum=0, grade="J", why="Least such inflow before a profile is looked at"
    )
    means_unexplained_percent: int = parameter(
        50,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="Least share of the look-back's inflow that no purpose or class explains; wages may go on beside it",
    )
    means_out_percent_low: int = parameter(
        50,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="Least share of the look-back's inflow that left again",
    )
    means_payees: int = parameter(
        5,
        unit="counterparties",
        minimum=1,
        grade="J",
        why="Different recipients of what lies beyond the account's means",
    )
    new_account_days: int = parameter(
        90, unit="days", minimum=0, maximum=365, grade="J", why="An account is called new up to this age"
    )
    large_inflow_usd_cents: int = parameter(
        50_000_00,
        unit="USD cents",
        minimum=0,
        grade="J",
        why="Inflow of the window from which severity goes up one step",
    )

    @property
    def look_back(self) -> timedelta:
        """W."""
        return timedelta(days=self.look_back_days)

    @property
    def confirm(self) -> timedelta:
        """After how long a tight mode is looked at again."""
        return timedelta(hours=self.confirm_hours)

    @property
    def window(self) -> timedelta:
        """The span in which in and out are compared."""
        return timedelta(hours=self.window_hours)
