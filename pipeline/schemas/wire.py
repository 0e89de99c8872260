"""The union of all records, and the one way in: bytes to a validated record or `InvalidEvent`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from pipeline.schemas.documents import RegistryStatement, TradeDocument
from pipeline.schemas.fields import PATTERN_MEANING, WireRecord
from pipeline.schemas.onchain import OnChain
from pipeline.schemas.profiles import AccountProfile, PartyProfile
from pipeline.schemas.reference import FxFixing, ListEntry, Place
from pipeline.schemas.transactions import Card, Cash, Instrument, Payment
from typologies.base.errors import InvalidEvent

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024
"""Size of one record. The largest legitimate one, a chain transaction with 20,000 outputs, needs under 3 MB."""

Retractable = Annotated[
    Payment | Cash | Instrument | Card | OnChain | RegistryStatement | TradeDocument, Field(discriminator="kind")
]


class Retraction(WireRecord):
    """Takes one record out of the set: a returned payment, a reversal, a withdrawn block or statement.

    `retracts` is the record as it was delivered: a retraction repeats the identity, event time and subjects of what it
    takes out, so that it reaches the same subjects and stands at the same time. `event_id` is the retraction's own.
    """

    kind: Literal["retraction"]
    reason: Literal["returned", "reversed", "cancelled", "withdrawn", "corrected", "other"] | None = None
    retracts: Retractable


WireEvent = (
    Payment
    | Cash
    | Instrument
    | Card
    | OnChain
    | AccountProfile
    | PartyProfile
    | RegistryStatement
    | TradeDocument
    | FxFixing
    | Place
    | ListEntry
    | Retraction
)

MODELS: Final[dict[str, type[WireRecord]]] = {
    "payment": Payment,
    "cash": Cash,
    "instrument": Instrument,
    "card": Card,
    "onchain": OnChain,
    "account_profile": AccountProfile,
    "party_profile": PartyProfile,
    "registry_statement": RegistryStatement,
    "trade_document": TradeDocument,
    "fx_fixing": FxFixing,
    "place": Place,
    "list_entry": ListEntry,
    "retraction": Retraction,
}
"""Model of each `kind`."""

ADAPTER: Final[TypeAdapter[WireEvent]] = TypeAdapter(Annotated[WireEvent, Field(discriminator="kind")])

_MAX_REASONS = 3
_MAX_SHOWN = 60


def parse_event(raw: bytes) -> WireEvent:
    """Return the record in `raw`, a JSON object in UTF-8 of at most `MAX_EVENT_BYTES`.

    Raises
    ------
    InvalidEvent
        Not such an object, or a field breaks the contract; the message names field, rule and value. Nothing else is
        raised, whatever the bytes are.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"required a record of at most {MAX_EVENT_BYTES} bytes, was {len(raw)} bytes")
    try:
        return ADAPTER.validate_json(raw)
    except ValidationError as error:
        raise InvalidEvent(_explain(error.errors(include_url=False, include_context=True))) from None


def _explain(errors: Iterable[ErrorDetails]) -> str:
    reasons = [_reason(error) for error in errors]
    more = len(reasons) - _MAX_REASONS
    return "; ".join(reasons[:_MAX_REASONS]) + (f"; and {more} more" if more > 0 else "")


def _reason(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    place = ".".join(str(step) for step in error["loc"])
    if kind == "json_invalid":
        return f"required one JSON object in UTF-8, found: {context.get('error', 'no JSON')}"
    if kind == "union_tag_not_found":
        return f"required the field {context.get('discriminator')} at {place or 'the top'}, found none"
    if kind == "union_tag_invalid":
        return f"required {context['discriminator']} to be one of {context['expected_tags']}, was '{context['tag']}'"
    if kind == "missing":
        return f"{place}: required, found none"
    if kind == "extra_forbidden":
        return f"{place}: not a field of this kind of record"
    if kind == "string_pattern_mismatch":
        rule = "required " + PATTERN_MEANING.get(context["pattern"], f"text like {context['pattern']}")
    elif kind == "timezone_aware":
        rule = "required a time with its offset from UTC, like 2026-03-31T14:05:00Z"
    elif kind in ("value_error", "string_too_short"):
        rule = error["msg"].removeprefix("Value error, ")
        if kind == "string_too_short" and context.get("min_length") == 1:
            rule = 'required text, or null for unknown (never "")'
    else:
        rule = error["msg"].replace("Input should be", "required", 1)
    where = f"{place}: " if place else ""
    return f"{where}{rule}, was {_show(error['input'])}"


def _show(value: object) -> str:
    # A long or hostile value must not fill a log or a terminal; ascii() leaves no control characters.
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 512:
        return f"an integer of {value.bit_length()} bits"
    shown = ascii(value)
    return shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}… ({len(shown)} characters)"
