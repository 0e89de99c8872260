"""What all shapes of the canonical format share: which columns are needed, and how a typed frame becomes a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.typed import ASSIGNED, READABLE
from pipeline.ingest.validate import RawRows, validate

DEFAULT_SOURCE = "canonical"

REQUIRED = ("event_time", "kind", "amount", "currency")
ACCOUNTS = ("debtor_account", "creditor_account")

PERSONAL_COLUMNS = frozenset(
    {
        "birthplace",
        "citizenship",
        "citizenships",
        "country_of_birth",
        "date_of_birth",
        "document_country",
        "ethnicity",
        "language",
        "languages",
        "name_script",
        "nationalities",
        "nationality",
        "passport_country",
        "place_of_birth",
        "religion",
    }
)
"""What people are, not what they do: never read, wherever it stands."""


def check_header(path: Path, names: Sequence[str]) -> list[str]:
    """Return a note for each group of columns that is not used.

    Raises
    ------
    UnusableInput
        A canonical column twice, or a required one missing.
    """
    twice = sorted({name for name in names if names.count(name) > 1 and name in READABLE})
    if twice:
        raise UnusableInput(f"{path.name}: expected every column once; found {', '.join(twice)} several times")
    missing = [name for name in REQUIRED if name not in names]
    if not set(ACCOUNTS) & set(names):
        missing.append(" or ".join(ACCOUNTS))
    if missing:
        found = ", ".join(names)[:300] or "no columns"
        raise UnusableInput(f"{path.name}: expected the canonical columns {', '.join(missing)}; found {found}")
    return unused_notes(path, names)


def unused_notes(path: Path, names: Iterable[str]) -> list[str]:
    """Return sentences on the columns that are not read."""
    unused = sorted({name for name in names if name not in READABLE and name not in {"origin", "position"}})
    personal = [name for name in unused if name.lower() in PERSONAL_COLUMNS]
    computed = [name for name in unused if name in ASSIGNED]
    other = [name for name in unused if name not in personal and name not in computed]
    notes = []
    if personal:
        notes.append(f"{path.name}: {', '.join(personal)} dropped: behaviour is judged, not people")
    if computed:
        notes.append(f"{path.name}: {', '.join(computed)} not read: amounts in USD are computed from the fixings")
    if other:
        notes.append(f"{path.name}: columns that are not canonical are ignored: {', '.join(other)[:300]}")
    return notes


def batch(
    path: Path,
    frame: pl.DataFrame,
    position: pl.Series,
    options: ReadOptions,
    raw: RawRows,
    reasons: pl.Series | None,
    rejected: pl.DataFrame | None = None,
) -> ReadBatch:
    """Return typed rows as a batch: placed, validated, with everything accounted for.

    Parameters
    ----------
    frame
        n rows of canonical columns in their types.
    position
        (n,) data rows in the file, 1-based.
    raw, reasons
        See `validate`.
    rejected
        Records of the same piece of the file that were no rows at all.
    """
    feed = pl.lit(options.source or DEFAULT_SOURCE)
    if "source" in frame.columns:
        own = pl.col("source")
        feed = pl.when(own.str.strip_chars() != "").then(own).otherwise(feed)
    frame = frame.with_columns(feed.alias("source"), pl.lit(path.name).alias("origin"), position.alias("position"))
    events, refused = validate(frame, raw, reasons)
    if rejected is not None and rejected.height:
        refused = pl.concat([rejected, refused]).sort("position") if refused.height else rejected
    return ReadBatch(events, refused, events.height + refused.height)
