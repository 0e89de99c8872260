"""Where places are and how far they lie apart."""

from __future__ import annotations

from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt

from typologies.base.detector import Context
from typologies.base.facts import FactValue

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius in metres (IUGG, R1)."""

MICRO = 1_000_000

Position = tuple[int, int]
"""Latitude and longitude in millionths of a degree."""


class Atlas:
    """Positions of places from the broadcast table `place`, each looked up once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, Position | None] = {}

    def position(self, place: str | None) -> Position | None:
        """Return where a place is, None if the table does not say."""
        if place is None:
            return None
        if place not in self._known:
            fact = self._context.lookup("place", place)
            self._known[place] = None if fact is None else _position(fact.values)
        return self._known[place]

    def distance_m(self, place: str | None, other: str | None) -> int | None:
        """Return the distance of two places in whole metres, rounded down; None if one is not known."""
        a, b = self.position(place), self.position(other)
        return None if a is None or b is None else great_circle_m(a, b)

    def is_within(self, place: str | None, other: str | None, km: int) -> bool:
        """Return whether two places are known to lie at most `km` apart."""
        if place is not None and place == other:
            return True
        metres = self.distance_m(place, other)
        return metres is not None and metres <= 1_000 * km


def great_circle_m(a: Position, b: Position) -> int:
    """Return the distance on the sphere in whole metres, rounded down (haversine; within 0.5 % of the ellipsoid).

    Examples
    --------
    >>> great_circle_m((32_553000, -117_043000), (33_973100, -118_247900))  # San Ysidro, Los Angeles
    193388
    """
    lat_a, lat_b = radians(a[0] / MICRO), radians(b[0] / MICRO)
    half_lat, half_lon = (lat_b - lat_a) / 2, radians((b[1] - a[1]) / MICRO) / 2
    h = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lon) ** 2
    return int(2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(h))))


def _position(values: Mapping[str, FactValue]) -> Position | None:
    latitude, longitude = values.get("latitude"), values.get("longitude")
    return (latitude, longitude) if isinstance(latitude, int) and isinstance(longitude, int) else None
