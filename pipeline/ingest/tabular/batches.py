"""From parsed columns to a `ReadBatch`: the steps that readers of rows share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from pipeline.ingest.delimited import TextRows
from pipeline.ingest.reader import REJECTED_SCHEMA, ReadBatch
from pipeline.ingest.validate import rejected_rows, validate
from typologies.base.events import FRAME_SCHEMA
from typologies.base.facts import Fact

Column = pl.Series | str | int | None

Check = tuple[pl.Series, str, tuple[pl.Series, ...]]
"""(n,) whether a row fails, what was required, and the (n,) columns to show as found."""


def no_events() -> pl.DataFrame:
    """Return a canonical frame without rows."""
    return pl.DataFrame(schema=FRAME_SCHEMA)


def no_rejects() -> pl.DataFrame:
    """Return a frame of rejected records without rows."""
    return pl.DataFrame(schema=REJECTED_SCHEMA)


def canonical(height: int, columns: Mapping[str, Column]) -> pl.DataFrame:
    """Return a frame of `height` rows with the given canonical columns; a plain value holds for all rows."""
    made = []
    for name, value in columns.items():
        kind = FRAME_SCHEMA[name]
        if isinstance(value, pl.Series):
            made.append(value.cast(kind).alias(name))
        else:
            made.append(pl.repeat(value, height, dtype=kind, eager=True).alias(name))
    return pl.DataFrame(made)


def first_reason(height: int, checks: Sequence[Check]) -> pl.Series:
    """Return (n,) why a row cannot be used, null where it can.

    Parameters
    ----------
    height
        n.
    checks
        The first failing one speaks; null counts as failing.
    """
    reasons = pl.repeat(None, height, dtype=pl.String, eager=True)
    for fails, required, found in checks:
        bad = (fails.fill_null(value=True) & reasons.is_null()).arg_true()
        if len(bad):
            values = zip(*(column[bad].to_list() for column in found), strict=True)
            said = [f"{required}; found {', '.join(shown(v) for v in row)}" for row in values]
            reasons = reasons.scatter(bad, said)
    return reasons


def shown(value: object) -> str:
    """Return a value of a stranger for a sentence: short, printable, in quotes."""
    return "nothing" if value is None or value == "" else ascii(str(value)[:60])


def event_batch(
    origin: str,
    rows: TextRows,
    columns: Mapping[str, Column],
    checks: Sequence[Check],
    labels: pl.DataFrame | None = None,
) -> ReadBatch:
    """Return the batch of a piece of a file: usable rows as events, the others rejected with their bytes.

    Labels go along for all rows, also for rejected ones: whether a row is used never depends on its label.
    """
    height = rows.text.height
    frame = canonical(height, {"origin": origin, "position": rows.position, **columns})
    events, rejected = validate(frame, rows.raw, first_reason(height, checks))
    if rows.rejected.height:
        rejected = pl.concat([rows.rejected, rejected])
    return ReadBatch(events, rejected, rows_read=height + rows.rejected.height, labels=labels)


def side_batch(
    rejected: pl.DataFrame, rows_read: int, facts: list[Fact] | None = None, labels: pl.DataFrame | None = None
) -> ReadBatch:
    """Return the batch of rows that are context or labels, not events."""
    return ReadBatch(no_events(), rejected, rows_read, facts=facts or [], labels=labels)


def side_rejects(origin: str, rows: TextRows, reasons: pl.Series) -> pl.DataFrame:
    """Return rejected records of rows that are context or labels: those with a reason, and those never split."""
    bad = reasons.is_not_null().arg_true()
    mine = rejected_rows(origin, rows.position[bad], reasons[bad], rows.raw(bad.to_numpy().astype(np.intp)))
    return pl.concat([rows.rejected, mine])


def with_notes(batches: Iterable[ReadBatch], notes: list[str]) -> Iterator[ReadBatch]:
    """Yield the batches with `notes` on the first; a file without rows still says them, in an empty batch."""
    waiting = notes
    for batch in batches:
        batch.notes[:0], waiting = waiting, []
        yield batch
    if waiting:
        yield ReadBatch(no_events(), no_rejects(), 0, notes=waiting)
