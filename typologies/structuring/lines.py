"""Reporting lines: dated rows by (institution type, place, instrument), shipped and from context.

A row of the context table `threshold` is keyed "institution_type|place|instrument" and replaces the shipped row of the
same key on the days on which it is valid. Its values: `line_usd_cents`; `comparison`, ">" if the line itself is still
below (a currency transaction report), ">=" if it is not (a recordkeeping rule); `source`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from typologies.base.business_days import day_of
from typologies.base.detector import Context
from typologies.base.events import InstitutionType, Rail
from typologies.base.facts import Fact
from typologies.base.money import usd_text
from typologies.base.window import Event
from typologies.structuring.params import StructuringParams
from typologies.structuring.shipped_lines import SHIPPED

SMALL_LINE_RAILS = (Rail.REMITTANCE, Rail.WIRE, Rail.INSTRUMENT)
"""Cash that pays for a transfer or an instrument: 3,000 is recorded long before 10,000 is reported."""

_FURTHER_INSTRUMENT = {
    Rail.REMITTANCE: "funds_transfer",
    Rail.WIRE: "funds_transfer",
    Rail.INSTRUMENT: "monetary_instrument",
}

REPORTED_IN_CTR = "cash"
"""Instrument of the rows whose crossing is reported in a currency transaction report."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table.

    Attributes
    ----------
    institution, place, instrument
        Key of the row.
    cents
        The line in US cents.
    includes_line
        Whether the line itself already counts as above.
    first, after
        Days on which it holds: [first, after); `after` None is open-ended.
    source
        Citation.
    """

    institution: str
    place: str
    instrument: str
    cents: int
    includes_line: bool
    first: date
    after: date | None
    source: str

    @property
    def family(self) -> tuple[str, int, bool]:
        """What makes rows of several places one line: a courier may go round the places of one order."""
        return self.instrument, self.cents, self.includes_line

    @property
    def is_reported_in_ctr(self) -> bool:
        """Whether a day above this line appears in a currency transaction report."""
        return self.instrument == REPORTED_IN_CTR

    @property
    def text(self) -> str:
        """The line in words: "more than USD 10,000.00"."""
        return f"{usd_text(self.cents)} or more" if self.includes_line else f"more than {usd_text(self.cents)}"

    @property
    def validity(self) -> str:
        """Source and dates for an analyst."""
        until = "open-ended" if self.after is None else f"before {self.after.isoformat()}"
        return f"{self.source}, {self.institution} in {self.place}, from {self.first.isoformat()}, {until}"

    def is_above(self, cents: int) -> bool:
        """Return whether a sum reaches the line in the sense of its comparison."""
        return cents >= self.cents if self.includes_line else cents > self.cents

    def is_in_band(self, cents: int, floor_percent: int) -> bool:
        """Return whether a sum lies between `floor_percent` of the line and the line, and is not above it."""
        return cents * 100 >= floor_percent * self.cents and not self.is_above(cents)

    def holds_on(self, day: date) -> bool:
        """Return whether the row is valid on a day."""
        return self.first <= day and (self.after is None or day < self.after)


_Kind = tuple[str, str, Rail | None]
"""What decides which rows apply: institution type, place, rail."""


class LineTable:
    """The rows that apply to events, as known at one trigger; every context row that is read is cited."""

    def __init__(self, context: Context, params: StructuringParams) -> None:
        self._context = context
        self._params = params
        self._rows: dict[_Kind, tuple[tuple[Line, ...], ...]] = {}
        self._lines: dict[tuple[_Kind, date], tuple[Line, ...]] = {}
        self.unused: set[str] = set()

    def lines_of(self, event: Event) -> tuple[Line, ...]:
        """Return the lines that apply to a deposit on its business day, the lowest first."""
        params = self._params
        institution = params.institution_type
        if event.institution_type is not None:
            institution = event.institution_type.name.lower()
        kind = (institution, event.place or params.home_place, event.rail)
        day = day_of(event)
        lines = self._lines.get((kind, day))
        if lines is None:
            lines = self._lines[kind, day] = self._lines_on(kind, day)
        return lines

    def _lines_on(self, kind: _Kind, day: date) -> tuple[Line, ...]:
        if kind not in self._rows:
            self._rows[kind] = self._rows_of(*kind)
        found: dict[tuple[str, int, bool], Line] = {}
        for versions in self._rows[kind]:
            line = next((row for row in versions if row.holds_on(day)), None)
            if line is not None and self._is_usable(line, kind[2]):
                found.setdefault(line.family, line)
        return tuple(sorted(found.values(), key=lambda line: line.cents))

    def _rows_of(self, institution: str, place: str, rail: Rail | None) -> tuple[tuple[Line, ...], ...]:
        """Return for every key that can apply its rows, the context's before the shipped ones."""
        instruments = [REPORTED_IN_CTR]
        if rail in _FURTHER_INSTRUMENT:
            instruments.append(_FURTHER_INSTRUMENT[rail])
        if institution == InstitutionType.MSB.name.lower():
            instruments.append("suspicious_activity")
        rows: list[tuple[Line, ...]] = []
        for area in self._areas(place):
            for instrument in instruments:
                fact = self._context.lookup("threshold", f"{institution}|{area}|{instrument}")
                own = [] if fact is None else [_from_fact(fact, institution, area, instrument)]
                versions = (*own, *_SHIPPED_LINES.get((institution, area, instrument), ()))
                if versions:
                    rows.append(versions)
        return tuple(rows)

    def _areas(self, place: str) -> list[str]:
        """Return the areas around a place: "US", "US-CA", "US-CA-90001", and those its row in `place` names."""
        parts = place.split("-")
        areas = ["-".join(parts[:length]) for length in range(1, len(parts) + 1)]
        fact = self._context.lookup("place", place) if place != self._params.home_place else None
        further = () if fact is None else fact.values.get("areas")
        return [*areas, *further] if isinstance(further, tuple) else areas

    def _is_usable(self, line: Line, rail: Rail | None) -> bool:
        """Return whether the screen can have let deposits under this line through; note the others."""
        params = self._params
        low = params.lowest_line_usd_cents
        if is_small_line(line.institution, rail):
            low = min(low, params.lowest_small_line_usd_cents)
        usable = low <= line.cents <= params.highest_line_usd_cents
        if not usable:
            self.unused.add(f"{line.institution}|{line.place}|{line.instrument}: {line.text}")
        return usable


def is_small_line(institution: str, rail: Rail | None) -> bool:
    """Return whether lines far below 10,000 can apply: money services businesses, paid transfers and instruments."""
    return institution == InstitutionType.MSB.name.lower() or rail in SMALL_LINE_RAILS


def _from_fact(fact: Fact, institution: str, area: str, instrument: str) -> Line:
    values = fact.values
    cents = values.get("line_usd_cents")
    return Line(
        institution,
        area,
        instrument,
        cents if isinstance(cents, int) else 0,
        values.get("comparison") == ">=" or values.get("inclusive") is True,
        fact.valid_from.date(),
        None if fact.valid_to is None else fact.valid_to.date(),
        str(values.get("source", "context table threshold")),
    )


_SHIPPED_LINES = {key: tuple(Line(*row) for row in rows) for key, rows in SHIPPED.items()}
