"""Postal addresses of parties, in the three kinds that exist, none turned into another.

- *structured*: fields only (`StrtNm`, `TwnNm`, `Ctry`, ...);
- *hybrid*: `TwnNm` and at most two `AdrLine` of 70 characters;
- *unstructured*: `AdrLine` without `TwnNm`, perhaps with a country. CBPR+ refuses these since 14 November 2026;
  archives and account statements are full of them. A line is never split by guess: what it means stays open.

An address becomes a `party_profile` fact with `address_kind`: valid from the day of the message, known when that day
is over. A day and not the moment, so that the facts of a file depend neither on the order of its messages nor on how
often a day repeats an address, and no message is judged by what only a later one of the same day said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.ingest.formats.iso20022.checks import COUNTRIES, Flags
from pipeline.ingest.formats.iso20022.elements import Element, text, texts
from typologies.base.facts import Fact, FactValue

MAX_HYBRID_LINES = 2
MAX_LINE = 70

FIELDS = {
    "Dept": "department",
    "SubDept": "sub_department",
    "StrtNm": "street",
    "BldgNb": "building_number",
    "BldgNm": "building_name",
    "Flr": "floor",
    "UnitNb": "unit",
    "PstBx": "post_box",
    "Room": "room",
    "PstCd": "post_code",
    "TwnNm": "town",
    "TwnLctnNm": "town_location",
    "DstrctNm": "district",
    "CtrySubDvsn": "subdivision",
    "Ctry": "country",
    "CareOf": "care_of",
}


@dataclass(frozen=True, slots=True)
class Address:
    """An address as written.

    Attributes
    ----------
    kind
        "structured", "hybrid" or "unstructured".
    fields
        Field and value, in the order of `FIELDS`.
    lines
        Free lines.
    """

    kind: str
    fields: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]


def address_of(element: Element | None, flags: Flags) -> Address | None:
    """Read a `PstlAdr`; null where there is none or it says nothing."""
    if element is None:
        return None
    fields = tuple((name, value) for tag, name in FIELDS.items() if (value := text(element, tag)))
    lines = tuple(texts(element, "AdrLine"))
    if not fields and not lines:
        return None
    has_town = any(name == "town" for name, _ in fields)
    kind = ("hybrid" if has_town else "unstructured") if lines else "structured"
    if kind == "hybrid" and len(lines) > MAX_HYBRID_LINES:
        flags.add("hybrid address with more than two lines", " | ".join(lines))
    if any(len(line) > MAX_LINE for line in lines):
        flags.add("address line of more than 70 characters", max(lines, key=len))
    country = dict(fields).get("country")
    if country is not None and country not in COUNTRIES:
        flags.add("country code that is not in ISO 3166", country)
    return Address(kind, fields, lines)


class AddressBook:
    """Collects the addresses of one file as facts, one for each party, address and day."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, Address, datetime]] = set()
        self._kinds: dict[str, int] = {}

    def add(self, party: str | None, address: Address | None, time: datetime) -> Iterator[Fact]:
        """Yield a fact if this party, address and day were not seen yet; `time` is the event's, in UTC."""
        if address is None:
            return
        self._kinds[address.kind] = self._kinds.get(address.kind, 0) + 1
        if party is None:
            return
        day = datetime(time.year, time.month, time.day, tzinfo=UTC)
        key = (party, address, day)
        if key in self._seen:
            return
        self._seen.add(key)
        values: dict[str, FactValue] = {f"address_{name}": value for name, value in address.fields}
        if address.lines:
            values["address_lines"] = address.lines
        values["address_kind"] = address.kind
        yield Fact("party_profile", party, day, day + timedelta(days=1), values)

    def sentence(self, origin: str) -> list[str]:
        """Return what kinds of addresses there were: one sentence or none."""
        if not self._kinds:
            return []
        counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self._kinds.items()))
        return [f"{origin}: addresses of parties: {counts}"]
