"""The Patterns file: laundering attempts as blocks of rows in the layout of Trans.

    BEGIN LAUNDERING ATTEMPT - FAN-OUT:  Max 4-degree Fan-Out
    2022/09/06 14:12,021918,8089DC420,017649,80936C2A0,10476.07,Euro,10476.07,Euro,ACH,1
    END LAUNDERING ATTEMPT - FAN-OUT

Attempts have no id: they are numbered by their place in the file, from 1. Rows inside a block are not in order of time
or hops, a block can have one row, and an account can pay itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.amlworld.rows import COLUMNS, parse
from pipeline.ingest.open import DamagedArchive, open_input
from pipeline.ingest.reader import ReadBatch, ReadOptions
from pipeline.ingest.records import split
from pipeline.ingest.tabular.batches import canonical, first_reason, no_rejects, side_batch
from pipeline.ingest.tabular.labels import CONTENT_KEYS, labels
from pipeline.ingest.validate import rejected_rows

BEGIN = "BEGIN LAUNDERING ATTEMPT"
END = "END LAUNDERING ATTEMPT"

TYPES = ("FAN-OUT", "FAN-IN", "CYCLE", "GATHER-SCATTER", "SCATTER-GATHER", "STACK", "BIPARTITE", "RANDOM")

MAX_BYTES = 1 << 30
"""The largest of the published files has some 20 MB; labels are held in memory by whoever evaluates."""

_BORDER = re.compile(rf"({BEGIN}|{END}) - ([A-Z-]+)(?::\s*(.*))?")


@dataclass(slots=True)
class _Attempts:
    """Rows of a Patterns file with the attempt and the type they stand under; type None: outside any block."""

    lines: list[bytes] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    types: list[str | None] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    count: int = 0


def pattern_batches(path: Path, options: ReadOptions) -> Iterator[ReadBatch]:
    """Yield one batch: all rows as labels.

    Raises
    ------
    UnusableInput
        More than `MAX_BYTES`.
    """
    data, damage = _all_bytes(path)
    found = _attempts(path.name, data)
    labelled, rejected = _labels(path.name, found, options)
    if damage is not None:
        rejected = pl.concat([rejected, rejected_rows(path.name, [None], [str(damage)], [b""])])
    batch = side_batch(rejected, len(found.lines) + (damage is not None), labels=labelled)
    how = f"they join events on {', '.join(CONTENT_KEYS)} (nulls equal)"
    batch.notes = [f"{path.name}: {found.count} attempts as labels; {how}", *found.notes]
    yield batch


def _attempts(origin: str, data: bytes) -> _Attempts:
    found = _Attempts()
    kind: str | None = None
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        line = line.rstrip(b"\r")
        if not line.strip():
            continue
        border = _BORDER.fullmatch(line.decode("utf-8", "replace").strip())
        if border is None:
            found.lines.append(line)
            found.attempts.append(found.count)
            found.types.append(kind)
        elif border[1] == BEGIN:
            if kind is not None:
                found.notes.append(f"{origin}: attempt {found.count} has no end before line {number}")
            found.count += 1
            kind = border[2]
            if kind not in TYPES:
                known = ", ".join(TYPES)
                found.notes.append(f"{origin}: line {number} names the type {kind}, which is none of {known}")
        else:
            if border[2] != kind:
                found.notes.append(f"{origin}: line {number} ends {border[2]} inside {kind or 'no attempt'}")
            kind = None
    if kind is not None:
        found.notes.append(f"{origin}: attempt {found.count} ({kind}) has no end: the file is cut off")
    return found


def _labels(origin: str, found: _Attempts, options: ReadOptions) -> tuple[pl.DataFrame, pl.DataFrame]:
    if not found.lines:
        return labels(0, {}, content=True), no_rejects()
    block = split(b"\n".join(found.lines), len(COLUMNS), ",", None, final=True)
    text = block.text.rename(dict(zip(block.text.columns, COLUMNS, strict=True)))
    parsed = parse(text, options.timezone)
    place = pl.Series(block.number)
    kinds = pl.Series(found.types, dtype=pl.String)[place]
    outside = (kinds.is_null(), f"a row must stand between {BEGIN} and {END}", (text["time"],))
    reasons = first_reason(text.height, [outside, *parsed.checks])
    keys = canonical(text.height, {name: parsed.columns[name] for name in CONTENT_KEYS})
    labelled = labels(
        text.height,
        {
            **{name: keys[name] for name in CONTENT_KEYS},
            "label": kinds,
            "is_illicit": True,
            "group": f"{origin}#" + pl.Series(found.attempts)[place].cast(pl.String),
        },
        content=True,
    )
    bad = reasons.is_not_null().arg_true()
    mine = rejected_rows(origin, place[bad] + 1, reasons[bad], block.raw(bad.to_numpy().astype(np.intp)))
    torn = rejected_rows(
        origin, [row.number + 1 for row in block.bad], [row.reason for row in block.bad], [row.raw for row in block.bad]
    )
    return labelled.filter(reasons.is_null()), pl.concat([torn, mine])


def _all_bytes(path: Path) -> tuple[bytes, DamagedArchive | None]:
    parts: list[bytes] = []
    size = 0
    with open_input(path) as stream:
        try:
            for piece in stream.pieces():
                parts.append(piece)
                size += len(piece)
                if size > MAX_BYTES:
                    raise UnusableInput(f"{path.name}: expected a Patterns file of at most {MAX_BYTES:,} bytes")
        except DamagedArchive as damage:
            return b"".join(parts), damage
    return b"".join(parts), None
