"""Writing of canonical files: what is written here, the reader gives back."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl
import zstandard

from pipeline.ingest.typed import MONEY, READABLE
from pipeline.ingest.validate import conform
from typologies.base.errors import FeiqianError
from typologies.base.facts import Fact

ROW_GROUP_ROWS: Final = 131_072
"""Rows of a Parquet row group: one batch of a reader."""

_TIME = "%Y-%m-%dT%H:%M:%S%.6fZ"
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_LINES = (".jsonl", ".ndjson")


class UnwritableFormat(FeiqianError):
    """The name of a file to be written says no known format, or one that cannot hold what it should."""


def write_canonical(frame: pl.DataFrame, path: Path, facts: Sequence[Fact] = ()) -> None:
    """Write canonical rows, and context in JSON lines, so that the canonical reader gives them back.

    Columns without any value are left out, and so is what readers assign (`origin`, `position`, `amount_usd`,
    `fx_source`).

    Parameters
    ----------
    frame
        n rows with columns of `FRAME_SCHEMA`.
    path
        `.parquet`, `.csv`, `.tsv`, `.jsonl` or `.ndjson`; the text formats also with `.gz` or `.zst` behind.
    facts
        Context, written before the rows. JSON lines only.

    Raises
    ------
    UnwritableFormat
        Another suffix, or facts for a format that has no place for them.
    """
    suffix = path.with_suffix("").suffix if path.suffix in {".gz", ".zst"} else path.suffix
    known = suffix in _DELIMITERS or suffix in _LINES or path.suffix == ".parquet"
    if not known or (facts and suffix not in _LINES):
        required = "a name ending in " + (
            ", ".join(_LINES) if facts else f".parquet, {', '.join([*_DELIMITERS, *_LINES])}"
        )
        raise UnwritableFormat(f"{path}: expected {required}; found {path.name}")
    rows = _filled(conform(frame))
    if path.suffix == ".parquet":
        rows.with_columns(_portable(rows)).write_parquet(path, row_group_size=ROW_GROUP_ROWS)
        return
    times = [pl.col(name).dt.strftime(_TIME) for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    rows = rows.with_columns(times)
    with _opened(path) as file:
        if suffix in _DELIMITERS:
            rows.write_csv(file, separator=_DELIMITERS[suffix])
        else:
            for fact in facts:
                file.write(fact_line(fact))
            rows.write_ndjson(file)


def fact_line(fact: Fact) -> bytes:
    """Return one version of context as a line of canonical JSON lines."""
    record = {
        "kind": fact.table,
        "key": fact.key,
        "valid_from": fact.valid_from.isoformat(),
        **({"valid_to": fact.valid_to.isoformat()} if fact.valid_to else {}),
        "known_at": fact.known_at.isoformat(),
        "values": {name: list(value) if isinstance(value, tuple) else value for name, value in fact.values.items()},
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _filled(frame: pl.DataFrame) -> pl.DataFrame:
    needed = {"event_time", "kind", "debtor_account", "creditor_account", *MONEY[0]}
    return frame.select([name for name in READABLE if name in needed or frame[name].null_count() < frame.height])


def _portable(rows: pl.DataFrame) -> list[pl.Expr]:
    """Return amounts in types that other programs read: 64 bits where they suffice, else a decimal of 38 digits."""
    cast = []
    for name in (group[0] for group in MONEY):
        if name in rows.columns:
            largest = rows[name].max()
            fits = largest is None or (int(str(rows[name].min())) >= -(2**63) and int(str(largest)) < 2**63)
            cast.append(pl.col(name).cast(pl.Int64 if fits else pl.Decimal(38, 0)))
    return cast


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path.suffix == ".gz":
        # No time stamp: the same rows give the same bytes.
        with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as file:
            yield file  # type: ignore[misc]  # all that is needed of it is write
    elif path.suffix == ".zst":
        with path.open("wb") as raw, zstandard.ZstdCompressor().stream_writer(raw) as file:
            yield file
    else:
        with path.open("wb") as file:
            yield file
