"""S10 of the typology reference: a nominee's firm takes bulk cash that others bring; its twin is a supermarket.

Written from section 6.2: 100,000 at one teller, a second branch the same morning, days of 300,000 to 1,000,000, reports
that name the wrong conductor, official checks and wires out the next day. The twin has the same daily cash,
its own employee as conductor and its expected cash on file.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from typologies.base.facts import Fact, FactValue, cash_values
from typologies.base.scenarios import Scenario

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 6
SHELL, STORE = "shell", "store"

Row = dict[str, Any]


def positive(rng: np.random.Generator) -> Scenario:
    """Return the scheme: two couriers, two branches a morning, checks and wires out on the next day."""
    rows: list[Row] = []
    for number, day, dollars in _days(rng):
        first = float(np.clip(100_000 * rng.uniform(0.9, 1.1), 0, dollars * 0.8))
        for visit, part in enumerate((first, dollars - first)):
            rows.append(
                _deposit(
                    f"d{number}{'ab'[visit]}",
                    day + timedelta(hours=9 + 2 * visit, minutes=float(rng.integers(0, 60))),
                    part,
                    SHELL,
                    conductor=f"courier-{1 + (number + visit) % 2}",
                    branch=f"branch-{1 + visit}",
                    ctr_conductor="nominee",
                )
            )
        for leg, share in enumerate(rng.dirichlet([4.0, 4.0, 4.0, 4.0]) * rng.uniform(0.85, 0.97)):
            rows.append(
                _payment(f"x{number}{leg}", day + timedelta(days=1, hours=13 + leg), dollars * share, SHELL, leg)
            )
    facts = [_profile(SHELL, "nominee", MONDAY - timedelta(days=int(rng.integers(30, 170))), 5_000)]
    return Scenario(rows, facts, {row["event_id"]: "in" if row["kind"] == "cash" else "out" for row in rows})


def look_alike(rng: np.random.Generator) -> Scenario:
    """Return the twin: the takings of a supermarket, brought by its own people, spent on suppliers."""
    rows: list[Row] = []
    total = 0.0
    for number, day, dollars in _days(rng):
        total += dollars
        rows.append(
            _deposit(
                f"t{number}",
                day + timedelta(hours=9, minutes=float(rng.integers(0, 60))),
                dollars,
                STORE,
                conductor=f"employee-{1 + number % 2}",
                branch="branch-1",
                ctr_conductor=f"employee-{1 + number % 2}",
            )
        )
        for leg, share in enumerate(rng.dirichlet([4.0, 4.0, 4.0, 4.0]) * rng.uniform(0.85, 0.97)):
            rows.append(
                _payment(f"x{number}{leg}", day + timedelta(days=1, hours=13 + leg), dollars * share, STORE, leg)
            )
    facts = [_profile(STORE, "grocer", MONDAY - timedelta(days=2_000), round(total * 22 / DAYS))]
    return Scenario(rows, facts, {row["event_id"]: "takings" for row in rows})


def _days(rng: np.random.Generator) -> list[tuple[int, datetime, float]]:
    """Return number, midnight and cash of successive business days."""
    cash = np.exp(rng.uniform(np.log(300_000), np.log(1_000_000), DAYS))
    return [(i, MONDAY + timedelta(days=i + 2 * (i // 5)), float(cash[i])) for i in range(DAYS)]


def _deposit(event_id: str, time: datetime, dollars: float, account: str, **who: str) -> Row:
    return {
        "event_id": event_id,
        "event_time": time,
        "kind": "cash",
        "rail": "cash",
        "channel": "teller",
        "creditor_account": account,
        "amount": round(dollars) * 100,
        "institution_type": "bank",
        "business_date": time.date(),
        "ctr_filed": True,
        **who,
    }


def _payment(event_id: str, time: datetime, dollars: float, account: str, leg: int) -> Row:
    by_check = leg % 2 == 0
    return {
        "event_id": event_id,
        "event_time": time,
        "kind": "instrument" if by_check else "payment",
        "rail": "instrument" if by_check else "wire",
        "debtor_account": account,
        "debtor_agent": "bank-1",
        "creditor_account": f"payee-{1 + leg}",
        "creditor_agent": "bank-2",
        "amount": round(dollars * 100),
    }


def _profile(account: str, holder: str, opened: datetime, expected: int) -> Fact:
    values: dict[str, FactValue] = {
        "holders": (holder,),
        "holder_class": "business",
        "opened_on": opened.date().isoformat(),
        **cash_values(expected),
    }
    return Fact("account_profile", account, opened, opened, values)
