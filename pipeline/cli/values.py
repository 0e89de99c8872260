"""What people write on a command line, as values: spans, sizes, zones, moments, pairs.

Defaults of options come through here too, as values already.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import typer

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(w|d|h|min|m|s)")
_SPAN_UNITS = {"w": "weeks", "d": "days", "h": "hours", "min": "minutes", "m": "minutes", "s": "seconds"}

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_SIZE_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def span(text: str | timedelta) -> timedelta:
    """Return a span such as "1d", "36h", "1d12h" or "0d"; units w, d, h, m (or min), s."""
    if isinstance(text, timedelta):
        return text
    parts = _SPAN.findall(text.strip().lower())
    rest = _SPAN.sub("", text.strip().lower()).strip()
    if not parts or rest:
        raise typer.BadParameter(f"a span such as 1d, 36h or 1d12h is required, found {text!r}")
    try:
        return sum((timedelta(**{_SPAN_UNITS[unit]: float(number)}) for number, unit in parts), timedelta())
    except OverflowError:
        raise typer.BadParameter(f"a span of less than 2,700,000 years is required, found {text!r}") from None


def size(text: str | int) -> int:
    """Return a number of bytes such as "1GiB", "500MB" or "2000000"; at least 1 MiB."""
    if isinstance(text, int):
        return text
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"a size such as 1GiB or 500MB is required, found {text!r}")
    number, unit, binary = match.groups()
    n_bytes = int(float(number) * (1024 if binary else 1000) ** _SIZE_POWERS[unit.lower()])
    if n_bytes < 1 << 20:
        raise typer.BadParameter(f"at least 1MiB is required, found {text!r}")
    return n_bytes


def zone(text: str | ZoneInfo) -> ZoneInfo:
    """Return a time zone by its IANA name."""
    if isinstance(text, ZoneInfo):
        return text
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, KeyError):
        raise typer.BadParameter(
            f"an IANA time zone such as America/New_York or UTC is required, found {text!r}"
        ) from None


def moment(text: str | datetime) -> datetime:
    """Return an aware time from ISO 8601; a plain date is its midnight, a time without zone UTC."""
    if isinstance(text, datetime):
        return text
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"a date or time in ISO 8601 is required (2026-02-14, 2026-02-14T15:30-05:00), found {text!r}"
        ) from None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def pair(text: str) -> tuple[str, str]:
    """Return name and value of "name=value"."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"name=value is required after --option, found {text!r}")
    return name.strip(), value.strip()


def names(texts: list[str] | None) -> tuple[str, ...]:
    """Return the names in options that may be repeated and may list several with commas, each once, in order."""
    listed = [name.strip() for text in texts or () for name in text.split(",")]
    return tuple(dict.fromkeys(name for name in listed if name))
