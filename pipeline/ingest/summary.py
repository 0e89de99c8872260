"""What whole columns tell about their values, in one parallel pass: enough to clear good data without looking at rows.

A summary may make a column look worse than it is, never better: a check that it does not clear looks at the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl


@dataclass(frozen=True, slots=True)
class TextSummary:
    """All values of one String column with at least one value.

    Attributes
    ----------
    least
        Smallest byte anywhere in it; 255 if it holds none.
    has_delete
        Whether the byte 0x7F occurs.
    shortest, longest
        Length of values in bytes.
    """

    least: int
    has_delete: bool
    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class Summary:
    """One frame.

    Attributes
    ----------
    rows
        Number of rows.
    nulls
        Column to number of nulls, for every column.
    texts
        String columns that hold a value.
    values
        Few-valued columns: the distinct values, without null.
    ranges
        Least and greatest of numbers and times (days or microseconds since 1970), for columns that hold a value.
    """

    rows: int
    nulls: Mapping[str, int]
    texts: Mapping[str, TextSummary]
    values: Mapping[str, Sequence[str]]
    ranges: Mapping[str, tuple[int, int]]

    def after_blanks(self, frame: pl.DataFrame) -> Summary:
        """Return the summary of `frame`, which is the summarised one with some text made null."""
        nulls = _nulls(frame)
        return replace(
            self, nulls=nulls, values={name: [v for v in kept if v.strip()] for name, kept in self.values.items()}
        )


def summarise(frame: pl.DataFrame, strings: Sequence[str], few_valued: Sequence[str], ranged: Sequence[str]) -> Summary:
    """Return the summary of a frame of n > 0 rows.

    Parameters
    ----------
    strings, few_valued
        String columns; the distinct values of `few_valued` are collected, so they should be few (they need not be).
    ranged
        Integer, Date and Datetime columns.
    """
    nulls = _nulls(frame)
    live = {name for name in frame.columns if nulls[name] < frame.height}
    asked = [
        *(pl.col(name).unique().implode().alias(f"v:{name}") for name in few_valued if name in live),
        *(pl.col(name).str.len_bytes().min().alias(f"s:{name}") for name in strings if name in live),
        *(pl.col(name).str.len_bytes().max().alias(f"l:{name}") for name in strings if name in live),
        *(pl.col(name).to_physical().min().alias(f"n:{name}") for name in ranged if name in live),
        *(pl.col(name).to_physical().max().alias(f"x:{name}") for name in ranged if name in live),
    ]
    told = frame.select(asked).row(0, named=True) if asked else {}
    texts = {}
    for name in strings:
        if name in live:
            least, has_delete = _bytes(frame[name])
            texts[name] = TextSummary(least, has_delete, told[f"s:{name}"], told[f"l:{name}"])
    return Summary(
        rows=frame.height,
        nulls=nulls,
        texts=texts,
        values={name: [v for v in told.get(f"v:{name}", ()) if v is not None] for name in few_valued},
        ranges={name: (told[f"n:{name}"], told[f"x:{name}"]) for name in ranged if name in live},
    )


def _nulls(frame: pl.DataFrame) -> dict[str, int]:
    # Asked of the frame, not of its columns: a column that is null throughout is not even made.
    return dict(zip(frame.columns, frame.null_count().row(0), strict=True))


def _bytes(column: pl.Series) -> tuple[int, bool]:
    values = column.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2]
    if values is None or not values.size:
        return 255, False
    octets = np.frombuffer(values, dtype=np.uint8)
    return int(octets.min()), bool((octets == 0x7F).any())
