"""S05 of the typology reference: strangers in four states feed a new account at the border; and its twin, a franchise.

Numbers come from the table of section 6.2: 10-25 deposits of 2,000-9,800 by six strangers in four states over 14 days,
at least 70 percent of it gone within 72 hours by cheques to a bank in Mexico.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from typologies.base.facts import Fact, FactValue
from typologies.base.scenarios import Scenario

START = datetime(2026, 3, 2, 15, tzinfo=UTC)
DAYS = 14
HOME = "US-TX-78040"
PLACES = {
    HOME: (27_515_600, -99_498_600),
    "US-GA-30303": (33_752_500, -84_391_500),
    "US-IL-60616": (41_844_900, -87_630_800),
    "US-NY-10001": (40_750_600, -73_997_200),
    "US-CO-80202": (39_749_500, -104_999_300),
}
"""Centres of ZIP areas in millionths of a degree, good to some kilometres."""
FAR = tuple(place for place in PLACES if place != HOME)
SUBJECT = "subject"
SINCE = datetime(2020, 1, 1, tzinfo=UTC)

Row = dict[str, object]


def positive(rng: np.random.Generator) -> Scenario:
    """Return the scheme."""
    rows: list[Row] = []
    for i, moment in enumerate(_moments(rng, int(rng.integers(10, 26)))):
        stranger = int(rng.integers(0, 6))
        cents = int(rng.integers(200_000, 980_001))
        rows.append(_deposit(f"in{i}", moment, cents, FAR[stranger % 4], f"stranger-{stranger}", "teller"))
        if rng.random() < 0.9:
            later = moment + timedelta(hours=float(rng.uniform(10, 60)))
            rows.append(
                _debit(f"out{i}", later, cents * 97 // 100, f"firm-{i % 3}", rail="cheque", creditor_country="MX")
            )
    return _scenario(rows, {"opened_on": "2026-01-30", "place": HOME})


def look_alike(rng: np.random.Generator) -> Scenario:
    """Return the twin: a franchise with outlets in the same states, whose cash pays wages, rent and suppliers."""
    rows: list[Row] = []
    for week in range(-5, 2):
        for i, moment in enumerate(_moments(rng, int(rng.integers(8, 14)), days=7)):
            moment += timedelta(days=7 * week)
            outlet = int(rng.integers(0, 4))
            cents = int(rng.integers(200_000, 980_001))
            how = "armoured_car" if rng.random() < 0.5 else "teller"
            rows.append(_deposit(f"in{week}-{i}", moment, cents, FAR[outlet], f"employee-{outlet}", how))
            purpose = str(rng.choice(["payroll", "rent", "supplier"]))
            later = moment + timedelta(hours=float(rng.uniform(10, 60)))
            rows.append(
                _debit(f"out{week}-{i}", later, cents * 9 // 10, f"payee-{i % 5}", rail="cheque", purpose=purpose)
            )
    return _scenario(rows, {"opened_on": "2016-08-15", "place": HOME, "holder_class": "business"})


def _moments(rng: np.random.Generator, count: int, days: int = DAYS) -> list[datetime]:
    return [START + timedelta(seconds=int(s)) for s in np.sort(rng.integers(0, days * 86_400, count))]


def _deposit(name: str, moment: datetime, cents: int, place: str, conductor: str, channel: str) -> Row:
    return {
        "event_id": name,
        "event_time": moment,
        "kind": "cash",
        "rail": "cash",
        "channel": channel,
        "creditor_account": SUBJECT,
        "creditor": "holder",
        "amount": cents,
        "place": place,
        "branch": f"{place}-1",
        "conductor": conductor,
    }


def _debit(name: str, moment: datetime, cents: int, payee: str, **columns: object) -> Row:
    ends = {"debtor_account": SUBJECT, "debtor": "holder", "creditor_account": payee}
    return {"event_id": name, "event_time": moment, "kind": "payment", "amount": cents, **ends, **columns}


def _scenario(rows: list[Row], profile: dict[str, FactValue]) -> Scenario:
    facts = [Fact("account_profile", SUBJECT, SINCE, SINCE, profile)]
    for place, (latitude, longitude) in PLACES.items():
        facts.append(Fact("place", place, SINCE, SINCE, {"latitude": latitude, "longitude": longitude}))
    labels = {str(row["event_id"]): "in" if row["kind"] == "cash" else "out" for row in rows}
    rows.sort(key=lambda row: (str(row["event_time"]), str(row["event_id"])))
    return Scenario(rows, facts, labels)
