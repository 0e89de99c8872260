"""From a sample to the text of a mapping, guesses and open choices marked."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pipeline.ingest.currencies import KNOWN
from pipeline.ingest.draft.roles import (
    CURRENCIES,
    DIRECTIONS,
    KINDS,
    MINOR_UNITS,
    RAILS,
    UNKNOWN,
    few_valued,
    guess,
    normalised,
    role_of,
)
from pipeline.ingest.draft.sample import Column, Sample, sample_of
from pipeline.ingest.draft.shapes import (
    clock_layouts,
    date_layouts,
    epoch_unit,
    has_offsets,
    is_iso_time,
    is_signed,
    moment_layouts,
    shape,
    signs_of,
)
from pipeline.ingest.mapping import CHOOSE

_SIDES = ("account", "name", "agent", "country")
_PLAIN = ("event_id", "memo", "branch", "merchant_category")


def draft_mapping(path: Path) -> str:
    """Return a commented mapping (TOML) for a CSV or Parquet file, as `pipeline.ingest.mapping` explains it.

    Guesses carry a comment with GUESS; what must be decided begins with CHOOSE and keeps the mapping from loading.

    Raises
    ------
    UnusableInput
        The file cannot be read, or no table can be seen in it.
    """
    sample = sample_of(path)
    return _Draft(path, sample).text()


class _Draft:
    """The draft for one sample."""

    def __init__(self, path: Path, sample: Sample) -> None:
        self.path = path
        self.sample = sample
        self.roles: dict[str, list[Column]] = {}
        for column in sample.columns:
            role = "moment" if column.is_time else role_of(column)
            self.roles.setdefault(role or "", []).append(column)
        self.used: set[str | int] = set()

    def text(self) -> str:
        parts = [
            f"# Draft of a mapping for {self.path.name}, from its first {self.sample.records} records.",
            "# GUESS marks what its names and values suggest: check it. CHOOSE marks what they do not say: replace it.",
            "",
            f"source = {_quoted(CHOOSE + ': name of the feed, the same for all its files')}",
            "",
            *self._file(),
            *self._time(),
            *self._amount(),
            *self._statement(),
            *self._fields(),
            *self._unused(),
        ]
        return "\n".join(parts).rstrip("\n") + "\n"

    def _take(self, role: str) -> Column | None:
        """Return the column of a role that has most values, and count it as used."""
        columns = [column for column in self.roles.get(role, []) if column.name not in self.used]
        if not columns:
            return None
        best = min(columns, key=lambda column: column.empty)
        self.used.add(best.name)
        return best

    def _has(self, role: str) -> bool:
        return any(column.name not in self.used for column in self.roles.get(role, []))

    def _file(self) -> list[str]:
        if self.sample.format == "parquet":
            return ["[file]", 'format = "parquet"', *self._nulls(), ""]
        lines = ["[file]", f"delimiter = {_quoted(self.sample.delimiter)}"]
        if self.sample.encoding != "utf-8":
            note = "" if self.sample.encoding == "utf-16" else "  # GUESS: not UTF-8"
            lines.append(f"encoding = {_quoted(self.sample.encoding)}{note}")
        if self.sample.skip_lines:
            lines.append(f"skip_lines = {self.sample.skip_lines}  # GUESS: lines before the header")
        if not self.sample.has_header:
            lines.append("header = false  # GUESS: the first record holds values; columns are numbers from 1")
        return [*lines, *self._nulls(), ""]

    def _nulls(self) -> list[str]:
        """Name words for unknown: as an account, such a word would join all strangers into one."""
        found = sorted({value for column in self.sample.columns for value in column.values} & UNKNOWN)
        return [f"nulls = [{', '.join(map(_quoted, ['', *found]))}]  # GUESS: stand for unknown"] if found else []

    def _time(self) -> list[str]:
        moments = self.roles.get("moment", []) or self.roles.get("business_date", [])
        for column in moments:
            if column.is_time or is_iso_time(column.values):
                self.used.add(column.name)
                zone = [] if not column.is_time and has_offsets(column.values) else [_zone()]
                return ["[time]", f"column = {_name(column)}", 'format = "iso"', *zone, ""]
            if layouts := moment_layouts(column.values):
                self.used.add(column.name)
                return ["[time]", f"column = {_name(column)}", _layout(layouts), _zone(), ""]
        days = [column for column in moments if date_layouts(column.values)]
        clocks = [column for column in moments if clock_layouts(column.values) and column not in days]
        if days:
            day = days[0]
            self.used.add(day.name)
            lines = ["[time]", f"date = {_name(day)}"]
            layouts = date_layouts(day.values)
            if clocks:
                self.used.add(clocks[0].name)
                lines.append(f"time = {_name(clocks[0])}")
                clock = clock_layouts(clocks[0].values)[0]
                return [*lines, _layout([f"{layout} {clock}" for layout in layouts]), _zone(), ""]
            return [*lines, _layout(layouts), _zone(), ""]
        for column in self.sample.columns:
            if column.name not in self.used and (unit := epoch_unit(column.values)):
                self.used.add(column.name)
                return ["[time]", f"column = {_name(column)}  # GUESS by its values", f'format = "{unit}"', ""]
        column_name = _quoted(f"{CHOOSE}: column of the time")
        return ["[time]", f"column = {column_name}", f"format = {_quoted(CHOOSE + ': iso or a layout')}", _zone(), ""]

    def _amount(self) -> list[str]:
        lines = ["[amount]"]
        debit, credit = self._pair("debit", "credit")
        values: list[str] = []
        if debit is not None and credit is not None:
            lines += [f"debit = {_name(debit)}  # GUESS: money out", f"credit = {_name(credit)}  # GUESS: money in"]
            values = [*debit.values, *credit.values]
            if is_signed(values):
                lines.append('negative = "absolute"  # GUESS: the columns give the direction, not the sign')
        else:
            column = self._take("amount")
            lines.append(f"column = {_name(column) if column else _quoted(CHOOSE + ': column of the amount')}")
            values = list(column.values) if column else []
            lines += self._sign(values)
            if column is not None and column.is_float:
                lines.append(f"accept_floats = {_quoted(CHOOSE + ': true if their decimals are right')}")
        lines += self._units(values)
        currency = self._take("currency")
        lines.append(f"currency = {_currency(currency)}")
        return [*lines, ""]

    def _units(self, values: list[str]) -> list[str]:
        names = " ".join(normalised(name) for name in self.used)
        decimal, thousands = signs_of(values)
        if re.search(MINOR_UNITS, names):
            return ['unit = "minor"  # GUESS by its name']
        if decimal is None:
            open_sign = any(re.search(r"\d[.,]\d", value) for value in values)
            unit = [f"unit = {_quoted(CHOOSE + ': major or minor')}"]
            return [*unit, f"decimal = {_quoted(CHOOSE + ': . or ,')}"] if open_sign else unit
        lines = ['unit = "major"  # GUESS: amounts have decimals']
        if self.sample.format == "parquet":
            return lines
        if decimal != ".":
            lines.append(f"decimal = {_quoted(decimal)}  # GUESS")
        if thousands is None:
            lines.append(f"thousands = {_quoted(CHOOSE + ': the sign between groups of digits')}")
        elif thousands:
            lines.append(f"thousands = {_quoted(thousands)}  # GUESS")
        return lines

    def _pair(self, first: str, second: str) -> tuple[Column | None, Column | None]:
        if not (self._has(first) and self._has(second)):
            return None, None
        return self._take(first), self._take(second)

    def _sign(self, values: list[str]) -> list[str]:
        if not is_signed(values):
            if self._is_two_sided() or self._has("direction"):
                return []
            says = "what a negative amount is, debit or credit, or give statement.direction; none is negative here"
            return [f"negative = {_quoted(f'{CHOOSE}: {says}')}"]
        if self._is_two_sided():
            return [f"negative = {_quoted(CHOOSE + ': reverse, absolute or reject')}"]
        if self._has("direction"):
            return ['negative = "absolute"  # GUESS: another column gives the direction']
        return ['negative = "debit"  # GUESS: negative amounts leave the account']

    def _is_two_sided(self) -> bool:
        return bool(self.roles.get("debtor_account")) and bool(self.roles.get("creditor_account"))

    def _statement(self) -> list[str]:
        if self._is_two_sided():
            return []
        own = self._take("own_account")
        account = _name(own) if own else f"{{ value = {_quoted(CHOOSE + ': the account of this statement')} }}"
        lines = ["[statement]", f"own.account = {account}"]
        for side in _SIDES:
            for role in (f"other_{side}", f"creditor_{side}", f"debtor_{side}"):
                if self._has(role):
                    column = self._take(role)
                    lines.append(f"other.{side} = {_name(column)}  # GUESS")
                    break
        direction = self._take("direction")
        if direction is not None:
            known = {
                value: DIRECTIONS.get(value.upper(), CHOOSE + ": debit or credit")
                for value in few_valued(direction) or ()
            }
            lines.append(f"direction = {_source(direction, known, 'reject')}  # GUESS")
        elif not any(column.name in self.used for column in self.roles.get("debit", [])):
            lines.append("# The direction of an entry is taken from the sign of its amount: see amount.negative.")
        return [*lines, ""]

    def _fields(self) -> list[str]:
        lines = ["[fields]"]
        kinds = self._take("type")
        values = few_valued(kinds) if kinds else None
        if kinds is not None and values:
            as_kind = {value: guess(value, KINDS) or "payment" for value in values}
            lines.append(f"kind = {_source(kinds, as_kind, 'payment')}  # GUESS by the words")
            as_rail = {value: found for value in values if (found := guess(value, RAILS))}
            if as_rail:
                lines.append(f"rail = {_source(kinds, as_rail, '')}  # GUESS by the words; the others are unknown")
        else:
            lines.append('kind = { value = "payment" }  # GUESS: payment, cash, card, instrument')
        if self._is_two_sided():
            for end in ("debtor", "creditor"):
                for side in _SIDES:
                    if self._has(f"{end}_{side}"):
                        lines.append(f"{end}_{side} = {_name(self._take(f'{end}_{side}'))}  # GUESS")
        for role in _PLAIN:
            if self._has(role):
                lines.append(f"{role} = {_name(self._take(role))}  # GUESS{self._doubt(role)}")
        if self._has("business_date"):
            day = self._take("business_date")
            if day is not None and (layouts := date_layouts(day.values)):
                source = f"{{ column = {_name(day)}, {_layout(layouts, comment=False)} }}"
                lines.append(f"business_date = {source}  # GUESS")
        return [*lines, ""]

    def _doubt(self, role: str) -> str:
        columns = [column for column in self.roles.get(role, []) if column.name in self.used]
        if role != "event_id" or not columns or len(set(columns[-1].values)) == len(columns[-1].values):
            return ""
        return ': its values repeat; several columns can be joined, as in ["A", "B"]'

    def _unused(self) -> list[str]:
        lines = []
        for column in self.sample.columns:
            if column.name in self.used:
                continue
            if column in self.roles.get("personal", []):
                lines.append(f"#   {_name(column)}: about a person; never read")
            else:
                shown = ", ".join(dict.fromkeys(shape(value) for value in column.values[:20]))
                lines.append(f"#   {_name(column)}: {shown[:80] or 'empty'}")
        return ["# Not used (letters shown as A and a, digits as 9):", *lines] if lines else []


def _currency(column: Column | None) -> str:
    if column is None:
        return f"{{ value = {_quoted(CHOOSE + ': ISO 4217 code')} }}"
    values = few_valued(column) or []
    if all(value in KNOWN for value in values):
        return f"{_name(column)}  # GUESS"
    words = {value: guess(value, CURRENCIES) or CHOOSE + ": ISO 4217 code" for value in values}
    known = {value: value if value in KNOWN else word for value, word in words.items()}
    return f"{_source(column, known, 'reject')}  # GUESS by the words"


def _layout(layouts: list[str], *, comment: bool = True) -> str:
    if len(layouts) > 1:
        return f"format = {_quoted(CHOOSE + ': ' + ' or '.join(layouts[:3]))}"
    return f"format = {_quoted(layouts[0])}" + ("  # GUESS: the values fit" if comment else "")


def _zone() -> str:
    return f"timezone = {_quoted(CHOOSE + ': zone of these times, such as Europe/Madrid or UTC')}"


def _source(column: Column, known: dict[str, str], otherwise: str) -> str:
    pairs = ", ".join(f"{_quoted(key)} = {_quoted(value)}" for key, value in known.items())
    return f"{{ column = {_name(column)}, map = {{ {pairs} }}, otherwise = {_quoted(otherwise)} }}"


def _name(column: Column | None) -> str:
    if column is None:
        return _quoted(CHOOSE)
    return str(column.name) if isinstance(column.name, int) else _quoted(column.name)


def _quoted(text: str) -> str:
    # JSON strings are TOML basic strings, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
