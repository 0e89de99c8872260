"""Reference data that every partition holds whole: FX fixings and entries of lists."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.schemas.fields import ContextRecord, Currency, Day, DecimalText, Identifier, WireModel


class FxFixing(ContextRecord):
    """An official rate. `usd_per_unit` is US dollars for one unit of `currency`, a decimal as text."""

    kind: Literal["fx_fixing"]
    currency: Currency
    usd_per_unit: DecimalText
    fixed_on: Day
    fixing: Identifier


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
