"""Parameters of a typology: a frozen dataclass whose fields say unit, range, source and why."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any, TypeVar

from typologies.base.errors import InvalidParameters

P = TypeVar("P")

Number = int | Decimal


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """What is known about one parameter.

    Attributes
    ----------
    unit
        "days", "USD cents", "percent", "events", ...
    why
        One sentence: what the value means and where it comes from.
    grade
        P primary text, S secondary, W weak, J judgement (typologies.md section 1).
    minimum, maximum
        Inclusive range, None: open.
    """

    unit: str
    why: str
    grade: str
    minimum: Number | None = None
    maximum: Number | None = None


def parameter(
    default: Any, *, unit: str, why: str, grade: str, minimum: Number | None = None, maximum: Number | None = None
) -> Any:
    """Return a dataclass field with its description. Use it for every field of a `params.py`."""
    if grade not in ("P", "S", "W", "J"):
        raise InvalidParameters(f"grade must be P, S, W or J; found {grade!r}")
    info = ParameterInfo(unit, why, grade, minimum, maximum)
    return dataclasses.field(default=default, metadata={"info": info})


def describe(params: Any) -> dict[str, ParameterInfo]:
    """Return the description of every parameter of a params object or class."""
    return {field.name: field.metadata["info"] for field in dataclasses.fields(params)}


def build(params_type: type[P], overrides: Mapping[str, Any], where: str) -> P:
    """Return a params object with some values replaced.

    Raises
    ------
    InvalidParameters
        An unknown name, a wrong type or a value outside its range; `where` (file and table) is named.
    """
    fields = {field.name: field for field in dataclasses.fields(params_type)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, value in overrides.items():
        if name not in fields:
            raise InvalidParameters(f"{where}: no parameter {name!r}; there are: {', '.join(sorted(fields))}")
        default = fields[name].default
        values[name] = _checked(value, default, fields[name].metadata["info"], f"{where}: {name}")
    return params_type(**values)


def _checked(value: Any, default: Any, info: ParameterInfo, where: str) -> Any:
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise InvalidParameters(f"{where} must be true or false, found {value!r}")
        return value
    if isinstance(default, int):
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidParameters(f"{where} must be a whole number of {info.unit}, found {value!r}")
    elif isinstance(default, Decimal):
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            raise InvalidParameters(f"{where} must be a number, found {value!r}")
        value = Decimal(str(value))
    elif isinstance(default, tuple):
        if not isinstance(value, list | tuple):
            raise InvalidParameters(f"{where} must be a list, found {value!r}")
        return tuple(value)
    elif not isinstance(value, type(default)):
        raise InvalidParameters(f"{where} must be {type(default).__name__}, found {value!r}")
    if isinstance(value, int | Decimal):
        if info.minimum is not None and value < info.minimum:
            raise InvalidParameters(f"{where} must be at least {info.minimum} {info.unit}, found {value}")
        if info.maximum is not None and value > info.maximum:
            raise InvalidParameters(f"{where} must be at most {info.maximum} {info.unit}, found {value}")
    return value


def params_hash(params: Mapping[str, Any]) -> str:
    """Return 16 hex digits over typology id to params object."""
    body = {
        name: {k: str(v) for k, v in sorted(dataclasses.asdict(p).items())} if dataclasses.is_dataclass(p) else str(p)  # type: ignore[arg-type]
        for name, p in params.items()
    }
    return blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=8).hexdigest()
