"""The mapping file: how a bank's own columns become canonical ones, in TOML.

A mapping says everything that the file does not say about itself, and leaves nothing to be guessed: whether amounts are
in major or minor units, what a negative amount means, which date comes first in 03/04/2024, which zone times are in,
what to do with a value that is not in a list. `pipeline.ingest.draft.draft_mapping` writes a first version from a file.

    source = "core-banking"              # the feed, part of each event's identity

    [file]
    format = "csv"                       # or "parquet"
    delimiter = ";"
    encoding = "cp1252"
    nulls = ["", "N/A"]                  # what stands for unknown

    [time]
    date = "Posted"                      # or column = "..." for date and time in one
    time = "At"
    format = "%d/%m/%Y %H:%M:%S"         # of date and time with a blank between; or "iso", "epoch_s", "epoch_ms"
    timezone = "Europe/Madrid"

    [amount]
    column = "Amount"                    # or debit = "...", credit = "..." for two columns
    unit = "major"                       # 10,50 euros; "minor": 1050 cents
    decimal = ","
    thousands = "."
    negative = "debit"                   # only in statements: "debit" or "credit"; else "reject", "reverse", "absolute"
    currency = { value = "EUR" }

    [statement]                          # for files that show one account and its counterparty
    own.account = "IBAN"
    other.account = "Counterparty IBAN"
    other.name = "Counterparty"
    direction = { column = "D/C", map = { D = "debit", C = "credit" }, otherwise = "reject" }

    [fields]                             # canonical column = where it comes from
    event_id = ["Reference", "Line"]     # several columns are joined
    kind = { value = "payment" }
    rail = { column = "Type", map = { TRF = "wire", CHQ = "cheque" }, otherwise = "other" }
    memo = "Text"

A field is the name of a column, a list of names, or a table with `column` or `value`, and optionally `map` (with
`otherwise`: "reject", a value, or "" for unknown), `prefix`, `joiner` and, for days, `format`. Columns of files without
a header are numbers from 1. In files with both sides in columns of their own, `[statement]` is left out and `fields`
names `debtor_account` and `creditor_account`.
"""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.ingest.currencies import KNOWN
from pipeline.ingest.errors import MappingError
from pipeline.ingest.typed import MONEY, READABLE
from pipeline.ingest.validate import MAX_EXPONENT
from typologies.base.events import ENUM_COLUMNS, FRAME_SCHEMA

Column = Annotated[str | int, Field(union_mode="left_to_right")]

REJECT = "reject"

CHOOSE = "CHOOSE"
"""Begins the values that a draft leaves open: a mapping with such a value does not load."""

EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
"""Time formats that count since 1970, and their unit in microseconds."""

_SIDES = ("account", "party", "name", "agent", "country", "class", "ultimate")
_MONEY_NAMES = {name for group in MONEY for name in group}


