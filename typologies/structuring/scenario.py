"""S01 of the typology reference: depositors carry sums near the line to several branches; its twin is a shop.

Written from section 6.2: 12 deposits of 8,000 to 9,900 over 6 business days at 5 branches by 3 people, two pairs on
the same day; the twin pays in 12 takings of 7,500 to 9,900 in 6 business days at one branch, with a Monday peak.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from typologies.base.facts import Fact
from typologies.base.scenarios import Scenario

MONDAY = date(2026, 3, 2)
DEPOSITS, PEOPLE, BRANCHES = 12, 3, 5
BENEFICIARY, SHOP = "beneficiary", "shop"

Row = dict[str, Any]


def positive(rng: np.random.Generator) -> Scenario:
    """Return the scheme: on each of six business days two deposits at two branches, into two accounts of one party."""
    rows = []
    for number in range(DEPOSITS):
        day, second = divmod(number, 2)
        hours = rng.uniform(9, 12) + (rng.uniform(1, 3) if second else 0)
        rows.append(
            _deposit(
                f"d{number + 1}",
                _business_day(day),
                hours,
                round(rng.uniform(8_000, 9_900)) * 100,
                account=f"{BENEFICIARY}-{1 + second}",
                holder=BENEFICIARY,
                conductor=f"depositor-{1 + (number + second) % PEOPLE}",
                branch=f"branch-{1 + (number + day) % BRANCHES}",
                ctr_filed=False,
            )
        )
    return Scenario(rows, labels={row["event_id"]: "deposit" for row in rows})


def look_alike(rng: np.random.Generator) -> Scenario:
    """Return the twin: a shop banks two takings a day at its branch; what is above the line is reported."""
    rows = []
    for number in range(DEPOSITS):
        day, second = divmod(number, 2)
        monday = _business_day(day).weekday() == 0
        dollars = rng.uniform(9_200, 9_900) if monday else rng.uniform(7_500, 8_600)
        rows.append(
            _deposit(
                f"t{number + 1}",
                _business_day(day),
                rng.uniform(9, 10) if not second else rng.uniform(16, 17),
                round(dollars) * 100,
                account=SHOP,
                holder=f"{SHOP}-owner",
                conductor=f"employee-{1 + number % 2}",
                branch="branch-1",
                ctr_filed=True,
            )
        )
    since = datetime(2020, 1, 1, tzinfo=UTC)
    facts = [
        Fact("party_profile", f"{SHOP}-owner", since, since, {"party_class": "business"}),
        Fact("account_profile", SHOP, since, since, {"holders": (f"{SHOP}-owner",), "holder_class": "business"}),
    ]
    return Scenario(rows, facts, {row["event_id"]: "takings" for row in rows})


def _business_day(number: int) -> date:
    """Return business day `number` from a Monday on: the sixth is the next Monday."""
    return MONDAY + timedelta(days=number + 2 * (number // 5))


def _deposit(
    event_id: str,
    day: date,
    hours: float,
    cents: int,
    *,
    account: str,
    holder: str,
    conductor: str,
    branch: str,
    ctr_filed: bool,
) -> Row:
    noon_utc = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return {
        "event_id": event_id,
        "event_time": noon_utc + timedelta(seconds=round(hours * 3_600)),
        "kind": "cash",
        "rail": "cash",
        "channel": "teller",
        "creditor_account": account,
        "creditor": holder,
        "conductor": conductor,
        "amount": cents,
        "branch": branch,
        "place": "US-NY-10001",
        "institution_type": "bank",
        "business_date": day,
        "ctr_filed": ctr_filed,
    }
