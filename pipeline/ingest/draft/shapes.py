"""What the values of a column look like: times and their layouts, numbers and their signs, codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

DATES: Final = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%Y年%m月%d日",
)
CLOCKS: Final = ("%H:%M:%S", "%H:%M", "%H%M%S", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S%.f")

MOST: Final = 0.8
"""Share of values that must fit: some records of a real file are always broken, and a draft should not hang on them."""

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?")
_NUMBER = re.compile(r"[(+\-−]?\s*[€$£¥]?\s*\d[\d.,' \u00a0\u202f]*[)\-]?")
_EPOCH = re.compile(r"1\d{9}(\d{3})?")
_BLANK = "[ \u00a0\u202f]"


def looks_like_data(record: Sequence[str]) -> bool:
    """Whether a record is data and not names: a name is no number and no date."""
    cells = [cell.strip() for cell in record if cell.strip()]
    return any(is_number([cell]) or date_layouts([cell]) for cell in cells)


def is_number(values: Sequence[str]) -> bool:
    """Whether most values are numbers as people write them."""
    return _most(values, lambda value: _NUMBER.fullmatch(value) is not None)


def is_iso_time(values: Sequence[str]) -> bool:
    """Whether most values are ISO 8601, and some have a time of day."""
    return _most(values, lambda value: _ISO.fullmatch(value) is not None) and any(":" in value for value in values)


def has_offsets(values: Sequence[str]) -> bool:
    """Whether ISO 8601 times carry their zone."""
    return all(match.group(4) for match in map(_ISO.fullmatch, values) if match is not None)


def epoch_unit(values: Sequence[str]) -> str | None:
    """Return the name of the layout of values that count since 1970, between 2001 and 2033."""
    if not _most(values, lambda value: _EPOCH.fullmatch(value) is not None):
        return None
    return {10: "epoch_s", 13: "epoch_ms"}.get(len(values[0])) if len({len(v) for v in values}) == 1 else None


def date_layouts(values: Sequence[str]) -> list[str]:
    """Return the layouts of `DATES` that most values fit, the best first."""
    return _layouts(values, DATES)


def clock_layouts(values: Sequence[str]) -> list[str]:
    """Return the layouts of `CLOCKS` that most values fit, the best first."""
    return _layouts(values, CLOCKS)


def moment_layouts(values: Sequence[str]) -> list[str]:
    """Return the layouts of a date and a time of day in one column that most values fit, the best first."""
    return _layouts(values, [f"{date}{gap}{clock}" for date in DATES for gap in (" ", "T") for clock in CLOCKS])


def signs_of(values: Sequence[str]) -> tuple[str | None, str | None]:
    """Return decimal sign and thousands sign of numbers; None where they do not show.

    A lone sign with three digits behind it (1.234) shows nothing: it may be either.
    """
    numbers = [re.sub(r"[^\d.,' \u00a0\u202f]", "", value).strip() for value in values]
    votes = {sign: sum(_is_decimal(sign, number) for number in numbers) for sign in (".", ",")}
    decimal = max(votes, key=lambda sign: votes[sign])
    if votes[decimal] < MOST * sum(votes.values()) or not votes[decimal]:
        return None, None
    groups = [sign for sign in (".", ",", "'", " ") if sign != decimal and any(_grouped_by(sign, n) for n in numbers)]
    return decimal, groups[0] if len(groups) == 1 else ("" if not groups else None)


def is_signed(values: Iterable[str]) -> bool:
    """Whether any number is negative: a minus in front or behind, or brackets."""
    return any(value.startswith(("-", "−", "(")) or value.endswith("-") for value in values)


def shape(value: str) -> str:
    """Return what a value looks like, without saying what it is: letters as A and a, digits as 9."""
    masked = re.sub(r"[^\W\d_]", lambda m: "A" if m.group().isupper() else "a", re.sub(r"\d", "9", value))
    return masked[:24] + ("…" if len(masked) > 24 else "")


def _most(values: Sequence[str], fits: Callable[[str], bool]) -> bool:
    return bool(values) and sum(map(fits, values)) >= MOST * len(values)


def _layouts(values: Sequence[str], known: Iterable[str]) -> list[str]:
    shares = {layout: sum(_fits(value, layout) for value in values) for layout in known}
    return sorted((each for each in shares if values and shares[each] >= MOST * len(values)), key=lambda e: -shares[e])


def _is_decimal(sign: str, number: str) -> bool:
    """Whether a sign can only be the decimal sign of a number: not three digits behind it, or another sign before."""
    whole, found, behind = number.rpartition(sign)
    if not found or not behind.isdigit() or sign in whole:
        return False
    return len(behind) != 3 or bool(re.search(r"[.,' \u00a0\u202f]", whole))


def _grouped_by(sign: str, number: str) -> bool:
    signs = _BLANK if sign == " " else re.escape(sign)
    return re.search(rf"\d{signs}\d{{2,3}}(?!\d)", number) is not None


def _fits(value: str, layout: str) -> bool:
    # Python has no %.f; the fraction itself is of no interest here.
    text, fractions = re.subn(r"(:\d{2})[.,]\d+", r"\1", value) if layout.endswith("%.f") else (value, 1)
    # Digits without signs between them fit many layouts that were not meant.
    compact_day = "%Y%m%d" not in layout or re.match(r"\d{8}(?!\d)", value)
    compact_clock = "%H%M%S" not in layout or re.search(r"(?<!\d)\d{6}$", value)
    if not (fractions and compact_day and compact_clock):
        return False
    try:
        datetime.strptime(text, layout.removesuffix("%.f"))  # noqa: DTZ007  # only whether it can be read
    except ValueError:
        return False
    return True