class Strict(BaseModel):
    """Base of all sections: no unknown key, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_table(value: object) -> object:
    return {"column": value} if isinstance(value, str | int | list) and not isinstance(value, bool) else value


class Source(Strict):
    """Where the values of one canonical column come from."""

    column: Column | list[Column] | None = None
    value: Annotated[str, Field(min_length=1)] | None = None
    map: dict[str, str] | None = None
    otherwise: str | None = None
    prefix: str = ""
    joiner: str = " "
    format: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("needs either column or value")
        if self.map is not None and self.otherwise is None:
            raise ValueError('map needs otherwise: "reject", a value for everything else, or "" for unknown')
        if self.map is None and self.otherwise is not None:
            raise ValueError("otherwise belongs to map")
        if self.map is not None and self.column is None:
            raise ValueError("map needs column")
        return self

    @property
    def columns(self) -> list[Column]:
        """The columns of the file, in the order in which they are joined."""
        if self.column is None:
            return []
        return list(self.column) if isinstance(self.column, list) else [self.column]

    def outcomes(self) -> list[str]:
        """Return the values that this source can give if they are known beforehand, else nothing."""
        if self.value is not None:
            return [self.value]
        return [*(self.map or {}).values(), *([self.otherwise] if self.otherwise not in (None, "", REJECT) else [])]


FieldSource = Annotated[Source, BeforeValidator(_as_table)]


class FileSection(Strict):
    """How the file is written."""

    format: Literal["csv", "parquet"] = "csv"
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    skip_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    nulls: list[str] = [""]
    strip: bool = True

    @field_validator("delimiter", "quote")
    @classmethod
    def _one_character(cls, value: str) -> str:
        value = {"tab": "\t", "\\t": "\t"}.get(value, value)
        if len(value) > 1 or not value.isascii() or value in "\r\n\0":
            raise ValueError(f"must be one ASCII character; found {value!r}")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "a".encode(codecs.lookup(value).name)
        except LookupError as error:
            raise ValueError(
                f"must be a text encoding such as utf-8, latin-1, cp1252, utf-16; found {value!r}"
            ) from error
        return value


class TimeSection(Strict):
    """When things happened: one column, or date and time of day in two."""

    column: Column | None = None
    date: Column | None = None
    time: Column | None = None
    format: Annotated[str, Field(min_length=1)]
    timezone: str | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (KeyError, OSError, ValueError) as error:
                raise ValueError(f"must be a zone such as Europe/Madrid or UTC; found {value!r}") from error
        return value

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value == "iso" or value in EPOCHS:
            return value
        if "%" not in value:
            raise ValueError(
                f'must be "iso", "epoch_s", "epoch_ms" or a layout such as %d/%m/%Y %H:%M; found {value!r}'
            )
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.column is None) == (self.date is None):
            raise ValueError("needs either column, or date (and time)")
        if self.time is not None and self.date is None:
            raise ValueError("time needs date")
        return self

    @property
    def columns(self) -> list[Column]:
        """The columns of the file, date first."""
        return [column for column in (self.column, self.date, self.time) if column is not None]


class AmountSection(Strict):
    """How much: one column with or without sign, or one column for each direction."""

    column: Column | None = None
    debit: Column | None = None
    credit: Column | None = None
    unit: Literal["major", "minor"]
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    remove: list[str] = []
    negative: Literal["debit", "credit", "reject", "reverse", "absolute"] = "reject"
    exponent: Annotated[int, Field(ge=0, le=MAX_EXPONENT)] | None = None
    currency: FieldSource
    accept_floats: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        one, two = self.column is not None, self.debit is not None or self.credit is not None
        if one == two or (self.debit is None) != (self.credit is None):
            raise ValueError("needs either column, or debit and credit")
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands cannot both be {self.decimal!r}")
        if self.unit == "major" and self.exponent is not None:
            raise ValueError('exponent belongs to unit = "minor"')
        unknown = [code for code in self.currency.outcomes() if code not in KNOWN]
        if unknown:
            raise ValueError(f"currency must be an ISO 4217 or asset code; found {', '.join(unknown)}")
        return self

    @property
    def columns(self) -> list[Column]:
        """The columns of the file that hold amounts."""
        return [column for column in (self.column, self.debit, self.credit) if column is not None]


class Side(Strict):
    """What a statement says about one of its two sides."""

    account: FieldSource | None = None
    party: FieldSource | None = None
    name: FieldSource | None = None
    agent: FieldSource | None = None
    country: FieldSource | None = None
    class_: FieldSource | None = Field(None, alias="class")
    ultimate: FieldSource | None = None

    def sources(self) -> dict[str, Source]:
        """Return what is said, by `_SIDES`."""
        said = {name: getattr(self, "class_" if name == "class" else name) for name in _SIDES}
        return {name: source for name, source in said.items() if source is not None}


class StatementSection(Strict):
    """A file that shows one account: its own side, the other side, and the direction of each entry."""

    own: Side
    other: Side = Side()
    direction: FieldSource | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.own.account is None:
            raise ValueError("own.account is required: the account that the statement shows")
        if self.direction is not None and not set(self.direction.outcomes()) <= {"debit", "credit"}:
            raise ValueError("direction must give debit or credit")
        return self


class Mapping(Strict):
    """One mapping file."""

    source: Annotated[str, Field(min_length=1, max_length=256)]
    file: FileSection = FileSection()
    time: TimeSection
    received_at: TimeSection | None = None
    amount: AmountSection
    counter_amount: AmountSection | None = None
    statement: StatementSection | None = None
    fields: dict[str, FieldSource]

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, fields: dict[str, Source]) -> dict[str, Source]:
        for name, source in fields.items():
            if name not in READABLE or name in {"event_time", "received_at", "source"} or name in _MONEY_NAMES:
                known = [n for n in READABLE if n not in _MONEY_NAMES | {"event_time", "received_at", "source"}]
                raise ValueError(f"{name} is no canonical column that can be mapped here; known are {', '.join(known)}")
            if name in ENUM_COLUMNS:
                members = [member.name.lower() for member in ENUM_COLUMNS[name]]
                wrong = [value for value in source.outcomes() if value not in members]
                if wrong:
                    raise ValueError(f"{name} gives {', '.join(wrong)}; known are {', '.join(members)}")
            if source.format is not None and FRAME_SCHEMA[name] != pl.Date:
                raise ValueError(f"{name}: format is for days; times have their own section")
        return fields

    @model_validator(mode="after")
    def _check(self) -> Self:
        if "kind" not in self.fields:
            raise ValueError('fields.kind is required, for example { value = "payment" }')
        sides = [name for name in self.fields if name.startswith(("debtor", "creditor")) or "ultimate" in name]
        if self.statement is None:
            if not {"debtor_account", "creditor_account"} & set(self.fields):
                raise ValueError(
                    "needs fields.debtor_account and fields.creditor_account (one at least), or [statement]"
                )
            if self.amount.debit is not None or self.amount.negative in {"debit", "credit"}:
                raise ValueError("amount: debit and credit are directions of a [statement], which is missing")
        else:
            if sides:
                raise ValueError(
                    f"in a [statement] the sides are own and other; found fields.{', fields.'.join(sides)}"
                )
            signed = self.amount.negative in {"debit", "credit"}
            ways = [self.statement.direction is not None, self.amount.debit is not None, signed]
            if sum(ways) != 1:
                raise ValueError(
                    "a [statement] needs one of statement.direction, amount.debit with amount.credit, "
                    f'or amount.negative = "debit" or "credit"; found {sum(ways)}'
                )
            if self.amount.negative == "reverse":
                raise ValueError('amount.negative = "reverse" is for files without [statement]')
        return self


def load_mapping(path: Path) -> Mapping:
    """Return the mapping in a TOML file.

    Raises
    ------
    MappingError
        The file cannot be read, is no TOML, or a key is missing, unknown or wrong; the message names file and key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MappingError(f"{path}: expected a mapping file; {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path.name}: expected TOML in UTF-8; {error}") from error
    if open_keys := list(_open_choices(content)):
        raise MappingError(f"{path.name}: still to be chosen: " + "; ".join(open_keys[:5]))
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        said = [_explain(each["loc"], each["type"], each["msg"]) for each in error.errors(include_url=False)]
        raise MappingError(f"{path.name}: " + "; ".join(dict.fromkeys(said[:5]))) from error


def _open_choices(value: object, key: str = "") -> Iterator[str]:
    """Yield key and value of what a draft left open."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _open_choices(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _open_choices(inner, key)
    elif isinstance(value, str) and value.startswith(CHOOSE):
        yield f"{key} ({value.removeprefix(CHOOSE).lstrip(': ')})"


def _explain(location: tuple[int | str, ...], kind: str, message: str) -> str:
    # Steps such as "function-before[...]" and "list[...]" tell of the library, not of the file.
    key = ".".join(str(step) for step in location if "[" not in str(step))
    if kind == "extra_forbidden":
        return f"{key}: unknown key"
    if kind == "missing":
        return f"{key}: required, found nothing"
    text = message.removeprefix("Value error, ")
    return f"{key}: {text}" if key else text
