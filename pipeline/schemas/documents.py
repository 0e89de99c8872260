"""Statements of registries (BODS 0.4) and trade documents: records that stages of their own turn into context."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from pipeline.schemas.fields import (
    Amount,
    Country,
    Currency,
    Day,
    DecimalText,
    Exponent,
    Identifier,
    Text,
    Time,
    WireModel,
    WireRecord,
)

BODS_VERSION = "0.4"
MAX_DEPTH = 12
MAX_NODES = 5_000
"""Bounds of the free part of a statement: ten times what the longest published examples need (judgement)."""


def _check_json(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Refuse what a later reader could choke on: too deep, too many values, control characters, not a number."""
    nodes = 0
    pending: list[tuple[JsonValue, int]] = [(value, 1)]
    while pending:
        node, depth = pending.pop()
        nodes += 1
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            raise ValueError(f"required at most {MAX_NODES} values in at most {MAX_DEPTH} levels")
        if isinstance(node, dict):
            for key in node:
                _check_text(key)
            pending.extend((child, depth + 1) for child in node.values())
        elif isinstance(node, list):
            pending.extend((child, depth + 1) for child in node)
        elif isinstance(node, str):
            _check_text(node)
        elif isinstance(node, float) and not math.isfinite(node):
            raise ValueError("required finite numbers, found NaN or infinity")
    return value


def _check_text(text: str) -> None:
    if not text:
        raise ValueError('required text, or null for unknown (never "")')
    for character in text:
        code = ord(character)
        if (code < 32 and character not in "\t\n\r") or 127 <= code < 160:
            raise ValueError(f"required text without control characters, found U+{code:04X}")


JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_check_json)]


class BodsStatement(WireModel):
    """One statement of the Beneficial Ownership Data Standard 0.4, under its own field names.

    The header is typed, since replacement and closing of records depend on it; `recordDetails` is kept as published
    and checked by the ownership reader.
    """

    statementId: Annotated[Identifier, Field(min_length=32, max_length=64)]
    statementDate: Day | Time
    declaration: Identifier | None = None
    declarationSubject: Identifier
    recordId: Identifier
    recordType: Literal["entity", "person", "relationship"]
    recordStatus: Literal["new", "updated", "closed"] | None = None
    recordDetails: JsonObject
    publicationDetails: JsonObject | None = None
    source: JsonObject | None = None
    # Not strict: after `_refuse_older` the value is a Python list, which strict mode takes for no tuple.
    annotations: Annotated[tuple[JsonObject, ...], Field(strict=False, max_length=100)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_older(cls, value: object) -> object:
        if isinstance(value, dict) and ("statementID" in value or "statementType" in value):
            raise ValueError(f"required a statement of BODS {BODS_VERSION}, found the shape of BODS 0.1 to 0.3")
        return value

    @model_validator(mode="after")
    def _check_version(self) -> BodsStatement:
        version = (self.publicationDetails or {}).get("bodsVersion", BODS_VERSION)
        if version != BODS_VERSION:
            raise ValueError(f"required bodsVersion {BODS_VERSION}, was {version!r}")
        return self


class RegistryStatement(WireRecord):
    """A statement as a register delivered it. `known_at` is when it was published or fetched."""

    kind: Literal["registry_statement"]
    known_at: Time
    register_name: Identifier | None = None
    statement: BodsStatement


class TradeLine(WireModel):
    """One kind of goods. Quantities and weights are decimals as text; `unit_price` is in minor units per `unit`."""

    hs_code: Annotated[str, Field(pattern=r"^[0-9]{2,10}$")] | None = None
    description: Text | None = None
    quantity: DecimalText | None = None
    unit: Identifier | None = None
    weight_kg: DecimalText | None = None
    unit_price: Amount | None = None
    origin_country: Country | None = None


class TradeDocument(WireRecord):
    """An invoice, bill of lading or customs declaration. All prices are in `currency` with `exponent`."""

    kind: Literal["trade_document"]
    known_at: Time
    document_type: Literal["invoice", "bill_of_lading", "air_waybill", "customs_declaration", "packing_list", "other"]
    document_number: Identifier
    issued_on: Day
    seller: Identifier | None = None
    buyer: Identifier | None = None
    consignee: Identifier | None = None
    paid_by: Identifier | None = None
    amount: Amount | None = None
    exponent: Exponent | None = None
    currency: Currency | None = None
    incoterm: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    export_country: Country | None = None
    import_country: Country | None = None
    port_of_loading: Identifier | None = None
    port_of_discharge: Identifier | None = None
    vessel: Identifier | None = None
    container: Identifier | None = None
    lines: Annotated[tuple[TradeLine, ...], Field(max_length=2_000)] = ()

    @model_validator(mode="after")
    def _check_money(self) -> TradeDocument:
        has_price = self.amount is not None or any(line.unit_price is not None for line in self.lines)
        if has_price and (self.exponent is None or self.currency is None):
            raise ValueError("an amount or unit price needs exponent and currency")
        return self
