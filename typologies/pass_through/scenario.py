"""S13 of the typology reference: twenty credits and eighteen debits in ten days, in = out the same day; and its twin.

Numbers come from the table of section 6.2. What it does not give (sums of single entries) is drawn from a range of this
file's own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from typologies.base.facts import Fact, income_values
from typologies.base.scenarios import Scenario

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
DAYS, CREDITS, DEBITS = 10, 20, 18
SUBJECT = "subject"


def positive(rng: np.random.Generator) -> Scenario:
    """Return the scheme: a retired person's idle account, strangers in, other strangers out, nothing stays."""
    rows = [_row(*entry, rail=str(rng.choice(["p2p", "ach", "wire"]))) for entry in _ladder(rng)]
    for row in rows:
        row |= {"debtor_class": "individual", "creditor_class": "individual"}
    facts = [_profile({"occupation": "retired", **income_values(24_000), "holder_class": "individual"})]
    return _story(rows, facts)


def look_alike(rng: np.random.Generator) -> Scenario:
    """Return the twin: the same ladder on a landlord's account; tenants and trades were there a month ago too."""
    ladder = _ladder(rng)
    month = timedelta(days=30)
    rows = [_row(f"h{name}", time - month, leg, other, cents) for name, time, leg, other, cents in ladder]
    rows += [_row(*entry) for entry in ladder]
    for row in rows:
        is_in = row["creditor_account"] == SUBJECT
        row |= {"rail": "ach", "purpose": "rent" if is_in else "supplier"}
    return _story(rows, [_profile({"opened_on": "2014-06-01", "holder_class": "landlord"})])


Entry = tuple[str, datetime, str, str, int]
"""Id, time, leg, counterparty and cents."""


def _ladder(rng: np.random.Generator) -> list[Entry]:
    """Credits through each day, debits of nearly the same sum in the evening."""
    entries: list[Entry] = []
    n_in, n_out = _spread(CREDITS), _spread(DEBITS)
    for day in range(DAYS):
        morning = START + timedelta(days=day)
        cents = np.exp(rng.uniform(np.log(60_000), np.log(400_000), n_in[day])).astype(int)
        for amount in cents.tolist():
            number = len([e for e in entries if e[2] == "in"]) + 1
            entries.append((f"in{number}", morning + _minutes(rng, 0, 480), "in", f"payer-{number}", amount))
        parts = rng.dirichlet(np.full(n_out[day], 6.0)) * cents.sum() * rng.uniform(0.95, 1.0)
        for amount in parts.astype(int).tolist():
            number = len([e for e in entries if e[2] == "out"]) + 1
            entries.append((f"out{number}", morning + _minutes(rng, 500, 800), "out", f"payee-{number}", amount))
    return entries


def _spread(total: int) -> list[int]:
    """Spread a number of entries evenly over the days."""
    return [(total * (day + 1)) // DAYS - (total * day) // DAYS for day in range(DAYS)]


def _minutes(rng: np.random.Generator, first: int, last: int) -> timedelta:
    return timedelta(minutes=int(rng.integers(first, last)))


def _row(name: str, time: datetime, leg: str, other: str, cents: int, rail: str = "ach") -> dict[str, object]:
    debtor, creditor = (other, SUBJECT) if leg == "in" else (SUBJECT, other)
    return {
        "event_id": name,
        "event_time": time,
        "debtor_account": debtor,
        "creditor_account": creditor,
        "amount": cents,
        "rail": rail,
    }


def _story(rows: list[dict[str, object]], facts: list[Fact]) -> Scenario:
    labels = {str(row["event_id"]): "in" if row["creditor_account"] == SUBJECT else "out" for row in rows}
    rows.sort(key=lambda row: (str(row["event_time"]), str(row["event_id"])))
    return Scenario(rows, facts, labels)


def _profile(values: dict[str, str | int | bool | tuple[str, ...] | None]) -> Fact:
    since = datetime(2020, 1, 1, tzinfo=UTC)
    return Fact("account_profile", SUBJECT, since, since, values)
