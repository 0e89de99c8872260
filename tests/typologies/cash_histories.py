"""Random cash histories around the edges of the cash typologies: few people, few branches, sums near lines, ties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from typologies.base.cases import events_frame
from typologies.base.facts import Fact, FactValue, cash_values

Row = dict[str, Any]
START = datetime(2026, 3, 2, tzinfo=UTC)
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
PARTIES = ("p1", "p2", "p3")


def cash_history(
    rng: np.random.Generator, n: int, days: int, sizes: Sequence[int], *, with_payments: bool = False
) -> tuple[pl.DataFrame, list[Fact]]:
    """Return a history of one or two holders.

    Parameters
    ----------
    rng
        Seeded generator.
    n
        Number of events.
    days
        Span: event times lie on a grid of hours within it, so that ties are frequent.
    sizes
        Cents from which sums are drawn, beside sums spread evenly on a logarithmic scale.
    with_payments
        Wires and checks out of the accounts as well.
    """
    is_rich = rng.random() < 0.7
    rows = [_cash(rng, days, sizes, is_rich=is_rich) for _ in range(n)]
    if with_payments:
        rows += [_payment(rng, days) for _ in range(n // 4)]
    return events_frame([{**row, "event_id": f"e{i}"} for i, row in enumerate(rows)]), _facts(rng)


def _pick(rng: np.random.Generator, *values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


def _cash(rng: np.random.Generator, days: int, sizes: Sequence[int], *, is_rich: bool) -> Row:
    moment = START + timedelta(hours=int(rng.integers(days * 24)))
    holder = _pick(rng, "p1", "p1", "p2")
    cents = int(_pick(rng, *sizes)) if rng.random() < 0.7 else _spread(rng)
    account = f"a-{_pick(rng, 1, 2)}-{holder}"
    row: Row = {"event_time": moment, "kind": "cash", "amount": cents, "creditor_account": account}
    if rng.random() < 0.05:
        row["currency"] = "MXN"
    if rng.random() < 0.1:
        row["debtor_account"] = row.pop("creditor_account")
    if is_rich:
        side = "creditor" if "creditor_account" in row else "debtor"
        row |= {
            side: _pick(rng, holder, holder, holder, None),
            "branch": _pick(rng, "b1", "b1", "b2", "b3", None),
            "conductor": _pick(rng, "p1", "p2", "p3", None),
            "on_behalf_of": _pick(rng, None, None, None, "p1", "p3"),
            "channel": _pick(rng, "teller", "teller", "atm", "armoured_car", None),
            "ctr_filed": _pick(rng, True, False, False, None),
            "ctr_conductor": _pick(rng, None, "p1", "p2"),
            "reduced_on_notice": _pick(rng, None, False, False, True),
            "institution_type": _pick(rng, "bank", "bank", "msb", None),
            "rail": _pick(rng, "cash", "cash", "remittance", "instrument", None),
            "place": _pick(rng, "US-NY-10001", "US-TX-78040", None),
            "business_date": _business_date(rng, moment),
        }
    return row


def _spread(rng: np.random.Generator) -> int:
    return int(np.exp(rng.uniform(np.log(100_00), np.log(90_000_00))))


def _business_date(rng: np.random.Generator, moment: datetime) -> date | None:
    if rng.random() < 0.2:
        return None
    day = moment.date() + timedelta(days=int(rng.integers(0, 2)))
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def _payment(rng: np.random.Generator, days: int) -> Row:
    rail = str(_pick(rng, "wire", "instrument", "ach"))
    return {
        "event_time": START + timedelta(hours=int(rng.integers(days * 24))),
        "kind": "instrument" if rail == "instrument" else "payment",
        "rail": rail,
        "amount": _spread(rng),
        "debtor_account": f"a-{_pick(rng, 1, 2)}-{_pick(rng, 'p1', 'p2')}",
        "debtor_agent": _pick(rng, "bank-1", None),
        "creditor_account": f"x-{int(rng.integers(6))}",
        "creditor_agent": _pick(rng, "bank-1", "bank-2", None),
    }


def _facts(rng: np.random.Generator) -> list[Fact]:
    facts = []
    for party in ("p1", "p2"):
        values: dict[str, FactValue] = {
            "holder_class": _pick(rng, "individual", "individual", "business", "msb", "shell"),
            "opened_on": _pick(rng, "2015-01-01", "2026-02-01"),
            "is_ctr_exempt": bool(rng.random() < 0.1),
            "expected_cash_in_per_month": 100 * _pick(rng, 0, 3_000, 60_000, 2_000_000),
            "holders": (party,),
        }
        units = {name: value for name, value in cash_values(0).items() if name not in values}
        known = units | {name: value for name, value in values.items() if rng.random() < 0.6}
        facts += [Fact("account_profile", f"a-{i}-{party}", SINCE, SINCE, known) for i in (1, 2) if rng.random() < 0.6]
        if rng.random() < 0.6:
            facts.append(Fact("party_profile", party, SINCE, SINCE, known))
    return facts
