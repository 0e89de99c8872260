"""Parameters of the funnel account. Source tags resolve in section 8 of the typology reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from typologies.base.parameters import parameter


@dataclass(frozen=True, slots=True)
class FunnelAccountParams:
    """Defaults of D02. Grade J: a judgement that has to be calibrated on your own data."""

    look_back_days: int = parameter(
        42,
        unit="days",
        minimum=30,
        maximum=180,
        grade="J",
        why="W. A month (31), a shift over a long weekend (4) and the gathering window (7): whoever pays every month "
        "is seen a second time and is no new sender",
    )
    gather_days: int = parameter(
        7, unit="days", minimum=1, maximum=30, grade="J", why="Span in which the credits gather (D02: 7 days, sliding)"
    )
    sum_days: int = parameter(
        30, unit="days", minimum=7, maximum=30, grade="J", why="Span over which far cash is added up (D02: 30 days)"
    )
    entry_floor_usd_cents: int = parameter(
        500_00,
        unit="USD cents",
        minimum=0,
        grade="J",
        why="Smaller entries are not looked at: customers of shops and donors of charities mostly pay less, the "
        "deposits of scenario S05 are 2,000-9,800",
    )
    max_credits: int = parameter(
        40,
        unit="entries",
        minimum=10,
        grade="J",
        why="Accounts with more of them in the span are businesses: not judged",
    )
    cash_onset_percent: int = parameter(
        50,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="The span holds at least this share of the cash of W: a gathering began. Even activity has 17 % in it",
    )
    onset_percent: int = parameter(
        60,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="The same for the credits of W in the plain form: rents and dues that come every month have half in it",
    )
    onset_percent_without_exit: int = parameter(
        80,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="The same for gathering without an exit, which has less else to show",
    )
    exit_percent: int = parameter(
        70, unit="percent", minimum=0, maximum=100, grade="J", why="Share that leaves in time (D02: >= 70 % out)"
    )
    exit_floor_percent: int = parameter(
        40,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="Share of all that gathered that must have left already, however young the rest is",
    )
    exit_hours: int = parameter(
        72, unit="hours", minimum=1, maximum=168, grade="J", why="How soon it leaves after it came (D02: within 72 h)"
    )
    fx_allowance_percent: int = parameter(
        2,
        unit="percentage points",
        minimum=0,
        maximum=20,
        grade="J",
        why="Shares are taken in the account's currency; in USD they may be off by this much as fixings move",
    )
    min_total_usd_cents: int = parameter(
        10_000_00, unit="USD cents", minimum=0, grade="J", why="What gathers at least (D02: >= 10,000 in 30 days)"
    )
    far_km: int = parameter(
        160, unit="km", minimum=1, grade="J", why="Farther than this from home is far (D02: > 160 km; 100 miles)"
    )
    min_far_credits: int = parameter(
        3, unit="deposits", minimum=1, grade="J", why="Cash credits far from home (D02: >= 3)"
    )
    min_far_places: int = parameter(2, unit="places", minimum=1, grade="J", why="Far places (D02: >= 2)")
    far_percent: int = parameter(
        50, unit="percent", minimum=0, maximum=100, grade="J", why="Share of far cash in the cash of the span"
    )
    min_depositors: int = parameter(
        3, unit="people", minimum=1, grade="J", why="People at the counter who are unknown to the account (S05 has six)"
    )
    line_usd_cents: int = parameter(
        10_000_00,
        unit="USD cents",
        minimum=0,
        grade="P",
        why="Deposits below this are what flags F19-5 and F14-1 speak of [F19 P]; no reporting line is applied here",
    )
    min_senders: int = parameter(
        5, unit="senders", minimum=2, grade="J", why="New senders that pay in before a quick exit (as in D06: >= 5)"
    )
    min_senders_without_exit: int = parameter(
        8, unit="senders", minimum=2, grade="J", why="More, because gathering alone is less telling"
    )
    max_credits_per_sender: int = parameter(
        2, unit="credits", minimum=1, grade="J", why="Who pays more often in one span is a relation"
    )
    new_sender_percent: int = parameter(
        80, unit="percent", minimum=0, maximum=100, grade="J", why="Share of new senders in the credits of the span"
    )
    max_debits: int = parameter(
        6,
        unit="entries",
        minimum=1,
        grade="J",
        why="Accounts with more unexplained debits in the span pay bills: the plain form does not look at them",
    )
    max_payees: int = parameter(
        3, unit="payees", minimum=1, grade="J", why="A funnel has a narrow end: at most so many, and half the senders"
    )
    similar_percent: int = parameter(
        15,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="How far from the median a sum still counts as similar",
    )
    similar_share_percent: int = parameter(
        60, unit="percent", minimum=0, maximum=100, grade="J", why="Share of similar sums that makes them a signal"
    )
    signals_without_exit: int = parameter(
        2, unit="signals", minimum=0, maximum=3, grade="J", why="Design signals that gathering without an exit needs"
    )
    confirm_hours: int = parameter(
        72,
        unit="hours",
        minimum=1,
        maximum=504,
        grade="J",
        why="On an account without a known past new senders and an exit are looked at again after this time, so that "
        "the first days of a shop in a feed that has just begun are not taken for a funnel",
    )
    confirm_percent: int = parameter(
        20,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="What has come in since may be at most this share of what gathered: the gathering is over",
    )
    history_days: int = parameter(
        14,
        unit="days",
        minimum=0,
        maximum=35,
        grade="J",
        why="An entry this much older than the span shows that the feed reaches back far enough for 'new'; as many "
        "days without a credit before the span are a quiet past",
    )
    new_account_days: int = parameter(
        180, unit="days", minimum=0, maximum=365, grade="J", why="An account is called new up to this age (as in D05)"
    )
    ordinary_out_percent: int = parameter(
        50,
        unit="percent",
        minimum=0,
        maximum=100,
        grade="J",
        why="If wages, rent, suppliers and tax use up this share of what gathered, it is a business that collects",
    )
    expected_cash_percent: int = parameter(
        120,
        unit="percent",
        minimum=100,
        grade="J",
        why="Cash of 30 days up to this share of the expected monthly cash on file was announced",
    )
    off_profile_multiple: int = parameter(
        3, unit="times", minimum=1, grade="J", why="Cash against expected cash from which F14-5 is cited"
    )
    family_limit_usd_cents: int = parameter(
        10_000_00, unit="USD cents", minimum=0, grade="J", why="Family support explains itself up to this sum an entry"
    )

    @property
    def look_back(self) -> timedelta:
        """W."""
        return timedelta(days=self.look_back_days)

    @property
    def confirm(self) -> timedelta:
        """After how long an exit on an account without a known past is looked at again."""
        return timedelta(hours=self.confirm_hours)

    @property
    def span(self) -> timedelta:
        """The span in which the credits gather."""
        return timedelta(days=self.gather_days)
