"""JSON with every digit: decimals become number literals, which the standard library cannot write."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path


def dumps(value: object, *, indent: bool = True) -> str:
    """Return `value` as JSON, indented or on one line.

    Times become ISO 8601 in UTC with Z, spans seconds, bytes hex, paths and enums text, decimals and integers numbers
    with all their digits, and numbers that JSON does not know null.
    """
    return "".join(_write(value, "\n" if indent else None))


def _write(value: object, newline: str | None) -> Iterator[str]:
    if isinstance(value, Mapping):
        items = [(json.dumps(str(key), ensure_ascii=False) + ": ", item) for key, item in value.items()]
        yield from _block("{", "}", items, newline)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _write({field.name: getattr(value, field.name) for field in fields(value)}, newline)
    elif isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        listed = sorted(value) if isinstance(value, set | frozenset) else value
        yield from _block("[", "]", [("", item) for item in listed], newline)
    else:
        yield _scalar(value)


def _block(begin: str, end: str, items: Sequence[tuple[str, object]], newline: str | None) -> Iterator[str]:
    if not items:
        yield begin + end
        return
    inner = None if newline is None else newline + "  "
    separator = ", " if inner is None else "," + inner
    for i, (head, item) in enumerate(items):
        yield (begin + (inner or "") if i == 0 else separator) + head
        yield from _write(item, inner)
    yield (newline or "") + end


def _scalar(value: object) -> str:
    match value:
        case Enum():
            return _scalar(value.value)
        case None | bool() | int():
            return json.dumps(value)
        case float():
            return json.dumps(value) if math.isfinite(value) else "null"
        case Decimal():
            return f"{value:f}" if value.is_finite() else "null"
        case datetime():
            return json.dumps(iso(value))
        case date():
            return json.dumps(value.isoformat())
        case timedelta():
            return json.dumps(value.total_seconds())
        case bytes():
            return json.dumps(value.hex())
        case str() | Path():
            return json.dumps(str(value), ensure_ascii=False)
        case _:
            raise TypeError(f"a value that JSON can hold is required, found {type(value).__name__}")


def iso(moment: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC, microseconds only where there are some."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
