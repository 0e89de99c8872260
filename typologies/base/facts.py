"""Context facts: versions of what is known about a subject or the world, with valid and known time (semantics D1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from typologies.base.errors import InvalidEvent

FactValue = str | int | bool | None | tuple[str, ...]

MAX_LATITUDE = 90_000_000
MAX_LONGITUDE = 180_000_000
"""Bounds of coordinates of the table `place`, in millionths of a degree: the one form in which they come."""

PROFILE_TABLES = ("account_profile", "party_profile")
"""Tables keyed by a subject. A judge sees its own subject's versions only (semantics D2)."""

BROADCAST_TABLES = (
    "threshold",
    "place",
    "holiday",
    "allowlist",
    "institution",
    "list_entry",
    "party_class",
    "fx_fixing",
)
"""Tables that every partition holds whole."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One version of one row of a context table.

    Attributes
    ----------
    table, key
        `account_profile` and an account id, `place` and a place code, and so on.
    valid_from, valid_to
        When it held in the world, half-open, aware UTC; `valid_to` None is open-ended.
    known_at
        When we learnt it, aware UTC. A trigger at t uses what is valid and known at t.
    values
        The row itself: JSON scalars and lists of strings. Unknown values are left out, never "".
    """

    table: str
    key: str
    valid_from: datetime
    known_at: datetime
    values: Mapping[str, FactValue]
    valid_to: datetime | None = None
    _hash: str = field(init=False, default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        problem = position_problem(self.values) if self.table == "place" else None
        if problem is not None:
            raise InvalidEvent(f"place {self.key}: {problem}")

    def content_hash(self) -> str:
        """Return 32 hex digits over everything above: what a digest and an alert cite as the version used."""
        if not self._hash:
            object.__setattr__(self, "_hash", self._computed_hash())
        return self._hash

    def _computed_hash(self) -> str:
        body = [
            self.table,
            self.key,
            self.valid_from.isoformat(),
            self.valid_to.isoformat() if self.valid_to else None,
            self.known_at.isoformat(),
            {name: list(v) if isinstance(v, tuple) else v for name, v in sorted(self.values.items())},
        ]
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return blake2b(text.encode(), digest_size=16).hexdigest()


def position_problem(values: Mapping[str, FactValue]) -> str | None:
    """Return what is wrong with the coordinates of a place, None if nothing is.

    Examples
    --------
    >>> position_problem({"latitude": 27_515_600, "longitude": -99_498_600})
    >>> position_problem({"latitude": "27.5156", "longitude": "-99.4986"})
    "latitude must be whole millionths of a degree from -90000000 to 90000000 (27.5 degrees: 27500000); found '27.5156'"
    """
    if ("latitude" in values) != ("longitude" in values):
        return f"latitude and longitude must come together; found {'latitude' if 'latitude' in values else 'longitude'}"
    for name, most in (("latitude", MAX_LATITUDE), ("longitude", MAX_LONGITUDE)):
        value = values.get(name)
        if name in values and (isinstance(value, bool) or not isinstance(value, int) or not -most <= value <= most):
            return (
                f"{name} must be whole millionths of a degree from {-most} to {most} (27.5 degrees: 27500000); "
                f"found {value!r}"
            )
    return None


def income_values(usd_per_year: int) -> dict[str, FactValue]:
    """Return the fields of a profile for an income in whole dollars a year; for scenarios, worlds and tests.

    Examples
    --------
    >>> income_values(24_000)["declared_income"]
    2400000
    """
    money: dict[str, FactValue] = {"declared_income": usd_per_year * 100, "declared_income_exponent": 2}
    return {**money, "declared_income_currency": "USD", "declared_income_period": "year"}


def cash_values(usd_per_month: int) -> dict[str, FactValue]:
    """Return the fields of a profile for announced cash in whole dollars a month."""
    money: dict[str, FactValue] = {"expected_cash_in_per_month": usd_per_month * 100, "expected_cash_in_exponent": 2}
    return {**money, "expected_cash_in_currency": "USD"}
