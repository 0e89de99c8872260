"""Field types of the wire contract: bounded text, identifiers, times, money."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

MAX_IDENTIFIER = 256
"""Characters of an id, name or code. An IBAN has 34, a transaction hash 66, a name in ISO 20022 140."""

MAX_TEXT = 4_096
"""Characters of free text. ISO 20022 allows 140 per line of remittance information, and several lines."""

MAX_AMOUNT = 10**38
"""Exclusive bound of an amount in minor units: below the largest 128-bit integer, 1.7e38. Wei need 87 bits."""

MAX_EXPONENT = 24
"""Largest number of decimals of a unit: 18 for wei, 24 for the finest unit in use on a public chain (yocto)."""

EARLIEST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_TIME = datetime(2200, 1, 1, tzinfo=UTC)
"""Event times lie in [EARLIEST_TIME, LATEST_TIME): outside it a unit was mistaken (seconds, milliseconds, days)."""

EARLIEST_DAY = date(1600, 1, 1)
LATEST_DAY = date(2200, 1, 1)
"""Calendar days lie in [EARLIEST_DAY, LATEST_DAY): the oldest registered companies were founded after 1600."""

_CONTROL = r"\x00-\x1f\x7f-\x9f"
IDENTIFIER_PATTERN = rf"^[^\s{_CONTROL}](?:[^{_CONTROL}]*[^\s{_CONTROL}])?$"
TEXT_PATTERN = rf"^(?:[^{_CONTROL}]|[\t\n])*[^\s{_CONTROL}](?:[^{_CONTROL}]|[\t\n])*$"
COUNTRY_PATTERN = r"^[A-Z]{2}$"
CURRENCY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
DECIMAL_PATTERN = r"^(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,18})?$"

PATTERN_MEANING = {
    IDENTIFIER_PATTERN: "text without control characters and without blanks around it (unknown is null)",
    TEXT_PATTERN: "text with something in it and without control characters other than tab and line feed",
    COUNTRY_PATTERN: "a country as two capital letters (ISO 3166)",
    CURRENCY_PATTERN: "an ISO 4217 or asset code of 1 to 32 letters, digits, dots, dashes",
    DECIMAL_PATTERN: "a decimal number as text, unsigned, at most 12 digits before the point and 18 after it",
}
"""What a person reads instead of the pattern."""

_TIME_START = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _require_iso_time(value: object) -> object:
    # A number, in quotes or not, would be read as seconds or milliseconds, by its size.
    if isinstance(value, datetime) or (isinstance(value, str) and _TIME_START.match(value)):
        return value
    raise ValueError("required an ISO 8601 date and time with its offset, like 2026-03-31T14:05:00Z")


def _to_utc(value: datetime) -> datetime:
    if not EARLIEST_TIME <= value < LATEST_TIME:
        raise ValueError(f"required a time from {EARLIEST_TIME:%Y-%m-%d} to before {LATEST_TIME:%Y-%m-%d}")
    return value.astimezone(UTC)


def _require_iso_day(value: object) -> object:
    if type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("required a calendar day like 2026-03-31")


def _in_range(value: date) -> date:
    if not EARLIEST_DAY <= value < LATEST_DAY:
        raise ValueError(f"required a day from {EARLIEST_DAY:%Y-%m-%d} to before {LATEST_DAY:%Y-%m-%d}")
    return value


Identifier = Annotated[str, Field(min_length=1, max_length=MAX_IDENTIFIER, pattern=IDENTIFIER_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=TEXT_PATTERN)]
Country = Annotated[str, Field(pattern=COUNTRY_PATTERN)]
Currency = Annotated[str, Field(pattern=CURRENCY_PATTERN)]
DecimalText = Annotated[str, Field(pattern=DECIMAL_PATTERN)]
Amount = Annotated[int, Field(gt=0, lt=MAX_AMOUNT)]
AmountOrNothing = Annotated[int, Field(ge=0, lt=MAX_AMOUNT)]
Exponent = Annotated[int, Field(ge=0, le=MAX_EXPONENT)]
Time = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_require_iso_time), AfterValidator(_to_utc)]
"""Aware, kept as UTC. Digits finer than a microsecond are cut."""
Day = Annotated[date, Field(strict=False), BeforeValidator(_require_iso_day), AfterValidator(_in_range)]

RailName = Literal[
    "wire",
    "ach",
    "p2p",
    "cheque",
    "card",
    "cash",
    "internal",
    "instrument",
    "remittance",
    "crypto",
    "reinvestment",
    "other",
]
ChannelName = Literal["teller", "atm", "night_deposit", "kiosk", "armoured_car", "online", "other"]
PurposeName = Literal[
    "payroll",
    "rent",
    "groceries",
    "utilities",
    "tax",
    "loan",
    "insurance",
    "tuition",
    "medical",
    "pension",
    "card_payment",
    "supplier",
    "sales",
    "export",
    "property",
    "family_support",
    "savings",
    "refund",
    "fee",
    "living_expenses",
    "other",
]
PartyClassName = Literal[
    "individual",
    "business",
    "employer",
    "government",
    "school",
    "real_estate",
    "escrow",
    "exchange",
    "marketplace",
    "msb",
    "merchant",
    "supplier",
    "landlord",
    "bank",
    "shell",
    "charity",
]
InstitutionTypeName = Literal["bank", "msb", "credit_union", "casino", "exchange"]


class WireModel(BaseModel):
    """Base of everything on the wire: no coercion, no unknown field, no change after validation."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class WireRecord(WireModel):
    """What every record carries: the feed, its id there, and when it arrived.

    `source` is the name of the feed, not of a file or topic; with `event_id` it says which record this is.
    `received_at` is set where the source knows it; a stream uses the broker's time.
    """

    source: Identifier
    event_id: Identifier
    received_at: Time | None = None


class ContextRecord(WireRecord):
    """A version of something known: when it held in the world (half-open) and when it became known."""

    valid_from: Time
    valid_to: Time | None = None
    known_at: Time
