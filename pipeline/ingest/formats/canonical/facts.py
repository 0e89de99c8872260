"""Context in canonical JSON lines: profiles, thresholds, places, lists, one version a line.

    {"kind": "account_profile", "key": "A1", "valid_from": "2024-01-01T00:00:00Z", "known_at": "2024-01-02T00:00:00Z",
     "values": {"account_type": "business", "holders": ["p1"]}}

`kind` is a table of `typologies.base.facts`. `valid_to` may be given. Values are text, integers, true or false, and
lists of text; unknown ones are left out. Coordinates of places are whole millionths of a degree. Fields of profiles
have the names of `pipeline.schemas.frames.profile_fields`; another name is kept, said, and read by no typology. What
people are (nationality, birthplace, language and the like; in profiles also names) is dropped here and reaches nothing
behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.ingest.formats.canonical.columns import PERSONAL_COLUMNS
from pipeline.ingest.validate import LATEST, MAX_ID_BYTES, MAX_TEXT_BYTES
from pipeline.schemas.frames import profile_fields
from pipeline.schemas.profiles import PERSONAL_FIELDS
from typologies.base.facts import BROADCAST_TABLES, PROFILE_TABLES, Fact, FactValue, position_problem

OLDEST_FACT = datetime(1900, 1, 1, tzinfo=UTC)
"""An account may be older than any event."""

FACT_TABLES: Final = frozenset(PROFILE_TABLES) | frozenset(BROADCAST_TABLES)

_KEYS = frozenset({"kind", "key", "valid_from", "valid_to", "known_at", "values", "source", "event_id", "received_at"})
_FIELDS = profile_fields()
_INT64 = 2**63


def parse_fact(record: Mapping[str, object], zone: ZoneInfo) -> tuple[Fact, list[str]]:
    """Return the fact in a JSON object, and the names of values that nothing reads: personal ones, which are dropped,
    and fields that no profile has.

    Raises
    ------
    ValueError
        The record is no fact; the message says what was required and what was found.
    """
    unknown = sorted(set(record) - _KEYS)
    if unknown:
        raise ValueError(f"context holds {', '.join(sorted(_KEYS))}; found {', '.join(unknown)[:100]}")
    table = _text(record, "kind")
    values = record.get("values")
    if not isinstance(values, dict):
        raise ValueError(f"values must be an object; found {_shown(values)}")
    personal = PERSONAL_COLUMNS | PERSONAL_FIELDS if table in PROFILE_TABLES else PERSONAL_COLUMNS
    dropped = sorted(name for name in values if name.lower() in personal)
    kept: dict[str, FactValue] = {}
    for name, value in values.items():
        if name not in dropped and value is not None and value != "":
            kept[name] = _value(name, value)
    problem = position_problem(kept) if table == "place" else None
    if problem is not None:
        raise ValueError(problem)
    valid_to = None if record.get("valid_to") is None else _time(record, "valid_to", zone)
    valid_from = _time(record, "valid_from", zone)
    if valid_to is not None and valid_to <= valid_from:
        raise ValueError(
            f"valid_to must lie after valid_from; found {record['valid_to']!r} after {record['valid_from']!r}"
        )
    unread = dropped + sorted(kept.keys() - _FIELDS[table]) if table in _FIELDS else dropped
    return Fact(table, _text(record, "key"), valid_from, _time(record, "known_at", zone), kept, valid_to), unread


def _text(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not value.strip() or not _is_clean(value) or len(value.encode()) > MAX_ID_BYTES:
        raise ValueError(f"{name} must be text without control characters; found {_shown(value)}")
    return value


def _time(record: Mapping[str, object], name: str, zone: ZoneInfo) -> datetime:
    value = record.get(name)
    if not isinstance(value, str) or len(value) < len("2024-01-01T00:00"):
        raise ValueError(f"{name} must be a time such as 2024-01-31T23:59:59Z; found {_shown(value)}")
    try:
        time = datetime.fromisoformat(value)
        time = (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be a time such as 2024-01-31T23:59:59Z; found {_shown(value)}") from error
    if not OLDEST_FACT <= time <= LATEST:
        raise ValueError(f"{name} must lie between {OLDEST_FACT:%Y-%m-%d} and {LATEST:%Y-%m-%d}; found {_shown(value)}")
    return time


def _value(name: str, value: object) -> FactValue:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -_INT64 < value < _INT64:
        return value
    if isinstance(value, str) and "\0" not in value and len(value.encode()) <= MAX_TEXT_BYTES:
        return value
    if isinstance(value, list) and all(isinstance(item, str) and "\0" not in item for item in value):
        return tuple(value)
    required = "text, an integer of 64 bits, true, false or a list of text"
    raise ValueError(f"values.{name[:60]} must be {required}; found {_shown(value)}")


def _is_clean(text: str) -> bool:
    return not any(character < " " or character == "\x7f" for character in text)


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _INT64:
        return "a larger integer"
    return "nothing" if value is None else ascii(value)[:60]
