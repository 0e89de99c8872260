"""The map of the world: towns with their zone and position, and which of them a geographic order covers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import NamedTuple

from typologies.base.facts import Fact


class Place(NamedTuple):
    """One ZIP area. `order` is the first south-west border order that covers it (0: none)."""

    code: str
    name: str
    latitude: float
    longitude: float
    zone: str
    weight: float
    order: int = 0
    border: bool = False


EAST, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"

PLACES: tuple[Place, ...] = (
    Place("US-NY-10001", "New York", 40.7506, -73.9972, EAST, 9),
    Place("US-NJ-08817", "Edison", 40.5187, -74.4121, EAST, 4),
    Place("US-NY-11354", "Flushing", 40.7675, -73.8331, EAST, 6),
    Place("US-PA-19104", "Philadelphia", 39.9612, -75.1997, EAST, 5),
    Place("US-MA-02118", "Boston", 42.3388, -71.0726, EAST, 4),
    Place("US-FL-33125", "Miami", 25.7826, -80.2380, EAST, 6),
    Place("US-GA-30303", "Atlanta", 33.7525, -84.3915, EAST, 5),
    Place("US-NC-28202", "Charlotte", 35.2270, -80.8442, EAST, 3),
    Place("US-OH-43215", "Columbus", 39.9651, -83.0040, EAST, 3),
    Place("US-MI-48226", "Detroit", 42.3317, -83.0491, EAST, 3),
    Place("US-IL-60616", "Chicago", 41.8449, -87.6308, CENTRAL, 7),
    Place("US-TX-77002", "Houston", 29.7564, -95.3653, CENTRAL, 6),
    Place("US-TX-75201", "Dallas", 32.7881, -96.7996, CENTRAL, 5),
    Place("US-TN-37203", "Nashville", 36.1499, -86.7915, CENTRAL, 2),
    Place("US-MO-64106", "Kansas City", 39.1051, -94.5707, CENTRAL, 2),
    Place("US-CO-80202", "Denver", 39.7495, -104.9993, MOUNTAIN, 4),
    Place("US-NV-89101", "Las Vegas", 36.1725, -115.1224, PACIFIC, 3),
    Place("US-CA-90001", "Los Angeles", 33.9731, -118.2479, PACIFIC, 9),
    Place("US-CA-91761", "Ontario", 34.0332, -117.5931, PACIFIC, 4),
    Place("US-CA-94107", "San Francisco", 37.7621, -122.3971, PACIFIC, 4),
    Place("US-CA-93721", "Fresno", 36.7327, -119.7842, PACIFIC, 3),
    Place("US-WA-98104", "Seattle", 47.6036, -122.3256, PACIFIC, 4),
    Place("US-CA-92173", "San Ysidro", 32.5530, -117.0430, PACIFIC, 3, 1, True),
    Place("US-TX-79901", "El Paso", 31.7596, -106.4785, MOUNTAIN, 3, 1, True),
    Place("US-TX-78040", "Laredo", 27.5156, -99.4986, CENTRAL, 3, 1, True),
    Place("US-TX-78852", "Eagle Pass", 28.7091, -100.4995, CENTRAL, 2, 1, True),
    Place("US-TX-78520", "Brownsville", 25.9334, -97.5174, CENTRAL, 3, 1, True),
    Place("US-AZ-85621", "Nogales", 31.3629, -110.9340, "America/Phoenix", 2, 2, True),
    Place("US-AZ-85364", "Yuma", 32.7015, -114.6424, "America/Phoenix", 2, 2, True),
)
"""Positions: approximate centres of the ZIP areas, good to a few kilometres. Weights: invented."""

ZONES: tuple[str, ...] = tuple(sorted({place.zone for place in PLACES}))


class Order(NamedTuple):
    """A south-west border order. `inclusive`: the line itself is reported ("$1,000 or more", not "more than $200")."""

    number: int
    announced: date
    first: date
    after: date
    line_usd_cents: int
    inclusive: bool
    source: str


ORDERS: tuple[Order, ...] = (
    Order(1, date(2025, 3, 14), date(2025, 4, 14), date(2025, 9, 10), 200_00, False, "90 FR 12106"),
    Order(2, date(2025, 9, 8), date(2025, 9, 10), date(2026, 3, 7), 1_000_00, True, "FinCEN order of 8 Sep 2025"),
    Order(
        3, date(2026, 3, 10), date(2026, 3, 7), date(2026, 9, 3), 1_000_00, True, "FinCEN order effective 7 Mar 2026"
    ),
)
"""The first lists ZIP areas in Texas and California; the second names whole counties there and in Arizona; the third
adds counties that this map does not have."""


def midnight(day: date) -> datetime:
    """Return the start of a calendar day, UTC."""
    return datetime.combine(day, time(), UTC)


def reporting_lines() -> list[Fact]:
    """Return the dated reporting lines for cash: the federal one by institution type, and the border orders."""
    since = date(1970, 1, 1)
    facts = [
        _line(institution, "US", Order(0, since, since, date.max, 10_000_00, False, "31 CFR 1010.311"))
        for institution in ("bank", "msb")
    ]
    covered = [(order, place) for order in ORDERS for place in PLACES if 0 < place.order <= order.number]
    return facts + [_line("msb", place.code, order) for order, place in covered]


def _line(institution: str, place: str, order: Order) -> Fact:
    return Fact(
        table="threshold",
        key=f"{institution}|{place}|cash",
        valid_from=midnight(order.first),
        valid_to=None if order.after == date.max else midnight(order.after),
        known_at=midnight(order.announced),
        values={
            "institution_type": institution,
            "place": place,
            "instrument": "cash",
            "line_usd_cents": order.line_usd_cents,
            "inclusive": order.inclusive,
            "source": order.source,
        },
    )


def place_facts() -> list[Fact]:
    """Return one row a place; coordinates are whole millionths of a degree, because a fact carries no floats."""
    since = midnight(date(1970, 1, 1))
    return [
        Fact(
            table="place",
            key=place.code,
            valid_from=since,
            known_at=since,
            values={
                "name": place.name,
                "country": "US",
                "latitude": round(place.latitude * 1_000_000),
                "longitude": round(place.longitude * 1_000_000),
                "zone": place.zone,
                "border": place.border,
            },
        )
        for place in PLACES
    ]
