"""Reference data that every partition holds whole: FX fixings, places and entries of lists."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.schemas.fields import ContextRecord, Country, Currency, Day, DecimalText, Identifier, WireModel
from typologies.base.facts import MAX_LATITUDE, MAX_LONGITUDE


class FxFixing(ContextRecord):
    """An official rate. `usd_per_unit` is US dollars for one unit of `currency`, a decimal as text."""

    kind: Literal["fx_fixing"]
    currency: Currency
    usd_per_unit: DecimalText
    fixed_on: Day
    fixing: Identifier


class Place(ContextRecord):
    """A place: the area that a place code of an event or a profile names ("US-TX-78040").

    `latitude` and `longitude` are whole millionths of a degree (WGS 84, north and east positive) and come together:
    27515600 is 27.5156 degrees north. Degrees with a point are refused.
    """

    kind: Literal["place"]
    place: Identifier
    name: Identifier | None = None
    country: Country | None = None
    latitude: Annotated[int, Field(ge=-MAX_LATITUDE, le=MAX_LATITUDE)] | None = None
    longitude: Annotated[int, Field(ge=-MAX_LONGITUDE, le=MAX_LONGITUDE)] | None = None
    zone: Identifier | None = None

    @model_validator(mode="after")
    def _check_position(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude come together")
        return self


class ListedIdentifier(WireModel):
    """One thing by which an entry of a list is found. `chain` narrows an address to one chain."""

    scheme: Literal["address", "account", "party", "lei", "company_number", "bic", "name"]
    value: Identifier
    chain: Identifier | None = None


class ListEntry(ContextRecord):
    """One entry of a sanctions, label or internal list in one version of it. `confidence` is 0 to 100."""

    kind: Literal["list_entry"]
    list_name: Identifier
    list_version: Identifier
    entry: Identifier
    identifiers: Annotated[tuple[ListedIdentifier, ...], Field(min_length=1, max_length=5_000)]
    category: Identifier | None = None
    label: Identifier | None = None
    programmes: Annotated[tuple[Identifier, ...], Field(max_length=100)] | None = None
    confidence: Annotated[int, Field(ge=0, le=100)] | None = None
