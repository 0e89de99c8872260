"""An ordinary population: households, shops and their landlords and employers, nobody laundering anything.

The contract asks every typology to stay silent on it, above a stated rate. It is small and plain on purpose; the
synthetic world of the replay is the place for realism. All constants here are judgement.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from typologies.base.facts import Fact, FactValue, cash_values, income_values
from typologies.base.scenarios import Scenario

START = datetime(2025, 1, 6, tzinfo=UTC)
"""A Monday."""

Row = dict[str, Any]


def ordinary_life(rng: np.random.Generator, n_households: int, n_shops: int, n_days: int) -> Scenario:
    """Return the entries of a population.

    Parameters
    ----------
    rng
        Seeded generator.
    n_households
        One account each: wage, rent, groceries, utilities, card purchases, cash now and then, gifts among friends.
    n_shops
        One account each: takings in cash every few days with a weekly rhythm, card sales, suppliers, wages, rent.
    n_days
        Length, from a Monday.
    """
    rows: list[Row] = []
    facts: list[Fact] = []
    for i in range(n_households):
        income = int(rng.lognormal(np.log(4_200_00), 0.4))
        rows += _household(f"home{i:03d}", income, n_households, n_days, rng)
        facts.append(_profile(f"home{i:03d}", "personal", 12 * income, 0))
    for i in range(n_shops):
        takings = int(rng.lognormal(np.log(1_500_00), 0.5))
        rows += _shop(f"shop{i:03d}", takings, n_days, rng)
        facts.append(_profile(f"shop{i:03d}", "business", None, 30 * takings))
    rows.sort(key=lambda row: row["event_time"])
    return Scenario(tuple({**row, "event_id": f"o{i}"} for i, row in enumerate(rows)), tuple(facts))


def _profile(name: str, account_type: str, income_cents: int | None, cash_cents: int) -> Fact:
    values: dict[str, FactValue] = {
        "account_type": account_type,
        "holders": (f"p-{name}",),
        "opened_on": "2015-04-01",
        "place": "US-OH",
        **({} if income_cents is None else income_values(income_cents // 100)),
        **cash_values(cash_cents // 100),
    }
    begin = START - timedelta(days=365)
    return Fact("account_profile", f"a-{name}", begin, begin, values)


def _days(n_days: int, every: float, rng: np.random.Generator) -> Iterator[datetime]:
    """Yield business-hour moments, on average one in `every` days."""
    for day in range(n_days):
        if rng.random() < 1 / every:
            yield START + timedelta(days=day, seconds=int(rng.integers(8 * 3600, 20 * 3600)))


def _months(n_days: int, day_of_month: int) -> Iterator[datetime]:
    for day in range(n_days):
        moment = START + timedelta(days=day, hours=9)
        if moment.day == day_of_month:
            yield moment


def _entry(moment: datetime, cents: int, **columns: Any) -> Row:
    return {"event_time": moment, "amount": max(cents, 1), **columns}


def _out(name: str) -> Row:
    return {"debtor_account": f"a-{name}", "debtor": f"p-{name}"}


def _into(name: str) -> Row:
    return {"creditor_account": f"a-{name}", "creditor": f"p-{name}"}


def _household(name: str, income: int, n_households: int, n_days: int, rng: np.random.Generator) -> Iterator[Row]:
    def around(cents: float) -> int:
        return int(cents * rng.uniform(0.8, 1.2))

    out, into = _out(name), _into(name)
    employer = f"employer{int(rng.integers(5))}"
    for moment in _months(n_days, 28):
        yield _entry(
            moment,
            income,
            kind="payment",
            rail="ach",
            purpose="payroll",
            debtor_class="employer",
            **into,
            **_out(employer),
        )
    for moment in _months(n_days, 1):
        rent = {"purpose": "rent", "creditor_class": "landlord"}
        yield _entry(
            moment, income * 3 // 10, kind="payment", rail="ach", **rent, **out, **_into(f"landlord{len(name) % 3}")
        )
    for moment in _months(n_days, 12):
        yield _entry(moment, around(180_00), kind="payment", rail="ach", purpose="utilities", **out, **_into("utility"))
    for moment in _days(n_days, 3, rng):
        yield _entry(
            moment,
            around(70_00),
            kind="card",
            rail="card",
            purpose="groceries",
            merchant_category="5411",
            **out,
            **_into("grocer"),
        )
    for moment in _days(n_days, 6, rng):
        yield _entry(moment, around(40_00), kind="card", rail="card", merchant_category="5812", **out, **_into("diner"))
    for moment in _days(n_days, 20, rng):
        yield _entry(
            moment,
            around(120_00),
            kind="cash",
            rail="cash",
            channel="atm",
            branch="b1",
            place="US-OH",
            conductor=f"p-{name}",
            **out,
        )
    for moment in _days(n_days, 40, rng):
        friend = f"home{int(rng.integers(n_households)):03d}"
        if friend != name:
            yield _entry(moment, around(50_00), kind="payment", rail="p2p", **out, **_into(friend))


def _shop(name: str, takings: int, n_days: int, rng: np.random.Generator) -> Iterator[Row]:
    out, into = _out(name), _into(name)
    for moment in _days(n_days, 2, rng):
        # The weekend's takings come on Monday; Sundays are closed.
        busy = {0: 2.2, 5: 1.3, 6: 0.0}.get(moment.weekday(), 1.0)
        cents = int(takings * busy * rng.uniform(0.8, 1.2))
        if cents:
            counter = {"channel": "teller", "branch": f"b-{name}", "place": "US-OH", "conductor": f"p-{name}"}
            yield _entry(
                moment,
                cents,
                kind="cash",
                rail="cash",
                institution_type="bank",
                ctr_filed=cents > 10_000_00,
                **counter,
                **into,
            )
    for moment in _days(n_days, 1, rng):
        yield _entry(
            moment,
            int(takings * rng.uniform(0.5, 0.9)),
            kind="payment",
            rail="card",
            purpose="sales",
            **into,
            **_out("acquirer"),
        )
    for moment in _days(n_days, 7, rng):
        supplier = f"supplier{int(rng.integers(6))}"
        yield _entry(
            moment,
            int(takings * rng.uniform(3, 5)),
            kind="payment",
            rail="ach",
            purpose="supplier",
            creditor_class="supplier",
            **out,
            **_into(supplier),
        )
    for moment in _months(n_days, 28):
        yield _entry(moment, int(takings * 3), kind="payment", rail="ach", purpose="payroll", **out, **_into("home000"))
    for moment in _months(n_days, 2):
        yield _entry(
            moment,
            int(takings * 2),
            kind="payment",
            rail="ach",
            purpose="rent",
            creditor_class="landlord",
            **out,
            **_into("landlord0"),
        )
