"""Ground truth found beside events. It leaves a reader apart from them, and no detector can ask for it.

What a label belongs to is said by whichever of these it fills: `event_id`; `origin` and `position` (file and data
row); `account`; or, for lists that repeat whole rows without saying which row they mean, the content of the row
(`CONTENT_KEYS`).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline.ingest.tabular.text_values import Words
from typologies.base.events import FRAME_SCHEMA

CONTENT_KEYS: tuple[str, ...] = (
    "event_time",
    "debtor_account",
    "creditor_account",
    "amount",
    "exponent",
    "currency",
    "counter_amount",
    "counter_exponent",
    "counter_currency",
    "rail",
)
"""Columns of events on which a repeated row is found again. Join with `nulls_equal=True`; rows that are alike in all
of them all carry the label."""

LABEL_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_id": pl.String,
    "origin": pl.String,
    "position": pl.Int64,
    "account": pl.String,
    "label": pl.String,  # name of the pattern, as the source writes it
    "is_illicit": pl.Boolean,  # null: the source says something else than yes or no
    "group": pl.String,  # pattern or alert to which the row belongs
}

_TRUE = ("1", "true", "True", "TRUE", "yes", "Yes", "YES")
_FALSE = ("0", "false", "False", "FALSE", "no", "No", "NO")
_TRUTH = Words(_TRUE + _FALSE)
_MEANING = (True,) * len(_TRUE) + (False,) * len(_FALSE)


Given = pl.Series | str | bool | None


def labels(height: int, columns: Mapping[str, Given], *, content: bool = False) -> pl.DataFrame:
    """Return a frame of `height` labels with all columns of `LABEL_SCHEMA`, and of `CONTENT_KEYS` if `content`."""
    schema = LABEL_SCHEMA | ({name: FRAME_SCHEMA[name] for name in CONTENT_KEYS} if content else {})
    made = []
    for name, kind in schema.items():
        value = columns.get(name)
        if isinstance(value, pl.Series):
            made.append(value.cast(kind).alias(name))
        else:
            made.append(pl.repeat(value, height, dtype=kind, eager=True).alias(name))
    return pl.DataFrame(made)


def truth(text: pl.Series) -> pl.Series:
    """Return (n,) Boolean of "1", "True", "YES" and their opposites; null for anything else."""
    return Words.column(_TRUTH.find(text), _MEANING, pl.Boolean())
